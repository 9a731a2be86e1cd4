// SPDX-License-Identifier: MIT
#include "engine/models/ollama_codec.h"

#include <gtest/gtest.h>

namespace pryx::models {
namespace {

struct Answer {
  std::string text;
  std::string thinking;
  std::vector<ToolCall> calls;
  Usage usage;
  std::optional<Finished> finished;
  std::optional<Error> error;
};

Answer decode(std::initializer_list<std::string_view> lines, ModelRequest request = {.model = "qwen3:8b"}) {
  const auto codec = make_ollama_codec();
  const auto decoder = codec->make_decoder(request, 400);
  std::vector<ModelEvent> events;
  Answer out;
  for (const std::string_view line : lines) {
    const auto fed = decoder->feed({.event = {}, .data = line}, events);
    if (!fed) out.error = fed.error();
  }
  if (!out.error) {
    const auto finished = decoder->finish(events);
    if (!finished) out.error = finished.error();
  }
  for (const ModelEvent& event : events) {
    if (const auto* text = std::get_if<TextDelta>(&event)) out.text += text->text;
    if (const auto* thinking = std::get_if<ReasoningDelta>(&event)) out.thinking += thinking->text;
    if (const auto* call = std::get_if<ToolCallComplete>(&event)) out.calls.push_back(call->call);
    if (const auto* usage = std::get_if<UsageReport>(&event)) out.usage = usage->usage;
    if (const auto* finished = std::get_if<Finished>(&event)) out.finished = *finished;
  }
  return out;
}

json::object encoded(const ModelRequest& request) {
  const auto wire = make_ollama_codec()->encode(request);
  EXPECT_TRUE(wire) << wire.error().message;
  EXPECT_EQ(wire->target, "/api/chat");
  return *json::parse_object(wire->body);
}

TEST(OllamaCodec, ReadsTextThinkingAndCounts) {
  const Answer answer = decode({
      R"({"model":"qwen3:8b","message":{"role":"assistant","content":"","thinking":"hm"},"done":false})",
      R"({"model":"qwen3:8b","message":{"role":"assistant","content":"Hel"},"done":false})",
      "",
      R"({"model":"qwen3:8b","message":{"role":"assistant","content":"lo"},"done":false})",
      R"({"model":"qwen3:8b","message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":9})",
      R"(garbage after the end is nobody's)",
  });
  EXPECT_FALSE(answer.error) << answer.error->message;
  EXPECT_EQ(answer.text, "Hello");
  EXPECT_EQ(answer.thinking, "hm");
  EXPECT_EQ(answer.usage, (Usage{.input_tokens = 26, .output_tokens = 9}));
  EXPECT_EQ(answer.finished, (Finished{FinishReason::kStop, "qwen3:8b"}));
}

TEST(OllamaCodec, ReadsParallelCallsAndGivesThemIdsOfTheirOwn) {
  const Answer answer = decode(
      {
          R"({"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"fs_read","arguments":{"path":"a"}}}]},"done":false})",
          R"({"message":{"tool_calls":[{"id":"call_x","function":{"name":"made_up","arguments":"{\"b\":1}"}}]},"done":false})",
          R"({"message":{"content":""},"done":true,"done_reason":"stop"})",
      },
      {.model = "m", .tools = {{.name = "fs.read"}}, .request_id = "stp_1"});
  ASSERT_EQ(answer.calls.size(), 2u);
  EXPECT_EQ(answer.calls[0], (ToolCall{"call_stp_1_0", "fs.read", R"({"path":"a"})"}));
  EXPECT_EQ(answer.calls[1], (ToolCall{"call_x", "made_up", R"({"b":1})"}));
  EXPECT_EQ(answer.finished->reason, FinishReason::kToolCalls);
  EXPECT_TRUE(answer.usage.estimated);
  EXPECT_EQ(answer.usage.input_tokens, 100);
}

TEST(OllamaCodec, LengthCutAndErrors) {
  EXPECT_EQ(decode({R"({"message":{"content":"x"},"done":true,"done_reason":"length","eval_count":1})"})
                .finished->reason,
            FinishReason::kLength);
  const Answer cut = decode({R"({"message":{"content":"Hel"},"done":false})"});
  EXPECT_EQ(cut.text, "Hel");
  EXPECT_EQ(cut.error->code, ErrorCode::kUnavailable);
  const Answer broken =
      decode({R"({"message":{"content":"Hel"},"done":false})", R"({"error":"the runner ended"})"});
  EXPECT_EQ(broken.error->code, ErrorCode::kProvider);
  EXPECT_NE(broken.error->message.find("the runner ended"), std::string::npos);
  EXPECT_EQ(decode({"{]"}).error->code, ErrorCode::kProvider);
  EXPECT_EQ(decode({R"({"message":{"tool_calls":[1]}})"}).error->code, ErrorCode::kProvider);
  const Error missing = make_ollama_codec()->decode_error(404, R"({"error":"model 'x' not found"})", "box");
  EXPECT_EQ(missing.code, ErrorCode::kNotFound);
  EXPECT_NE(missing.message.find("model 'x' not found"), std::string::npos);
}

