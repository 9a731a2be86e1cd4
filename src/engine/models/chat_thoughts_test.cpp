// SPDX-License-Identifier: MIT
#include "engine/models/chat_thoughts.h"

#include <gtest/gtest.h>

#include "engine/models/openai_codec.h"
#include "engine/models/presets.h"
#include "engine/models/testing/describe.h"

namespace pryx::models {
namespace {
using Role = ChatMessage::Role;

std::unique_ptr<WireCodec> codec_of(std::string_view vendor) {
  ProviderConfig config;
  config.name = "acme";
  config.kind = "openai";
  config.base_url = find_preset(vendor)->base_url;
  return make_openai_codec(config);
}

constexpr std::string_view kCall =
    R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"fs_read","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})";

// The message that repeats what `vendor` answered with these frames.
ChatMessage answer_from(std::string_view vendor, std::initializer_list<std::string_view> frames) {
  ModelRequest request{.model = "m", .tools = {{.name = "fs.read"}}};
  const auto decoder = codec_of(vendor)->make_decoder(request, 10);
  std::vector<ModelEvent> events;
  for (const std::string_view frame : frames) EXPECT_TRUE(decoder->feed({{}, frame}, events));
  EXPECT_TRUE(decoder->finish(events));
  return testing::answer_of(events);
}

// That message, as `vendor` is sent it.
json::object sent(std::string_view vendor, const ChatMessage& answer,
                  ReasoningEffort effort = ReasoningEffort::kDefault,
                  std::shared_ptr<const ModelInfo> about = nullptr) {
  ModelRequest request;
  request.model = "m";
  request.reasoning = effort;
  request.about = std::move(about);
  request.messages = {{.role = Role::kUser, .text = "hi"}, answer};
  for (const ToolCall& call : answer.tool_calls)
    request.messages.push_back({.role = Role::kTool, .text = "x", .tool_call_id = call.id});
  const auto wire = codec_of(vendor)->encode(request);
  EXPECT_TRUE(wire) << wire.error().message;
  return json::parse_object(wire->body)->at("messages").as_array().at(1).as_object();
}

TEST(ChatThoughts, GoBackToTheModelThatHadThem) {
  for (const std::string_view vendor : {"deepseek", "moonshot"}) {
    const ChatMessage answer =
        answer_from(vendor, {R"({"choices":[{"delta":{"reasoning_content":"h"}}]})",
                             R"({"choices":[{"delta":{"reasoning_content":"m"}}]})", kCall});
    EXPECT_EQ(answer.provider_data.format, kChatData);
    EXPECT_EQ(answer.provider_data.model, "m");
    EXPECT_EQ(sent(vendor, answer).at("reasoning_content"), "hm");
    EXPECT_FALSE(sent("groq", answer).contains("reasoning_content")) << "a vendor that did not ask";
    EXPECT_FALSE(sent("openrouter", answer).contains("reasoning_content"));
    // A model that is told not to think wants none.
    EXPECT_FALSE(sent(vendor, answer, ReasoningEffort::kNone).contains("reasoning_content"));
  }
}

TEST(ChatThoughts, OfAnotherModelAreReplacedWhereNoneIsRefused) {
  ChatMessage foreign{.role = Role::kAssistant, .text = "look", .tool_calls = {{"c1", "fs.read", "{}"}}};
  EXPECT_EQ(sent("deepseek", foreign).at("reasoning_content"), ".");
  foreign.provider_data = {std::string(kChatData), "other", R"({"reasoning_content":"secret"})"};
  EXPECT_EQ(sent("moonshot", foreign).at("reasoning_content"), ".");
  foreign.provider_data = {"anthropic-messages/1", "m", R"({"reasoning_content":"secret"})"};
  EXPECT_EQ(sent("deepseek", foreign).at("reasoning_content"), ".");
  EXPECT_FALSE(sent("openrouter", foreign).contains("reasoning_details"));
  // A model that does not think is sent nothing it might not know.
  ModelInfo plain;
  plain.reasoning = false;
  const auto about = std::make_shared<const ModelInfo>(plain);
  EXPECT_FALSE(sent("deepseek", foreign, ReasoningEffort::kDefault, about).contains("reasoning_content"));
  // Without calls the vendor does not ask.
  foreign.tool_calls.clear();
  EXPECT_FALSE(sent("deepseek", foreign).contains("reasoning_content"));
}

TEST(ChatThoughts, AreKeptOnlyWhereAskedForAndBesideCalls) {
  constexpr std::string_view kThought = R"({"choices":[{"delta":{"reasoning_content":"hm"}}]})";
  constexpr std::string_view kEnd = R"({"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]})";
  EXPECT_TRUE(answer_from("groq", {kThought, kCall}).provider_data.empty());
  EXPECT_TRUE(answer_from("deepseek", {kThought, kEnd}).provider_data.empty());
  EXPECT_FALSE(answer_from("deepseek", {kThought, kCall}).provider_data.empty());
}

