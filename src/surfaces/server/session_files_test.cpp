// SPDX-License-Identifier: MIT
// Sessions as files over HTTP: who does the work, and what others see of it meanwhile.
#include <gtest/gtest.h>

#include "engine/agent/session_document.h"
#include "engine/agent/session_store.h"
#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using agent::SessionStore;
using testing::ApiFixture;
using testing::FakeExchange;
using testing::House;

constexpr const char* kImport = "/api/v1/sessions/import";

json::object document_of(House& house, std::size_t messages) {
  const WallTime now = house.loop.clock().wall();
  agent::SessionRows rows;
  rows.session = {.principal = owner().id,
                  .id = house.ids.make<SessionId>(),
                  .agent = "default",
                  .title = "long",
                  .status = "active",
                  .created_at = now,
                  .updated_at = now};
  for (std::size_t i = 0; i < messages; ++i) {
    rows.messages.push_back({.principal = owner().id,
                             .session = rows.session.id,
                             .id = house.ids.make<MessageId>(),
                             .role = i % 2 == 0 ? agent::Role::kUser : agent::Role::kAssistant,
                             .parts = {{.text = fmt::format("word{}", i), .labels = trust::Labels{"file"}}},
                             .created_at = now});
  }
  return agent::session_document(agent::session_content(rows, {}), {});
}

SessionId session_of(const json::object& document) {
  const json::object& session = document.at("content").as_object().at("session").as_object();
  return SessionId(json::string_or(session, "id"));
}

async::Task<std::int64_t> count(House& house, std::string_view table) {
  const auto rows = co_await house.database->read([table](db::Connection& c) {
    if (table == "messages") return c.count("SELECT count(*) FROM messages");
    if (table == "sessions") return c.count("SELECT count(*) FROM sessions");
    if (table == "found")
      return c.count("SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'word1'");
    return c.count("SELECT count(*) FROM session_imports");
  });
  co_return rows.value();
}

// Somebody else who writes.
async::Task<void> write_something(House& house) {
  const auto written = co_await house.database->write([](db::Transaction&) -> Result<void> { return {}; });
  EXPECT_TRUE(written);
}

// Looks at the store between the commits of an import.
async::Task<void> watch(House& house, const FakeExchange& exchange, int& parts_seen) {
  for (int i = 0; i < 100 && !exchange.response; ++i) {
    co_await write_something(house);
    const std::int64_t messages = co_await count(house, "messages");
    const std::int64_t sessions = co_await count(house, "sessions");
    if (messages > 0 && messages < 500) ++parts_seen;
    EXPECT_EQ(sessions, sessions > 0 && messages == 500 ? 1 : 0) << "with " << messages << " messages";
  }
}

async::Task<void> cancel_in_the_middle(House& house, async::TaskGroup& group, async::TaskGroup::TaskId task) {
  for (int i = 0; i < 100; ++i) {
    const std::int64_t messages = co_await count(house, "messages");
    if (messages > 0) break;
    co_await write_something(house);
  }
  group.cancel(task);
}

class SessionFiles : public ApiFixture {
 protected:
  std::int64_t rows(std::string_view table) { return async::testing::run(loop, count(house, table)); }
};

// A long file takes seconds, for which it must hold neither the loop nor a reader of the store.
TEST_F(SessionFiles, AnImportIsReadByAWorker) {
  auto full = std::make_unique<async::WorkerPool>(loop, 1, 0);
  std::swap(house.pool, full);
  ApiServer server(house.services(), house.options);
  std::swap(house.pool, full);
  const json::object body{{"content", 7}};
  FakeExchange exchange(testing::make_request("POST", kImport, &body));
  async::TaskGroup group(loop, "request");
  group.spawn("handle", server.handle(exchange));
  loop.run_until_idle();
  ASSERT_TRUE(exchange.response.has_value());
  EXPECT_TRUE(exchange.response->body.contains("too much background work is queued"))
      << exchange.response->body;
  // The control: with a worker that takes it, the file is read.
  EXPECT_TRUE(post(kImport, body).body.contains("content must be an object"));
}

