// SPDX-License-Identifier: MIT
// Four tools, one for each effect class: test.pure, test.idempotent, test.queryable, test.one_shot. Their
// effects go to the outside world, which outlives the daemon.
#pragma once
#include "engine/tools/registry.h"
#include "foundation/db/database.h"
#include "tests/sim/outside_world.h"

namespace pryx::sim {

struct ToolSetting {
  async::EventLoop& loop;
  db::Database& database;
  OutsideWorld& world;
  Dice& dice;
  bool calm = false;          // everything works at once
  bool effect_first = false;  // the control: the effect happens before the gate recorded its intent
};

[[nodiscard]] Result<void> add_fake_tools(tools::Registry& registry, const ToolSetting& setting);

}  // namespace pryx::sim