TEST(ChatThoughts, DetailsAreJoinedAsTheyCame) {
  const ChatMessage answer = answer_from(
      "openrouter",
      {R"({"choices":[{"delta":{"reasoning":"Let","reasoning_details":[{"type":"reasoning.text","text":"Let","signature":null,"index":0}]}}]})",
       R"({"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","text":" me","index":0},{"type":"reasoning.text","text":"So","index":1}]}}]})",
       R"({"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"SIGNED","index":0},7]}}]})",
       R"({"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"A","id":"c1","index":2},{"type":"reasoning.encrypted","data":"B","id":"rs_1","index":2}]}}]})",
       kCall});
  EXPECT_EQ(json::canonical(sent("openrouter", answer).at("reasoning_details")),
            R"([{"index":0,"signature":"SIGNED","text":"Let me","type":"reasoning.text"},)"
            R"({"index":1,"text":"So","type":"reasoning.text"},)"
            R"({"data":"A","id":"c1","index":2,"type":"reasoning.encrypted"},)"
            R"({"data":"B","id":"rs_1","index":2,"type":"reasoning.encrypted"}])");
  EXPECT_EQ(sent("deepseek", answer).at("reasoning_content"), ".") << "of the same name at another vendor";
  // Where a history has its id twice, the call gets another, and its signature follows.
  ChatMessage renamed = answer;
  renamed.tool_calls[0].id = "c1x";
  const json::array details = sent("openrouter", renamed).at("reasoning_details").as_array();
  EXPECT_EQ(details.at(2).at("id"), "c1x");
  EXPECT_EQ(details.at(3).at("id"), "rs_1");
  renamed.provider_data.model = "other";
  EXPECT_FALSE(sent("openrouter", renamed).contains("reasoning_details"));
}

TEST(ChatThoughts, AreBounded) {
  const std::string large(1u << 20, 'x');
  const auto piece = [](std::string_view data) {
    json::array details;
    details.push_back(json::object{{"type", "reasoning.encrypted"}, {"data", data}});
    return json::object{{"reasoning_details", std::move(details)}};
  };
  const json::array ids{"c1"};
  KeptThoughts text(ChatQuirks::Thoughts::kText);
  KeptThoughts details(ChatQuirks::Thoughts::kDetails);
  text.take(large, {});
  details.take({}, piece(large));
  EXPECT_FALSE(text.data("m", ids).empty());
  EXPECT_FALSE(details.data("m", ids).empty());
  for (int i = 0; i < 3; ++i) {
    const std::size_t before = details.untold();
    text.take(large, {});
    details.take({}, piece(large));
    EXPECT_GT(details.untold(), before) << "silence is measured by it";
  }
  EXPECT_EQ(text.untold(), 0u) << "what is shown is counted where it is shown";
  EXPECT_TRUE(text.data("m", ids).empty()) << "half of it would be refused";
  EXPECT_TRUE(details.data("m", ids).empty());
  KeptThoughts many(ChatQuirks::Thoughts::kDetails);
  for (int i = 0; i < 600; ++i) many.take({}, piece("x"));
  EXPECT_TRUE(many.data("m", ids).empty());
}

}  // namespace
}  // namespace pryx::models
