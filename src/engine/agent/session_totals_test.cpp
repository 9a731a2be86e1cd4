// SPDX-License-Identifier: MIT
// What a list of sessions says of their turns, kept while turns run, and made up for stores of older
// releases.
#include "engine/agent/session_totals.h"

#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using testing::asks_for;
using testing::Corridor;
using testing::kMe;
using testing::says;

class Totals : public ::testing::Test, public Corridor {
 protected:
  Totals() {
    boot();
    models::CatalogEntry entry;
    entry.price = models::Price{.rates = {.input = 3'000'000, .output = 15'000'000}};
    entry.max_output_tokens = 2000;
    auto overrides = std::make_shared<models::CatalogFile>();
    overrides->models.emplace("fake/one", entry);
    daemon->models.set_catalog(
        std::make_shared<const models::Catalog>(models::built_in_catalog(), overrides));
  }
  static models::testing::Attempt answers(std::int64_t input, std::int64_t output, Duration before = {}) {
    auto attempt = says("yes", before);
    attempt.events.insert(attempt.events.begin() + 1,
                          models::UsageReport{{.input_tokens = input, .output_tokens = output}});
    return attempt;
  }
  static models::testing::Attempt refuses() {
    models::testing::Attempt attempt;
    attempt.refused = Error{ErrorCode::kForbidden, "not with this key", -1};
    return attempt;
  }
  Session row(const SessionId& id) {
    return read([&](db::Connection& c) { return SessionStore::find_session(c, kMe, id); }).value();
  }
  std::string stands(const SessionId& id) {
    const auto state = row(id).last_state;
    return state ? std::string(to_text(*state)) : "none";
  }
  std::vector<SessionId> listed(const SessionQuery& query) {
    std::vector<SessionId> out;
    for (const SessionHit& hit :
         read([&](db::Connection& c) { return SessionStore::list_sessions(c, kMe, query); }).items)
      out.push_back(hit.session.id);
    return out;
  }
};

using Ids = std::vector<SessionId>;

TEST_F(Totals, ASessionKnowsHowItsLastTurnStands) {
  const SessionId s = session();
  EXPECT_EQ(stands(s), "none");
  model->add(answers(1000, 100, 1s));
  const TurnId first = send(s, "hi");
  EXPECT_EQ(stands(s), "running");
  pass(5s);
  EXPECT_EQ(stands(s), "completed");
  EXPECT_EQ(row(s).last_turn, first);
  model->add(refuses());
  const TurnId second = send(s, "again");
  settle();
  EXPECT_EQ(stands(s), "failed");
  EXPECT_EQ(row(s).last_turn, second);
}

TEST_F(Totals, AnOlderTurnSaysNothingOfTheLast) {
  const SessionId s = session();
  model->add(answers(1, 1, 10s));
  const TurnId running = send(s, "one");
  const TurnId queued = send(s, "two");
  EXPECT_EQ(stands(s), "queued");
  EXPECT_EQ(row(s).last_turn, queued);
  ASSERT_TRUE(cancel(queued));
  EXPECT_EQ(stands(s), "cancelled");
  pass(1min);
  EXPECT_EQ(state(running), "completed");
  EXPECT_EQ(stands(s), "cancelled");
}

TEST_F(Totals, WhatTurnsUsedAddsUp) {
  const SessionId s = session();
  auto wish = asks_for({{"test.pure", R"({"n":1})"}});
  wish.events.insert(wish.events.begin(), models::UsageReport{{.input_tokens = 500, .output_tokens = 20}});
  model->add(std::move(wish));
  model->add(answers(1000, 100));
  const TurnId first = send(s, "hi");
  settle();
  ASSERT_EQ(state(first), "completed");
  model->add(answers(2000, 50));
  const TurnId second = send(s, "more");
  settle();
  const Session kept = row(s);
  EXPECT_EQ(kept.input_tokens, 3500);
  EXPECT_EQ(kept.output_tokens, 170);
  EXPECT_EQ(kept.model_calls, 3);
  EXPECT_EQ(kept.unpriced_calls, 0);
  EXPECT_GT(kept.cost_nano, 0);
  EXPECT_EQ(kept.cost_nano, turn(first).cost_nano + turn(second).cost_nano);
}

TEST_F(Totals, WithoutAPriceThereIsNoCost) {
  Session session;
  EXPECT_NE(session.cost_json(), json::value(nullptr));
  session.model_calls = session.unpriced_calls = 2;
  EXPECT_EQ(session.cost_json(), json::value(nullptr));
  session.model_calls = 3;
  EXPECT_NE(session.cost_json(), json::value(nullptr));
}

