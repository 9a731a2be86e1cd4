// SPDX-License-Identifier: MIT
// Pictures over the API: of messages, from elsewhere after a click, and never anything that only claims to be
// one.
#include <gtest/gtest.h>

#include "engine/agent/context_desk.h"
#include "engine/agent/session_store.h"
#include "engine/models/image_tokens.h"
#include "foundation/base/text.h"
#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::Answer;
using testing::ApiFixture;

constexpr std::string_view kPng = "\x89PNG\r\n\x1a\n pixels";
constexpr std::string_view kSvg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>1</script></svg>";
const std::string kUrl = "https://pictures.example/a.png";

class Images : public ApiFixture {
 protected:
  struct Said {
    std::string session, message;
  };
  Said send_picture() {
    Said said{.session = new_session(), .message = {}};
    const json::object body{
        {"text", "look"},
        {"parts", json::array{json::object{
                      {"type", "image"}, {"media_type", "image/png"}, {"data", to_base64(kPng)}}}}};
    EXPECT_EQ(post("/api/v1/sessions/" + said.session + "/messages", body).status, 202);
    const Answer all = get("/api/v1/sessions/" + said.session + "/messages");
    said.message = json::string_or(all.json.at("items").as_array().at(0).as_object(), "id");
    return said;
  }
  static std::string path_of(const Said& said, std::string_view part) {
    return fmt::format("/api/v1/sessions/{}/messages/{}/parts/{}/image", said.session, said.message, part);
  }
  std::vector<audit::Row> records() {
    return async::testing::run(loop, house.database->read([this](db::Connection& c) {
             return house.audit.find(c, {.principal = PrincipalId("prn_owner"),
                                         .session = {},
                                         .turn = {},
                                         .tool = "images.fetch",
                                         .surface = {},
                                         .action = {}});
           }))
        .value();
  }
};

// By it its tokens are counted, long before its bytes are read again.
TEST_F(Images, TheSizeOfOneIsKeptWithTheMessage) {
  using namespace std::string_literals;
  const std::string large = "\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR\0\0\x0B\xB8\0\0\x07\xD0"s;
  const SessionId session(new_session());
  const json::object picture{{"type", "image"}, {"media_type", "image/png"}, {"data", to_base64(large)}};
  const json::object body{{"text", "look"}, {"parts", json::array{picture}}};
  ASSERT_EQ(post("/api/v1/sessions/" + session.str() + "/messages", body).status, 202);
  const auto messages = async::testing::run(loop, house.database->read([&session](db::Connection& c) {
    return agent::SessionStore::list_messages(c, owner().id, session, {.limit = 10, .cursor = {}});
  }));
  ASSERT_TRUE(messages) << messages.error().message;
  const agent::Part& part = messages->items.at(0).parts.at(0);
  EXPECT_EQ(part.width, 3'000);
  EXPECT_EQ(part.height, 2'000);
  const models::ImageRule* rule = agent::room_of(house.models, "fake/claude-opus-4-8", {}).budget.images;
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(models::image_tokens(*rule, {.width = part.width, .height = part.height}), 4'784);
}

void expect_harmless(const Answer& answer) {
  EXPECT_EQ(answer.headers.find("X-Content-Type-Options").value_or(""), "nosniff");
  EXPECT_EQ(answer.headers.find("Content-Security-Policy").value_or(""), "default-src 'none'; sandbox");
  EXPECT_EQ(answer.headers.find("Cross-Origin-Resource-Policy").value_or(""), "same-origin");
  EXPECT_TRUE(answer.headers.find("Content-Disposition").value_or("").starts_with("inline; filename="));
  EXPECT_TRUE(answer.headers.find("Cache-Control").value_or("").starts_with("private"));
}

TEST_F(Images, OfAMessageIsServedByWhatItIs) {
  const Said said = send_picture();
  const Answer image = get(path_of(said, "0"));
  ASSERT_EQ(image.status, 200) << image.body;
  EXPECT_EQ(image.body, kPng);
  EXPECT_EQ(image.headers.find("Content-Type").value_or(""), "image/png");
  expect_harmless(image);
  net::Request again = testing::make_request("GET", path_of(said, "0"));
  again.headers.add("If-None-Match", std::string(image.headers.find("ETag").value_or("")));
  const Answer same = send(std::move(again));
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.body.empty());
  // The text beside it, and what is not there.
  for (const char* part : {"1", "2", "-1", "x", "99999999999999999999"})
    EXPECT_EQ(get(path_of(said, part)).status, 404) << part;
  EXPECT_EQ(get(path_of({new_session(), said.message}, "0")).status, 404) << "another session";
  EXPECT_EQ(remove("/api/v1/sessions/" + said.session).status, 204);
  EXPECT_EQ(get(path_of(said, "0")).status, 404) << "a deleted session";
}

TEST_F(Images, WhatIsNoImageIsNotServedAsOne) {
  const Said said = send_picture();
  for (auto& [ref, bytes] : house.results.files) bytes = kSvg;
  const Answer image = get(path_of(said, "0"));
  EXPECT_EQ(image.status, 404);
  EXPECT_EQ(image.body.find("<svg"), std::string::npos);
}

TEST_F(Images, FromElsewhereComesAfterAClickAndIsOnRecord) {
  house.broker.bodies[kUrl] = kPng;
  const Answer image = post("/api/v1/images/fetch", {{"url", kUrl}});
  ASSERT_EQ(image.status, 200) << image.body;
  EXPECT_EQ(image.body, kPng);
  expect_harmless(image);
  const std::vector<audit::Row> rows = records();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].entry.kind, "image.intent");
  EXPECT_EQ(json::string_or(rows[1].entry.detail, "consent"), "click");
  EXPECT_EQ(json::string_or(rows[1].entry.detail, "policy"), "ask");
  // Where it lies is the owner's secret, and erased with the session.
  EXPECT_EQ(json::to_text(rows[1].entry.detail).find("pictures.example"), std::string::npos);
  EXPECT_EQ(rows[0].entry.kind, "image.outcome");
  EXPECT_EQ(rows[0].entry.success, true);
}

