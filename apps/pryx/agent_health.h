// SPDX-License-Identifier: MIT
// A file of config/agents as `GET /diagnostics` and `pryx doctor` tell it, when something in it is wrong or
// has no effect. Pure.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "engine/agent/agent_profile.h"
#include "surfaces/server/admin.h"

namespace pryx::app {

// nullopt: there is nothing to say.
[[nodiscard]] std::optional<server::Component> describe_agent(
    std::string_view id, const std::vector<agent::ProfileProblem>& problems);

}  // namespace pryx::app
