// SPDX-License-Identifier: MIT
#include "engine/models/openai_codec.h"
#include "engine/models/wire_text.h"

#include <gtest/gtest.h>

#include <set>

namespace pryx::models {
namespace {
using Role = ChatMessage::Role;

ModelRequest request_with_tools(std::vector<std::string> names) {
  ModelRequest request;
  for (std::string& name : names)
    request.tools.push_back(
        {.name = std::move(name), .description = "d", .parameters = {{"type", "object"}}});
  return request;
}

TEST(ToolNames, NoTwoShareOneAndAllComeBack) {
  const std::string giant(200, 'x');
  const std::vector<std::string> names{"fs.read",         "fs_read", "fs-read",   "fs/read", "a.b_c", "a_b.c",
                                       "mcp.server.tool", giant,     giant + "y", "töol",    ""};
  const ToolNames mapping(request_with_tools(names));
  std::set<std::string> wires;
  for (const std::string& name : names) {
    const std::string wire = mapping.to_wire(name);
    EXPECT_TRUE(wires.insert(wire).second) << name;
    EXPECT_LE(wire.size(), 64u);
    EXPECT_EQ(wire.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
              std::string::npos)
        << wire;
    EXPECT_EQ(mapping.from_wire(wire), name);
  }
  EXPECT_EQ(mapping.to_wire("fs_read"), "fs_read");
  EXPECT_EQ(ToolNames(request_with_tools({"fs.read"})).to_wire("fs.read"), "fs_read");
  EXPECT_EQ(mapping.from_wire("made_up"), "made_up");
  const ToolNames reversed(request_with_tools({names.rbegin(), names.rend()}));
  for (const std::string& name : names) EXPECT_EQ(reversed.to_wire(name), mapping.to_wire(name));
}

TEST(OpenAiCodec, EncodesTheWholeConversation) {
  ModelRequest request = request_with_tools({"fs.read"});
  request.model = "m";
  request.max_output_tokens = 99;
  request.messages = {
      {.role = Role::kSystem, .text = "be kind"},
      {.role = Role::kUser, .text = "read \xFF it"},
      {.role = Role::kAssistant,
       .tool_calls = {{"c1", "fs.read", R"({"path":"a"})"}, {"c2", "fs.read", "{broken"}}},
      {.role = Role::kTool, .text = "content", .tool_call_id = "c1"},
  };
  const auto encoded = json::parse_object(
      encode_chat_request(request, ToolNames(request), OpenAiDialect::kCompatible).value());
  const auto expected = json::parse_object(
      R"({"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"read � it"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"fs_read","arguments":"{\"path\":\"a\"}"}},
    {"id":"c2","type":"function","function":{"name":"fs_read","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"content"}],
    "stream":true,"stream_options":{"include_usage":true},"max_tokens":99,
    "tools":[{"type":"function","function":{"name":"fs_read","description":"d","parameters":{"type":"object"}}}]})");
  ASSERT_TRUE(encoded && expected);
  EXPECT_EQ(json::canonical(*encoded), json::canonical(*expected));
}

Attachment png(std::size_t text_at) {
  Attachment out;
  out.media_type = "image/png";
  out.text_at = text_at;
  out.bytes = std::make_shared<const std::string>("PNG");
  return out;
}

TEST(OpenAiCodec, EncodesImagesWhereTheyStand) {
  ModelRequest request = request_with_tools({"fs.read"});
  request.messages = {
      {.role = Role::kUser, .text = "what is this?", .attachments = {png(0)}},
      {.role = Role::kAssistant, .tool_calls = {{"c1", "fs.read", "{}"}, {"c2", "fs.read", "{}"}}},
      {.role = Role::kTool, .text = "an image", .attachments = {png(0)}, .tool_call_id = "c1"},
      {.role = Role::kTool, .text = "text", .tool_call_id = "c2"},
      {.role = Role::kUser, .text = "and?"}};
  request.messages[0].attachments[0].detail = Attachment::Detail::kLow;
  const auto encoded =
      json::parse_object(encode_chat_request(request, ToolNames(request), OpenAiDialect::kOpenAi).value());
  const json::array& messages = encoded->at("messages").as_array();
  EXPECT_EQ(json::to_text(messages[0].at("content")),
            R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,UE5H","detail":"low"}},)"
            R"({"type":"text","text":"what is this?"}])");
  ASSERT_EQ(messages.size(), 6u);
  EXPECT_EQ(messages[4].at("role"), "user");
  EXPECT_EQ(messages[4].at("content").at(0).at("text"), "Shown by the tool call c1:");
  EXPECT_EQ(messages[4].at("content").at(1).at("type"), "image_url");
  EXPECT_EQ(messages[5].at("content"), "and?");

  request.messages[0].attachments[0].bytes.reset();
  EXPECT_EQ(encode_chat_request(request, ToolNames(request), OpenAiDialect::kOpenAi).error().code,
            ErrorCode::kNotFound);
}

TEST(OpenAiCodec, EncodesSamplingAndChoice) {
  ModelRequest request = request_with_tools({"fs.read"});
  request.max_output_tokens = 5;
  request.sampling = {.temperature = 0.5, .seed = 7, .stop = {"END"}};
  request.tool_choice = {.mode = ToolChoice::Mode::kOne, .name = "fs.read", .parallel = false};
  request.reasoning = ReasoningEffort::kLow;
  request.cache_key = "ses_1";
  const auto encode = [&](OpenAiDialect dialect) {
    return *json::parse_object(encode_chat_request(request, ToolNames(request), dialect).value());
  };
  json::object own = encode(OpenAiDialect::kOpenAi);
  EXPECT_EQ(own["temperature"], 0.5);
  EXPECT_EQ(own["seed"], 7);
  EXPECT_EQ(json::to_text(own["stop"]), R"(["END"])");
  EXPECT_EQ(json::to_text(own["tool_choice"]), R"({"type":"function","function":{"name":"fs_read"}})");
  EXPECT_EQ(own["parallel_tool_calls"], false);
  EXPECT_EQ(own["reasoning_effort"], "low");
  EXPECT_EQ(own["max_completion_tokens"], 5);
  EXPECT_EQ(own["prompt_cache_key"], "ses_1");
  EXPECT_FALSE(encode(OpenAiDialect::kCompatible).contains("prompt_cache_key"));
  request.sampling.top_k = 4;
  EXPECT_EQ(encode(OpenAiDialect::kCompatible)["top_k"], 4);
  EXPECT_FALSE(encode_chat_request(request, ToolNames(request), OpenAiDialect::kOpenAi));
}

// Events of one answer as text, for tables.
std::string describe(const ModelEvent& event) {
  struct Visitor {
    std::string operator()(const TextDelta& e) const { return "text:" + e.text; }
    std::string operator()(const ReasoningDelta& e) const { return "reasoning:" + e.text; }
    std::string operator()(const ToolCallComplete& e) const {
      return fmt::format("call{}:{}:{}:{}", e.index, e.call.id, e.call.name, e.call.arguments_json);
    }
    std::string operator()(const UsageReport& e) const {
      return fmt::format("usage:{}/{}/{}/{}{}", e.usage.input_tokens, e.usage.output_tokens,
                         e.usage.cached_input_tokens, e.usage.reasoning_tokens, e.usage.estimated ? "~" : "");
    }
    std::string operator()(const ProviderDataReport& e) const { return "data:" + e.data.json; }
    std::string operator()(const Finished& e) const {
      return fmt::format("{}:{}", to_text(e.reason), e.model_that_answered);
    }
  };
  return std::visit(Visitor{}, event);
}

std::string decode(std::initializer_list<std::string_view> frames) {
  ChatStreamDecoder decoder(ToolNames(request_with_tools({"fs.read", "fs.list"})), "asked", 400);
  std::vector<ModelEvent> events;
  Result<void> ok;
  for (const std::string_view frame : frames) {
    if (ok) ok = decoder.feed({{}, frame}, events);
  }
  if (ok) ok = decoder.finish(events);
  std::string out;
  for (const ModelEvent& event : events) out += describe(event) + "\n";
  if (!ok) out += fmt::format("error {}: {}\n", facts(ok.error().code).name, ok.error().message);
  return out;
}

TEST(OpenAiCodec, DecodesTextReasoningAndUsage) {
  EXPECT_EQ(
      decode({
          R"({"model":"gpt-x","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null})",
          R"({"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]})",
          R"({"choices":[{"index":0,"delta":{"reasoning":"mm"}}]})",
          R"({"choices":[{"index":0,"delta":{"content":"Hel"}}]})",
          R"({"choices":[{"index":0,"delta":{"content":"lo"}},{"index":1,"delta":{"content":"another"}}]})",
          R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
          R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})",
          "[DONE]",
      }),
      "reasoning:hm\nreasoning:mm\ntext:Hel\ntext:lo\nusage:10/5/4/2\nstop:gpt-x\n");
}

