// SPDX-License-Identifier: MIT
// The bus over real sockets: replay, filters, requests, receipts, and the end of a credential.
#include <gtest/gtest.h>

#include "surfaces/server/testing/running_house.h"

namespace pryx::server {
namespace {

using testing::BusClient;
using testing::RunningHouse;

std::int64_t version_of(const json::object& message) { return json::integer_or(message, "version", -1); }
const json::object& payload_of(const json::object& message) { return message.at("payload").as_object(); }

class BusTest : public ::testing::Test {
 protected:
  std::string new_session() {
    return json::string_or(house_.call_as_owner("POST", "/api/v1/sessions"), "id");
  }
  RunningHouse house_;
  std::string token_ = house_.new_token(Scopes::all());
};

TEST_F(BusTest, WhoComesBackGetsWhatWasMissedOnceAndInOrder) {
  house_.append(3);
  BusClient before(house_, token_, "?since=0");
  ASSERT_EQ(before.status(), 101);
  std::int64_t seen = 0;
  for (int i = 0; i < 3; ++i) seen = version_of(before.next("event", "task.run"));
  house_.append(100);
  BusClient after(house_, token_, fmt::format("?since={}", seen));
  for (int i = 1; i <= 100; ++i) {
    const json::object event = after.next();
    ASSERT_EQ(version_of(event), seen + i);
    EXPECT_EQ(payload_of(event).at("n").as_int64(), i - 1);
  }
  house_.append(1);
  EXPECT_EQ(version_of(after.next()), seen + 101) << "and then the live ones";
}

TEST_F(BusTest, WithoutSinceThePastStaysThePast) {
  house_.append(5);
  BusClient client(house_, token_);
  EXPECT_EQ(json::string_or(client.ask("ping"), "type"), "response");
  house_.append(1, "cost.updated");
  EXPECT_EQ(json::string_or(client.next("event"), "event"), "cost.updated");
}

TEST_F(BusTest, AVersionOutOfReachResets) {
  house_.append(2);
  BusClient client(house_, token_, "?since=1000000");
  EXPECT_EQ(json::string_or(client.next("event"), "event"), "bus.reset");
  house_.append(1, "cost.updated");
  EXPECT_EQ(json::string_or(client.next("event"), "event"), "cost.updated");
}

TEST_F(BusTest, FiltersLeaveGaps) {
  const SessionId mine(new_session());
  BusClient named(house_, token_, "?events=cost.*,budget.alert");
  BusClient sessional(house_, token_, "?session_id=" + mine.str());
  (void)named.ask("ping");
  (void)sessional.ask("ping");
  house_.append(1, "task.run");
  house_.append(1, "budget.alert", mine);
  house_.append(1, "cost.updated");
  EXPECT_EQ(json::string_or(named.next("event"), "event"), "budget.alert");
  EXPECT_EQ(json::string_or(named.next("event"), "event"), "cost.updated");
  EXPECT_EQ(json::string_or(sessional.next("event"), "event"), "budget.alert");
  EXPECT_EQ(BusClient(house_, token_, "?events=%7Bx%7D").status(), 400);
  EXPECT_EQ(BusClient(house_, token_, "?since=soon").status(), 400);
  EXPECT_EQ(BusClient(house_, token_, "?surface=").status(), 400);
  EXPECT_EQ(BusClient(house_, token_, "?surface=a%20b").status(), 400);
}

TEST_F(BusTest, AFilterThatIsNotUnderstoodIsNoFilterForAll) {
  BusClient client(house_, token_);
  for (const json::object& wrong :
       {json::object{{"surfaces", "api"}}, json::object{{"event", "cost.*"}}, json::object{{"surface", 1}},
        json::object{{"surface", ""}}, json::object{{"surface", "a b"}}}) {
    const json::object answer = client.ask("subscribe", wrong);
    EXPECT_EQ(json::string_or(answer, "type"), "error") << json::to_text(wrong);
  }
  EXPECT_NE(
      json::string_or(payload_of(client.ask("subscribe", {{"surfaces", "api"}})), "detail").find("surface"),
      std::string::npos);
  EXPECT_EQ(json::string_or(client.ask("subscribe", {{"surface", "cli"}}), "type"), "response");
}

TEST_F(BusTest, SubscribeChangesTheFilterAndGoesBack) {
  house_.append(4, "task.run");
  BusClient client(house_, token_, "?events=cost.*");
  const json::object answer = client.ask("subscribe", {{"events", json::array{"task.*"}}, {"since", 0}});
  EXPECT_EQ(json::string_or(answer, "type"), "response");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(payload_of(client.next("event", "task.run")).at("n").as_int64(), i);
  EXPECT_EQ(json::string_or(client.ask("subscribe", {{"events", "all"}}), "type"), "error");
  EXPECT_EQ(json::string_or(client.ask("subscribe", {{"since", -1}}), "type"), "error");
}

TEST_F(BusTest, AChatGoesThere) {
  const std::string session = new_session();
  BusClient client(house_, token_, "?session_id=" + session);
  (void)client.ask("ping");
  client.request("chat.send", {{"session_id", session}, {"text", "hi"}, {"idempotency_key", "k"}});
  std::string turn;
  std::string streamed;
  bool accepted = false;
  for (bool done = false; !done;) {
    const json::object message = client.next();
    ASSERT_FALSE(message.empty());
    const std::string event = json::string_or(message, "event");
    if (json::string_or(message, "type") == "response") {
      accepted = true;
      turn = json::string_or(payload_of(message), "turn_id");
    }
    if (event == "turn.delta") streamed += json::string_or(payload_of(message), "text");
    done = event == "turn.completed";
    if (done) EXPECT_EQ(json::string_or(payload_of(message), "text"), "Hello there");
  }
  EXPECT_TRUE(accepted);
  EXPECT_EQ(streamed, "Hello there");
  EXPECT_TRUE(house_.call_as_owner("GET", "/api/v1/sessions/" + session).at("unread").as_bool());
}

TEST_F(BusTest, AnAcknowledgementIsTheReceipt) {
  const std::string session = new_session();
  BusClient client(house_, token_);
  (void)client.ask("ping");
  client.request("chat.send", {{"session_id", session}, {"text", "hi"}});
  const std::int64_t version = version_of(client.next("event", "turn.completed"));
  // More than was sent cannot be acknowledged.
  EXPECT_EQ(payload_of(client.ask("ack", {{"version", version + 1000}})).at("version").as_int64(), version);
  house_.await_end(house_.house().outbox->stop());  // which writes what was received
  EXPECT_FALSE(house_.call_as_owner("GET", "/api/v1/sessions/" + session).at("unread").as_bool());
}

TEST_F(BusTest, AFilterThatHidesTheEndsOfTurnsGivesNoReceipts) {
  const std::string session = new_session();
  BusClient client(house_, token_, "?events=turn.started");
  (void)client.ask("ping");
  client.request("chat.send", {{"session_id", session}, {"text", "hi"}});
  const json::object started = client.next("event", "turn.started");
  const std::string turn = json::string_or(payload_of(started), "turn_id");
  while (json::string_or(house_.call_as_owner("GET", "/api/v1/turns/" + turn), "state") != "completed")
    (void)client.ask("ping");
  for (int i = 0; i < 20; ++i) (void)client.ask("ack", {{"version", version_of(started) + 10}});
  house_.await_end(house_.house().outbox->stop());
  EXPECT_TRUE(house_.call_as_owner("GET", "/api/v1/sessions/" + session).at("unread").as_bool());
}

TEST_F(BusTest, RequestsNeedTheirScope) {
  const std::string session = new_session();
  BusClient client(house_, house_.new_token(Scopes{Scope::kRead}));
  ASSERT_EQ(client.status(), 101);
  const json::object refused = client.ask("chat.send", {{"session_id", session}, {"text", "hi"}});
  EXPECT_EQ(json::string_or(refused, "type"), "error");
  EXPECT_EQ(json::string_or(payload_of(refused), "code"), "PRYX-1003");
  EXPECT_EQ(json::string_or(
                payload_of(client.ask("approval.resolve", {{"approval_id", "apr_01J9ZD3V3N8J4Q6R2S7T0W5X1Y"},
                                                           {"decision", "approve"}})),
                "code"),
            "PRYX-1003");
  EXPECT_EQ(BusClient(house_, house_.new_token(Scopes{Scope::kApprove})).status(), 403);
}

TEST_F(BusTest, NonsenseIsAnsweredAndSurvived) {
  BusClient client(house_, token_);
  EXPECT_EQ(json::string_or(client.ask("party.start"), "type"), "error");
  EXPECT_EQ(json::string_or(client.ask("chat.send", {{"session_id", "ses_x"}}), "type"), "error");
  EXPECT_EQ(
      json::string_or(client.ask("turn.cancel", {{"turn_id", "trn_01J9ZD3V3N8J4Q6R2S7T0W5X1Y"}}), "type"),
      "error");
  EXPECT_EQ(json::string_or(client.ask("ping"), "type"), "response");
}

TEST_F(BusTest, ARevokedTokenEndsItsSockets) {
  std::string id;
  const std::string token = house_.new_token(Scopes{Scope::kRead}, &id);
  BusClient doomed(house_, token);
  BusClient other(house_, token_);
  (void)doomed.ask("ping");
  (void)other.ask("ping");
  (void)house_.call_as_owner("DELETE", "/api/v1/tokens/" + id);
  EXPECT_EQ(doomed.close_code(), 1008);
  EXPECT_EQ(json::string_or(other.ask("ping"), "type"), "response");
  EXPECT_EQ(BusClient(house_, token).status(), 401);
}

TEST_F(BusTest, AnExpiredTokenEndsItsSockets) {
  const json::object made = house_.call_as_owner(
      "POST", "/api/v1/tokens", {{"name", "short"}, {"scopes", "read"}, {"expires_in", "1s"}});
  BusClient doomed(house_, json::string_or(made, "token"));
  ASSERT_EQ(doomed.status(), 101);
  EXPECT_EQ(doomed.close_code(), 1008);
}

TEST_F(BusTest, AnOldWebSocketHandshakeIsToldToUpgrade) {
  net::testing::RawClient client(house_.port());
  client.send(fmt::format("GET /api/v1/ws HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
                          house_.authority(), token_));
  const auto response = client.read_response();
  EXPECT_EQ(response.status, 426);
  EXPECT_TRUE(response.has("Upgrade: websocket"));
}

TEST_F(BusTest, ForeignPagesGetNoSocket) {
  EXPECT_EQ(BusClient(house_, token_, "", "Origin: http://evil.example\r\n").status(), 403);
  EXPECT_EQ(BusClient(house_, token_, "", fmt::format("Origin: http://{}\r\n", house_.authority())).status(),
            101);
  EXPECT_EQ(BusClient(house_, "").status(), 401);
}

TEST_F(BusTest, OneEventReachesEverybody) {
  std::vector<std::unique_ptr<BusClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<BusClient>(house_, token_));
    ASSERT_EQ(clients.back()->status(), 101);
  }
  for (const auto& client : clients) (void)client->ask("ping");
  house_.append(1);
  for (const auto& client : clients) EXPECT_EQ(json::string_or(client->next("event"), "event"), "task.run");
}

TEST_F(BusTest, TheDaemonsEndIsSaid) {
  BusClient client(house_, token_);
  (void)client.ask("ping");
  house_.stop();
  EXPECT_EQ(client.close_code(), 1001);
}

}  // namespace
}  // namespace pryx::server
