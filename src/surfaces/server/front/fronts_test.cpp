// SPDX-License-Identifier: MIT
// What the fronts have in common, seen through each wire: tools of the client, Pryx's own, pictures, going
// on, errors. One wire's own details: chat_test.cpp, responses_test.cpp, messages_test.cpp.
#include <gtest/gtest.h>

#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::Answer;
using testing::ApiFixture;
using testing::FakeExchange;

json::object parsed(std::string_view text) { return json::parse_object(text).value(); }

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kResponses = "/v1/responses";
constexpr std::string_view kMessages = "/v1/messages";

// One question with one tool, as each wire says it.
json::object asks(std::string_view path, json::object more = {}) {
  json::object body;
  if (path == kChat)
    body = parsed(R"({"model":"fake/words","messages":[{"role":"user","content":"hi"}],
      "tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}]})");
  else if (path == kResponses)
    body = parsed(R"({"model":"fake/words","input":"hi",
      "tools":[{"type":"function","name":"weather","parameters":{"type":"object"}}]})");
  else
    body = parsed(R"({"model":"fake/words","max_tokens":100,"messages":[{"role":"user","content":"hi"}],
      "tools":[{"name":"weather","input_schema":{"type":"object"}}]})");
  for (const auto& member : more) body[member.key()] = member.value();
  return body;
}

std::string error_type(const Answer& answer) {
  return json::string_or(answer.json.at("error").as_object(), "type");
}

class Fronts : public ApiFixture, public ::testing::WithParamInterface<std::string_view> {
 protected:
  Answer ask(json::object more = {}) { return post(GetParam(), asks(GetParam(), std::move(more))); }
  Answer ask_with(const std::string& token, json::object more) {
    json::object body = asks(GetParam(), std::move(more));
    net::Request request = testing::make_request("POST", GetParam(), &body);
    request.headers.add("Authorization", "Bearer " + token);
    return send(std::move(request));
  }
  json::object pryx(const Answer& answer) { return answer.json.at("pryx").as_object(); }
  json::object turn_of(const Answer& answer) {
    return get("/api/v1/turns/" + json::string_or(pryx(answer), "turn")).json;
  }
  static json::object own_tools() { return {{"pryx", json::object{{"tools", true}}}}; }
};

INSTANTIATE_TEST_SUITE_P(Wires, Fronts, ::testing::Values(kChat, kResponses, kMessages));

TEST_P(Fronts, TheClientsToolsAreOfferedAndNeverRun) {
  house.model->calls = {{"call_1", "weather", R"({"city":"Rome"})"}};
  const Answer answer = ask();
  ASSERT_EQ(answer.status, 200) << answer.body;
  ASSERT_EQ(house.model->requests.size(), 1u);
  ASSERT_EQ(house.model->requests[0].tools.size(), 1u);
  EXPECT_EQ(house.model->requests[0].tools[0].name, "weather");
  EXPECT_NE(answer.body.find("call_1"), std::string::npos);
  EXPECT_NE(answer.body.find("Rome"), std::string::npos);
  const json::object turn = turn_of(answer);
  EXPECT_EQ(turn.at("state").as_string(), "completed");
  EXPECT_EQ(turn.at("steps").as_array().size(), 1u) << "only the model's";
}

TEST_P(Fronts, OursRunOnlyWhenAskedForAndTheTokenMay) {
  house.model->calls = {{"call_1", "note.add", R"({"text":"x"})"}};
  ASSERT_EQ(ask().status, 200);
  EXPECT_EQ(house.notes->runs, 0);
  const std::size_t before = house.model->requests.size();
  const Answer refused = ask_with(new_token("chat"), own_tools());
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_EQ(error_type(refused), "permission_error");
  EXPECT_EQ(house.model->requests.size(), before);
  // With the scope they are offered and go through the gate, where nobody is there to answer.
  house.model->calls = {{"call_1", "note.add", R"({"text":"x"})"}};
  const Answer allowed = ask_with(new_token("chat,tools"), own_tools());
  ASSERT_EQ(allowed.status, 200) << allowed.body;
  EXPECT_EQ(house.model->requests.back().tools.size(), 2u);
  EXPECT_EQ(house.notes->runs, 0);
  EXPECT_EQ(turn_of(allowed).at("denied_calls").as_int64(), 1) << "an ask is denied when nothing streams";
}

TEST_P(Fronts, AnAskWaitsForAnotherSurfaceWhenTheRequestStreams) {
  house.model->calls = {{"call_1", "note.add", R"({"text":"x"})"}};
  json::object more = own_tools();
  more["stream"] = true;
  json::object body = asks(GetParam(), std::move(more));
  FakeExchange exchange(testing::make_request("POST", GetParam(), &body));
  async::TaskGroup group(loop, "request");
  group.spawn("handle", house.api->handle(exchange));
  loop.run_for(std::chrono::seconds(20));
  const json::array open =
      send_now(testing::make_request("GET", "/api/v1/approvals?state=pending")).json.at("items").as_array();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(exchange.stream_status, 200) << "the client sees that it was heard";
  const std::string id = json::string_or(open[0].as_object(), "id");
  const json::object yes{{"decision", "approve"}};
  ASSERT_EQ(send_now(testing::make_request("POST", "/api/v1/approvals/" + id, &yes)).status, 200);
  loop.run_for(std::chrono::seconds(2));
  EXPECT_EQ(house.notes->runs, 1);
  EXPECT_TRUE(exchange.finished);
  EXPECT_NE(exchange.streamed.find("there"), std::string::npos) << exchange.streamed;
}

