// SPDX-License-Identifier: MIT
#include "engine/agent/agent_profile.h"

#include <gtest/gtest.h>

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;

TEST(AgentProfiles, AreReadWithTheirProblems) {
  const auto good = parse_profile(
      "description: Reads\nsystem_prompt: |\n  You read.\nmodel: a/b\nfallbacks: [c/d]\ntools: [fs.read, "
      "'memory.*']\n"
      "skills: [code-review]\nlimits: {max_steps: 5, max_tokens: 5000, max_tool_calls: 3}\n"
      "heartbeat: {every: 1h, ack_max_chars: 10, include_reasoning: true}\nfuture: 1\n",
      "reader");
  ASSERT_TRUE(good.profile) << good.problems.front().to_text();
  EXPECT_EQ(good.profile->limits, (RunLimits{5, 5000, 3}));
  EXPECT_EQ(good.profile->heartbeat.every, Duration(1h));
  ASSERT_EQ(good.problems.size(), 2u);
  EXPECT_EQ(good.problems.front().to_text(), "line 10: future: is not known here and has no effect");
  EXPECT_EQ(good.problems.back().to_text(),
            "line 9: heartbeat: has no effect here: only the agent 'default' looks after workspaces by "
            "itself");
  EXPECT_TRUE(parse_profile("heartbeat: {every: 1h}\n", "default").problems.empty());
  EXPECT_TRUE(parse_profile("", "empty").profile);
  const auto no_tools = parse_profile("tools: []\n", "none");
  ASSERT_TRUE(no_tools.profile && no_tools.profile->tools);
  EXPECT_TRUE(no_tools.profile->tools->empty()) << "an empty list is no tool, not every tool";
  for (const char* bad : {"model: x\n", "tools: fs.read\n", "limits: {max_steps: 0}\n", "[a]\n",
                          "name: other\n", "heartbeat: {every: 1s}\n", "description: [x]\n", "a: &x 1\n"})
    EXPECT_FALSE(parse_profile(bad, "reader").profile) << bad;
  EXPECT_FALSE(parse_profile("", "../x").profile);
}

}  // namespace
}  // namespace pryx::agent
