// SPDX-License-Identifier: MIT
// Traces and bills when everything is over: whole for every turn that ended, and one with each other.
#pragma once
#include "tests/sim/clients.h"

namespace pryx::sim {

// Inside a read job. What does not hold, in words.
[[nodiscard]] Result<std::vector<std::string>> check_traces(db::Connection& c);

}  // namespace pryx::sim