TEST(OllamaCodec, WritesToolsImagesAndResults) {
  ModelRequest request{
      .model = "m", .tools = {{.name = "fs.read", .description = "reads"}}, .max_output_tokens = 77};
  Attachment image{.media_type = "image/png", .bytes = std::make_shared<std::string>("PNG")};
  ChatMessage asked{.role = ChatMessage::Role::kUser, .text = "look"};
  asked.attachments.push_back(image);
  ChatMessage called{.role = ChatMessage::Role::kAssistant, .text = ""};
  called.tool_calls = {{"toolu_1", "fs.read", R"({"path":"a"})"}, {"toolu_2", "fs.read", "not json"}};
  ChatMessage result{.role = ChatMessage::Role::kTool, .text = "done"};
  result.tool_call_id = "toolu_1";
  request.messages = {asked, called, result};
  request.sampling.temperature = 0.5;
  const json::object body = encoded(request);
  const json::array& messages = body.at("messages").as_array();
  EXPECT_EQ(messages[0].at("images").as_array()[0].as_string(), "UE5H");
  EXPECT_EQ(messages[1].at("tool_calls").as_array()[0].at("function").at("arguments").at("path").as_string(),
            "a");
  EXPECT_TRUE(messages[1].at("tool_calls").as_array()[1].at("function").at("arguments").as_object().empty());
  EXPECT_EQ(messages[2].at("tool_name").as_string(),
            messages[1].at("tool_calls").as_array()[0].at("function").at("name").as_string());
  EXPECT_EQ(body.at("options").at("num_predict").as_int64(), 77);
  EXPECT_EQ(body.at("options").at("temperature").as_double(), 0.5);
  EXPECT_EQ(body.at("options").at("num_ctx").as_int64(), 8192);
  EXPECT_TRUE(body.at("stream").as_bool());
  EXPECT_FALSE(body.contains("think"));

  request.messages[0].attachments[0].kind = Attachment::Kind::kFile;
  EXPECT_EQ(make_ollama_codec()->encode(request).error().code, ErrorCode::kInvalidArgument);
  request.messages[0].attachments.clear();
  request.tool_choice.mode = ToolChoice::Mode::kRequired;
  EXPECT_EQ(make_ollama_codec()->encode(request).error().code, ErrorCode::kInvalidArgument);
  request.tool_choice.mode = ToolChoice::Mode::kNone;
  EXPECT_FALSE(encoded(request).contains("tools"));
}

TEST(OllamaCodec, AsksToThinkOnlyWhoCan) {
  ModelRequest request{.model = "gpt-oss:20b", .messages = {{.text = "hi"}}};
  request.reasoning = ReasoningEffort::kHigh;
  EXPECT_FALSE(encoded(request).contains("think"));
  ModelInfo able;
  able.reasoning = true;
  able.context_tokens = 4096;
  request.about = std::make_shared<const ModelInfo>(able);
  EXPECT_EQ(encoded(request).at("think").as_string(), "high");
  EXPECT_EQ(encoded(request).at("options").at("num_ctx").as_int64(), 4096);
  request.model = "qwen3:8b";
  EXPECT_EQ(encoded(request).at("think").as_bool(), true);
  request.reasoning = ReasoningEffort::kNone;
  EXPECT_EQ(encoded(request).at("think").as_bool(), false);
}

TEST(OllamaCodec, SizesTheContextInSteps) {
  EXPECT_EQ(ollama_context_size(100, 0, 0), 8192);
  EXPECT_EQ(ollama_context_size(20'000, 0, 0), 32768);
  EXPECT_EQ(ollama_context_size(20'000, 0, 16000), 16000);
  EXPECT_EQ(ollama_context_size(100, 100'000, 0), 131072);
  EXPECT_EQ(ollama_context_size(0, 0, 2048), 2048);
}

// Tokenizers of local models have a token for each digit; prose has one for four letters.
TEST(OllamaCodec, TheContextHoldsNumbersAsWellAsWords) {
  std::string digits, words;
  for (int i = 0; digits.size() < 60'000; ++i) digits += fmt::format("{} ", 10'000 + i);
  while (words.size() < 60'000) words += "and so the boat went on down the river ";
  const auto size_for = [](const char* model, const std::string& text) {
    return encoded({.model = model, .messages = {{.text = text}}}).at("options").at("num_ctx").as_int64();
  };
  for (const char* model : {"gemma3:4b", "qwen3:8b", "llama3.2"}) {
    EXPECT_GE(size_for(model, digits), 50'000 + 4'096) << model;
    EXPECT_EQ(size_for(model, words), 32768) << model;
  }
}

TEST(OllamaCodec, ReadsWhatTheServerKnows) {
  const auto codec = make_ollama_codec();
  const auto page = codec->decode_models(
      R"({"models":[{"name":"qwen3:8b","size":5},{"model":"gemma3:4b"},{"x":1},7]})", "box");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->models.size(), 2u);
  EXPECT_EQ(page->models[0].full_name(), "box/gemma3:4b");
  EXPECT_FALSE(codec->decode_models(R"({"data":[]})", "box"));
  ModelInfo info;
  ASSERT_TRUE(codec->decode_model_answer(
      R"({"capabilities":["completion","tools","vision"],"model_info":{"general.architecture":"gemma3","gemma3.context_length":131072}})",
      info));
  EXPECT_EQ(info.context_tokens, 131072);
  EXPECT_EQ(info.tools, true);
  EXPECT_EQ(info.reasoning, false);
  EXPECT_EQ(info.takes_images(), true);
}

TEST(OllamaCodec, AFormOfTheAnswer) {
  ModelRequest request{.model = "m", .messages = {{.role = ChatMessage::Role::kUser, .text = "hi"}}};
  const auto format = [&] {
    const auto wire = make_ollama_codec()->encode(request);
    EXPECT_TRUE(wire);
    json::object body = *json::parse_object(wire->body);
    return json::to_text(body["format"]);
  };
  EXPECT_EQ(format(), "null");
  request.format = {.kind = ResponseFormat::Kind::kJsonSchema, .name = "n", .schema = {{"type", "object"}}};
  EXPECT_EQ(format(), R"({"type":"object"})");
  request.format.kind = ResponseFormat::Kind::kJsonObject;
  EXPECT_EQ(format(), R"("json")");
}

}  // namespace
}  // namespace pryx::models