TEST(OpenAiCodec, ReadsContentThatIsAListOfTextAndThoughts) {
  EXPECT_EQ(
      decode({
          R"({"choices":[{"delta":{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"h"},{"type":"text","text":"m"}]}]}}]})",
          R"({"choices":[{"delta":{"content":[{"type":"thinking","thinking":"mm"},{"type":"text","text":"Hel"},{"type":"reference","reference_ids":[1]},7]}}]})",
          R"({"choices":[{"delta":{"content":[{"type":"text","text":"lo"},{"type":"thinking","thinking":[7,{"x":1}]},{"type":"thinking"}]}}]})",
          R"({"choices":[{"delta":{"content":" you"},"finish_reason":"stop"}]})",
          "[DONE]",
      }),
      "reasoning:h\nreasoning:m\nreasoning:mm\ntext:Hel\ntext:lo\ntext: you\nusage:100/4/0/0~\nstop:asked\n");
  // The whole answer in one body.
  EXPECT_EQ(
      decode({
          R"({"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"hi"}]},"finish_reason":"stop"}]})",
      }),
      "reasoning:hm\ntext:hi\nusage:100/1/0/0~\nstop:asked\n");
}

// Silence is measured by it: a model that thinks for minutes is not silent.
TEST(OpenAiCodec, ThoughtsInAListAreProgress) {
  ChatStreamDecoder decoder(ToolNames(request_with_tools({})), "asked", 400);
  std::vector<ModelEvent> events;
  const auto fed = decoder.feed(
      {{},
       R"({"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}}]})"},
      events);
  ASSERT_TRUE(fed);
  EXPECT_EQ(decoder.progress(), 2u);
}

