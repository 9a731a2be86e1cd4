// SPDX-License-Identifier: MIT
// agent.spawn, agent.list, agent.status, agent.result, agent.collect and agent.cancel: what an agent can do
// with others. Each sees the sub-agents of its own session only. Owned by the registry. I/O thread.
#pragma once
#include "engine/agent/subagents/sub_agents.h"
#include "engine/tools/registry.h"

namespace pryx::agent {

// The tools are registered before the service exists, because the registry comes first; `service` is set
// before the first turn runs.
struct SubAgentAccess {
  SubAgents* service = nullptr;
};

[[nodiscard]] Result<void> add_sub_agent_tools(tools::Registry& registry,
                                               std::shared_ptr<const SubAgentAccess> access);

}  // namespace pryx::agent
