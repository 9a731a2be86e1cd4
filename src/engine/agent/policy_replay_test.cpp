// SPDX-License-Identifier: MIT
// Past calls under other rules: what is decided again, what cannot be, and that the list is whole page by
// page.
#include "engine/agent/policy_replay.h"

#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using trust::Verdict;

class ReplayTest : public ::testing::Test, public Corridor {
 protected:
  ReplayTest() { boot(); }
  static std::shared_ptr<const trust::Layer> rules(std::vector<trust::Rule> list) {
    return std::make_shared<const trust::Layer>(trust::LayerKind::kBase, "draft", list);
  }
  Result<ReplayReport> try_replay(ReplayRequest request, std::int64_t max_calls = 100'000) {
    auto task = replay_policy(
        {.loop = loop, .database = *daemon->database, .gate = daemon->gate, .max_calls = max_calls}, me(),
        std::move(request));
    std::optional<Result<ReplayReport>> out;
    async::TaskGroup group(loop, "replay");
    group.spawn("replay", async::testing::detail::keep<Result<ReplayReport>>(std::move(task), out));
    pass(1s);
    PRYX_CHECK(out.has_value());
    return std::move(*out);
  }
  ReplayReport replay(ReplayRequest request = {}, std::int64_t max_calls = 100'000) {
    auto report = try_replay(std::move(request), max_calls);
    PRYX_CHECK(report.has_value());
    return std::move(*report);
  }
  void call(std::vector<Wish> wishes, bool interactive = true) {
    model->add(asks_for(std::move(wishes)));
    model->add(says("done"));
    NewMessage message{.session = session(), .text = "go"};
    message.interactive = interactive;
    ASSERT_TRUE(accept(std::move(message)));
    settle();
  }
};

TEST_F(ReplayTest, TheSameRulesChangeNothing) {
  policy.rules = {{.verdict = Verdict::kAllow, .tool = "test.pure"},
                  {.verdict = Verdict::kDeny, .tool = "test.one_shot"}};
  call({{"test.pure"}, {"test.one_shot"}, {"test.idempotent"}}, false);
  const ReplayReport report = replay();
  EXPECT_EQ(report.replayed, 3);
  EXPECT_EQ(report.changed, 0);
  EXPECT_TRUE(report.items.empty());
}

TEST_F(ReplayTest, OtherRulesChangeWhatTheyAreAbout) {
  policy.rules = {{.verdict = Verdict::kAllow, .tool = "test.pure", .line = 3},
                  {.verdict = Verdict::kDeny, .tool = "test.one_shot"}};
  call({{"test.pure"}, {"test.one_shot"}, {"test.idempotent"}}, false);
  const ReplayReport report =
      replay({.draft = rules({{.verdict = Verdict::kDeny, .tool = "test.pure", .line = 7},
                              {.verdict = Verdict::kAllow, .tool = "test.idempotent"}}),
              .cursor = {}});
  EXPECT_EQ(report.changed, 3);
  EXPECT_EQ(report.pairs[0][2], 1);  // allow to deny
  EXPECT_EQ(report.pairs[2][1], 1);  // deny to ask
  EXPECT_EQ(report.pairs[1][0], 1);  // ask, which nobody could answer, to allow
  ASSERT_EQ(report.items.size(), 3u);
  const ReplayChange& pure = report.items.back();
  EXPECT_EQ(pure.tool, "test.pure");
  EXPECT_EQ(pure.was, Verdict::kAllow);
  EXPECT_EQ(pure.was_rule, "test: tools.allowed: test.pure");
  EXPECT_EQ(pure.becomes.line, 7);
}

// What a person answered is not what the policy said.
TEST_F(ReplayTest, AnApprovedCallWasAskedAbout) {
  policy.rules = {{.verdict = Verdict::kAsk, .tool = "test.*"}};
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("done"));
  send(session(), "go");
  settle();
  ASSERT_TRUE(answer(open_questions().at(0).id, {.approve = true}));
  settle();
  ASSERT_EQ(world.runs.size(), 1u);
  EXPECT_EQ(replay().changed, 0);
  const ReplayReport report =
      replay({.draft = rules({{.verdict = Verdict::kAllow, .tool = "test.*"}}), .cursor = {}});
  EXPECT_EQ(report.pairs[1][0], 1);
  EXPECT_EQ(report.items.at(0).was_rule, "test: tools.ask: test.*");
}

TEST_F(ReplayTest, ACallKeepsTheLabelsOfItsContext) {
  policy.rules = {
      {.verdict = Verdict::kAllow, .tool = "test.*", .when = {trust::Condition::kTrustedContext}}};
  world.labels = trust::Labels{"web"};
  call({{"test.pure"}});
  EXPECT_EQ(replay().changed, 0);
  const ReplayReport report = replay(
      {.draft = rules(
           {{.verdict = Verdict::kAllow, .tool = "test.*", .when = {trust::Condition::kUntrustedContext}}}),
       .cursor = {}});
  EXPECT_EQ(report.pairs[0][1], 1);
}

