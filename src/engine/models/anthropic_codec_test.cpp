// SPDX-License-Identifier: MIT
#include "engine/models/anthropic_codec.h"

#include <gtest/gtest.h>

#include "engine/models/model_version.h"
#include "engine/models/testing/describe.h"

namespace pryx::models {
namespace {
using Role = ChatMessage::Role;
using testing::describe;

ModelRequest ask(std::string model = "claude-sonnet-4-6") {
  ModelRequest request;
  request.model = std::move(model);
  request.messages = {{.role = Role::kSystem, .text = "be kind"}, {.role = Role::kUser, .text = "hi"}};
  request.tools = {
      {.name = "fs.read", .description = "reads", .parameters = {{"properties", json::object{}}}}};
  return request;
}

json::object encode(const ModelRequest& request) {
  const auto text = encode_messages_request(request, ToolNames(request));
  EXPECT_TRUE(text) << text.error().message;
  return text ? *json::parse_object(*text) : json::object{};
}
std::string messages_of(const ModelRequest& request) { return json::to_text(encode(request)["messages"]); }

std::string decode(std::initializer_list<std::string_view> frames, ModelRequest request = ask()) {
  MessagesDecoder decoder(std::move(request), 400);
  return describe(decoder, frames);
}

TEST(ModelVersion, IsWhatTheIdTells) {
  EXPECT_EQ(version_of("claude-3-7-sonnet-20250219"), (ModelVersion{3, 7}));
  EXPECT_EQ(version_of("claude-opus-4-20250514"), (ModelVersion{4, 0}));
  EXPECT_EQ(version_of("claude-haiku-4-5-20251001"), (ModelVersion{4, 5}));
  EXPECT_EQ(version_of("claude-fable-5"), (ModelVersion{5, 0}));
  EXPECT_EQ(version_of("gemini-2.5-pro"), (ModelVersion{2, 5}));
  EXPECT_EQ(version_of("gemini-3-pro-preview"), (ModelVersion{3, 0}));
  for (const char* none : {"", "llama-70b", "gpt-4o", "claude-latest", "---"})
    EXPECT_FALSE(version_of(none).is_known()) << none;
}

TEST(AnthropicCodec, EncodesTurnsThatAlternateAndMarksWhatStays) {
  ModelRequest request = ask();
  request.messages.push_back(
      {.role = Role::kAssistant,
       .text = "I look.",
       .tool_calls = {{"c:1", "fs.read", R"({"path":"a"})"}, {"c2", "fs.read", "{broken"}}});
  request.messages.push_back({.role = Role::kTool, .text = "content", .tool_call_id = "c:1"});
  request.messages.push_back({.role = Role::kTool, .text = "no", .tool_call_id = "c2", .tool_failed = true});
  request.messages.push_back({.role = Role::kUser, .text = "and \xFF?"});
  const json::object out = encode(request);
  const auto expected = json::parse_object(
      R"({"model":"claude-sonnet-4-6","max_tokens":32000,"stream":true,
      "system":[{"type":"text","text":"be kind","cache_control":{"type":"ephemeral"}}],
      "tools":[{"name":"fs_read","description":"reads","input_schema":{"properties":{},"type":"object"}}],
      "messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]},
      {"role":"assistant","content":[{"type":"text","text":"I look."},
        {"type":"tool_use","id":"c_1","name":"fs_read","input":{"path":"a"}},
        {"type":"tool_use","id":"c2","name":"fs_read","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"c_1","content":[{"type":"text","text":"content"}]},
        {"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"no"}],"is_error":true},
        {"type":"text","text":"and �?","cache_control":{"type":"ephemeral"}}]}]})");
  ASSERT_TRUE(expected);
  EXPECT_EQ(json::canonical(out), json::canonical(*expected));
  request.cache = PromptCache::kOff;
  EXPECT_EQ(json::to_text(encode(request)).find("cache_control"), std::string::npos);
}

TEST(AnthropicCodec, CallIdsAreUniqueInARequest) {
  ModelRequest request = ask();
  for (int i = 0; i < 2; ++i) {
    request.messages.push_back({.role = Role::kAssistant, .tool_calls = {{"call_0", "fs.read", "{}"}}});
    request.messages.push_back({.role = Role::kTool, .text = "r", .tool_call_id = "call_0"});
  }
  const std::string text = messages_of(request);
  EXPECT_NE(text.find(R"("id":"call_0_2")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("tool_use_id":"call_0_2")"), std::string::npos) << text;
}

TEST(AnthropicCodec, HintsChooseTheCacheMarks) {
  ModelRequest request = ask();
  request.messages[1].cache_until_here = true;
  request.messages.push_back({.role = Role::kAssistant, .text = "hello"});
  request.messages.push_back({.role = Role::kUser, .text = "and?"});
  const json::object out = encode(request);
  EXPECT_TRUE(out.at("messages").at(0).at("content").at(0).as_object().contains("cache_control"));
  EXPECT_FALSE(out.at("messages").at(2).at("content").at(0).as_object().contains("cache_control"));
}

TEST(AnthropicCodec, ImagesAndFiles) {
  ModelRequest request = ask();
  request.cache = PromptCache::kOff;
  Attachment image;
  image.media_type = "image/png";
  image.bytes = std::make_shared<const std::string>("PNG");
  request.messages[1].attachments = {image};
  EXPECT_EQ(
      messages_of(request),
      R"([{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png",)"
      R"("data":"UE5H"}},{"type":"text","text":"hi"}]}])");
  request.messages[1].attachments[0].kind = Attachment::Kind::kFile;
  request.messages[1].attachments[0].media_type = "application/pdf";
  EXPECT_NE(messages_of(request).find(R"("type":"document")"), std::string::npos);
  for (const char* refused : {"image/tiff", "application/zip"}) {
    request.messages[1].attachments[0].media_type = refused;
    EXPECT_EQ(encode_messages_request(request, ToolNames(request)).error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(AnthropicCodec, ThinkingByTheModelsVersion) {
  const auto thinking = [](std::string model, ReasoningEffort effort) {
    ModelRequest request = ask(std::move(model));
    request.reasoning = effort;
    json::object out = encode(request);
    return fmt::format("{} {} {}", json::to_text(out["thinking"]), json::to_text(out["output_config"]),
                       json::to_text(out["max_tokens"]));
  };
  EXPECT_EQ(thinking("claude-opus-4-6", ReasoningEffort::kHigh),
            R"({"type":"adaptive","display":"summarized"} {"effort":"high"} 32000)");
  EXPECT_EQ(thinking("claude-haiku-4-5", ReasoningEffort::kMedium),
            R"({"type":"enabled","budget_tokens":10000} null 32000)");
  EXPECT_EQ(thinking("claude-3-5-haiku-latest", ReasoningEffort::kHigh), "null null 8192");
  EXPECT_EQ(thinking("claude-opus-4-6", ReasoningEffort::kDefault), "null null 32000");
}

TEST(AnthropicCodec, TheLimitThatTheWireWantsIsOneThatTheModelTakes) {
  ModelRequest request = ask("claude-3-opus-20240229");
  EXPECT_EQ(encode(request).at("max_tokens").as_int64(), 4'096) << "by its name";
  ModelInfo about{.id = "m", .provider = "p", .context_tokens = 200'000, .max_output_tokens = 8'000};
  request.about = std::make_shared<const ModelInfo>(about);
  EXPECT_EQ(encode(request).at("max_tokens").as_int64(), 8'000);
  request.longest_output_tokens = 5'000;
  EXPECT_EQ(encode(request).at("max_tokens").as_int64(), 5'000) << "beside so long an input";
  about.max_output_tokens = 64'000;
  request.about = std::make_shared<const ModelInfo>(about);
  request.longest_output_tokens = 60'000;
  EXPECT_EQ(encode(request).at("max_tokens").as_int64(), 32'000);
}

TEST(AnthropicCodec, ThinkingNeverRaisesTheLimitOfAnAnswer) {
  const auto sent = [](std::int64_t limit, ReasoningEffort effort) {
    ModelRequest request = ask("claude-haiku-4-5");
    request.reasoning = effort;
    request.max_output_tokens = limit;
    json::object out = encode(request);
    return fmt::format("{} {}", json::to_text(out["thinking"]), json::to_text(out["max_tokens"]));
  };
  EXPECT_EQ(sent(64'000, ReasoningEffort::kHigh), R"({"type":"enabled","budget_tokens":24000} 64000)");
  EXPECT_EQ(sent(25'023, ReasoningEffort::kHigh), R"({"type":"enabled","budget_tokens":23999} 25023)");
  EXPECT_EQ(sent(2'048, ReasoningEffort::kHigh), R"({"type":"enabled","budget_tokens":1024} 2048)");
  EXPECT_EQ(sent(2'047, ReasoningEffort::kHigh), "null 2047") << "the vendor takes no smaller budget";
  EXPECT_EQ(sent(2'000, ReasoningEffort::kMinimal), "null 2000");
}

TEST(AnthropicCodec, RefusesWhatTheWireCannotCarry) {
  for (const Sampling& sampling : {Sampling{.seed = 1}, Sampling{.presence_penalty = 0.1},
                                   Sampling{.frequency_penalty = 0.1}, Sampling{.temperature = 1.5}}) {
    ModelRequest request = ask();
    request.sampling = sampling;
    EXPECT_EQ(encode_messages_request(request, ToolNames(request)).error().code, ErrorCode::kInvalidArgument);
  }
  ModelRequest request = ask();
  request.sampling = {.temperature = 0.5, .top_k = 4, .stop = {"END"}};
  request.tool_choice = {.mode = ToolChoice::Mode::kOne, .name = "fs.read", .parallel = false};
  json::object out = encode(request);
  EXPECT_EQ(json::to_text(out["stop_sequences"]), R"(["END"])");
  EXPECT_EQ(json::to_text(out["tool_choice"]),
            R"({"type":"tool","name":"fs_read","disable_parallel_tool_use":true})");
}

TEST(AnthropicCodec, AFormAndStrictTools) {
  ModelRequest request = ask("claude-opus-4-6");
  request.format = {.kind = ResponseFormat::Kind::kJsonSchema, .name = "n", .schema = {{"type", "object"}}};
  request.tools[0].strict = true;
  request.reasoning = ReasoningEffort::kLow;
  json::object out = encode(request);
  EXPECT_EQ(json::to_text(out["output_config"]),
            R"({"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}})");
  EXPECT_TRUE(out["tools"].as_array()[0].as_object().at("strict").as_bool());
  // An older one would take it for an unknown parameter.
  request.model = "claude-3-7-sonnet-20250219";
  EXPECT_EQ(encode_messages_request(request, ToolNames(request)).error().code, ErrorCode::kInvalidArgument);
  request.format = {};
  EXPECT_FALSE(encode_messages_request(request, ToolNames(request)));
}

TEST(AnthropicCodec, ThoughtsGoBackAsTheyCameAndOnlyToTheirModel) {
  MessagesDecoder decoder(ask(), 400);
  std::vector<ModelEvent> events;
  for (
      const std::string_view frame :
      {R"({"type":"message_start","message":{"usage":{"input_tokens":3}}})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}})",
       R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":"a"}})",
       R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"fs_read","input":{}}})",
       R"({"type":"content_block_start","index":3,"content_block":{"type":"redacted_thinking","data":"x"}})",
       R"({"type":"content_block_start","index":4,"content_block":{"type":"text","text":"b"}})",
       R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":2}})",
       R"({"type":"message_stop"})"}) {
    ASSERT_TRUE(decoder.feed({{}, frame}, events));
  }
  ASSERT_TRUE(decoder.finish(events));
  ModelRequest request = ask();
  request.cache = PromptCache::kOff;
  request.messages.push_back(testing::answer_of(events));
  request.messages.push_back({.role = Role::kTool, .text = "r", .tool_call_id = "t1"});
  const std::string whole = messages_of(request);
  EXPECT_NE(
      whole.find(R"("content":[{"type":"thinking","thinking":"hm","signature":"sig"},)"
                 R"({"type":"text","text":"a"},{"type":"tool_use","id":"t1","name":"fs_read","input":{}},)"
                 R"({"type":"redacted_thinking","data":"x"},{"type":"text","text":"b"}])"),
      std::string::npos)
      << whole;
  ModelRequest other = request;
  other.model = "claude-opus-4-6";
  EXPECT_EQ(messages_of(other).find("thinking"), std::string::npos);
  // Text that was shortened since: the thoughts stay in front.
  request.messages[2].text = "…";
  EXPECT_NE(messages_of(request).find(R"("signature":"sig"},{"type":"redacted_thinking","data":"x"},)"
                                      R"({"type":"text","text":"…"},{"type":"tool_use")"),
            std::string::npos)
      << messages_of(request);
}

TEST(AnthropicCodec, APausedAnswerGoesOn) {
  MessagesDecoder decoder(ask(), 400);
  std::vector<ModelEvent> events;
  const auto feed = [&](std::initializer_list<std::string_view> frames) {
    for (const std::string_view frame : frames) ASSERT_TRUE(decoder.feed({{}, frame}, events));
  };
  feed(
      {R"({"type":"message_start","message":{"usage":{"input_tokens":3}}})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\":\"x\"}"}})",
       R"({"type":"message_delta","delta":{"stop_reason":"pause_turn"},"usage":{"output_tokens":2}})",
       R"({"type":"message_stop"})"});
  ASSERT_TRUE(decoder.is_done());
  const auto more = decoder.continuation();
  ASSERT_TRUE(more);
  EXPECT_NE(
      more->body.find(R"({"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"x"}})"),
      std::string::npos)
      << more->body;
  EXPECT_FALSE(decoder.is_done());
  feed({R"({"type":"message_start","message":{"usage":{"input_tokens":5}}})",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"found"}})",
        R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}})",
        R"({"type":"message_stop"})"});
  EXPECT_FALSE(decoder.continuation());
  ASSERT_TRUE(decoder.finish(events));
  EXPECT_EQ(testing::usage_of(events).input_tokens, 8);
  EXPECT_EQ(testing::usage_of(events).output_tokens, 6);
  EXPECT_EQ(testing::answer_of(events).text, "found");
}

TEST(AnthropicCodec, BrokenStreams) {
  EXPECT_EQ(decode({}), "error provider: the provider answered without any content\n");
  EXPECT_EQ(decode({"{"}).substr(0, 38), "error provider: the provider sent a ma");
  EXPECT_EQ(
      decode({R"({"type":"message_start","message":{}})",
              R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}})"}),
      "text:a\nerror unavailable: the answer ended before it was complete; the text so far is interrupted\n");
  EXPECT_EQ(decode({R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})"}),
            "error provider: the provider sent a malformed frame: a delta belongs to no block\n");
  EXPECT_EQ(decode({R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"}),
            "error overloaded: the provider broke off: Overloaded\n");
  // A whole body, and no usage: it is estimated.
  EXPECT_EQ(
      decode(
          {R"({"type":"message","model":"m2","content":[{"type":"text","text":"hi"}],"stop_reason":"max_tokens"})"}),
      "text:hi\nusage:100/1/0/0/0~\nlength:m2\n");
}

TEST(AnthropicCodec, ErrorBodies) {
  const auto text = [](int status, std::string_view type, std::string_view words) {
    const std::string body =
        fmt::format(R"({{"type":"error","error":{{"type":"{}","message":"{}"}}}})", type, words);
    const Error error = decode_messages_error(status, body, "claude");
    return fmt::format("{}: {}", facts(error.code).name, error.message);
  };
  EXPECT_EQ(
      text(400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
      "too_large: provider claude: the request is longer than the model takes; make it shorter, or use a "
      "model that takes more");
  EXPECT_TRUE(text(413, "request_too_large", "Request exceeds the maximum size").starts_with("too_large: "));
  EXPECT_TRUE(text(400, "invalid_request_error", "messages.1: bad").starts_with("invalid_argument: "));
  EXPECT_TRUE(text(400, "invalid_request_error", "Your credit balance is too low").starts_with("budget: "));
  EXPECT_TRUE(text(401, "authentication_error", "invalid x-api-key").starts_with("unauthenticated: "));
  EXPECT_TRUE(text(403, "permission_error", "no").starts_with("forbidden: "));
  EXPECT_TRUE(text(404, "not_found_error", "model: x").starts_with("not_found: "));
  EXPECT_TRUE(text(429, "rate_limit_error", "slow").starts_with("overloaded: "));
  EXPECT_TRUE(text(529, "overloaded_error", "Overloaded").starts_with("overloaded: "));
  EXPECT_TRUE(text(500, "api_error", "oops").starts_with("provider: "));
  EXPECT_EQ(decode_messages_error(529, "", "claude").code, ErrorCode::kOverloaded);
}

TEST(AnthropicCodec, ModelPages) {
  const auto page = decode_anthropic_models(
      R"({"data":[{"id":"claude-b","max_input_tokens":200000,"max_tokens":64000},{"x":1}],"has_more":true,"last_id":"claude-b"})",
      "c");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->models.size(), 1u);
  EXPECT_EQ(page->models[0].context_tokens, 200'000);
  EXPECT_EQ(page->next, "claude-b");
  EXPECT_FALSE(decode_anthropic_models("[]", "c"));
}

}  // namespace
}  // namespace pryx::models
