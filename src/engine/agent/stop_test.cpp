// SPDX-License-Identifier: MIT
// The panic button in the whole corridor: what runs is cut, what waits never begins, and no effect is passed
// off as cancelled when nobody knows what came of it.
#include "engine/agent/stop.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/agent/testing/corridor.h"
#include "engine/tools/shell/testing/plain_sandbox.h"

namespace pryx::agent {
namespace {

using namespace std::chrono_literals;
using namespace testing;

class Stop : public ::testing::Test, public Corridor {
 protected:
  Stop() {
    boot();
    processes.emplace(loop, *daemon->database, daemon->events, daemon->audit, daemon->ids, sandbox);
  }
  ~Stop() override { wait(group.stop()); }
  StopReport stop(StopScope scope = {}) {
    auto report = now(stop_effects(parts(), me(), std::move(scope)));
    PRYX_CHECK(report.has_value());
    return std::move(*report);
  }
  StopParts parts() {
    return {.loop = loop,
            .database = *daemon->database,
            .audit = daemon->audit,
            .dispatcher = daemon->dispatcher,
            .turns = daemon->engine,
            .processes = *processes,
            .group = group};
  }
  models::testing::Attempt long_answer() {
    return {.refused = {},
            .events = {models::TextDelta{"a"}, models::TextDelta{"b"}, models::Finished{}},
            .broken = {},
            .before_each = 1h};
  }
  tools::shell::testing::PlainSandbox sandbox;
  async::TaskGroup group{loop, "stop"};
  std::optional<tools::shell::BackgroundProcesses> processes;  // none of them has a row: none is launched
};

TEST_F(Stop, AnEffectThatWasCutIsUnknownAndOneThatMayRepeatIsCancelled) {
  world.hangs = true;
  struct Case {
    const char* tool;
    const char* turn;
    const char* steps;
  };
  for (const Case& c : {Case{"test.one_shot", "needs_attention", "model done, test.one_shot unknown"},
                        Case{"test.queryable", "needs_attention", "model done, test.queryable unknown"},
                        Case{"test.idempotent", "cancelled", "model done, test.idempotent cancelled"},
                        Case{"test.pure", "cancelled", "model done, test.pure cancelled"}}) {
    model->add(asks_for({{c.tool}}));
    const TurnId t = send(session(), "go");
    settle();
    const StopReport report = stop();
    ASSERT_EQ(report.turns.size(), 1u) << c.tool;
    EXPECT_EQ(to_text(*report.turns[0].state), c.turn) << c.tool;
    EXPECT_EQ(state(t), c.turn) << c.tool;
    EXPECT_EQ(step_states(t), c.steps) << c.tool;
    EXPECT_EQ(report.turns[0].steps.size(), 1u) << c.tool;
    EXPECT_EQ(report.unfinished, 0u);
  }
}

TEST_F(Stop, ACancelledEffectIsNotSaidToBeUndone) {
  world.hangs = true;
  for (const auto& [tool, is_sure] : {std::pair{"test.one_shot", false}, std::pair{"test.queryable", false},
                                      std::pair{"test.idempotent", true}, std::pair{"test.pure", true}}) {
    model->add(asks_for({{tool}}));
    const SessionId s = session();
    const TurnId t = send(s, "go");
    settle();
    ASSERT_TRUE(cancel(t));
    settle();
    EXPECT_EQ(state(t), "cancelled") << tool;
    EXPECT_TRUE(audit_kinds().ends_with(is_sure ? "tool.outcome" : "tool.unknown")) << audit_kinds();
    model->add(says("I see"));
    send(s, "what became of it?");
    settle();
    const auto& seen = model->requests.back().messages;
    const bool is_told = std::ranges::any_of(seen, [](const models::ChatMessage& message) {
      return message.text.find("may or may not have taken effect") != std::string::npos;
    });
    EXPECT_EQ(is_told, !is_sure) << tool;
  }
}

TEST_F(Stop, WhatIsUnknownCanBeTakenUpAgain) {
  world.hangs = true;
  model->add(asks_for({{"test.one_shot"}}));
  const TurnId t = send(session(), "go");
  settle();
  stop();
  world.hangs = false;
  model->add(says("there"));
  ASSERT_TRUE(resume(t, TurnEngine::ResumeChoice::kRetry));
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 2u);
}

TEST_F(Stop, NothingThatWaitsInLineBegins) {
  model->add(long_answer());
  const SessionId s = session();
  const TurnId first = send(s, "one");
  const TurnId second = send(s, "two");
  const TurnId third = send(s, "three");
  settle();
  const StopReport report = stop();
  EXPECT_EQ(report.turn_count, 3u);
  for (const TurnId& t : {first, second, third}) EXPECT_EQ(state(t), "cancelled");
  EXPECT_EQ(report.turns[0].id, first);
  EXPECT_TRUE(report.turns[0].was_running);
  EXPECT_FALSE(report.turns[1].was_running);
  EXPECT_EQ(model->requests.size(), 1u);
  EXPECT_EQ(model->open_streams, 0);
  EXPECT_EQ(turn(second).starts, 0);
  // The control: without the button the next one has its go as soon as the first ends.
  model->add(long_answer());
  model->add(says("mine"));
  const TurnId fourth = send(s, "four");
  const TurnId fifth = send(s, "five");
  settle();
  ASSERT_TRUE(cancel(fourth));
  settle();
  EXPECT_EQ(state(fifth), "completed");
}

TEST_F(Stop, AQuestionToAPersonIsWithdrawn) {
  policy.rules = {{.verdict = trust::Verdict::kAsk, .tool = "test.*"}};
  model->add(asks_for({{"test.one_shot"}}));
  const TurnId t = send(session(), "go");
  settle();
  ASSERT_EQ(open_questions().size(), 1u);
  stop();
  EXPECT_EQ(state(t), "cancelled");
  EXPECT_TRUE(open_questions().empty());
  EXPECT_TRUE(world.runs.empty());
}

TEST_F(Stop, AScopeLeavesTheOthersAlone) {
  model->add(long_answer());
  model->add(long_answer());
  const SessionId mine = session();
  const TurnId one = send(mine, "one");
  const TurnId behind = send(mine, "behind");
  const TurnId other = send(session(), "other");
  settle();
  model->add(says("mine"));
  EXPECT_EQ(stop({.session = {}, .turn = one}).turn_count, 1u);
  EXPECT_EQ(state(one), "cancelled");
  settle();
  EXPECT_EQ(state(behind), "completed");
  EXPECT_EQ(state(other), "running");
  EXPECT_EQ(stop({.session = mine, .turn = {}}).turn_count, 0u);
  EXPECT_EQ(state(other), "running");
  EXPECT_EQ(now(stop_effects(parts(), me(), {.session = SessionId("ses_none"), .turn = {}})).error().code,
            ErrorCode::kNotFound);
}

TEST_F(Stop, SubAgentsAreInTheScopeOfTheirParent) {
  policy.rules.push_back({.verdict = trust::Verdict::kAllow, .tool = "agent.*"});
  model->add(asks_for({{"agent.spawn", R"({"task":"count"})"}}));
  model->add(long_answer());
  const SessionId s = session();
  const TurnId parent = send(s, "go");
  settle();
  const StopReport report = stop({.session = {}, .turn = parent});
  ASSERT_EQ(report.turn_count, 2u);
  for (const StoppedTurn& turn : report.turns) EXPECT_EQ(state(turn.id), "cancelled");
  EXPECT_EQ(model->open_streams, 0);
}

TEST_F(Stop, ItIsOnRecordAndNeedsTheRightToChat) {
  model->add(long_answer());
  send(session(), "one");
  settle();
  Caller reader = me();
  reader.scopes = Scopes{Scope::kRead};
  EXPECT_EQ(now(stop_effects(parts(), reader, {})).error().code, ErrorCode::kForbidden);
  EXPECT_EQ(daemon->dispatcher.running(), 1u);
  const StopReport report = stop({.session = {}, .turn = {}, .processes = true});
  EXPECT_TRUE(report.recorded);
  EXPECT_NE(audit_kinds().find("stop"), std::string::npos);
}

TEST(StopScope, NamesOneThing) {
  EXPECT_EQ(StopScope::from_json({})->to_text(), "turns");
  EXPECT_EQ(StopScope::from_json({{"all", true}})->to_text(), "all");
  EXPECT_FALSE(StopScope::from_json({{"all", true}, {"turn_id", "trn_01ARZ3NDEKTSV4RRFFQ69G5FAV"}}));
  EXPECT_FALSE(StopScope::from_json({{"turn_id", "x"}}));
  EXPECT_EQ(StopScope::from_json({{"session_id", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV"}})->session.str(),
            "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV");
}

}  // namespace
}  // namespace pryx::agent
