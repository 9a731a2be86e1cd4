// SPDX-License-Identifier: MIT
// Daemon: the real corridor, wired as apps/pryx does it, over the simulated disk, model and tools. One object
// is one life of the process. Everything that serves a client runs in its surface group.
#pragma once
#include <memory>
#include <string>

#include "engine/agent/inbox.h"
#include "engine/agent/subagents/sub_agent_tools.h"
#include "engine/agent/turn_engine.h"
#include "foundation/async/testing/virtual_loop.h"
#include "tests/sim/fake_model.h"
#include "tests/sim/fake_tools.h"

namespace pryx::sim {

enum class PolicyMode : std::uint8_t { kAllow, kAsk, kDenyOneShot };

struct DaemonSetting {
  std::uint64_t boot = 0;
  PolicyMode policy = PolicyMode::kAllow;
  bool calm = false;
  std::uint64_t log_pages = 100;  // after so many the log is copied into the database file
  bool split_outbox = false;      // controls: each must make an invariant fail
  bool effect_first = false;
  bool synchronous_off = false;
  bool lost_parents = false;  // the store forgets which turn started a sub-agent
  bool open_slices = false;   // and what a sub-agent may spend
};

// Fewer than a person may have, so that the limit is met.
inline constexpr agent::SubAgentLimits kSubAgentLimits{.max_running = 4, .max_depth = 2};
inline constexpr std::string_view kDatabasePath = "pryx.db";
[[nodiscard]] db::OpenOptions database_options(const db::testing::SimulatedDisk& disk);
[[nodiscard]] std::span<const db::ModuleMigrations> all_migrations();

class Daemon {
 public:
  struct Around {
    async::testing::VirtualLoop& loop;
    db::testing::SimulatedDisk& disk;
    OutsideWorld& world;
    FakeModel& model;
    Dice& tool_dice;
    Dice& store_dice;  // how long commits and reads take
    Random& random;
  };
  // Opens the store. The turns start with start().
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> open(Around around, DaemonSetting setting);
  ~Daemon();
  [[nodiscard]] async::Task<Result<void>> start();
  // Surfaces first, then the turns, then the receipts, as apps/pryx stops them.
  [[nodiscard]] async::Task<void> stop();

  [[nodiscard]] async::TaskGroup& surface();
  [[nodiscard]] db::Database& database();
  [[nodiscard]] events::EventLog& events();
  [[nodiscard]] trust::Approvals& approvals();
  [[nodiscard]] agent::Inbox& inbox();
  [[nodiscard]] agent::Outbox& outbox();
  [[nodiscard]] agent::TurnEngine& engine();
  [[nodiscard]] agent::Dispatcher& dispatcher();
  [[nodiscard]] agent::SubAgents& sub_agents();
  void set_policy(PolicyMode mode);
  [[nodiscard]] bool is_stopping() const { return stopping_; }

 private:
  struct Parts;
  Daemon(DaemonSetting setting, std::unique_ptr<Parts> parts);
  DaemonSetting setting_;
  std::unique_ptr<Parts> parts_;
  bool stopping_ = false;
};

}  // namespace pryx::sim
