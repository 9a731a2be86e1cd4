// SPDX-License-Identifier: MIT
#include "engine/models/google_codec.h"

#include <gtest/gtest.h>

#include "engine/models/google_schema.h"
#include "engine/models/testing/describe.h"

namespace pryx::models {
namespace {
using Role = ChatMessage::Role;
using testing::describe;

ModelRequest ask(std::string model = "gemini-3-pro-preview") {
  ModelRequest request;
  request.model = std::move(model);
  request.messages = {{.role = Role::kSystem, .text = "be kind"}, {.role = Role::kUser, .text = "hi"}};
  request.tools = {{.name = "fs.read", .description = "reads", .parameters = {{"type", "object"}}}};
  return request;
}

json::object encode(const ModelRequest& request) {
  const auto text = encode_generate_request(request, ToolNames(request));
  EXPECT_TRUE(text) << text.error().message;
  return text ? *json::parse_object(*text) : json::object{};
}
std::string contents_of(const ModelRequest& request) { return json::to_text(encode(request)["contents"]); }

std::string decode(std::initializer_list<std::string_view> frames) {
  GenerateDecoder decoder(ToolNames(ask()), "gemini-3-pro-preview", 400);
  return describe(decoder, frames);
}

std::string schema(std::string_view text) {
  return json::to_text(to_google_schema(json::parse_object(text).value()));
}

TEST(GoogleSchema, KeepsTheSubset) {
  EXPECT_EQ(schema(R"({"type":"object"})"), "{}");
  EXPECT_EQ(
      schema(R"({"type":"object","additionalProperties":false,"required":["a","gone"],"properties":{
      "a":{"type":"string","format":"uri","minLength":1,"$comment":"x"},"b":{"type":["integer","null"]},
      "c":{"enum":["x","y"]},"d":{"enum":[1,2]},"e":{"type":"array"}}})"),
      R"({"type":"OBJECT","properties":{"a":{"minLength":1,"type":"STRING","description":"Format: uri."},)"
      R"("b":{"nullable":true,"type":"INTEGER"},"c":{"type":"STRING","enum":["x","y"]},)"
      R"("d":{"description":"One of: [1,2].","type":"NUMBER"},)"
      R"("e":{"type":"ARRAY","items":{"type":"STRING"}}},"required":["a"]})");
}

TEST(GoogleSchema, FollowsReferencesInsideAndEnds) {
  EXPECT_EQ(schema(R"({"type":"object","$defs":{"p":{"type":"object","properties":{"x":{"type":"number"}}}},
      "properties":{"p":{"$ref":"#/$defs/p","description":"a point"},"far":{"$ref":"https://x/y"}}})"),
            R"({"type":"OBJECT","properties":{"p":{"type":"OBJECT","properties":{"x":{"type":"NUMBER"}},)"
            R"("description":"a point"},"far":{"type":"STRING"}}})");
  const std::string endless = schema(
      R"({"type":"object","properties":{"a":{"$ref":"#"},"b":{"$ref":"#"},"c":{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}}})");
  EXPECT_LT(endless.size(), 2'000'000u);
}

TEST(GoogleSchema, Alternatives) {
  EXPECT_EQ(
      schema(
          R"({"type":"object","properties":{"v":{"description":"d","oneOf":[{"type":"string"},{"type":"integer"}]},
      "w":{"anyOf":[{"type":"string"},{"type":"null"}]}}})"),
      R"({"type":"OBJECT","properties":{"v":{"description":"d","anyOf":[{"type":"STRING"},{"type":"INTEGER"}]},)"
      R"("w":{"nullable":true,"type":"STRING"}}})");
}