TEST_F(Images, ADenyOfThePolicyStands) {
  house.broker.bodies[kUrl] = kPng;
  house.denied_host = "pictures.example";
  const Answer refused = post("/api/v1/images/fetch", {{"url", kUrl}});
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_TRUE(house.broker.asked.empty()) << "nothing was sent";
  ASSERT_EQ(records().size(), 1u);
  EXPECT_EQ(records()[0].entry.kind, "image.denied");
  // The control: without the deny the same click fetches it.
  house.denied_host.clear();
  EXPECT_EQ(post("/api/v1/images/fetch", {{"url", kUrl}}).status, 200);
}

TEST_F(Images, AClickDoesNotOpenThisMachineOrItsNetwork) {
  for (const char* url : {"http://127.0.0.1/a.png", "http://localhost:8080/a.png", "http://10.0.0.7/a.png",
                          "http://[::1]/a.png", "http://192.168.1.1/reboot", "http://[::ffff:10.0.0.7]/a.png",
                          "http://169.254.169.254/latest/meta-data"}) {
    house.broker.bodies[url] = kPng;
    EXPECT_EQ(post("/api/v1/images/fetch", {{"url", url}}).status, 403) << url;
  }
  EXPECT_TRUE(house.broker.asked.empty()) << "nothing was sent";
  // A rule that names it does.
  house.allowed_host = "10.0.0.7";
  EXPECT_EQ(post("/api/v1/images/fetch", {{"url", "http://10.0.0.7/a.png"}}).status, 200);
}

// A server's own public address is no stranger's: what listens there may trust whoever comes from here.
TEST_F(Images, AClickDoesNotOpenThisMachinesOwnPublicAddress) {
  for (const char* url : {"http://9.9.9.77/a.png", "https://9.9.9.77:8443/admin.png"}) {
    house.broker.bodies[url] = kPng;
    EXPECT_EQ(post("/api/v1/images/fetch", {{"url", url}}).status, 403) << url;
  }
  EXPECT_TRUE(house.broker.asked.empty()) << "nothing was sent";
  // The control: its neighbour is somebody else's.
  house.broker.bodies["http://9.9.9.78/a.png"] = kPng;
  EXPECT_EQ(post("/api/v1/images/fetch", {{"url", "http://9.9.9.78/a.png"}}).status, 200);
}