// What was said of a call that broke off is paid for by these bytes.
TEST(OpenAiCodec, ThoughtsThatAreKeptCountOnce) {
  const std::string thought(4000, 'a');
  for (const auto form : {ChatQuirks::Thoughts::kText, ChatQuirks::Thoughts::kDetails}) {
    ChatStreamDecoder decoder(ToolNames(request_with_tools({})), "asked", 400, form);
    std::vector<ModelEvent> events;
    ASSERT_TRUE(decoder.feed(
        {{},
         fmt::format(
             R"({{"choices":[{{"delta":{{"reasoning_content":"{0}","reasoning_details":[{{"type":"reasoning.text","text":"{0}"}}]}}}}]}})",
             thought)},
        events));
    EXPECT_GE(decoder.progress(), 4000u);
    EXPECT_LT(decoder.progress(), 4100u);
  }
}

std::string usage_after(std::string_view fields) {
  const std::string frame = fmt::format(
      R"({{"choices":[{{"delta":{{"content":"12345678"}},"finish_reason":"stop"}}],"usage":{{{}}}}})",
      fields);
  const std::string said = decode({frame});
  return said.substr(said.find("usage:"), said.find("\nstop:") - said.find("usage:"));
}

TEST(OpenAiCodec, CountsAllOutputThatIsPaidFor) {
  // Thoughts beside the completion, as xAI counts; within it, as the others do.
  EXPECT_EQ(
      usage_after(
          R"("prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94})"),
      "usage:32/103/0/94");
  EXPECT_EQ(
      usage_after(
          R"("prompt_tokens":32,"completion_tokens":103,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94})"),
      "usage:32/103/0/94");
  // A total that is less than its parts, or that has no prompt beside it, says nothing.
  EXPECT_EQ(usage_after(R"("prompt_tokens":32,"completion_tokens":9,"total_tokens":10)"), "usage:32/9/0/0");
  EXPECT_EQ(usage_after(R"("completion_tokens":9,"total_tokens":41)"), "usage:0/9/0/0");
}

