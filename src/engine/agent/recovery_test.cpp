// SPDX-License-Identifier: MIT
// The daemon dies, or is stopped, in each state of a turn, and another goes on from the rows.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using testing::asks_for;
using testing::Corridor;
using testing::cut_after;
using testing::kMe;
using testing::kReceipt;
using testing::says;
using trust::Verdict;
using Choice = TurnEngine::ResumeChoice;

class Recovery : public ::testing::Test, public Corridor {
 protected:
  Recovery() { boot(); }
  // Dies while this tool runs; the next daemon has it end by itself.
  TurnId die_in(const std::string& tool) {
    world.hangs = true;
    model->add(asks_for({{tool}}));
    model->add(says("done"));
    session_ = session();
    const TurnId t = send(session_, "go");
    settle();
    world.hangs = false;
    reboot();
    return t;
  }
  SessionId session_;
};

TEST_F(Recovery, AQueuedTurnRuns) {
  paused = true;
  reboot();
  const TurnId t = send(session(), "go");
  EXPECT_EQ(state(t), "queued");
  paused = false;
  model->add(says("hello"));
  reboot();
  EXPECT_EQ(state(t), "completed");
}

TEST_F(Recovery, OlderTurnsRunBeforeOnesAcceptedWhileTheDaemonStarts) {
  paused = true;
  reboot();
  const SessionId s = session();
  const TurnId old = send(s, "old"), late = send(s, "late");
  kill();
  paused = false;
  model->add(says("1", 1s));
  boot_and([&] { daemon->dispatcher.enqueue({kMe, s, late}); });
  EXPECT_EQ(state(old), "running");
  EXPECT_EQ(state(late), "queued");
}

TEST_F(Recovery, AStreamedTextStaysInterruptedAndAnotherAttemptAnswers) {
  model->add(says("half", 1s));
  const SessionId s = session();
  const TurnId t = send(s, "hi");
  pass(1500ms);
  model->add(says("whole"));
  reboot();
  EXPECT_EQ(state(t), "completed");
  ASSERT_EQ(messages(s).size(), 3u);
  EXPECT_EQ(messages(s)[1].parts[0].state, PartState::kInterrupted);
  EXPECT_EQ(messages(s)[2].text(), "whole");
  EXPECT_EQ(steps(t)[0].attempt, 2);
  EXPECT_TRUE(turn(t).usage.estimated);  // the lost call counts
}

// Numbers take far more tokens than their bytes let expect.
TEST_F(Recovery, ALostCallIsBookedByTheTextThatItLeft) {
  std::string digits;
  for (int i = 0; i < 300; ++i) digits += fmt::format("{} ", 10'000 + i * 37);
  const std::int64_t tokens = models::estimate_tokens(models::TokenizerFamily::kLlama, digits);
  ASSERT_GT(tokens, static_cast<std::int64_t>(digits.size() / 4) + 50);
  model->add(says(digits, 1s));
  const SessionId s = session();
  const TurnId t = send(s, "hi");
  pass(1500ms);
  model->add(says("whole"));
  reboot();
  ASSERT_EQ(messages(s).size(), 3u);
  ASSERT_EQ(messages(s)[1].text(), digits);
  const auto booked = read([&](db::Connection& c) { return trace::Ledger::list_turn(c, kMe, s, t); });
  ASSERT_EQ(booked.size(), 2u);
  EXPECT_EQ(booked[0].tokens.output, tokens);
  EXPECT_TRUE(booked[0].tokens.estimated);
}

TEST_F(Recovery, PureAndIdempotentCallsRunAgainUnderTheSameKey) {
  for (const char* tool : {"test.pure", "test.idempotent"}) {
    world.runs.clear();
    const TurnId t = die_in(tool);
    EXPECT_EQ(state(t), "completed");
    ASSERT_EQ(world.runs.size(), 2u);
    EXPECT_EQ(world.runs[0].key, world.runs[1].key);
  }
}

TEST_F(Recovery, AQueryableCallThatHappenedIsNotRepeated) {
  world.past = tools::PastEffect::kHappened;
  const TurnId t = die_in("test.queryable");
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 1u);
}

