// SPDX-License-Identifier: MIT
// Turns from the message to the answer: steps, cancel, approvals, limits, the queue of a session.
// Over 500 lines: one turn after another from its message to its end, over one fixture.
#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using testing::asks_for;
using testing::Corridor;
using testing::cut_after;
using testing::kMe;
using testing::kReceipt;
using testing::me;
using testing::says;
using trust::GrantScope;
using trust::Verdict;

class Turns : public ::testing::Test, public Corridor {
 protected:
  Turns() { boot(); }
  // Policy asks before test.one_shot, and the model wants it `count` times.
  void ask_before_one_shot(int count = 1) {
    policy.rules = {{.verdict = Verdict::kAsk, .tool = "test.one_shot"},
                    {.verdict = Verdict::kAllow, .tool = "test.*"}};
    for (int i = 0; i < count; ++i)
      model->add(asks_for({{"test.one_shot", fmt::format(R"({{"n":{}}})", i)}}));
    model->add(says("done"));
  }
};

TEST_F(Turns, ThreeChainedCallsThenText) {
  for (const char* tool : {"test.pure", "test.idempotent", "test.one_shot"}) model->add(asks_for({{tool}}));
  model->add(says("all three"));
  const SessionId s = session();
  const TurnId t = send(s, "go");
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t),
            "model done, test.pure done, model done, test.idempotent done, model done, test.one_shot done, "
            "model done");
  EXPECT_EQ(last_prompt(),
            "user: go\nassistant: [test.pure]\ntool: done\nassistant: [test.idempotent]\ntool: "
            "done\nassistant: [test.one_shot]\ntool: done\n");
  EXPECT_EQ(messages(s).back().text(), "all three");
  EXPECT_EQ(audit_kinds(), "tool.intent tool.outcome tool.intent tool.outcome tool.intent tool.outcome");
}

TEST_F(Turns, ATurnWithoutToolsTakesThreeCommits) {
  model->add(says("hello"));
  const SessionId s = session();
  const auto before = daemon->database->stats().commits;
  const TurnId t = send(s, "hi");
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(daemon->database->stats().commits - before, 3u);  // accepted, started, ended
}

TEST_F(Turns, ParallelCallsRunInTheOrderAsked) {
  model->add(asks_for({{"test.one_shot", R"({"n":1})"}, {"test.pure", R"({"n":2})"}}));
  model->add(says("done"));
  send(session(), "go");
  settle();
  ASSERT_EQ(world.runs.size(), 2u);
  EXPECT_EQ(world.runs[0].arguments, R"({"n":1})");
  EXPECT_NE(world.runs[0].key, world.runs[1].key);
}

TEST_F(Turns, CallsThatCannotBeMadeAreAnswered) {
  model->add(asks_for({{"test.pure", "not json"}, {"test.pure", R"({"n":"one"})"}, {"no.such_tool"}}));
  model->add(says("sorry"));
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(step_states(t),
            "model done, test.pure failed, test.pure failed, no.such_tool denied, model done");
  EXPECT_TRUE(world.runs.empty());
  EXPECT_EQ(turn(t).denied_calls, 1);
}

TEST_F(Turns, CancelWhileQueued) {
  model->add(says("first", 1s));
  const SessionId s = session();
  send(s, "one");
  const TurnId second = send(s, "two");
  ASSERT_TRUE(cancel(second));
  EXPECT_EQ(state(second), "cancelled");
  EXPECT_EQ(cancel(second).error().code, ErrorCode::kConflict);
  EXPECT_EQ(count_events("turn.cancelled"), 1);
}

TEST_F(Turns, CancelWhileStreamingKeepsTheTextAsInterrupted) {
  model->add({.refused = {},
              .events = {models::TextDelta{"half an "}, models::TextDelta{"answer"}, models::Finished{}},
              .broken = {},
              .before_each = 1s});
  const SessionId s = session();
  const TurnId t = send(s, "hi");
  pass(1500ms);
  EXPECT_EQ(daemon->engine.partial_text(t).size(), 1u);
  ASSERT_TRUE(cancel(t));
  EXPECT_EQ(state(t), "cancelled");
  EXPECT_EQ(model->open_streams, 0);
  ASSERT_EQ(messages(s).size(), 2u);
  EXPECT_EQ(messages(s)[1].parts[0].state, PartState::kInterrupted);
  EXPECT_EQ(messages(s)[1].text(), "half an ");
  EXPECT_TRUE(turn(t).usage.estimated);  // what the cut call has cost
}