TEST(OpenAiCodec, UsageOfNothingIsNoReportAndAChoiceMayBringIt) {
  EXPECT_EQ(usage_after(R"("prompt_tokens":0,"completion_tokens":0,"total_tokens":0)"), "usage:100/2/0/0~");
  EXPECT_EQ(
      decode({
          R"({"choices":[{"delta":{"content":"hi"}}]})",
          R"({"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":19,"completion_tokens":13,"total_tokens":32}}]})",
          R"({"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}})",
          "[DONE]",
      }),
      "text:hi\nusage:19/13/0/0\nstop:asked\n");
}

TEST(OpenAiCodec, JoinsParallelToolCallsByIndex) {
  EXPECT_EQ(
      decode({
          R"({"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"fs_list","arguments":""}}]}}]})",
          R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"fs_read","arguments":"{\"path\":"}}]}}]})",
          R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"x\"}"}},{"index":1,"function":{"arguments":"{}"}}]}}]})",
          R"({"choices":[{"delta":{},"finish_reason":"tool_calls"}]})",
          "[DONE]",
      }),
      "call0:a:fs.read:{\"path\":\"x\"}\ncall1:b:fs.list:{}\nusage:100/4/0/0~\ntool_calls:asked\n");
}

TEST(OpenAiCodec, ServersThatSpeakItAlmostRight) {
  // Every call numbered 0, arguments as an object, "stop" in spite of calls, no [DONE].
  EXPECT_EQ(
      decode(
          {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"fs_read","arguments":{"path":"x"}}}]}}]})",
           R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"fs.list"}}]},"finish_reason":"stop"}]})"}),
      "call0:a:fs.read:{\"path\":\"x\"}\ncall1:b:fs.list:{}\nusage:100/3/0/0~\ntool_calls:asked\n");
  // No index and no id at all.
  EXPECT_EQ(
      decode(
          {R"({"choices":[{"delta":{"tool_calls":[{"function":{"name":"fs_list","arguments":"{"}}]}}]})",
           R"({"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"}"}}]},"finish_reason":"tool_calls"}]})"}),
      "call0:call_0:fs.list:{}\nusage:100/1/0/0~\ntool_calls:asked\n");
  // The whole answer in one body.
  EXPECT_EQ(
      decode(
          {R"({"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})"}),
      "text:hi\nusage:1/2/0/0\nlength:m\n");
  EXPECT_EQ(
      decode({R"({"error":null,"choices":[{"delta":{"refusal":"no"},"finish_reason":"content_filter"}]})"}),
      "text:no\nusage:100/1/0/0~\ncontent_filter:asked\n");
}

TEST(OpenAiCodec, BadStreams) {
  EXPECT_EQ(decode({}), "error provider: the provider answered without any content\n");
  EXPECT_EQ(decode({R"({"choices":[{"delta":{"content":"Hel"}}]})"}),
            "text:Hel\nerror unavailable: the answer ended before it was complete; the text so far is "
            "interrupted\n");
  EXPECT_TRUE(decode({R"({"choices":[{"delta":{"content":"Hel"}}]})", "{not json"})
                  .starts_with("text:Hel\nerror provider: the provider sent a malformed frame: "));
  EXPECT_TRUE(decode({"[1,2]"}).starts_with("error provider: "));
  EXPECT_EQ(decode({R"({"choices":{}})"}),
            "error provider: the provider sent a malformed frame: 'choices' is no list\n");
  EXPECT_EQ(decode({R"({"error":{"message":"over\nloaded","type":"server_error"}})"}),
            "error provider: the provider broke off: over loaded\n");
  EXPECT_EQ(decode({R"({"error":{"message":"slow down","code":429}})"}),
            "error overloaded: the provider broke off: slow down\n");
  EXPECT_EQ(decode({R"({"error":{"message":"slow down","code":"rate_limit_exceeded"}})"}),
            "error overloaded: the provider broke off: slow down\n");
  EXPECT_EQ(decode({R"({"error":"boom"})"}), "error provider: the provider broke off: boom\n");
}

