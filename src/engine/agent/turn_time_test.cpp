// SPDX-License-Identifier: MIT
// How long a turn may work: what counts, how it ends, and that without a limit it goes on.
#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {

using namespace std::chrono_literals;
using namespace testing;

struct TurnTime : ::testing::Test, Corridor {
  TurnTime() { boot(); }
};

models::testing::Attempt slow_answer(Duration before_each) {
  return {.refused = {},
          .events = {models::TextDelta{"a"}, models::TextDelta{"b"}, models::Finished{}},
          .broken = {},
          .before_each = before_each};
}

TEST_F(TurnTime, ATurnThatWorksTooLongFailsAndSaysSo) {
  // The control: without a limit it goes on.
  reboot_with({});
  model->add(slow_answer(4min));
  const TurnId patient = send(session(), "go");
  pass(11min);
  EXPECT_EQ(state(patient), "running");
  pass(5min);
  EXPECT_EQ(state(patient), "completed");

  reboot_with({.turn_timeout = 10min});
  model->add(slow_answer(4min));
  const SessionId s = session();
  const TurnId t = send(s, "go");
  pass(9min);
  EXPECT_EQ(state(t), "running");
  pass(1min);
  EXPECT_EQ(state(t), "failed");
  EXPECT_EQ(turn(t).error_code, "turn_timeout");
  EXPECT_NE(turn(t).error_detail.find("agent.turn_timeout"), std::string::npos);
  EXPECT_EQ(step_states(t), "model cancelled");
  EXPECT_EQ(count_events("turn.failed"), 1);
  EXPECT_EQ(count_events("turn.cancelled"), 0);
  EXPECT_TRUE(is_unread(s));
  // What it had said stays, marked as unfinished, and the session goes on.
  EXPECT_EQ(messages(s).back().parts.back().state, PartState::kInterrupted);
  model->add(says("here"));
  const TurnId next = send(s, "again");
  settle();
  EXPECT_EQ(state(next), "completed");
}

TEST_F(TurnTime, WaitingForAPersonIsNoWork) {
  reboot_with({.turn_timeout = 3min});
  policy.rules = {{.verdict = trust::Verdict::kAsk, .tool = "test.*"}};
  model->add(asks_for({{"test.one_shot"}}));
  model->add(slow_answer(2min));
  const TurnId t = send(session(), "go");
  settle();
  pass(4min);
  EXPECT_EQ(state(t), "waiting");
  ASSERT_TRUE(answer(open_questions().at(0).id, {.approve = true}));
  pass(2min + 59s);
  EXPECT_EQ(state(t), "running");
  pass(1s);
  EXPECT_EQ(turn(t).error_code, "turn_timeout");
}

TEST_F(TurnTime, ACallThatIsCutByTheTimeLimitIsNotPassedOffAsFailed) {
  reboot_with({.turn_timeout = 1min});
  world.hangs = true;
  struct Case {
    const char* tool;
    const char* turn;
    const char* step;
  };
  for (const Case& c :
       {Case{"test.one_shot", "needs_attention", "unknown"}, Case{"test.pure", "failed", "cancelled"}}) {
    model->add(asks_for({{c.tool}}));
    const TurnId t = send(session(), "go");
    pass(1min);
    EXPECT_EQ(state(t), c.turn) << c.tool;
    EXPECT_EQ(step_states(t), fmt::format("model done, {} {}", c.tool, c.step));
  }
}

TEST_F(TurnTime, APersonsCancelCountsEvenWhenTheTimeIsOver) {
  reboot_with({.turn_timeout = 1min});
  model->add(slow_answer(4min));
  const TurnId t = send(session(), "go");
  pass(59s);
  ASSERT_TRUE(cancel(t));
  EXPECT_EQ(state(t), "cancelled");
  pass(2min);
  EXPECT_EQ(state(t), "cancelled");
}

}  // namespace
}  // namespace pryx::agent