TEST_F(Recovery, AQueryableCallThatDidNotHappenRuns) {
  world.past = tools::PastEffect::kDidNotHappen;
  EXPECT_EQ(state(die_in("test.queryable")), "completed");
  EXPECT_EQ(world.runs.size(), 2u);
}

TEST_F(Recovery, AQueryableCallThatNobodyKnowsAboutAsks) {
  world.past = tools::PastEffect::kUnknown;
  EXPECT_EQ(state(die_in("test.queryable")), "needs_attention");
  EXPECT_EQ(world.runs.size(), 1u);
}

TEST_F(Recovery, AOneShotCallAsksAndIsRetriedWhenAPersonSaysSo) {
  const TurnId t = die_in("test.one_shot");
  EXPECT_EQ(state(t), "needs_attention");
  EXPECT_EQ(step_states(t), "model done, test.one_shot unknown");
  EXPECT_EQ(count_events("turn.needs_attention"), 1);
  EXPECT_TRUE(is_unread(session_));
  ASSERT_TRUE(resume(t, Choice::kRetry));
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 2u);
  EXPECT_EQ(audit_kinds(), "tool.intent tool.unknown turn.resumed tool.intent tool.outcome");
}

// No crash is needed for it: an answer that never came leaves the same question.
TEST_F(Recovery, ACallWhoseToolCannotTellIsNotMadeAgainUnasked) {
  world.is_unknown = true;
  world.text = "no answer; it may have arrived";
  model->add(asks_for({{"test.one_shot"}}));
  session_ = session();
  const TurnId t = send(session_, "go");
  settle();
  EXPECT_EQ(state(t), "needs_attention");
  EXPECT_EQ(step_states(t), "model done, test.one_shot unknown");
  EXPECT_EQ(audit_kinds(), "tool.intent tool.unknown");
  world.is_unknown = false;
  model->add(says("done"));
  ASSERT_TRUE(resume(t, Choice::kRetry));
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 2u);
}

TEST_F(Recovery, WhatMayBeRepeatedFailsInsteadAndTheModelGoesOn) {
  world.is_unknown = true;
  model->add(asks_for({{"test.idempotent"}}));
  model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.idempotent failed, model done");
}

TEST_F(Recovery, TreatedAsDoneTheModelReadsTheResult) {
  const TurnId t = die_in("test.one_shot");
  ASSERT_TRUE(resume(t, Choice::kTreatAsDone, "it was sent"));
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 1u);
  EXPECT_EQ(last_prompt(), "user: go\nassistant: [test.one_shot]\ntool: it was sent\n");
}

TEST_F(Recovery, AbandonedTheModelGoesOnWithoutIt) {
  const TurnId t = die_in("test.one_shot");
  ASSERT_TRUE(resume(t, Choice::kAbandon));
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.one_shot cancelled, model done");
  EXPECT_NE(last_prompt().find("may or may not"), std::string::npos);
  EXPECT_EQ(now(daemon->engine.resume(testing::me(), t, steps(t)[1].id, Choice::kRetry, {})).error().code,
            ErrorCode::kConflict);
}

TEST_F(Recovery, LaterTurnsDoNotWaitAndTheResumedOneKeepsItsOwnPast) {
  const TurnId t = die_in("test.one_shot");
  const TurnId later = send(session_, "meanwhile");
  settle();
  EXPECT_EQ(state(later), "completed");
  EXPECT_NE(last_prompt().find("user: go\nassistant: [test.one_shot]\ntool: There is no result"),
            std::string::npos);
  model->add(says("at last"));
  ASSERT_TRUE(resume(t, Choice::kTreatAsDone, "sent"));
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(last_prompt(), "user: go\nassistant: [test.one_shot]\ntool: sent\n");
  model->add(says("in order"));
  send(session_, "and now");
  EXPECT_EQ(last_prompt(),
            "user: go\nassistant: [test.one_shot]\ntool: sent\nassistant: at last\nuser: "
            "meanwhile\nassistant: done\nuser: and now\n");
}

