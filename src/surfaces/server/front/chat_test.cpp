// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "surfaces/server/front/front_reader.h"
#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::Answer;
using testing::ApiFixture;
using testing::FakeExchange;

json::object user_says(std::string_view text) { return {{"role", "user"}, {"content", text}}; }
json::object request_of(json::object more = {}) {
  json::object body{{"model", "fake/words"}, {"messages", json::array{user_says("hi")}}};
  for (const auto& member : more) body[member.key()] = member.value();
  return body;
}
const json::object& error_of(const Answer& answer) { return answer.json.at("error").as_object(); }

// The JSON documents of a stream, without [DONE].
std::vector<json::object> chunks_of(const std::string& stream) {
  std::vector<json::object> chunks;
  for (std::size_t at = 0; (at = stream.find("data: ", at)) != std::string::npos; ++at) {
    auto chunk =
        json::parse_object(std::string_view(stream).substr(at + 6, stream.find("\n\n", at) - at - 6));
    if (chunk) chunks.push_back(std::move(*chunk));
  }
  return chunks;
}

class OpenAi : public ApiFixture {
 protected:
  Answer complete(const json::object& body) { return post("/v1/chat/completions", body); }
  static const json::object& pryx(const Answer& answer) { return answer.json.at("pryx").as_object(); }
};

TEST_F(OpenAi, ACompletion) {
  const Answer answer = complete(request_of());
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::object& choice = answer.json.at("choices").as_array().at(0).as_object();
  EXPECT_EQ(json::string_or(choice.at("message").as_object(), "content"), "Hello there");
  EXPECT_EQ(json::string_or(choice, "finish_reason"), "stop");
  EXPECT_EQ(answer.json.at("usage").as_object().at("total_tokens").as_int64(), 15);
  EXPECT_EQ(json::string_or(pryx(answer), "model"), "fake/words-2");
  EXPECT_EQ(get("/api/v1/turns/" + json::string_or(pryx(answer), "turn")).json.at("state").as_string(),
            "completed");
  // Hidden: it has a session, but no list shows it.
  EXPECT_EQ(get("/api/v1/sessions").json.at("items").as_array().size(), 0u);
  EXPECT_EQ(get("/api/v1/sessions/" + json::string_or(pryx(answer), "session")).status, 200);
}

TEST_F(OpenAi, TheModelSeesTheWholeHistoryAndNoTools) {
  const json::array messages{
      json::object{{"role", "system"}, {"content", "Be brief."}}, user_says("one"),
      json::object{{"role", "assistant"}, {"content", "two"}},
      json::object{{"role", "user"},
                   {"content", json::array{json::object{{"type", "text"}, {"text", "three"}}}}}};
  ASSERT_EQ(complete(request_of({{"messages", messages}})).status, 200);
  ASSERT_EQ(house.model->requests.size(), 1u);
  std::string seen;
  for (const models::ChatMessage& message : house.model->requests[0].messages) seen += message.text + "|";
  for (const char* text : {"Be brief.", "one", "two", "three"})
    EXPECT_NE(seen.find(text), std::string::npos) << seen;
  EXPECT_TRUE(house.model->requests[0].tools.empty());
}

TEST_F(OpenAi, AConversationGoesOnWhenItIsNamed) {
  const Answer first = complete(request_of());
  const std::string session = json::string_or(pryx(first), "session");
  const Answer second = complete(request_of({{"pryx", json::object{{"session", session}}}}));
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(json::string_or(pryx(second), "session"), session);
  EXPECT_EQ(get("/api/v1/sessions/" + session + "/messages").json.at("items").as_array().size(), 4u);
  EXPECT_EQ(
      complete(request_of({{"pryx", json::object{{"session", "ses_01J9ZD3V3N8J4Q6R2S7T0W5X1Y"}}}})).status,
      404);
}

TEST_F(OpenAi, WhatCannotBeHonouredIsRefusedByName) {
  const json::object picture{{"type", "image_url"},
                             {"image_url", json::object{{"url", "https://example.com/a.png"}}}};
  const std::pair<const char*, json::value> cases[] = {
      {"tools", json::array{json::object{{"type", "web_search"}}}},
      {"tools", json::array{json::object{{"type", "function"}, {"function", json::object{{"name", "a b"}}}}}},
      {"tool_choice", "required"},
      {"tool_choice", json::object{{"type", "function"}, {"function", json::object{{"name", "none_such"}}}}},
      {"temperature", 3},
      {"temperature", "warm"},
      {"max_tokens", 0},
      {"max_tokens", 1.5},
      {"n", 2},
      {"stop", json::array{1}},
      {"response_format", json::object{}},
      {"response_format", json::object{{"type", "grammar"}}},
      {"logprobs", true},
      {"top_logprobs", 2},
      {"logit_bias", json::object{{"50256", -100}}},
      {"user", "me"},
      {"functions", json::array{}},
      {"audio", json::object{{"voice", "alloy"}}},
      {"modalities", json::array{"text", "audio"}},
      {"reasoning_effort", "extreme"},
      {"something_new", 1},
      {"messages", json::array{}},
      {"stream", "yes"},
      {"stream_options", json::object{{"include_usage", true}}},
      {"pryx", json::object{{"tools", "all"}}},
      {"pryx", json::object{{"more", true}}},
      {"pryx", json::object{{"session", "nope"}}},
      {"messages", json::array{json::object{{"role", "tool"}, {"content", "x"}}}},
      {"messages",
       json::array{json::object{{"role", "tool"}, {"tool_call_id", "no_call"}, {"content", "x"}}}},
      {"messages", json::array{json::object{{"role", "assistant"}, {"content", "x"}}}},
      {"messages", json::array{json::object{{"role", "user"}, {"content", "x"}, {"name", "bob"}}}},
      {"messages", json::array{json::object{{"role", "user"}, {"content", json::array{picture}}}}},
      {"messages", json::array{json::object{{"role", "user"},
                                            {"content", json::array{json::object{{"type", "image_url"}}}}}}},
  };
  for (const auto& [name, value] : cases) {
    const Answer answer = complete(request_of({{name, value}}));
    EXPECT_EQ(answer.status, 400) << name << ' ' << answer.body;
    EXPECT_TRUE(json::string_or(error_of(answer), "param").starts_with(name)) << answer.body;
    EXPECT_EQ(json::string_or(error_of(answer), "type"), "invalid_request_error");
  }
  EXPECT_TRUE(house.model->requests.empty());
  const json::object harmless{{"n", 1},
                              {"stop", nullptr},
                              {"store", false},
                              {"logprobs", false},
                              {"service_tier", "auto"},
                              {"logit_bias", json::object()},
                              {"user", nullptr},
                              {"metadata", json::object()}};
  EXPECT_EQ(complete(request_of(harmless)).status, 200) << "asks for what happens anyway";
}