TEST(OpenAiCodec, ErrorBodies) {
  const auto text = [](int status, std::string_view body) {
    const Error error = decode_chat_error(status, body, "acme");
    return fmt::format("{} {}", facts(error.code).name, error.message);
  };
  EXPECT_EQ(text(400, R"({"error":{"message":"bad tool"}})"),
            "invalid_argument provider acme answered 400: bad tool");
  EXPECT_EQ(text(401, R"({"error":{"message":"Incorrect key"}})"),
            "unauthenticated provider acme answered 401: Incorrect key; set its key again with `pryx "
            "provider add acme`");
  EXPECT_EQ(
      text(404, R"({"error":"model not found"})"),
      "not_found provider acme answered 404: model not found; `pryx model list` shows the models there are");
  EXPECT_EQ(text(429, R"({"error":{"message":"quota","code":"insufficient_quota"}})"),
            "budget provider acme answered 429: quota; the account there has no quota left");
  const std::string_view too_long =
      R"({"error":{"message":"This model's maximum context length is 8192 tokens","code":"context_length_exceeded"}})";
  EXPECT_EQ(text(400, too_long),
            "too_large provider acme: the request is longer than the model takes; make it shorter, or use a "
            "model that takes more");
  EXPECT_TRUE(text(429, R"({"error":{"message":"tokens per minute of the context window"}})")
                  .starts_with("overloaded "));
  EXPECT_EQ(text(503, "<html>nginx</html>"), "provider provider acme answered 503");
  EXPECT_EQ(text(500, "upstream\x1b[31m died"), "provider provider acme answered 500: upstream [31m died");
  EXPECT_LT(decode_chat_error(500, std::string(100'000, 'x'), "acme").message.size(), 600u);
}

// One wording of each vendor.
constexpr std::string_view kTooLongInTheirWords[] = {
    "prompt is too long: 213462 tokens > 200000 maximum",
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
    "This endpoint's maximum context length is 32768 tokens. However, you requested about 42832 tokens",
    "Please reduce the length of the messages or completion.",
    "the request exceeds the available context size, try increasing it",
    "invalid params, context window exceeds limit",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    "prompt too long; exceeded max context length by 4 tokens",
    "Invalid request: Your request exceeded model token limit: 262144 (requested: 263000)",
    "The number of tokens to keep from the initial prompt is greater than the context length",
    "The input (131073 tokens) is longer than the model's context length (131072 tokens).",
    "InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]",
};

TEST(OpenAiCodec, EveryVendorsWordsForARequestThatIsTooLong) {
  for (const std::string_view words : kTooLongInTheirWords) {
    const std::string body =
        json::to_text(json::object{{"error", json::object{{"message", words}, {"type", "bad_request"}}}});
    EXPECT_EQ(decode_chat_error(400, body, "acme").code, ErrorCode::kTooLarge) << words;
    // The same words about a limit of tokens a minute are no reason to shorten anything.
    EXPECT_EQ(decode_chat_error(429, body, "acme").code, ErrorCode::kOverloaded) << words;
  }
  for (const std::string_view other :
       {"max_tokens must be greater than 0", "Invalid 'tools[0].function.name': string too long",
        "The parameter `seed` is out of range", "this model takes no prompt of the system"})
    EXPECT_FALSE(is_context_overflow({}, other)) << other;
}

TEST(OpenAiCodec, RetryAfter) {
  const WallTime now = *parse_rfc3339("1994-11-06T08:49:00Z");
  EXPECT_EQ(parse_retry_after("3", now), 3000);
  EXPECT_EQ(parse_retry_after(" 0.5 ", now), 500);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 37'000);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:48:00 GMT", now), 0);
  for (const char* bad : {"", "soon", "-1", "Sun, 06 Foo 1994 08:49:37 GMT", "99999999999999999999"})
    EXPECT_EQ(parse_retry_after(bad, now), -1) << bad;
}

TEST(OpenAiCodec, ModelList) {
  const auto models = decode_model_list(
      R"({"object":"list","data":[{"id":"b","context_length":4096},{"id":"a"},{"noid":1},7]})", "acme");
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 2u);
  EXPECT_EQ(models->at(0).full_name(), "acme/a");
  EXPECT_EQ(models->at(1).context_tokens, 4096);
  EXPECT_FALSE(models->at(0).price);
  EXPECT_FALSE(decode_model_list("<html>", "acme"));
  EXPECT_FALSE(decode_model_list("{}", "acme"));
}

}  // namespace
}  // namespace pryx::models