TEST_F(Totals, ListsFilterByState) {
  const SessionId good = session();
  model->add(answers(1, 1));
  send(good, "harbour one");
  pass(1s);
  const SessionId bad = session();
  model->add(refuses());
  send(bad, "harbour two");
  pass(1s);
  const SessionId hidden = session(true);
  model->add(refuses());
  send(hidden, "harbour three");
  pass(1s);
  const SessionId busy = session();
  model->add(answers(1, 1, 10min));
  send(busy, "harbour four");
  const SessionId fresh = session();
  EXPECT_EQ(listed({.states = {TurnState::kFailed}}), Ids{bad});
  EXPECT_EQ(listed({.states = {TurnState::kRunning}}), Ids{busy});
  EXPECT_EQ(listed({.states = {TurnState::kCompleted, TurnState::kFailed}}), (Ids{bad, good}));
  EXPECT_EQ(listed({.states = {TurnState::kNeedsAttention}}), Ids());
  EXPECT_EQ(listed({.query = "harbour", .states = {TurnState::kFailed}}), Ids{bad});
  EXPECT_EQ(listed({.status = "archived", .states = {TurnState::kFailed}}), Ids());
  EXPECT_EQ(listed({}).size(), 4u);
}

TEST_F(Totals, PagesOfAStateNeitherRepeatNorSkip) {
  Ids all;
  for (int i = 0; i < 9; ++i) {
    pass(1s);
    all.insert(all.begin(), session());
    if (i % 3 == 0)
      model->add(refuses());
    else
      model->add(answers(1, 1));
    send(all.front(), "hi");
    settle();
  }
  for (const std::int64_t limit : {1, 2, 4}) {
    Ids seen;
    SessionQuery query{.states = {TurnState::kFailed, TurnState::kCompleted},
                       .page = {.limit = limit, .cursor = {}}};
    do {
      const auto page = read([&](db::Connection& c) { return SessionStore::list_sessions(c, kMe, query); });
      for (const SessionHit& hit : page.items) seen.push_back(hit.session.id);
      query.page.cursor = page.next_cursor;
    } while (!query.page.cursor.empty());
    EXPECT_EQ(seen, all) << limit;
  }
}

// A store as the migration before this one left it.
TEST_F(Totals, AnOlderStoreIsMadeUpFor) {
  const auto modules = SessionStore::migrations();
  const auto before = std::ranges::find_if(modules.migrations, [](const db::Migration& m) {
    return m.sql.find("last_turn_id") != std::string_view::npos;
  });
  ASSERT_TRUE(before != modules.migrations.end());
  const auto older = modules.migrations.first(static_cast<std::size_t>(before - modules.migrations.begin()));
  const db::OpenOptions options{.path = database_path() + ".old"};
  auto opened = db::Connection::open(options);
  ASSERT_TRUE(opened.has_value());
  db::Connection& c = **opened;
  const db::ModuleMigrations was[] = {{modules.module, older}};
  ASSERT_TRUE(db::migrate(options, c, was, WallTime{1}).has_value());
  for (const char* id : {"ses_a", "ses_b"}) {
    ASSERT_TRUE(c.run("INSERT INTO sessions (principal_id, id, workspace_id, agent, model, title, status, "
                      "hidden, surface, parent_id, message_count, unread, created_at, updated_at) VALUES "
                      "($1,$2,'','default','','','active',0,'test','',0,0,1,1)",
                      kMe, id)
                    .has_value());
  }
  const auto add = [&](const char* id, const char* state, const char* usage) {
    return c
        .run(
            "INSERT INTO turns (principal_id, id, session_id, state, priority, surface, model, message_id, "
            "interactive, approve, usage, created_at, format) VALUES ($1,$2,'ses_a',$3,0,'test','','msg_1',"
            "1,'',$4,1,1)",
            kMe, id, state, usage)
        .has_value();
  };
  ASSERT_TRUE(add("trn_1", "completed", R"({"in":10,"out":3,"nano_usd":700,"calls":2,"unpriced":1})"));
  ASSERT_TRUE(add("trn_2", "failed", "{}"));
  const db::ModuleMigrations is[] = {modules};
  ASSERT_TRUE(db::migrate(options, c, is, WallTime{2}).has_value());
  const auto a = SessionStore::find_session(c, kMe, SessionId("ses_a")).value().value();
  EXPECT_EQ(a.last_turn, TurnId("trn_2"));
  EXPECT_EQ(a.last_state, TurnState::kFailed);
  EXPECT_EQ(a.input_tokens, 10);
  EXPECT_EQ(a.output_tokens, 3);
  EXPECT_EQ(a.cost_nano, 700);
  EXPECT_EQ(a.model_calls, 2);
  EXPECT_EQ(a.unpriced_calls, 1);
  const auto b = SessionStore::find_session(c, kMe, SessionId("ses_b")).value().value();
  EXPECT_TRUE(b.last_turn.empty());
  EXPECT_FALSE(b.last_state.has_value());
}

}  // namespace
}  // namespace pryx::agent
