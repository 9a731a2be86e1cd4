// SPDX-License-Identifier: MIT
#include "agent_health.h"

#include <gtest/gtest.h>

namespace pryx::app {
namespace {

std::string told(std::string_view text, std::string_view id) {
  const auto line = describe_agent(id, agent::parse_profile(text, id).problems);
  return line ? fmt::format("{} {}: {}", line->name, line->state, line->detail) : std::string();
}

TEST(AgentHealth, AHeartbeatThatNobodyLooksAtIsSaid) {
  const std::string heartbeat = "heartbeat: {every: 1h}\n";
  EXPECT_EQ(told(heartbeat, "helper"),
            "agent: helper degraded: helper.yaml, line 1: heartbeat: has no effect here: only the agent "
            "'default' looks after workspaces by itself; run `pryx agent show helper`");
  EXPECT_EQ(told(heartbeat, "default"), "");
}

TEST(AgentHealth, WhatKeepsAFileOutOfForceComesFirst) {
  EXPECT_EQ(told("heartbeat: {every: 1h}\nlimits: {max_steps: 0}\n", "helper"),
            "agent: helper degraded: helper.yaml, line 2: max_steps: must be a whole number from 1 to 1000, "
            "and 1 more; run `pryx agent show helper`");
}

}  // namespace
}  // namespace pryx::app
