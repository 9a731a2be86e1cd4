// SPDX-License-Identifier: MIT
// What is read of a turn by the commit that accepts it, and when it is used.
#include "engine/agent/turn_snapshot.h"

#include <gtest/gtest.h>

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
  std::optional<TurnSnapshot> read_ahead(const TurnId& turn, const SessionId& session,
                                         const std::string& default_model = "fake/one") {
    TurnAhead ahead("fake/one");
    PRYX_CHECK(write([&](db::Transaction& t) -> Result<void> {
                 t.before_commit([&](db::Connection& c) { ahead.read(c, {kMe, session, turn}); });
                 return {};
               }).has_value());
    return ahead.take(default_model);
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
    runs.emplace_back(turn.turn, ahead != nullptr && ahead->take("fake/one").has_value());
    co_await ended.wait();
  }
  [[nodiscard]] std::shared_ptr<TurnAhead> look_ahead() const override {
    return std::make_shared<TurnAhead>("fake/one");
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
  const auto later = read(
      [&](db::Connection& c) { return TurnSnapshot::load(c, {kMe, s, t}, "fake/one", kMaxHistoryBytes); });
  ASSERT_TRUE(later);
  EXPECT_EQ(texts(*ahead), "hello|one|");
  EXPECT_EQ(texts(*ahead), texts(*later));
  EXPECT_EQ(ahead->turn.usage, later->turn.usage);
  EXPECT_EQ(ahead->steps.size(), later->steps.size());
  ASSERT_TRUE(ahead->context_state && later->context_state);
  EXPECT_EQ(ahead->context_state->used, later->context_state->used);
  EXPECT_FALSE(read_ahead(TurnId("trn_gone"), s));
  EXPECT_FALSE(read_ahead(t, s, "fake/another"));  // the default changed meanwhile
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