TEST_F(ReplayTest, WhatCannotBeDecidedAgainIsCountedApart) {
  call({{"no.such_tool"}, {"test.pure", R"({"n":"one"})"}, {"test.pure"}});
  ASSERT_TRUE(write([](db::Transaction& t) -> Result<void> {
    return t.db().execute("UPDATE steps SET tool = 'test.gone' WHERE tool = 'test.pure' AND state = 'done'");
  }));
  call({{"test.idempotent"}});
  ASSERT_TRUE(write([](db::Transaction& t) -> Result<void> {
    return t.db().execute("DELETE FROM steps WHERE tool = 'test.idempotent'");
  }));
  const ReplayReport report = replay();
  EXPECT_EQ(report.replayed, 0);
  EXPECT_EQ(report.gaps[static_cast<std::size_t>(ReplayGap::kNotDecided)], 2);
  EXPECT_EQ(report.gaps[static_cast<std::size_t>(ReplayGap::kNoSuchTool)], 1);
  EXPECT_EQ(report.gaps[static_cast<std::size_t>(ReplayGap::kErased)], 1);
}

// A step that an older release left says of the policy's word only what its end tells.
TEST_F(ReplayTest, StepsOfAnOlderReleaseTellWhatTheyCan) {
  policy.rules = {{.verdict = Verdict::kAllow, .tool = "test.pure"},
                  {.verdict = Verdict::kDeny, .tool = "test.one_shot"}};
  call({{"test.pure"}, {"test.one_shot"}}, false);
  ASSERT_TRUE(write([](db::Transaction& t) -> Result<void> {
    return t.db().execute("UPDATE steps SET verdict = '', verdict_rule = ''");
  }));
  const ReplayReport report = replay();
  EXPECT_EQ(report.replayed, 1);
  EXPECT_EQ(report.changed, 0);
  EXPECT_EQ(report.gaps[static_cast<std::size_t>(ReplayGap::kOlderRelease)], 1);
}

TEST_F(ReplayTest, ManyCallsArePagedAndBounded) {
  limits.max_same_calls = 1000;
  reboot_with(limits);
  std::vector<Wish> wishes(50, Wish{"test.pure"});
  for (int i = 0; i < 9; ++i) call(wishes);
  const auto draft = rules({{.verdict = Verdict::kDeny, .tool = "*"}});
  std::set<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const ReplayReport page = replay({.draft = draft, .limit = 200, .cursor = cursor});
    EXPECT_EQ(page.changed, 450);
    for (const ReplayChange& change : page.items) EXPECT_TRUE(seen.insert(change.step.str()).second);
    cursor = page.next_cursor;
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), 450u);
  EXPECT_EQ(pages, 3);
  const ReplayReport cut = replay({.draft = draft, .cursor = {}}, 200);
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.replayed, 200);
  pass(48h);
  EXPECT_EQ(replay({.draft = draft, .days = 1, .cursor = {}}).replayed, 0);
  EXPECT_EQ(replay({.draft = draft, .days = 3, .cursor = {}}).replayed, 450);
}

async::Task<void> count_turns_of_the_loop(async::EventLoop& loop, const bool& over, int& count) {
  while (!over) {
    ++count;
    const auto slept = co_await async::sleep(loop, Duration::zero());
    if (!slept) co_return;
  }
}
async::Task<void> replay_to_the_end(ReplayParts parts, bool& over) {
  const auto report = co_await replay_policy(parts, me(), {.draft = nullptr, .cursor = {}});
  EXPECT_TRUE(report.has_value());
  over = true;
}

TEST_F(ReplayTest, TheLoopIsFreeInBetween) {
  limits.max_same_calls = 10'000;
  reboot_with(limits);
  for (int i = 0; i < 5; ++i) call(std::vector<Wish>(200, Wish{"test.pure"}));
  bool over = false;
  int turns = 0;
  async::TaskGroup group(loop, "both");
  group.spawn("replay",
              replay_to_the_end({.loop = loop, .database = *daemon->database, .gate = daemon->gate}, over));
  group.spawn("other", count_turns_of_the_loop(loop, over, turns));
  pass(1s);
  EXPECT_TRUE(over);
  EXPECT_GE(turns, 5);  // once for each batch of 200
}

TEST_F(ReplayTest, BoundsAreRefused) {
  for (const int days : {0, 91})
    EXPECT_EQ(try_replay({.days = days, .cursor = {}}).error().code, ErrorCode::kInvalidArgument);
  for (const std::int64_t limit : {0, 501})
    EXPECT_EQ(try_replay({.limit = limit, .cursor = {}}).error().code, ErrorCode::kInvalidArgument);
  for (const char* cursor : {"x", "1.2", "1.2.x", "1.2.3.4", "a.2.stp_01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    EXPECT_EQ(try_replay({.cursor = cursor}).error().code, ErrorCode::kInvalidArgument) << cursor;
}

}  // namespace
}  // namespace pryx::agent
