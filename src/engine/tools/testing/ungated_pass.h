// SPDX-License-Identifier: MIT
// Lets a test run one tool without the gate. Never included outside of tests.
#pragma once
#include "engine/tools/tool.h"

namespace pryx::tools::testing {

struct UngatedPass {
  [[nodiscard]] static GatePass make() { return GatePass(); }
};

}  // namespace pryx::tools::testing
