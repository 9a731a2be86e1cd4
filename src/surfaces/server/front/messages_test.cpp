// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/models/token_estimate.h"
#include "foundation/base/text.h"
#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::Answer;
using testing::ApiFixture;

class Messages : public ApiFixture {
 protected:
  static json::object body_of(json::object more = {}) {
    json::object body{{"model", "fake/words"},
                      {"max_tokens", 100},
                      {"messages", json::array{json::object{{"role", "user"}, {"content", "hi"}}}}};
    for (const auto& member : more) body[member.key()] = member.value();
    return body;
  }
  Answer ask(json::object more = {}) { return post("/v1/messages", body_of(std::move(more))); }
  static std::string error_type(const Answer& answer) {
    return json::string_or(answer.json.at("error").as_object(), "type");
  }
};

TEST_F(Messages, AnAnswer) {
  const Answer answer = ask({{"system", json::array{json::object{{"type", "text"}, {"text", "Be brief."}}}}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(json::string_or(answer.json.at("content").as_array()[0].as_object(), "text"), "Hello there");
  EXPECT_EQ(json::string_or(answer.json, "stop_reason"), "end_turn");
  EXPECT_EQ(answer.json.at("usage").as_object().at("input_tokens").as_int64(), 12);
  EXPECT_EQ(house.model->requests[0].messages[0].text, "Be brief.");
  EXPECT_EQ(house.model->requests[0].max_output_tokens, 100);
}

TEST_F(Messages, AStreamHasItsEventsInOrder) {
  const Answer answer = ask({{"stream", true}});
  std::string names;
  for (std::size_t at = 0; (at = answer.body.find("event: ", at)) != std::string::npos; ++at) {
    const std::string name = answer.body.substr(at + 7, answer.body.find('\n', at) - at - 7);
    if (!names.ends_with(name + " ")) names += name + " ";
  }
  EXPECT_EQ(names,
            "message_start content_block_start content_block_delta content_block_stop message_delta "
            "message_stop ");
}

TEST_F(Messages, AToolIsUsedAndItsResultComesBack) {
  const json::array tools{
      json::object{{"name", "weather"}, {"input_schema", json::object{{"type", "object"}}}}};
  house.model->calls = {{"call_1", "weather", R"({"city":"Rome"})"}};
  const Answer first = ask({{"tools", tools}});
  EXPECT_EQ(json::string_or(first.json, "stop_reason"), "tool_use");
  const json::array& content = first.json.at("content").as_array();
  EXPECT_EQ(content.at(0).as_object().at("input").as_object().at("city").as_string(), "Rome");
  const json::array conversation{
      json::object{{"role", "user"}, {"content", "hi"}},
      json::object{{"role", "assistant"}, {"content", content}},
      json::object{{"role", "user"},
                   {"content", json::array{json::object{{"type", "tool_result"},
                                                        {"tool_use_id", "call_1"},
                                                        {"content", "no such city"},
                                                        {"is_error", true}}}}}};
  ASSERT_EQ(ask({{"tools", tools}, {"messages", conversation}}).status, 200);
  const models::ChatMessage& result = house.model->requests.back().messages.back();
  EXPECT_EQ(result.role, models::ChatMessage::Role::kTool);
  EXPECT_EQ(result.text, "no such city");
  EXPECT_TRUE(result.tool_failed);
}

TEST_F(Messages, AKeyCountsAsAToken) {
  const std::string token = new_token("chat");
  json::object body = body_of();
  const auto with_key = [&](std::string_view path, const std::string& key) {
    net::Request request = testing::make_request("POST", path, &body);
    request.peer = testing::tcp_peer();
    request.headers.set("Host", "127.0.0.1:7799");
    request.headers.add("x-api-key", key);
    return send(std::move(request));
  };
  EXPECT_EQ(with_key("/v1/messages", token).status, 200);
  EXPECT_EQ(error_type(with_key("/v1/messages", "wrong")), "authentication_error");
  EXPECT_EQ(with_key("/v1/chat/completions", token).status, 401) << "only where Anthropic's clients call";
}

TEST_F(Messages, OnlyKnownVersionsAreSpoken) {
  json::object body = body_of();
  for (const auto& [version, status] :
       {std::pair("2023-06-01", 200), std::pair("2026-10-21", 200), std::pair("2099-01-01", 400)}) {
    net::Request request = testing::make_request("POST", "/v1/messages", &body);
    request.headers.add("anthropic-version", version);
    EXPECT_EQ(send(std::move(request)).status, status) << version;
  }
}

TEST_F(Messages, TokensAreCountedWithoutATurn) {
  json::object body = body_of();
  body.erase("max_tokens");
  const Answer answer = post("/v1/messages/count_tokens", body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_GT(answer.json.at("input_tokens").as_int64(), 0);
  EXPECT_TRUE(house.model->requests.empty());
}

TEST_F(Messages, TokensAreCountedAsTheModelsTokenizerWould) {
  std::string numbers, han;
  for (int i = 0; i < 500; ++i) numbers += fmt::format("{} ", 31'415'926 + i * 271);
  for (int i = 0; i < 200; ++i) han += "明月几时有，把酒问青天。";
  for (const auto& [model, family] : {std::pair("fake/gemma3:4b", models::TokenizerFamily::kGoogle),
                                      std::pair("fake/claude-x", models::TokenizerFamily::kAnthropic),
                                      std::pair("fake/words", models::TokenizerFamily::kLlama)}) {
    for (const std::string& text : {numbers, han}) {
      json::object body = body_of(
          {{"model", model}, {"messages", json::array{json::object{{"role", "user"}, {"content", text}}}}});
      body.erase("max_tokens");
      const Answer answer = post("/v1/messages/count_tokens", body);
      ASSERT_EQ(answer.status, 200) << answer.body;
      const auto counted = static_cast<double>(answer.json.at("input_tokens").as_int64());
      EXPECT_NEAR(counted, static_cast<double>(models::estimate_tokens(family, text)), 10) << model;
    }
  }
}

TEST_F(Messages, AnImagesTokensAreCountedByItsSizeAndTheModel) {
  using namespace std::string_literals;
  const std::string large = "\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR\0\0\x0B\xB8\0\0\x07\xD0"s;
  const json::object source{{"type", "base64"}, {"media_type", "image/png"}, {"data", to_base64(large)}};
  const json::object image{{"type", "image"}, {"source", source}};
  const json::object text{{"type", "text"}, {"text", "see"}};
  const auto counted = [&](const char* model, json::array content) {
    json::object message{{"role", "user"}, {"content", std::move(content)}};
    json::object body = body_of({{"model", model}, {"messages", json::array{std::move(message)}}});
    body.erase("max_tokens");
    const Answer answer = post("/v1/messages/count_tokens", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::integer_or(answer.json, "input_tokens", 0);
  };
  for (const auto& [model, tokens] :
       {std::pair("fake/claude-opus-4-1", 1'568), std::pair("fake/claude-opus-4-8", 4'784)}) {
    const std::int64_t without = counted(model, json::array{text});
    EXPECT_EQ(counted(model, json::array{image, text}) - without, tokens) << model;
  }
}

TEST_F(Messages, WhatCannotBeHonouredIsRefusedByName) {
  const std::pair<const char*, json::value> cases[] = {
      {"max_tokens", nullptr},
      {"tools", json::array{json::object{{"type", "web_search_20250305"}, {"name", "web_search"}}}},
      {"thinking", json::object{{"type", "enabled"}}},
      {"container", "c"},
      {"service_tier", "standard_only"},
      {"messages", json::array{json::object{{"role", "tool"}, {"content", "x"}}}},
      {"messages", json::array{json::object{{"role", "user"},
                                            {"content", json::array{json::object{{"type", "document"}}}}}}},
  };
  for (const auto& [name, value] : cases) {
    const Answer answer = ask({{name, value}});
    EXPECT_EQ(answer.status, 400) << name << ' ' << answer.body;
    EXPECT_EQ(error_type(answer), "invalid_request_error");
    EXPECT_NE(answer.body.find(name), std::string::npos) << answer.body;
  }
}

}  // namespace
}  // namespace pryx::server