// Whoever has to wait is told so before a conversation is read for it: even that a message is not there is
// found out later. A click counts from its begin, not from when its conversation was read.
TEST_F(Images, WhoHasToWaitIsToldBeforeAnythingIsRead) {
  house.broker.bodies[kUrl] = kPng;
  const json::object body{
      {"url", kUrl}, {"session_id", new_session()}, {"message_id", "msg_01J9ZD3V3N8J4Q6R2S7T0W5X1Y"}};
  const Caller me{
      .principal = {.id = PrincipalId("prn_owner")}, .scopes = Scopes{Scope::kAdmin}, .surface = "web"};
  std::vector<tools::http::ImageFetch::Slot> clicks;
  for (int i = 0; i < tools::http::kImagesAtOnce; ++i) {
    auto slot = house.images->admit(me);
    ASSERT_TRUE(slot.has_value()) << i;
    clicks.push_back(std::move(*slot));
  }
  EXPECT_EQ(house.images->admit(me).error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(post("/api/v1/images/fetch", body).status, 429);
  clicks.pop_back();
  EXPECT_EQ(post("/api/v1/images/fetch", body).status, 404) << "the control";
  EXPECT_EQ(post("/api/v1/images/fetch", {{"url", kUrl}}).status, 200)
      << "what was refused gave its slot back";
}

TEST_F(Images, AFetchHoldsItsSlotUntilThePictureIsHere) {
  house.broker.bodies[kUrl] = kPng;
  house.broker.slow = &loop;
  const Caller me{
      .principal = {.id = PrincipalId("prn_owner")}, .scopes = Scopes{Scope::kAdmin}, .surface = "web"};
  async::TaskGroup group(loop, "clicks");
  const auto click = [](tools::http::ImageFetch& images, Caller who) -> async::Task<void> {
    auto slot = images.admit(who);
    PRYX_CHECK(slot.has_value());
    (void)co_await images.fetch(std::move(*slot), std::move(who),
                                {.url = kUrl, .session = {}, .turn = {}, .labels = {}});
  };
  for (int i = 0; i < tools::http::kImagesAtOnce; ++i) group.spawn("click", click(*house.images, me));
  while (loop.poll()) {
  }
  const json::object body{{"url", kUrl}};
  EXPECT_EQ(send_now(testing::make_request("POST", "/api/v1/images/fetch", &body)).status, 429);
  loop.run_until_idle();
  EXPECT_EQ(group.size(), 0u);
  EXPECT_EQ(post("/api/v1/images/fetch", body).status, 200) << "the control";
}

// One that is too long to be read for a click counts as if it held anything.
TEST_F(Images, OfAVeryLongConversationTheWorstIsAssumed) {
  house.broker.bodies[kUrl] = kPng;
  const Said said = send_picture();
  const json::object body{{"url", kUrl}, {"session_id", said.session}, {"message_id", said.message}};
  const auto add = [&](std::size_t count) {
    const auto added =
        async::testing::run(loop, house.database->write([&](db::Transaction& t) -> Result<void> {
          for (std::size_t i = 0; i < count; ++i) {
            agent::Message message{.principal = PrincipalId("prn_owner"),
                                   .session = SessionId::parse(said.session).value(),
                                   .id = house.ids.make<MessageId>(),
                                   .role = agent::Role::kAssistant,
                                   .created_at = loop.clock().wall()};
            message.parts.emplace_back();
            PRYX_TRY_VOID(agent::SessionStore::insert_message(t.db(), message));
          }
          return {};
        }));
    PRYX_CHECK(added.has_value());
  };
  const Answer all = get("/api/v1/sessions/" + said.session + "/messages?limit=200");
  add(2'000 - all.json.at("items").as_array().size());
  ASSERT_EQ(post("/api/v1/images/fetch", body).status, 200);
  EXPECT_FALSE(house.image_labels.has("secret")) << "exactly as many as are read";
  add(1);
  ASSERT_EQ(post("/api/v1/images/fetch", body).status, 200);
  EXPECT_TRUE(house.image_labels.has("secret"));
}

TEST_F(Images, FromElsewhereOnlyWhatIsOne) {
  house.broker.bodies[kUrl] = kSvg;
  const Answer svg = post("/api/v1/images/fetch", {{"url", kUrl}});
  EXPECT_EQ(svg.status, 422);
  EXPECT_EQ(svg.body.find("<svg"), std::string::npos);
  EXPECT_EQ(records()[0].entry.success, false);
  for (const char* url : {"file:///etc/passwd", "javascript:1", "data:image/png;base64,AA", "//x/y", ""})
    EXPECT_EQ(post("/api/v1/images/fetch", {{"url", url}}).status, 400) << url;
  EXPECT_EQ(post("/api/v1/images/fetch", {{"url", kUrl}, {"session_id", new_session()}}).status, 400);
}

TEST_F(Images, OfAMessageTheRecordNamesItsTurn) {
  house.broker.bodies[kUrl] = kPng;
  const Said said = send_picture();
  const Answer image = post("/api/v1/images/fetch",
                            {{"url", kUrl}, {"session_id", said.session}, {"message_id", said.message}});
  ASSERT_EQ(image.status, 200) << image.body;
  EXPECT_EQ(records()[0].entry.session.str(), said.session);
  EXPECT_FALSE(records()[0].entry.turn.empty());
}

}  // namespace
}  // namespace pryx::server
