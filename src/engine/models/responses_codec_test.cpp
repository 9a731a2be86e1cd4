// SPDX-License-Identifier: MIT
#include "engine/models/responses_codec.h"

#include <gtest/gtest.h>

#include "engine/models/responses_decoder.h"

namespace pryx::models {
namespace {

struct Answer {
  std::string text;
  std::string thinking;
  std::vector<ToolCall> calls;
  std::optional<ProviderData> kept;
  Usage usage;
  std::optional<Finished> finished;
  std::optional<Error> error;
};

Answer decode(std::initializer_list<std::string_view> frames) {
  ModelRequest request{.model = "gpt-5", .tools = {{.name = "fs.read"}}};
  const auto decoder = make_responses_decoder(request, 400);
  std::vector<ModelEvent> events;
  Answer out;
  for (const std::string_view frame : frames) {
    const auto fed = decoder->feed({.event = {}, .data = frame}, events);
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
    if (const auto* kept = std::get_if<ProviderDataReport>(&event)) out.kept = kept->data;
    if (const auto* usage = std::get_if<UsageReport>(&event)) out.usage = usage->usage;
    if (const auto* finished = std::get_if<Finished>(&event)) out.finished = *finished;
  }
  return out;
}

json::object encoded(const ModelRequest& request) {
  const auto wire = make_responses_codec()->encode(request);
  EXPECT_TRUE(wire) << wire.error().message;
  EXPECT_EQ(wire->target, "/responses");
  return *json::parse_object(wire->body);
}

constexpr std::string_view kDone =
    R"({"type":"response.completed","response":{"model":"gpt-5-2025-08-07","status":"completed","output":[],)"
    R"("usage":{"input_tokens":120,"output_tokens":30,"input_tokens_details":{"cached_tokens":100},"output_tokens_details":{"reasoning_tokens":20}}}})";

TEST(ResponsesCodec, ReadsTextSummariesCallsAndUsage) {
  const Answer answer = decode({
      R"({"type":"response.created","response":{"model":"gpt-5-2025-08-07","status":"in_progress"}})",
      R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning"}})",
      R"({"type":"response.reasoning_summary_part.added","output_index":0})",
      R"({"type":"response.reasoning_summary_text.delta","output_index":0,"delta":"First"})",
      R"({"type":"response.reasoning_summary_part.added","output_index":0})",
      R"({"type":"response.reasoning_summary_text.delta","output_index":0,"delta":"second"})",
      R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","encrypted_content":"SECRET","summary":[{"type":"summary_text","text":"First"}]}})",
      R"({"type":"response.output_text.delta","output_index":1,"delta":"Hel"})",
      R"({"type":"response.output_text.delta","output_index":1,"delta":"lo"})",
      R"({"type":"response.output_item.done","output_index":1,"item":{"type":"message","content":[{"type":"output_text","text":"Hello"}]}})",
      R"({"type":"response.function_call_arguments.delta","output_index":3,"delta":"{"})",
      R"({"type":"response.output_item.done","output_index":3,"item":{"type":"function_call","call_id":"call_b","name":"made_up","arguments":""}})",
      R"({"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","call_id":"call_a","name":"fs_read","arguments":"{\"path\":\"a\"}"}})",
      R"({"type":"response.a_kind_of_tomorrow","x":1})",
      kDone,
  });
  EXPECT_FALSE(answer.error) << answer.error->message;
  EXPECT_EQ(answer.text, "Hello");
  EXPECT_EQ(answer.thinking, "First\n\nsecond");
  ASSERT_EQ(answer.calls.size(), 2u);
  EXPECT_EQ(answer.calls[0], (ToolCall{"call_a", "fs.read", R"({"path":"a"})"}));
  EXPECT_EQ(answer.calls[1], (ToolCall{"call_b", "made_up", "{}"}));
  EXPECT_EQ(
      answer.usage,
      (Usage{.input_tokens = 120, .output_tokens = 30, .cached_input_tokens = 100, .reasoning_tokens = 20}));
  EXPECT_EQ(answer.finished, (Finished{FinishReason::kToolCalls, "gpt-5-2025-08-07"}));
  ASSERT_TRUE(answer.kept);
  EXPECT_EQ(answer.kept->format, kResponsesFormat);
  EXPECT_EQ(answer.kept->model, "gpt-5");
  EXPECT_NE(answer.kept->json.find("SECRET"), std::string::npos);
}

TEST(ResponsesCodec, IncompleteFailedAndCut) {
  const auto ended = [](std::string_view why) {
    return decode({fmt::format(
        R"({{"type":"response.incomplete","response":{{"status":"incomplete","incomplete_details":{{"reason":"{}"}}}}}})",
        why)});
  };
  EXPECT_EQ(ended("max_output_tokens").finished->reason, FinishReason::kLength);
  EXPECT_EQ(ended("content_filter").finished->reason, FinishReason::kContentFilter);
  EXPECT_TRUE(ended("max_output_tokens").usage.estimated);
  const Answer failed = decode(
      {R"({"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"}}})"});
  EXPECT_EQ(failed.error->code, ErrorCode::kOverloaded);
  EXPECT_NE(failed.error->message.find("slow down"), std::string::npos);
  EXPECT_EQ(decode({R"({"type":"error","code":"server_error","message":"oops"})"}).error->code,
            ErrorCode::kProvider);
  EXPECT_EQ(decode({R"({"error":{"code":"insufficient_quota","message":"none left"}})"}).error->code,
            ErrorCode::kBudget);
  const Answer cut = decode({R"({"type":"response.output_text.delta","output_index":0,"delta":"Hel"})"});
  EXPECT_EQ(cut.text, "Hel");
  EXPECT_EQ(cut.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(decode({"{"}).error->code, ErrorCode::kProvider);
}

TEST(ResponsesCodec, ReadsAWholeAnswerOfAServerThatDoesNotStream) {
  const Answer answer = decode({
      R"({"object":"response","model":"m","status":"completed","output":[{"type":"reasoning","summary":[{"text":"why"}]},)"
      R"({"type":"message","content":[{"type":"output_text","text":"Hello"}]},{"type":"function_call","call_id":"c","name":"fs_read","arguments":"{}"}],)"
      R"("usage":{"input_tokens":3,"output_tokens":4}})",
  });
  EXPECT_EQ(answer.text, "Hello");
  EXPECT_EQ(answer.thinking, "why");
  EXPECT_EQ(answer.calls.size(), 1u);
  EXPECT_FALSE(answer.kept);
  EXPECT_EQ(answer.usage.input_tokens, 3);
}

TEST(ResponsesCodec, WritesTheHistoryOfWhoeverWroteIt) {
  ModelRequest request{
      .model = "gpt-5", .tools = {{.name = "fs.read", .description = "reads"}}, .max_output_tokens = 50};
  ChatMessage called{.role = ChatMessage::Role::kAssistant, .text = "Let me look"};
  called.tool_calls = {{"call_a", "fs.read", "nonsense"}};
  called.provider_data = {
      .format = std::string(kResponsesFormat),
      .model = "gpt-5",
      .json =
          R"([{"item":{"type":"reasoning","id":"rs_1","encrypted_content":"SECRET","summary":[]}},{"text":11},{"call":true}])"};
  ChatMessage result{.role = ChatMessage::Role::kTool, .text = "found"};
  result.tool_call_id = "call_a";
  ChatMessage user{.role = ChatMessage::Role::kUser, .text = "see this"};
  user.attachments.push_back(
      {.media_type = "image/png", .text_at = 4, .bytes = std::make_shared<std::string>("PNG")});
  request.messages = {{.role = ChatMessage::Role::kSystem, .text = "be brief"}, user, called, result};
  ModelInfo able;
  able.reasoning = true;
  request.about = std::make_shared<const ModelInfo>(able);
  request.reasoning = ReasoningEffort::kLow;
  request.cache_key = "ses_1";
  json::object body = encoded(request);
  const json::array& input = body.at("input").as_array();
  ASSERT_EQ(input.size(), 6u);
  EXPECT_EQ(input[0].at("role").as_string(), "system");
  EXPECT_EQ(input[1].at("content").as_array().size(), 3u);
  EXPECT_EQ(input[1].at("content").as_array()[1].at("image_url").as_string(), "data:image/png;base64,UE5H");
  EXPECT_EQ(input[2].at("encrypted_content").as_string(), "SECRET");
  EXPECT_EQ(input[3].at("content").as_array()[0].at("type").as_string(), "output_text");
  EXPECT_EQ(input[4].at("arguments").as_string(), "{}");
  EXPECT_EQ(input[5].at("call_id").as_string(), "call_a");
  EXPECT_EQ(body.at("store").as_bool(), false);
  EXPECT_EQ(body.at("max_output_tokens").as_int64(), 50);
  EXPECT_EQ(body.at("prompt_cache_key").as_string(), "ses_1");
  EXPECT_EQ(body.at("reasoning").at("effort").as_string(), "low");
  EXPECT_EQ(body.at("tools").as_array()[0].at("name").as_string(), input[4].at("name").as_string());

  // Another model's thoughts mean nothing to this one, and one that does not reason is not asked to.
  request.messages[2].provider_data.model = "o3";
  request.about.reset();
  body = encoded(request);
  EXPECT_EQ(body.at("input").as_array().size(), 5u);
  EXPECT_FALSE(body.contains("include"));
  request.messages[2].provider_data = {.format = "anthropic-messages/1", .model = "gpt-5", .json = "[1]"};
  EXPECT_EQ(encoded(request).at("input").as_array().size(), 5u);
  request.sampling.seed = 7;
  EXPECT_EQ(make_responses_codec()->encode(request).error().code, ErrorCode::kInvalidArgument);
}

// What the items of an answer are called when it is sent again.
std::string sent_again(const Answer& answer, std::string_view text) {
  ChatMessage said{.role = ChatMessage::Role::kAssistant, .text = std::string(text)};
  said.tool_calls = answer.calls;
  said.provider_data = answer.kept.value_or(ProviderData{});
  ModelRequest request{.model = "gpt-5", .messages = {said}};
  const json::object body = encoded(request);
  std::string out;
  for (const json::value& item : body.at("input").as_array()) {
    const json::object& fields = item.as_object();
    const bool is_text = fields.at("type") == "message";
    out += json::string_or(fields, "id") + json::string_or(fields, "call_id");
    if (is_text) out += json::string_or(fields.at("content").at(0).as_object(), "text");
    out += " ";
  }
  return out;
}

constexpr std::string_view kThought1 =
    R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","encrypted_content":"A","summary":[]}})";
constexpr std::string_view kLook =
    R"({"type":"response.output_text.delta","output_index":1,"delta":"Let me look"})";
constexpr std::string_view kThought2 =
    R"({"type":"response.output_item.done","output_index":2,"item":{"type":"reasoning","id":"rs_2","encrypted_content":"B","summary":[]}})";
constexpr std::string_view kCalled =
    R"({"type":"response.output_item.done","output_index":3,"item":{"type":"function_call","call_id":"call_a","name":"fs_read","arguments":"{}"}})";

TEST(ResponsesCodec, EachThoughtGoesBackBeforeWhatItLedTo) {
  const Answer answer = decode({kThought1, kLook, kThought2, kCalled, kDone});
  EXPECT_EQ(sent_again(answer, answer.text), "rs_1 Let me look rs_2 call_a ");
  // The calls may come before the thoughts are done; the numbers are the order.
  EXPECT_EQ(sent_again(decode({kLook, kCalled, kThought2, kThought1, kDone}), "Let me look"),
            "rs_1 Let me look rs_2 call_a ");
  // A text that was shortened, or calls that are gone: no thought has its own item for sure.
  EXPECT_EQ(sent_again(answer, "Let me"), "Let me call_a ");
  Answer without = answer;
  without.calls.clear();
  EXPECT_EQ(sent_again(without, answer.text), "Let me look ");
}

TEST(ResponsesCodec, AThoughtThatLedToNothingIsNotSentAgain) {
  constexpr std::string_view kCut =
      R"({"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}})";
  const Answer cut = decode({kThought1, kLook, kThought2, kCut});
  EXPECT_EQ(sent_again(cut, cut.text), "rs_1 Let me look ");
  EXPECT_FALSE(decode({kLook, kThought2, kCut}).kept);
  // Text of an earlier item after that of a later one: where it stood cannot be told from the answer.
  const Answer mixed = decode(
      {kThought1, kLook, R"({"type":"response.output_text.delta","output_index":0,"delta":"!"})", kDone});
  EXPECT_EQ(mixed.text, "Let me look!");
  EXPECT_FALSE(mixed.kept);
}

TEST(ResponsesCodec, AFormOfTheAnswer) {
  ModelRequest request{.model = "gpt-5", .messages = {{.role = ChatMessage::Role::kUser, .text = "hi"}}};
  EXPECT_FALSE(encoded(request).contains("text"));
  request.format = {
      .kind = ResponseFormat::Kind::kJsonSchema, .name = "n", .schema = {{"type", "object"}}, .strict = true};
  EXPECT_EQ(json::to_text(encoded(request)["text"]),
            R"({"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}})");
  request.format.kind = ResponseFormat::Kind::kJsonObject;
  EXPECT_EQ(json::to_text(encoded(request)["text"]), R"({"format":{"type":"json_object"}})");
}

}  // namespace
}  // namespace pryx::models