TEST(GoogleCodec, EncodesTheWholeConversation) {
  ModelRequest request = ask("gemini-2.5-flash");
  Attachment image;
  image.media_type = "image/png";
  image.bytes = std::make_shared<const std::string>("PNG");
  request.messages[1].attachments = {image};
  request.messages.push_back(
      {.role = Role::kAssistant,
       .text = "I look.",
       .tool_calls = {{"c1", "fs.read", R"({"path":"a"})"}, {"c2", "fs.read", "{broken"}}});
  request.messages.push_back({.role = Role::kTool, .text = "content", .tool_call_id = "c1"});
  request.messages.push_back({.role = Role::kTool, .text = "no", .tool_call_id = "c2", .tool_failed = true});
  request.max_output_tokens = 50;
  request.sampling = {.temperature = 0.5, .top_k = 3, .seed = 7, .stop = {"END"}};
  request.reasoning = ReasoningEffort::kLow;
  request.tool_choice = {.mode = ToolChoice::Mode::kOne, .name = "fs.read"};
  const auto expected = json::parse_object(
      R"({"systemInstruction":{"parts":[{"text":"be kind"}]},
      "tools":[{"functionDeclarations":[{"name":"fs_read","description":"reads"}]}],
      "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["fs_read"]}},
      "generationConfig":{"maxOutputTokens":50,"temperature":0.5,"topK":3,"seed":7,"stopSequences":["END"],
        "thinkingConfig":{"thinkingBudget":2048,"includeThoughts":true}},
      "contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"UE5H"}},{"text":"hi"}]},
        {"role":"model","parts":[{"text":"I look."},{"functionCall":{"name":"fs_read","args":{"path":"a"}}},
          {"functionCall":{"name":"fs_read","args":{}}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"fs_read","response":{"output":"content"}}},
          {"functionResponse":{"name":"fs_read","response":{"error":"no"}}}]}]})");
  ASSERT_TRUE(expected);
  EXPECT_EQ(json::canonical(encode(request)), json::canonical(*expected));
  // Another vendor's calls carry the signature that says so, once a step.
  request.model = "gemini-3-pro-preview";
  const std::string newer = contents_of(request);
  EXPECT_NE(newer.find(R"("args":{"path":"a"}},"thoughtSignature":"skip_thought_signature_validator"},)"
                       R"({"functionCall":{"name":"fs_read","args":{}}}])"),
            std::string::npos)
      << newer;
  request.messages[1].attachments[0].media_type = "image/gif";
  EXPECT_FALSE(encode_generate_request(request, ToolNames(request)));
}

TEST(GoogleCodec, SignaturesAndIdsGoBackAsTheyCame) {
  GenerateDecoder decoder(ToolNames(ask()), "gemini-3-pro-preview", 400);
  std::vector<ModelEvent> events;
  for (
      const std::string_view frame :
      {R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"I "}]}}]})",
       R"({"candidates":[{"content":{"parts":[{"text":"look."},{"functionCall":{"id":"f1","name":"fs_read","args":{"p":1}},"thoughtSignature":"sig"}]}}]})",
       R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"fs_read"}},{"text":"","thoughtSignature":"end"}]},"finishReason":"STOP"}]})"}) {
    ASSERT_TRUE(decoder.feed({{}, frame}, events));
  }
  ASSERT_TRUE(decoder.finish(events));
  ModelRequest request = ask();
  request.messages.push_back(testing::answer_of(events));
  request.messages.push_back({.role = Role::kTool, .text = "r", .tool_call_id = "f1"});
  const std::string back = contents_of(request);
  EXPECT_NE(
      back.find(R"("parts":[{"text":"I look."},{"functionCall":{"name":"fs_read","args":{"p":1},"id":"f1"},)"
                R"("thoughtSignature":"sig"},{"functionCall":{"name":"fs_read","args":{}}},)"
                R"({"text":"","thoughtSignature":"end"}])"),
      std::string::npos)
      << back;
  EXPECT_NE(back.find(R"("response":{"output":"r"},"id":"f1")"), std::string::npos) << back;
  request.model = "gemini-2.5-pro";
  EXPECT_EQ(contents_of(request).find("sig"), std::string::npos);
}

// Silence is measured by one, and what was said of a broken answer paid for by the other.
TEST(GoogleCodec, SignaturesAreProgressAndNotSaid) {
  GenerateDecoder decoder(ToolNames(ask()), "gemini-3-pro-preview", 400);
  std::vector<ModelEvent> events;
  ASSERT_TRUE(decoder.feed(
      {{},
       fmt::format(
           R"({{"candidates":[{{"content":{{"parts":[{{"text":"12345678","thoughtSignature":"{}"}}]}}}}]}})",
           std::string(4000, 's'))},
      events));
  EXPECT_EQ(decoder.progress(), 4008u);
  EXPECT_EQ(decoder.said(), 8u);
}

