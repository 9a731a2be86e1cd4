// SPDX-License-Identifier: MIT
// What is read of a turn by the commit that accepts it, and when it is used.
#include "engine/agent/turn_snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {

using testing::Corridor;
using testing::kMe;
using testing::me;
using testing::says;

class Snapshots : public ::testing::Test, protected Corridor {
 protected:
  void SetUp() override { boot(); }

  // What is read ahead of a turn that is accepted at this moment.
  std::optional<TurnSnapshot> read_ahead(const TurnId& turn, const SessionId& session) {
    TurnAhead ahead;
    PRYX_CHECK(write([&](db::Transaction& t) -> Result<void> {
                 t.before_commit([&](db::Connection& c) { ahead.read(c, {kMe, session, turn}); });
                 return {};
               }).has_value());
    return ahead.take();
  }
  std::string texts(const TurnSnapshot& snapshot) {
    std::string out;
    for (const Message& message : snapshot.history) out += message.text() + "|";
    return out;
  }
  std::int64_t found(const std::string& word) {
    return read([&](db::Connection& c) {
      return c.count("SELECT count(*) FROM messages_fts WHERE messages_fts MATCH $1", word);
    });
  }
};

// Keeps what it is given, and ends when it is told.
struct Keeper final : TurnRunner {
  explicit Keeper(async::EventLoop& loop) : ended(loop) {}
  async::Task<void> run_turn(OpenTurn turn, std::shared_ptr<TurnAhead> ahead) override {
    runs.emplace_back(turn.turn, ahead != nullptr && ahead->take().has_value());
    co_await ended.wait();
  }
  [[nodiscard]] std::shared_ptr<TurnAhead> look_ahead() const override {
    return std::make_shared<TurnAhead>();
  }
  std::vector<std::pair<TurnId, bool>> runs;
  async::WaitList ended;
};

TEST_F(Snapshots, ATurnThatStartsAtOnceIsReadByTheCommitThatAcceptsIt) {
  Keeper keeper(loop);
  Dispatcher dispatcher(loop, *daemon->database, 2);
  Inbox inbox(loop, *daemon->database, daemon->events, daemon->ids, dispatcher);
  const auto send_there = [&](const SessionId& session) {
    return now(inbox.accept(me(), {.session = session, .text = "hi", .labels = trust::Labels{"owner"}}))
        .value()
        .turn;
  };
  EXPECT_EQ(dispatcher.look_ahead(), nullptr);  // nothing runs yet
  ASSERT_TRUE(now(dispatcher.start(keeper, false)));
  const SessionId busy = session();
  const TurnId first = send_there(busy);
  const TurnId waits = send_there(busy);
  EXPECT_EQ(dispatcher.look_ahead(), nullptr);  // one waits: the next may have to wait, too
  keeper.ended.wake_all();
  settle();
  keeper.ended.wake_all();
  settle();
  const TurnId other = send_there(session());
  using Run = std::pair<TurnId, bool>;
  EXPECT_EQ(keeper.runs, (std::vector<Run>{{first, true}, {waits, false}, {other, true}}));
  keeper.ended.wake_all();
  wait(dispatcher.stop());
}

TEST_F(Snapshots, WhatIsReadAheadIsWhatIsReadLater) {
  model->add(says("one"));
  const SessionId s = session();
  const TurnId t = send(s, "hello");
  settle();
  const auto ahead = read_ahead(t, s);
  ASSERT_TRUE(ahead);
  const auto later =
      read([&](db::Connection& c) { return TurnSnapshot::load(c, {kMe, s, t}, kMaxHistoryBytes); });
  ASSERT_TRUE(later);
  EXPECT_EQ(texts(*ahead), "hello|one|");
  EXPECT_EQ(texts(*ahead), texts(*later));
  EXPECT_EQ(ahead->turn.usage, later->turn.usage);
  EXPECT_EQ(ahead->steps.size(), later->steps.size());
  ASSERT_EQ(ahead->context_states.size(), 1u);
  ASSERT_EQ(later->context_states.size(), 1u);
  EXPECT_EQ(ahead->context_states[0].used, later->context_states[0].used);
  EXPECT_FALSE(read_ahead(TurnId("trn_gone"), s));
}

// The summary is older than the window and comes along all the same: nothing else stands for what it covers.
TEST_F(Snapshots, WhatIsNotReadIsCountedAndSummariesAlwaysCome) {
  const SessionId s = session();
  TurnId last;
  for (int i = 0; i < 4; ++i) {
    model->add(says("answer"));
    last = send(s, fmt::format("{} {}", i, std::string(5'000, 'x')));
    settle();
  }
  const auto before = messages(s);
  ASSERT_EQ(before.size(), 8u);
  Message summary{.principal = kMe,
                  .session = s,
                  .id = daemon->ids.make<MessageId>(),
                  .role = Role::kAssistant,
                  .turn = before[0].turn};
  Part part;
  part.type = "summary";
  part.text = "what was said";
  part.covers = {before[0].id.str()};
  part.count = 1;
  summary.parts.push_back(std::move(part));
  const Compaction compaction{
      .principal = kMe, .session = s, .message = summary.id, .turn = before[0].turn, .covered = 1};
  ASSERT_TRUE(write([&](db::Transaction& t) {
                return ContextStore::cover(t.db(), summary, compaction);
              }).has_value());
  for (int i = 0; i < 2; ++i) {
    model->add(says("answer"));
    last = send(s, std::string(5'000, 'y'));
    settle();
  }
  const auto all =
      read([&](db::Connection& c) { return TurnSnapshot::load(c, {kMe, s, last}, kMaxHistoryBytes); });
  ASSERT_TRUE(all);
  EXPECT_EQ(all->history.size(), 12u);  // without the covered one, with its summary
  EXPECT_TRUE(all->read.is_whole);
  EXPECT_EQ(all->read.unread, 0);
  EXPECT_GT(all->read.bytes, 25'000u);
  const auto some = read([&](db::Connection& c) { return TurnSnapshot::load(c, {kMe, s, last}, 8'000); });
  ASSERT_TRUE(some);
  EXPECT_FALSE(some->read.is_whole);
  EXPECT_EQ(some->read.unread + static_cast<std::int64_t>(some->history.size()), 12);
  EXPECT_GT(some->read.unread, 5);
  EXPECT_GT(some->read.bytes, 8'000u);
  EXPECT_EQ(std::ranges::count(some->history, summary.id, &Message::id), 1);
}

TEST_F(Snapshots, ALongHistoryHoldsUpNoCommit) {
  model->add(says("one"));
  const SessionId s = session();
  const TurnId large = send(s, std::string(100'000, 'x'));
  settle();
  EXPECT_FALSE(read_ahead(large, s));
  EXPECT_EQ(state(large), "completed");
  const SessionId many = session();
  for (int i = 0; i < 33; ++i) {
    model->add(says("one"));
    const TurnId t = send(many, "hi");
    settle();
    EXPECT_EQ(state(t), "completed");
    EXPECT_EQ(read_ahead(t, many).has_value(), i < 32) << i;
  }
}

TEST_F(Snapshots, AHiddenSessionIsNotIndexed) {
  for (int i = 0; i < 2; ++i) model->add(says("answerword"));
  (void)send(session(true), "questionword");
  settle();
  EXPECT_EQ(found("questionword OR answerword"), 0);
  (void)send(session(), "questionword");
  settle();
  EXPECT_EQ(found("questionword OR answerword"), 2);
}

}  // namespace
}  // namespace pryx::agent
