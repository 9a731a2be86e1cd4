// SPDX-License-Identifier: MIT
#include "engine/models/call_ids.h"

#include <gtest/gtest.h>

#include "engine/models/chat_quirks.h"
#include "engine/models/openai_codec.h"
#include "engine/models/presets.h"

namespace pryx::models {
namespace {

ChatMessage calls(std::vector<std::string> ids) {
  ChatMessage out{.role = ChatMessage::Role::kAssistant};
  for (std::string& id : ids) out.tool_calls.push_back({std::move(id), "fs.read", "{}"});
  return out;
}

ChatMessage result(std::string id) {
  ChatMessage out{.role = ChatMessage::Role::kTool, .text = "x"};
  out.tool_call_id = std::move(id);
  return out;
}

TEST(CallIds, LeavesAloneWhatFits) {
  std::vector<ChatMessage> messages{calls({"call_abc", "toolu_01-x"}), result("toolu_01-x"),
                                    result("call_abc")};
  fit_call_ids(messages, {});
  EXPECT_EQ(messages[0].tool_calls[0].id, "call_abc");
  EXPECT_EQ(messages[0].tool_calls[1].id, "toolu_01-x");
  EXPECT_EQ(messages[1].tool_call_id, "toolu_01-x");
}

TEST(CallIds, PartsRepeatedAndStrangeIds) {
  const std::string longest(80, 'a');
  std::vector<ChatMessage> messages{calls({"call_0", "call_0", "fn:read#1", longest, ""}),
                                    result("fn:read#1"), result(longest), calls({"call_0"}),
                                    result("call_0")};
  const std::vector<ChatMessage> before = messages;
  fit_call_ids(messages, {});
  std::set<std::string> ids;
  for (const ChatMessage& message : messages)
    for (const ToolCall& call : message.tool_calls) {
      EXPECT_TRUE(ids.insert(call.id).second) << call.id;
      EXPECT_LE(call.id.size(), 40u);
      EXPECT_EQ(call.id.find_first_of(":#"), std::string::npos);
      EXPECT_FALSE(call.id.empty());
    }
  EXPECT_EQ(messages[0].tool_calls[0].id, "call_0");
  EXPECT_EQ(messages[1].tool_call_id, messages[0].tool_calls[2].id);
  EXPECT_EQ(messages[2].tool_call_id, messages[0].tool_calls[3].id);
  EXPECT_EQ(messages[4].tool_call_id, messages[3].tool_calls[0].id);
  // The same history gives the same ids: a vendor's cache goes by the bytes.
  std::vector<ChatMessage> again = before;
  fit_call_ids(again, {});
  EXPECT_EQ(again[0].tool_calls, messages[0].tool_calls);
}

TEST(CallIds, NineLettersForWhomItMustBeNine) {
  std::vector<ChatMessage> messages{calls({"call_abc", "a1B2c3D4e"}), result("call_abc")};
  fit_call_ids(messages, {.exact_length = 9, .only_alphanumeric = true});
  EXPECT_EQ(messages[0].tool_calls[0].id.size(), 9u);
  EXPECT_EQ(messages[0].tool_calls[0].id.find('_'), std::string::npos);
  EXPECT_EQ(messages[0].tool_calls[1].id, "a1B2c3D4e");
  EXPECT_EQ(messages[1].tool_call_id, messages[0].tool_calls[0].id);
}

json::object sent_to(std::string_view vendor, const ModelRequest& request) {
  const Preset& preset = *find_preset(vendor);
  ProviderConfig config;
  config.name = "x";
  config.kind = "openai";
  config.base_url = preset.base_url;
  const auto wire = make_openai_codec(config)->encode(request);
  EXPECT_TRUE(wire) << wire.error().message;
  return *json::parse_object(wire->body);
}

TEST(ChatQuirks, EachVendorIsToldInItsOwnWay) {
  ModelRequest request{.model = "m", .messages = {calls({"call_abc"}), result("call_abc")}};
  request.reasoning = ReasoningEffort::kLow;
  request.sampling.seed = 5;
  EXPECT_EQ(sent_to("groq", request).at("reasoning_effort").as_string(), "low");
  EXPECT_EQ(sent_to("openrouter", request).at("reasoning").at("effort").as_string(), "low");
  EXPECT_EQ(sent_to("deepseek", request).at("thinking").at("type").as_string(), "enabled");
  EXPECT_EQ(sent_to("cohere", request).at("reasoning_effort").as_string(), "high");
  const json::object mistral = sent_to("mistral", request);
  EXPECT_EQ(mistral.at("random_seed").as_int64(), 5);
  EXPECT_FALSE(mistral.contains("seed"));
  EXPECT_FALSE(mistral.contains("stream_options"));
  EXPECT_FALSE(mistral.contains("reasoning_effort"));
  EXPECT_EQ(mistral.at("messages").as_array()[1].at("tool_call_id").as_string().size(), 9u);
  EXPECT_TRUE(sent_to("together", request).contains("stream_options"));
  request.reasoning = ReasoningEffort::kNone;
  EXPECT_EQ(sent_to("glm", request).at("thinking").at("type").as_string(), "disabled");
  request.sampling.presence_penalty = 1;
  ProviderConfig xai;
  xai.kind = "openai";
  xai.base_url = find_preset("xai")->base_url;
  EXPECT_EQ(make_openai_codec(xai)->encode(request).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace pryx::models