TEST(GoogleCodec, AFormAndStrictTools) {
  ModelRequest request = ask();
  request.format = {.kind = ResponseFormat::Kind::kJsonSchema, .name = "n", .schema = {{"type", "object"}}};
  request.tools[0].strict = true;
  json::object out = encode(request);
  EXPECT_EQ(json::to_text(out["generationConfig"]),
            R"({"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}})");
  EXPECT_EQ(json::to_text(out["toolConfig"]), R"({"functionCallingConfig":{"mode":"VALIDATED"}})");
  request.format.kind = ResponseFormat::Kind::kJsonObject;
  EXPECT_EQ(json::to_text(encode(request)["generationConfig"]), R"({"responseMimeType":"application/json"})");
  // Earlier ones take either.
  request.model = "gemini-2.5-flash";
  EXPECT_EQ(encode_generate_request(request, ToolNames(request)).error().code, ErrorCode::kInvalidArgument);
  request.tools.clear();
  EXPECT_TRUE(encode_generate_request(request, ToolNames(request)));
}

TEST(GoogleCodec, BrokenStreams) {
  EXPECT_EQ(decode({}), "error provider: the provider answered without any content\n");
  EXPECT_EQ(
      decode({R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}]})"}),
      "text:a\nerror unavailable: the answer ended before it was complete; the text so far is interrupted\n");
  EXPECT_EQ(decode({R"({"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})"}),
            "error provider: the provider broke off: overloaded\n");
  EXPECT_EQ(decode({R"({"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]})"}),
            "error provider: the model wrote an answer that its provider could not read "
            "(MALFORMED_FUNCTION_CALL)\n");
  EXPECT_EQ(decode({R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}})"}),
            "usage:3/0/0/0/0\ncontent_filter:gemini-3-pro-preview\n");
  // A list instead of a stream, and no usage: it is estimated.
  EXPECT_EQ(
      decode({R"([{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"MAX_TOKENS"}]}])"}),
      "text:hi\nusage:100/1/0/0/0~\nlength:gemini-3-pro-preview\n");
}

TEST(GoogleCodec, ErrorBodies) {
  const auto code = [](int status, std::string_view body) {
    return std::string(facts(decode_generate_error(status, body, "g").code).name);
  };
  EXPECT_EQ(
      code(
          400,
          R"({"error":{"code":400,"message":"API key not valid.","details":[{"reason":"API_KEY_INVALID"}]}})"),
      "unauthenticated");
  const Error too_long = decode_generate_error(
      400,
      R"({"error":{"code":400,"message":"The input token count (2000001) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}})",
      "g");
  EXPECT_EQ(too_long.code, ErrorCode::kTooLarge);
  EXPECT_EQ(too_long.message.find("1048576"), std::string::npos);
  EXPECT_EQ(code(400, R"({"error":{"code":400,"message":"bad field"}})"), "invalid_argument");
  EXPECT_EQ(
      code(
          400,
          R"({"error":{"code":400,"message":"User location is not supported","status":"FAILED_PRECONDITION"}})"),
      "forbidden");
  const Error limited = decode_generate_error(
      429, R"([{"error":{"code":429,"message":"quota","details":[{"retryDelay":"34s"}]}}])", "g");
  EXPECT_EQ(limited.code, ErrorCode::kOverloaded);
  EXPECT_EQ(limited.retry_after_ms, 34'000);
  EXPECT_EQ(
      code(
          429,
          R"({"error":{"code":429,"details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProject"}]}]}})"),
      "budget");
  EXPECT_EQ(code(503, "<html>"), "provider");
  EXPECT_EQ(code(404, "nothing"), "not_found");
}

TEST(GoogleCodec, ModelPagesAndAddresses) {
  const auto page = decode_google_models(
      R"({"models":[{"name":"models/gemini-x","inputTokenLimit":100,"outputTokenLimit":10,"supportedGenerationMethods":["generateContent"]},
      {"name":"models/embedding","supportedGenerationMethods":["embedContent"]}],"nextPageToken":"n"})",
      "g");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->models.size(), 1u);
  EXPECT_EQ(page->models[0].full_name(), "g/gemini-x");
  EXPECT_EQ(page->next, "n");
  const auto codec = make_google_codec({});
  EXPECT_EQ(codec->encode(ask("gemini-x"))->target, "/models/gemini-x:streamGenerateContent?alt=sse");
  for (const char* bad : {"", "a?b", "../x", "a b", "a#b", "a%2f"})
    EXPECT_FALSE(codec->encode(ask(bad))) << bad;
}

}  // namespace
}  // namespace pryx::models