TEST_F(Recovery, CancellingAnUnknownOutcomeIsSaidInTranscriptAndRecord) {
  const TurnId t = die_in("test.one_shot");
  ASSERT_TRUE(cancel(t));
  EXPECT_EQ(state(t), "cancelled");
  EXPECT_FALSE(is_unread(session_));
  EXPECT_EQ(messages(session_).back().role, Role::kTool);
  EXPECT_EQ(audit_kinds(), "tool.intent tool.unknown tool.unknown");
}

TEST_F(Recovery, AStepThatIsThereAtThreeCrashesIsNotStartedAgain) {
  world.hangs = true;
  model->add(asks_for({{"test.pure"}}));
  const TurnId t = send(session(), "go");
  settle();
  for (int crash = 1; crash <= 3; ++crash) {
    EXPECT_EQ(state(t), "running");
    reboot();
  }
  EXPECT_EQ(state(t), "needs_attention");
  EXPECT_EQ(world.runs.size(), 3u);
  world.hangs = false;
  model->add(says("done"));
  ASSERT_TRUE(resume(t, Choice::kRetry));
  EXPECT_EQ(state(t), "completed");
}

TEST_F(Recovery, CutAnswersAndCleanStopsAreNoCrashes) {
  const SessionId s = session();
  for (int i = 0; i < 2; ++i) model->add(cut_after("half"));
  model->add(says("whole", 1h));
  const TurnId t = send(s, "go");
  pass(1min);
  EXPECT_EQ(steps(t)[0].attempt, 3);
  for (int restart = 0; restart < 3; ++restart) {
    stop();
    model->add(says("whole", 1h));
    boot();
    EXPECT_EQ(state(t), "running");
  }
  EXPECT_EQ(steps(t)[0].attempt, 6);
  EXPECT_EQ(steps(t)[0].crashes, 0);
  for (int crash = 1; crash <= 3; ++crash) {
    EXPECT_EQ(state(t), "running");
    model->add(says("whole", 1h));
    reboot();
  }
  EXPECT_EQ(state(t), "needs_attention");
}

TEST_F(Recovery, AnAnswerIsCutThreeTimesAfterACrashAsWell) {
  const SessionId s = session();
  model->add(says("half", 1h));
  const TurnId t = send(s, "go");
  settle();
  model->add(cut_after("one"));
  model->add(cut_after("two"));
  model->add(says("whole"));
  reboot();
  pass(1min);
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(steps(t)[0].attempt, 4);
  EXPECT_EQ(steps(t)[0].crashes, 1);
}

TEST_F(Recovery, AQuestionAboutAnUnknownOutcomeIsDeliveredLikeAReply) {
  const TurnId t = die_in("test.one_shot");
  const auto rows = [&] {
    return read([&](db::Connection& c) { return TurnStore::list_outbox(c, kMe, t); });
  };
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].state, OutboxState::kPending);
  EXPECT_TRUE(is_unread(session_));
  daemon->outbox.acknowledge_turn(kMe, t);
  pass(kReceipt);
  EXPECT_EQ(rows()[0].state, OutboxState::kDelivered);
  EXPECT_FALSE(is_unread(session_));
  ASSERT_TRUE(resume(t, Choice::kRetry));
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(rows().size(), 2u);
  EXPECT_TRUE(is_unread(session_));
}

TEST_F(Recovery, AReceiptCoversNothingThatIsWrittenAfterIt) {
  const TurnId t = die_in("test.one_shot");
  const auto rows = [&] {
    return read([&](db::Connection& c) { return TurnStore::list_outbox(c, kMe, t); });
  };
  daemon->outbox.acknowledge_turn(kMe, t);
  pass(std::chrono::milliseconds(5));  // it is not on disk yet
  ASSERT_TRUE(resume(t, Choice::kRetry));
  pass(kReceipt);
  ASSERT_EQ(rows().size(), 2u);
  EXPECT_EQ(std::ranges::count(rows(), OutboxState::kPending, &OutboxRow::state), 1);
  EXPECT_TRUE(is_unread(session_));
}