TEST_P(Fronts, AToolOfOursCannotBeOfferedAsTheirs) {
  // No wire can carry the dot, so it takes a name of ours without one to clash; the names cannot be bent.
  json::object more = own_tools();
  more["tools"] = GetParam() == kMessages ? parsed(R"({"t":[{"name":"note.add","input_schema":{}}]})").at("t")
                                          : parsed(R"({"t":[{"type":"function","name":"note.add",
                                         "function":{"name":"note.add"}}]})")
                                                .at("t");
  EXPECT_EQ(ask(std::move(more)).status, 400);
  EXPECT_TRUE(house.model->requests.empty());
}

TEST_P(Fronts, AnOrdinarySessionLendsNoTools) {
  const std::string session = new_session();
  house.model->calls = {{"call_1", "note.add", R"({"text":"x"})"}};
  const Answer answer = ask({{"pryx", json::object{{"session", session}}}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(json::string_or(pryx(answer), "session"), session);
  EXPECT_EQ(house.notes->runs, 0);
  EXPECT_EQ(house.model->requests[0].tools.size(), 1u);
}

TEST_P(Fronts, UnknownParametersAreRefused) {
  for (const char* name : {"something_new", "top_logprobs", "mcp_servers"}) {
    const Answer answer = ask({{name, 5}});
    EXPECT_EQ(answer.status, 400) << name << ' ' << answer.body;
    EXPECT_NE(answer.body.find(name), std::string::npos) << answer.body;
    EXPECT_EQ(error_type(answer), "invalid_request_error");
  }
  EXPECT_TRUE(house.model->requests.empty());
}

TEST_P(Fronts, WhatAProviderCannotPromiseIsRefused) {
  json::object more;
  const json::value schema = parsed(R"({"s":{"type":"object"}})").at("s");
  if (GetParam() == kChat)
    more["response_format"] = json::object{{"type", "json_schema"},
                                           {"json_schema", json::object{{"name", "a"}, {"schema", schema}}}};
  else
    more[GetParam() == kResponses ? "text" : "output_config"] =
        json::object{{"format", json::object{{"type", "json_schema"}, {"name", "a"}, {"schema", schema}}}};
  const Answer answer = ask(std::move(more));
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_NE(answer.body.find("cannot promise"), std::string::npos) << answer.body;
}

TEST_P(Fronts, ADisconnectCancels) {
  house.model->hangs_after_words = true;
  json::object body = asks(GetParam(), {{"stream", true}});
  FakeExchange exchange(testing::make_request("POST", GetParam(), &body));
  async::TaskGroup group(loop, "request");
  group.spawn("handle", house.api->handle(exchange));
  loop.run_for(std::chrono::seconds(2));
  EXPECT_NE(exchange.streamed.find("Hello"), std::string::npos) << exchange.streamed;
  exchange.disconnect();
  loop.run_for(std::chrono::seconds(2));
  EXPECT_EQ(house.model->open_streams, 0);
  EXPECT_EQ(group.size(), 0u);
}

TEST_P(Fronts, AFailureHasTheWiresForm) {
  house.model->failure = Error{ErrorCode::kProvider, "the provider refused", -1};
  const Answer failed = ask();
  EXPECT_EQ(failed.status, 502) << failed.body;
  EXPECT_EQ(error_type(failed), GetParam() == kMessages ? "api_error" : "server_error");
  EXPECT_EQ(ask({{"model", "nowhere/x"}}).status, 404);
}

// Official clients repeat by themselves what looks like a failure of the server.
TEST_P(Fronts, WhatIsTooLongForTheModelIsABadRequest) {
  models::CatalogEntry small;
  small.context_tokens = 2'000;
  auto limits = std::make_shared<models::CatalogFile>();
  limits->models.emplace("fake/words", small);
  house.models.set_catalog(std::make_shared<const models::Catalog>(models::built_in_catalog(), limits));
  std::string endless;
  for (int i = 0; i < 3'000; ++i) endless += "some more words ";
  const char* key = GetParam() == kResponses ? "input" : "messages";
  json::value prompt(endless);
  if (GetParam() != kResponses) prompt = json::array{json::object{{"role", "user"}, {"content", endless}}};
  for (const bool streams : {false, true}) {
    const Answer refused = ask({{key, prompt}, {"stream", streams}});
    EXPECT_EQ(refused.status, 400) << refused.body;
    ASSERT_TRUE(refused.json.contains("error")) << refused.body;
    EXPECT_EQ(error_type(refused), "invalid_request_error");
    if (GetParam() != kMessages) {
      EXPECT_EQ(json::string_or(refused.json.at("error").as_object(), "code"), "context_length_exceeded");
    }
  }
  EXPECT_TRUE(house.model->requests.empty());
  EXPECT_EQ(ask().status, 200) << "the control";
}

TEST_P(Fronts, ARevokedTokenEndsTheStream) {
  house.model->hangs_after_words = true;
  const Answer made = post("/api/v1/tokens", {{"name", "t"}, {"scopes", "chat"}});
  json::object body = asks(GetParam(), {{"stream", true}});
  net::Request request = testing::make_request("POST", GetParam(), &body);
  request.headers.add("Authorization", "Bearer " + json::string_or(made.json, "token"));
  FakeExchange exchange(std::move(request));
  async::TaskGroup group(loop, "request");
  group.spawn("handle", house.api->handle(exchange));
  loop.run_for(std::chrono::seconds(2));
  ASSERT_EQ(remove("/api/v1/tokens/" + json::string_or(made.json, "id")).status, 204);
  loop.run_for(std::chrono::seconds(3));
  EXPECT_EQ(house.model->open_streams, 0);
  EXPECT_EQ(group.size(), 0u);
}

}  // namespace
}  // namespace pryx::server
