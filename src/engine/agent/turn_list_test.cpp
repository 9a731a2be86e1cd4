// SPDX-License-Identifier: MIT
// Turns of all sessions in one list: order, filters, pages.
#include "engine/agent/turn_list.h"

#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using testing::Corridor;
using testing::kMe;
using testing::says;

class TurnLists : public ::testing::Test, public Corridor {
 protected:
  TurnLists() { boot(); }

  // A turn that stands so, accepted a second after the one before.
  TurnId add(const SessionId& session, TurnState state, PrincipalId principal = kMe) {
    pass(1s);
    Turn turn{.principal = std::move(principal),
              .id = daemon->ids.make<TurnId>(),
              .session = session,
              .state = state,
              .surface = "test",
              .message = daemon->ids.make<MessageId>(),
              .created_at = loop.clock().wall()};
    PRYX_CHECK(write([&](db::Transaction& t) { return TurnStore::insert_turn(t.db(), turn); }).has_value());
    return turn.id;
  }
  Paged<ListedTurn> list(const TurnQuery& query) {
    return read([&](db::Connection& c) { return TurnList::read(c, kMe, query); });
  }
  static std::vector<TurnId> ids(const Paged<ListedTurn>& page) {
    std::vector<TurnId> out;
    for (const ListedTurn& item : page.items) out.push_back(item.turn.id);
    return out;
  }
  std::vector<TurnId> found(const TurnQuery& query) { return ids(list(query)); }
};

using Ids = std::vector<TurnId>;

TEST_F(TurnLists, NewestFirstOverAllSessionsAndStates) {
  const SessionId a = session();
  const SessionId b = session(true);
  const TurnId first = add(a, TurnState::kCompleted);
  const TurnId second = add(b, TurnState::kRunning);
  const TurnId third = add(a, TurnState::kFailed);
  add(a, TurnState::kFailed, PrincipalId("prn_other"));
  EXPECT_EQ(found({}), (Ids{third, second, first}));
  EXPECT_EQ(found({.session = a}), (Ids{third, first}));
  EXPECT_EQ(list({}).next_cursor, "");
}

TEST_F(TurnLists, StatesAreMergedInOrder) {
  const SessionId s = session();
  const TurnId failed = add(s, TurnState::kFailed);
  const TurnId waiting = add(s, TurnState::kWaiting);
  const TurnId stuck = add(s, TurnState::kNeedsAttention);
  const TurnId queued = add(s, TurnState::kQueued);
  add(s, TurnState::kCompleted);
  const std::vector<TurnState> states = {TurnState::kFailed, TurnState::kNeedsAttention, TurnState::kWaiting};
  EXPECT_EQ(found({.states = states}), (Ids{stuck, waiting, failed}));
  EXPECT_EQ(found({.states = states, .session = s}), (Ids{stuck, waiting, failed}));
  EXPECT_EQ(found({.states = {TurnState::kQueued}}), Ids{queued});
  EXPECT_EQ(found({.states = {TurnState::kCancelled}}), Ids());
}

TEST_F(TurnLists, PagesNeitherRepeatNorSkip) {
  const SessionId s = session();
  constexpr TurnState kMix[] = {TurnState::kCompleted, TurnState::kFailed, TurnState::kRunning};
  Ids all;
  for (int i = 0; i < 20; ++i) all.insert(all.begin(), add(s, kMix[i % 3]));
  // Two that were accepted in the same millisecond.
  PRYX_CHECK(write([&](db::Transaction& t) {
               return t.db().run(
                   "UPDATE turns SET created_at = (SELECT max(created_at) FROM turns) WHERE id "
                   "IN ($1, $2, $3)",
                   all[0], all[1], all[2]);
             }).has_value());
  for (const SessionId& filter : {SessionId(), s}) {
    for (const std::int64_t limit : {1, 3, 7}) {
      Ids seen;
      TurnQuery query{.session = filter, .page = {.limit = limit, .cursor = {}}};
      do {
        const Paged<ListedTurn> page = list(query);
        for (const TurnId& id : ids(page)) seen.push_back(id);
        query.page.cursor = page.next_cursor;
      } while (!query.page.cursor.empty());
      EXPECT_EQ(seen, all) << limit;
    }
  }
}

TEST_F(TurnLists, TimesBound) {
  const SessionId s = session();
  const TurnId first = add(s, TurnState::kCompleted);
  const TurnId second = add(s, TurnState::kFailed);
  const TurnId third = add(s, TurnState::kRunning);
  const WallTime at = turn(second).created_at;
  for (const SessionId& filter : {SessionId(), s}) {
    EXPECT_EQ(found({.session = filter, .after = at}), (Ids{third, second}));
    EXPECT_EQ(found({.session = filter, .before = at}), Ids{first});
    EXPECT_EQ(found({.session = filter, .after = at, .before = turn(third).created_at}), Ids{second});
    EXPECT_EQ(found({.session = filter, .before = at, .page = {.limit = 1, .cursor = {}}}), Ids{first});
  }
}

TEST_F(TurnLists, ATurnIsListedAsItStandsNow) {
  const SessionId s = session();
  model->add(says("fine", 1s));
  const TurnId id = send(s, "hello");
  EXPECT_EQ(found({.states = {TurnState::kRunning}}), Ids{id});
  pass(3s);
  EXPECT_EQ(found({.states = {TurnState::kRunning}}), Ids());
  EXPECT_EQ(found({.states = {TurnState::kCompleted}}), Ids{id});
}

TEST_F(TurnLists, NonsenseIsRefused) {
  for (const char* text : {"lost", "running,", ",", "Running"})
    EXPECT_FALSE(turn_states_from_list(text).has_value()) << text;
  EXPECT_EQ(turn_states_from_list("failed, failed,running").value(),
            (std::vector{TurnState::kFailed, TurnState::kRunning}));
  for (const char* cursor : {"x", "1:x", ":-1"}) {
    const auto page = now(daemon->database->read(
        [&](db::Connection& c) { return TurnList::read(c, kMe, {.page = {.limit = 1, .cursor = cursor}}); }));
    EXPECT_FALSE(page.has_value()) << cursor;
  }
}

}  // namespace
}  // namespace pryx::agent