TEST_F(Recovery, WhoAnswersOrCancelsHasReceivedTheQuestion) {
  const TurnId t = die_in("test.one_shot");
  ASSERT_TRUE(cancel(t));
  EXPECT_FALSE(is_unread(session_));
  const auto rows = read([&](db::Connection& c) { return TurnStore::list_outbox(c, kMe, t); });
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].state, OutboxState::kDelivered);
}

TEST_F(Recovery, AQuestionIsStillOpenAfterARestart) {
  policy.rules = {{.verdict = Verdict::kAsk, .tool = "test.one_shot"}};
  const TurnId t = die_in("test.one_shot");
  EXPECT_EQ(state(t), "waiting");
  ASSERT_TRUE(answer(open_questions().at(0).id, {.approve = true}));
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 1u);
}

TEST_F(Recovery, AnAnswerThatWasCommittedBeforeTheCrashCounts) {
  policy.rules = {{.verdict = Verdict::kAsk, .tool = "test.one_shot"}};
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  const ApprovalId question = open_questions().at(0).id;
  paused = true;  // nobody takes the answer up before the crash
  reboot();
  ASSERT_TRUE(answer(question, {.approve = true}));
  paused = false;
  reboot();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 1u);
}

TEST_F(Recovery, ADeadlineThatPassedWhileTheDaemonWasDownIsADenial) {
  policy.rules = {{.verdict = Verdict::kAsk, .tool = "test.one_shot"}};
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  kill();
  pass(10min);
  boot();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.one_shot denied, model done");
}

TEST_F(Recovery, AnUpgradeThatMakesTheArgumentsInvalidFailsTheStepAndClosesTheQuestion) {
  policy.rules = {{.verdict = Verdict::kAsk, .tool = "test.one_shot"}};
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  ASSERT_TRUE(write([&](db::Transaction& c) {
    return c.db().run("UPDATE steps SET args_json = '{\"n\":\"text\"}' WHERE turn_id = $1 AND tool <> ''", t);
  }));
  reboot();
  EXPECT_EQ(step_states(t), "model done, test.one_shot failed, model done");
  EXPECT_TRUE(open_questions().empty());
}

TEST_F(Recovery, ACleanStopPutsATurnOffAndDoesNotCancelItsTool) {
  world.hangs = true;
  model->add(asks_for({{"test.pure"}}));
  const TurnId t = send(session(), "go");
  settle();
  stop();
  world.hangs = false;
  model->add(says("done"));
  boot();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.pure done, model done");
}

TEST_F(Recovery, ACleanStopInAOneShotCallAsksAboutIt) {
  world.hangs = true;
  model->add(asks_for({{"test.one_shot"}}));
  const TurnId t = send(session(), "go");
  settle();
  stop();
  boot();
  EXPECT_EQ(state(t), "needs_attention");
}

TEST_F(Recovery, ACleanStopLeavesAQuestionOpen) {
  policy.rules = {{.verdict = Verdict::kAsk, .tool = "test.one_shot"}};
  model->add(asks_for({{"test.one_shot"}}));
  const TurnId t = send(session(), "go");
  settle();
  stop();
  boot();
  EXPECT_EQ(state(t), "waiting");
  EXPECT_EQ(open_questions().size(), 1u);
}

TEST_F(Recovery, ACancelledTurnStaysCancelled) {
  model->add(says("slow", 1h));
  const TurnId t = send(session(), "go");
  settle();
  ASSERT_TRUE(cancel(t));
  reboot();
  EXPECT_EQ(state(t), "cancelled");
}

TEST_F(Recovery, SafeModeAcceptsAndCancelsButRunsNothing) {
  paused = true;
  reboot();
  const SessionId s = session();
  const TurnId kept = send(s, "one"), gone = send(s, "two");
  ASSERT_TRUE(cancel(gone));
  EXPECT_EQ(state(kept), "queued");
  EXPECT_EQ(state(gone), "cancelled");
  EXPECT_TRUE(model->requests.empty());
}

}  // namespace
}  // namespace pryx::agent