TEST_F(Turns, WhatNobodyCountedIsEstimatedByItsText) {
  std::string digits;
  for (int i = 0; i < 300; ++i) digits += fmt::format("{} ", 10'000 + i * 37);
  const std::int64_t tokens = models::estimate_tokens(models::TokenizerFamily::kLlama, digits);
  ASSERT_GT(tokens, static_cast<std::int64_t>(digits.size() / 4) + 50);
  const models::UsageReport of_the_wire{{.input_tokens = 900'000, .output_tokens = 3, .estimated = true}};
  for (const bool is_told : {false, true}) {
    auto attempt = says(digits);
    if (is_told) attempt.events.insert(attempt.events.begin() + 1, of_the_wire);
    model->add(std::move(attempt));
    const TurnId t = send(session(), "hi");
    settle();
    ASSERT_EQ(state(t), "completed");
    EXPECT_EQ(turn(t).usage.output_tokens, tokens) << is_told;
    EXPECT_LT(turn(t).usage.input_tokens, 100'000) << is_told;
    EXPECT_TRUE(turn(t).usage.estimated) << is_told;
  }
}

TEST_F(Turns, CancelInATool) {
  world.hangs = true;
  model->add(asks_for({{"test.pure"}}));
  const TurnId t = send(session(), "go");
  settle();
  ASSERT_TRUE(cancel(t));
  EXPECT_EQ(state(t), "cancelled");
  EXPECT_EQ(step_states(t), "model done, test.pure cancelled");
  EXPECT_EQ(audit_kinds(), "tool.intent tool.outcome");
}

TEST_F(Turns, CancelWhileAPersonIsAsked) {
  ask_before_one_shot();
  const TurnId t = send(session(), "go");
  settle();
  const ApprovalId question = open_questions().at(0).id;
  ASSERT_TRUE(cancel(t));
  EXPECT_EQ(state(t), "cancelled");
  EXPECT_EQ(answer(question, {.approve = true}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(daemon->approvals.pending_count(), 0u);
  EXPECT_TRUE(world.runs.empty());
}

TEST_F(Turns, ApprovedOnceRunsOnce) {
  ask_before_one_shot(2);
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(state(t), "waiting");
  const ApprovalId question = open_questions().at(0).id;
  ASSERT_TRUE(answer(question, {.approve = true}));
  EXPECT_EQ(answer(question, {.approve = false}).error().code, ErrorCode::kConflict);
  settle();
  EXPECT_EQ(world.runs.size(), 1u);
  EXPECT_EQ(open_questions().size(), 1u);  // the second call asks again
  EXPECT_EQ(audit_kinds(),
            "approval.requested approval.resolved tool.intent tool.outcome approval.requested");
}

TEST_F(Turns, DeniedWithAReasonThatTheModelReads) {
  ask_before_one_shot();
  const TurnId t = send(session(), "go");
  settle();
  ASSERT_TRUE(answer(open_questions().at(0).id, {.approve = false, .reason = "not today"}));
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.one_shot denied, model done");
  EXPECT_NE(last_prompt().find("denied by a person: not today"), std::string::npos);
  EXPECT_EQ(turn(t).denied_calls, 1);
}

TEST_F(Turns, SilenceIsADenial) {
  ask_before_one_shot();
  const TurnId t = send(session(), "go");
  pass(6min);
  EXPECT_EQ(state(t), "completed");
  EXPECT_NE(last_prompt().find("nobody answered in time"), std::string::npos);
  EXPECT_EQ(count_events("approval.resolved"), 1);
}

TEST_F(Turns, AGrantForTheSessionOpensTheNextCallOfThatSessionOnly) {
  world.touches.workspace_paths = {"src/a"};
  ask_before_one_shot(2);
  const SessionId s = session();
  const TurnId t = send(s, "go");
  settle();
  ASSERT_TRUE(answer(open_questions().at(0).id, {.approve = true, .scope = GrantScope::kSession}));
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 2u);
  ask_before_one_shot(1);
  const TurnId other = send(session(), "go");
  settle();
  EXPECT_EQ(state(other), "waiting");
}

TEST_F(Turns, AGrantForAlwaysOutlivesARestart) {
  world.touches.workspace_paths = {"src/a"};
  ask_before_one_shot(1);
  send(session(), "go");
  settle();
  ASSERT_TRUE(answer(open_questions().at(0).id, {.approve = true, .scope = GrantScope::kAlways}));
  reboot();
  ask_before_one_shot(1);
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 2u);
}

TEST_F(Turns, AForcedAskIsAnsweredOnceAndLeavesNoGrant) {
  world.touches.is_outward_sink = true;
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("done"));
  const TurnId t =
      accept({.session = session(), .text = "go", .labels = trust::Labels{"private", "web"}}).value().turn;
  settle();
  const trust::Approval question = open_questions().at(0);
  EXPECT_EQ(question.rule_suggestion, "");
  for (const GrantScope scope : {GrantScope::kSession, GrantScope::kAlways}) {
    const auto refused =
        answer(question.id, {.approve = true, .scope = scope, .rule = R"(test.one_shot(path: "src/*"))"});
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  }
  ASSERT_TRUE(answer(question.id, {.approve = true}));
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_TRUE(daemon->approvals.grants_for(kMe, turn(t).session).empty());
}

TEST_F(Turns, AnApprovalIsBoundToThePolicyItWasAskedUnder) {
  ask_before_one_shot();
  const TurnId t = send(session(), "go");
  settle();
  policy.rules.push_back({.verdict = Verdict::kDeny, .tool = "something.else"});
  ASSERT_TRUE(answer(open_questions().at(0).id, {.approve = true}));
  settle();
  EXPECT_TRUE(world.runs.empty());
  // It is asked about anew, and the question says why.
  EXPECT_EQ(step_states(t), "model done, test.one_shot awaiting_approval");
  const trust::Approval again = open_questions().at(0);
  ASSERT_EQ(again.changes.size(), 1u);
  EXPECT_TRUE(again.changes[0].starts_with("policy: ")) << again.changes[0];
  ASSERT_TRUE(answer(again.id, {.approve = true}));
  settle();
  EXPECT_EQ(world.runs.size(), 1u);
  EXPECT_EQ(state(t), "completed");
}

TEST_F(Turns, WhatAChangedPolicyAllowsIsNotRecordedAsApproved) {
  ask_before_one_shot();
  const TurnId t = send(session(), "go");
  settle();
  policy.rules = {{.verdict = Verdict::kAllow, .tool = "test.one_shot"}};
  ASSERT_TRUE(answer(open_questions().at(0).id, {.approve = true}));
  settle();
  EXPECT_EQ(world.runs.size(), 1u);
  EXPECT_NE(steps(t)[1].decision_rule.find("test.one_shot"), std::string::npos);
}

TEST_F(Turns, WithNobodyToAskAnAskIsADenialAtOnce) {
  ask_before_one_shot();
  const TurnId t = accept({.session = session(), .text = "go", .interactive = false}).value().turn;
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.one_shot denied, model done");
  EXPECT_TRUE(open_questions().empty());
}

TEST_F(Turns, TheApproveFragmentCountsAsAGrantForItsTurn) {
  ask_before_one_shot();
  const SessionId s = session();
  const TurnId t = accept({.session = s,
                           .text = "go",
                           .interactive = false,
                           .approve = "tools:\n  allowed: [test.one_shot]\n"})
                       .value()
                       .turn;
  settle();
  EXPECT_EQ(step_states(t), "model done, test.one_shot done, model done");
  ask_before_one_shot();
  const TurnId next = accept({.session = s, .text = "go", .interactive = false}).value().turn;
  settle();
  EXPECT_EQ(turn(next).denied_calls, 1);
}

TEST_F(Turns, ACutAnswerStaysInterruptedAndAnotherAttemptAnswers) {
  model->add(cut_after("half"));
  model->add(says("whole"));
  const SessionId s = session();
  const TurnId t = send(s, "hi");
  pass(1min);
  EXPECT_EQ(state(t), "completed");
  ASSERT_EQ(messages(s).size(), 3u);
  EXPECT_EQ(messages(s)[1].parts[0].state, PartState::kInterrupted);
  EXPECT_EQ(messages(s)[2].text(), "whole");
  EXPECT_EQ(steps(t)[0].attempt, 2);
  EXPECT_EQ(model->requests[0].request_id, model->requests[1].request_id);
  EXPECT_EQ(last_prompt(), "user: hi\n");
}

TEST_F(Turns, AModelThatKeepsBreakingFailsTheTurn) {
  for (int i = 0; i < 3; ++i) model->add(cut_after("half"));
  const SessionId s = session();
  const TurnId t = send(s, "hi");
  pass(1min);
  EXPECT_EQ(state(t), "failed");
  EXPECT_EQ(turn(t).error_code, "unavailable");
  EXPECT_EQ(count_events("turn.failed"), 1);
  EXPECT_TRUE(is_unread(s));
}

TEST_F(Turns, StepLimit) {
  reboot_with({.max_steps = 3});
  for (int i = 0; i < 5; ++i) model->add(asks_for({{"test.pure", fmt::format(R"({{"n":{}}})", i)}}));
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(turn(t).error_code, "step_limit");
  EXPECT_EQ(model->requests.size(), 3u);
}

TEST_F(Turns, LoopDetector) {
  for (int i = 0; i < 9; ++i) model->add(asks_for({{"test.pure", R"({"n":1})"}}));
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(turn(t).error_code, "loop_detected");
  EXPECT_EQ(world.runs.size(), 4u);
}

TEST_F(Turns, IdempotencyKeys) {
  const SessionId s = session();
  model->add(says("one"));
  const Accepted first = accept({.session = s, .text = "a", .idempotency_key = "k"}).value();
  const Accepted again = accept({.session = s, .text = "a", .idempotency_key = "k"}).value();
  EXPECT_EQ(again.turn, first.turn);
  EXPECT_EQ(again.message, first.message);
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(accept({.session = s, .text = "b", .idempotency_key = "k"}).error().code, ErrorCode::kConflict);
  EXPECT_FALSE(accept({.session = session(), .text = "b", .idempotency_key = "k"})
                   .value()
                   .duplicate);  // keys count per session
  pass(24h * 7);
  EXPECT_FALSE(accept({.session = s, .text = "b", .idempotency_key = "k"}).value().duplicate);
}

TEST_F(Turns, ABusySessionQueues32) {
  model->add(says("slow", 1h));
  const SessionId s = session();
  for (int i = 0; i < 33; ++i) send(s, fmt::format("{}", i));
  const auto refused = accept({.session = s, .text = "too many"});
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_GT(refused.error().retry_after_ms, 0);
  EXPECT_TRUE(accept({.session = session(), .text = "another session"}));
}

TEST_F(Turns, AMessageThatWaitedSeesTheTurnBeforeItInOrder) {
  model->add(asks_for({{"test.pure"}}));
  model->add(says("first answer", 1s));
  model->add(says("second answer"));
  const SessionId s = session();
  world.hangs = true;
  send(s, "first");
  settle();
  send(s, "second");  // written between the first turn's call and its result
  world.hangs = false;
  pass(2h);
  EXPECT_EQ(model->requests.size(), 3u);
  EXPECT_EQ(last_prompt(),
            "user: first\nassistant: [test.pure]\ntool: done\nassistant: first answer\nuser: second\n");
}

TEST_F(Turns, LongMessagesInLineDoNotHideTheTurnsOwn) {
  paused = true;  // both are there before the first begins
  reboot();
  const SessionId s = session();
  const TurnId t = send(s, "mine");
  send(s, std::string(kMaxMessageBytes, 'x'));
  paused = false;
  model->add(says("ok", 1s));
  reboot();
  EXPECT_EQ(state(t), "running");
  EXPECT_EQ(last_prompt(), "user: mine\n");
}

TEST_F(Turns, ALargeResultIsAFileAndTheModelSeesItTrimmed) {
  world.text = "HEAD" + std::string(100'000, 'x') + "TAIL";
  model->add(asks_for({{"test.pure"}}));
  model->add(says("read it"));
  const TurnId t = send(session(), "go");
  settle();
  const std::string ref = steps(t)[1].result_ref;
  EXPECT_EQ(world.files.at(ref), world.text);
  EXPECT_LT(last_prompt().size(), kMaxResultBytesForModel + 400);
  EXPECT_NE(last_prompt().find(ref), std::string::npos);
  EXPECT_NE(last_prompt().find("TAIL"), std::string::npos);
}

TEST_F(Turns, LabelsJoinAndStay) {
  world.labels = trust::Labels{"web"};
  model->add(asks_for({{"test.pure"}}));
  model->add(asks_for({{"test.idempotent"}}));
  model->add(says("done"));
  const SessionId s = session();
  const TurnId t = send(s, "go");
  settle();
  EXPECT_FALSE(steps(t)[1].labels.has("web"));
  EXPECT_TRUE(steps(t)[3].labels.has("web"));
  EXPECT_TRUE(steps(t)[3].labels.has("owner"));
  EXPECT_TRUE(messages(s).back().parts[0].labels.has("web"));
  reboot();
  model->add(asks_for({{"test.pure"}}));
  model->add(says("done"));
  const TurnId next = send(s, "again");
  settle();
  EXPECT_TRUE(steps(next)[1].labels.has("web"));
}

TEST_F(Turns, AHiddenSessionRunsNoTools) {
  model->add(asks_for({{"test.pure"}}));
  model->add(says("no tools here"));
  const TurnId t = send(session(true), "go");
  settle();
  EXPECT_EQ(step_states(t), "model done, test.pure denied, model done");
  EXPECT_TRUE(model->requests[0].tools.empty());
  EXPECT_TRUE(world.runs.empty());
}

TEST_F(Turns, BackgroundTurnsDoNotStarve) {
  reboot_with({}, 1);
  model->add(says("slow", 1s));
  send(session(), "running");
  const TurnId background =
      accept({.session = session(), .text = "background", .priority = Priority::kBackground}).value().turn;
  std::vector<TurnId> owners;
  for (int i = 0; i < 20; ++i) owners.push_back(send(session(), "owner"));
  for (int i = 0; i < 21; ++i) model->add(says("x", 1s));
  pass(30s);  // three each
  EXPECT_EQ(state(background), "completed");
  EXPECT_EQ(state(owners.back()), "queued");
}

TEST_F(Turns, ATurnThatWaitsForAPersonTakesNoSlot) {
  reboot_with({}, 1);
  ask_before_one_shot();
  const TurnId waiting = send(session(), "go");
  settle();
  const TurnId other = send(session(), "hi");
  settle();
  EXPECT_EQ(state(waiting), "waiting");
  EXPECT_EQ(state(other), "completed");
}

TEST_F(Turns, ASessionIsReadWhenNothingOfItIsPending) {
  model->add(says("one"));
  model->add(says("two"));
  const SessionId s = session();
  const TurnId first = send(s, "1");
  const TurnId second = send(s, "2");
  settle();
  daemon->outbox.acknowledge_turn(kMe, second);
  pass(kReceipt);
  EXPECT_TRUE(is_unread(s));
  daemon->outbox.acknowledge_turn(kMe, first);
  pass(kReceipt);
  EXPECT_FALSE(is_unread(s));
}

TEST_F(Turns, AFailedTurnNamesTheModelAndTheVendorsRequest) {
  models::testing::Attempt refused;
  refused.refused = Error{ErrorCode::kForbidden, "not with this key", -1};
  refused.facts = {403, "req_42"};
  model->add(std::move(refused));
  const TurnId t = send(session(), "hi");
  settle();
  ASSERT_EQ(state(t), "failed");
  EXPECT_EQ(turn(t).model, "fake/one") << "the default, which the message did not name";
  EXPECT_EQ(turn(t).answered_by, "");
  EXPECT_EQ(json::to_text(turn(t).to_json().at("error")),
            R"({"code":"forbidden","detail":"not with this key","provider":"fake","model":"fake/one",)"
            R"("http_status":403,"request_id":"req_42"})");
}

TEST_F(Turns, AnAnswerThatBreaksHasNoStatus) {
  for (int i = 0; i < 3; ++i) {
    auto cut = cut_after("so far");
    cut.facts = {200, "req_7"};
    model->add(std::move(cut));
  }
  const TurnId t = send(session(), "hi");
  pass(1min);
  ASSERT_EQ(state(t), "failed");
  EXPECT_EQ(turn(t).failure.http_status, 0);
  EXPECT_EQ(turn(t).failure.request_id, "req_7");
}

TEST_F(Turns, AnEmptyAnswerIsNoMessage) {
  model->add({.refused = {}, .events = {models::Finished{}}, .broken = {}});
  const SessionId s = session();
  const TurnId t = send(s, "hi");
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(messages(s).size(), 1u);
}

}  // namespace
}  // namespace pryx::agent