TEST_F(SessionFiles, ALongImportLetsOthersWriteAndIsSeenWhenItIsWhole) {
  const json::object body = document_of(house, 500);
  FakeExchange exchange(testing::make_request("POST", kImport, &body));
  async::TaskGroup group(loop, "request");
  int parts_seen = 0;
  group.spawn("handle", house.api->handle(exchange));
  group.spawn("watch", watch(house, exchange, parts_seen));
  loop.run_until_idle();
  ASSERT_TRUE(exchange.response.has_value());
  EXPECT_EQ(exchange.response->status, 201) << exchange.response->body;
  EXPECT_GE(parts_seen, 2);
  const std::string path = "/api/v1/sessions/" + session_of(body).str();
  EXPECT_EQ(json::integer_or(get(path).json, "message_count", 0), 500);
  EXPECT_TRUE(get("/api/v1/sessions?query=word499").body.contains(session_of(body).str()));
  EXPECT_EQ(get(path + "/export?redact=false").body, json::canonical(body));
}

TEST_F(SessionFiles, OneImportAtATime) {
  const json::object body = document_of(house, 500);
  const json::object other = document_of(house, 2);
  FakeExchange first(testing::make_request("POST", kImport, &body));
  FakeExchange second(testing::make_request("POST", kImport, &other));
  async::TaskGroup group(loop, "request");
  group.spawn("first", house.api->handle(first));
  group.spawn("second", house.api->handle(second));
  loop.run_until_idle();
  ASSERT_TRUE(first.response.has_value() && second.response.has_value());
  EXPECT_EQ(first.response->status, 201) << first.response->body;
  EXPECT_EQ(second.response->status, 429);
  EXPECT_TRUE(second.response->body.contains("another session is being imported")) << second.response->body;
  EXPECT_EQ(post(kImport, other).status, 201);
  EXPECT_EQ(post(kImport, other).status, 409) << "it is there";
  EXPECT_EQ(post(kImport, document_of(house, 2)).status, 201) << "a refusal keeps nobody out";
}

TEST_F(SessionFiles, AnImportThatIsGivenUpLeavesNothing) {
  const json::object body = document_of(house, 1'000);
  FakeExchange exchange(testing::make_request("POST", kImport, &body));
  async::TaskGroup group(loop, "request");
  const auto task = group.spawn("handle", house.api->handle(exchange));
  group.spawn("cancel", cancel_in_the_middle(house, group, task));
  loop.run_until_idle();
  ASSERT_TRUE(exchange.response.has_value());
  EXPECT_NE(exchange.response->status, 201);
  EXPECT_EQ(rows("messages"), 0);
  EXPECT_EQ(rows("imports"), 0);
  EXPECT_EQ(rows("sessions"), 0);
  EXPECT_EQ(post(kImport, body).status, 201);
}

TEST_F(SessionFiles, WhatACrashLeftOfAnImportIsSeenByNobodyAndRemovedAtTheNextStart) {
  const json::object body = document_of(house, 500);
  auto half = agent::read_session_document(body, owner().id, loop.clock().wall()).value();
  for (agent::Message& message : half.messages) message.id = house.ids.make<MessageId>();
  const auto insert = [&](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(agent::ImportStore::insert(t.db(), half, loop.clock().wall()));
    for (agent::Message& message : half.messages)
      PRYX_TRY_VOID(SessionStore::insert_message(t.db(), message));
    return {};
  };
  const auto written = async::testing::run(loop, house.database->write(insert));
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(get("/api/v1/sessions/" + session_of(body).str()).status, 404);
  EXPECT_FALSE(get("/api/v1/sessions?query=word1").body.contains(session_of(body).str()));
  EXPECT_EQ(rows("messages"), 500);
  EXPECT_EQ(rows("found"), 1);

  ApiServer next(house.services(), house.options);
  ASSERT_TRUE(async::testing::run(loop, next.start()));
  loop.run_until_idle();
  EXPECT_EQ(rows("messages"), 0);
  EXPECT_EQ(rows("found"), 0);
  EXPECT_EQ(rows("imports"), 0);
  EXPECT_EQ(post(kImport, body).status, 201) << "as if nothing had been";
  async::TaskGroup group(loop, "stop");
  group.spawn("stop", next.stop());
  loop.run_until_idle();
}

}  // namespace
}  // namespace pryx::server