TEST_F(OpenAi, ErrorsHaveTheirForm) {
  const Answer unknown = complete(request_of({{"model", "nowhere/x"}}));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(json::string_or(error_of(unknown), "code"), "model_not_found");
  net::Request stranger = testing::make_request("GET", "/v1/models");
  stranger.peer = testing::tcp_peer();
  stranger.headers.set("Host", "localhost:7799");
  EXPECT_EQ(json::string_or(error_of(send(stranger)), "type"), "authentication_error");
  house.model->failure = Error{ErrorCode::kProvider, "the provider refused", -1};
  const Answer failed = complete(request_of());
  EXPECT_EQ(failed.status, 502) << failed.body;
  EXPECT_EQ(json::string_or(error_of(failed), "type"), "server_error");
  EXPECT_EQ(complete(request_of({{"stream", true}})).status, 502)
      << "nothing was streamed yet, so the status says it";
}

TEST_F(OpenAi, AStream) {
  house.model->pause = std::chrono::milliseconds(50);
  const Answer answer =
      complete(request_of({{"stream", true}, {"stream_options", json::object{{"include_usage", true}}}}));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.find("Content-Type").value_or(""), "text/event-stream");
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
  const std::vector<json::object> chunks = chunks_of(answer.body);
  ASSERT_GE(chunks.size(), 5u);
  std::string text;
  std::string finish;
  for (const json::object& chunk : chunks) {
    EXPECT_EQ(json::string_or(chunk, "object"), "chat.completion.chunk");
    if (chunk.at("choices").as_array().empty()) continue;
    const json::object& choice = chunk.at("choices").as_array()[0].as_object();
    text += json::string_or(choice.at("delta").as_object(), "content");
    if (const std::string reason = json::string_or(choice, "finish_reason"); !reason.empty()) finish = reason;
  }
  EXPECT_EQ(text, "Hello there");
  EXPECT_EQ(finish, "stop");
  EXPECT_EQ(chunks.back().at("usage").as_object().at("prompt_tokens").as_int64(), 12);
  EXPECT_TRUE(chunks[chunks.size() - 2].contains("pryx"));
  EXPECT_EQ(complete(request_of({{"stream", true}})).body.find("\"usage\""), std::string::npos);
}

TEST_F(OpenAi, ADisconnectCancels) {
  house.model->hangs_after_words = true;
  json::object body = request_of({{"stream", true}});
  FakeExchange exchange(testing::make_request("POST", "/v1/chat/completions", &body));
  async::TaskGroup group(loop, "request");
  group.spawn("handle", house.api->handle(exchange));
  loop.run_for(std::chrono::seconds(2));
  EXPECT_NE(exchange.streamed.find("Hello"), std::string::npos);
  EXPECT_EQ(house.model->open_streams, 1);
  exchange.disconnect();
  loop.run_for(std::chrono::seconds(2));
  EXPECT_EQ(house.model->open_streams, 0);
  EXPECT_EQ(house.dispatcher->running(), 0u);
  EXPECT_EQ(group.size(), 0u);
}

TEST_F(OpenAi, ADisconnectBeforeTheAnswerCancelsToo) {
  house.model->hangs_after_words = true;
  json::object body = request_of();
  FakeExchange exchange(testing::make_request("POST", "/v1/chat/completions", &body));
  async::TaskGroup group(loop, "request");
  group.spawn("handle", house.api->handle(exchange));
  loop.run_for(std::chrono::seconds(2));
  EXPECT_EQ(house.model->open_streams, 1);
  exchange.disconnect();
  loop.run_for(std::chrono::seconds(2));
  EXPECT_EQ(house.model->open_streams, 0);
  EXPECT_EQ(group.size(), 0u);
}

TEST_F(OpenAi, ModelsAreListed) {
  const Answer answer = get("/v1/models");
  ASSERT_EQ(answer.status, 200);
  bool found = false;
  for (const json::value& model : answer.json.at("data").as_array())
    found = found || json::string_or(model.as_object(), "id") == "fake/words";
  EXPECT_TRUE(found);
}

TEST_F(OpenAi, TheHistoryIsNotTheOwners) {
  const trust::Labels labels = front_labels("openai", PrincipalId("prn_owner"));
  EXPECT_TRUE(labels.has("channel:openai"));
  EXPECT_TRUE(labels.is_untrusted());
}

}  // namespace
}  // namespace pryx::server
