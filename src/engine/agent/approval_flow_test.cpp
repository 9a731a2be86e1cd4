// SPDX-License-Identifier: MIT
// Approvals over the whole corridor: several calls asked at once, answers that a crash comes between, and
// what the record says.
#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {

using testing::asks_for;
using testing::kMe;
using testing::me;
using testing::says;
using trust::Verdict;

class ApprovalFlow : public ::testing::Test, public testing::Corridor {
 protected:
  void SetUp() override {
    policy.rules = {{.verdict = Verdict::kAllow, .tool = "test.pure"}};
    boot();
  }
  // Two calls that ask, one after the other.
  TurnId send_two() {
    model->add(asks_for({{"test.one_shot", R"({"n":1})"}, {"test.idempotent", R"({"n":2})"}}));
    model->add(says("done"));
    const TurnId turn = send(session(), "go");
    settle();
    return turn;
  }
  Result<std::vector<trust::Approval>> answer_all(const std::vector<ApprovalId>& ids, bool approve) {
    return now(daemon->approvals.resolve_plan(me(), ids, {.approve = approve}));
  }
  std::vector<ApprovalId> open_ids() {
    std::vector<ApprovalId> ids;
    for (const auto& question : open_questions()) ids.insert(ids.begin(), question.id);
    return ids;
  }
};

TEST_F(ApprovalFlow, CallsThatAskTogetherAreAnsweredTogether) {
  const TurnId t = send_two();
  ASSERT_EQ(open_questions().size(), 2u);
  EXPECT_EQ(open_questions()[0].plan, open_questions()[1].plan);
  EXPECT_FALSE(open_questions()[0].plan.empty());
  EXPECT_NE(open_questions()[0].call_hash, open_questions()[1].call_hash) << "each is bound by itself";
  ASSERT_TRUE(answer_all(open_ids(), true));
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.one_shot done, test.idempotent done, model done");
  EXPECT_EQ(world.runs.size(), 2u);
  EXPECT_NE(audit_kinds().find("approval.plan_resolved"), std::string::npos);
}

TEST_F(ApprovalFlow, APlanIsAnsweredWholeOrNotAtAll) {
  const TurnId t = send_two();
  std::vector<ApprovalId> ids = open_ids();
  ASSERT_TRUE(answer(ids[1], {.approve = false, .reason = "not this one"}));
  EXPECT_EQ(answer_all(ids, true).error().code, ErrorCode::kConflict);
  EXPECT_EQ(open_questions().size(), 1u) << "the other one still waits";
  settle();
  EXPECT_TRUE(world.runs.empty());
  ASSERT_TRUE(answer(ids[0], {.approve = true}));
  settle();
  EXPECT_EQ(step_states(t), "model done, test.one_shot done, test.idempotent denied, model done");
  EXPECT_NE(last_prompt().find("Denied: denied by a person: not this one"), std::string::npos);
}

TEST_F(ApprovalFlow, WhatDoesNotAskComesFirstAndInOrder) {
  model->add(asks_for({{"test.pure"}, {"test.one_shot"}, {"test.idempotent"}}));
  model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(open_questions().size(), 1u) << "the first call runs before the second is asked about";
  EXPECT_EQ(world.runs.size(), 1u);
  EXPECT_EQ(step_states(t),
            "model done, test.pure done, test.one_shot awaiting_approval, test.idempotent planned");
}

TEST_F(ApprovalFlow, ADeathBetweenAnswerAndStartRunsTheCallOnce) {
  const TurnId t = send_two();
  const std::vector<ApprovalId> ids = open_ids();
  kill();
  // Answered by the dead daemon's last commit: the next one finds the answer.
  paused = true;
  boot();
  ASSERT_TRUE(answer_all(ids, true));
  paused = false;
  reboot();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(world.runs.size(), 2u);
  reboot();
  EXPECT_EQ(world.runs.size(), 2u);
}

TEST_F(ApprovalFlow, AnAnswerThatOutlivedItsWindowIsAskedForAgain) {
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  const ApprovalId first = open_ids().at(0);
  kill();
  paused = true;
  boot();
  ASSERT_TRUE(answer(first, {.approve = true}));
  pass(trust::kLaunchWindow);
  paused = false;
  reboot();
  EXPECT_TRUE(world.runs.empty());
  ASSERT_EQ(open_questions().size(), 1u);
  EXPECT_EQ(open_questions()[0].replaces, first);
  EXPECT_EQ(now(daemon->approvals.get(kMe, first)).value().state, trust::ApprovalState::kSuperseded);
  ASSERT_TRUE(answer(open_ids().at(0), {.approve = true}));
  settle();
  EXPECT_EQ(world.runs.size(), 1u);
  EXPECT_EQ(state(t), "completed");
}

TEST_F(ApprovalFlow, AUsedApprovalSaysSo) {
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("done"));
  (void)send(session(), "go");
  settle();
  const ApprovalId id = open_ids().at(0);
  EXPECT_FALSE(now(daemon->approvals.get(kMe, id)).value().used_at);
  ASSERT_TRUE(answer(id, {.approve = true}));
  settle();
  EXPECT_TRUE(now(daemon->approvals.get(kMe, id)).value().used_at);
  EXPECT_EQ(answer(id, {.approve = true}).error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace pryx::agent
