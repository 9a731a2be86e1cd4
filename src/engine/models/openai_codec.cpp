// SPDX-License-Identifier: MIT
#include "engine/models/openai_codec.h"

#include <algorithm>

#include "engine/models/call_ids.h"
#include "engine/models/presets.h"
#include "engine/models/retry_policy.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxToolCalls = 128;
constexpr std::size_t kMaxCallBytes = 4u << 20;  // arguments of all calls of one answer
constexpr std::size_t kMaxModels = 10'000;

std::string_view role_name(ChatMessage::Role role) {
  switch (role) {
    case ChatMessage::Role::kSystem:
      return "system";
    case ChatMessage::Role::kUser:
      return "user";
    case ChatMessage::Role::kAssistant:
      return "assistant";
    case ChatMessage::Role::kTool:
      return "tool";
  }
  return "user";
}

Result<json::value> encode_attachment(const Attachment& attachment, OpenAiDialect dialect) {
  PRYX_TRY(const std::string data, base64_of(attachment));
  std::string url = fmt::format("data:{};base64,{}", attachment.media_type, data);
  if (attachment.kind == Attachment::Kind::kImage) {
    json::object image{{"url", std::move(url)}};
    if (attachment.detail != Attachment::Detail::kAuto)
      image["detail"] = attachment.detail == Attachment::Detail::kLow ? "low" : "high";
    return json::object{{"type", "image_url"}, {"image_url", std::move(image)}};
  }
  if (dialect == OpenAiDialect::kCompatible)
    return fail(ErrorCode::kInvalidArgument, "this provider takes images, but no files");
  return json::object{{"type", "file"},
                      {"file", json::object{{"filename", attachment.name.empty() ? "file" : attachment.name},
                                            {"file_data", std::move(url)}}}};
}

Result<json::array> encode_content(const ChatMessage& message, OpenAiDialect dialect) {
  json::array out;
  for (const ContentPart& part : content_parts(message)) {
    if (part.attachment == nullptr) {
      out.push_back(json::object{{"type", "text"}, {"text", to_valid_utf8(part.text)}});
      continue;
    }
    PRYX_TRY(auto attachment, encode_attachment(*part.attachment, dialect));
    out.push_back(std::move(attachment));
  }
  return out;
}

Result<json::object> encode_message(const ChatMessage& message, const ToolNames& names,
                                    OpenAiDialect dialect) {
  json::object out{{"role", role_name(message.role)}};
  if (message.role == ChatMessage::Role::kUser && !message.attachments.empty()) {
    PRYX_TRY(out["content"], encode_content(message, dialect));
    return out;
  }
  const std::string text = to_valid_utf8(message.text);
  if (message.role == ChatMessage::Role::kTool) out["tool_call_id"] = message.tool_call_id;
  if (message.tool_calls.empty()) {
    out["content"] = text;
    return out;
  }
  if (text.empty())
    out["content"] = nullptr;
  else
    out["content"] = text;
  json::array calls;
  for (const ToolCall& call : message.tool_calls) {
    calls.push_back(json::object{
        {"id", call.id},
        {"type", "function"},
        {"function", json::object{{"name", names.to_wire(call.name)},
                                  {"arguments", arguments_for_history(call.arguments_json)}}},
    });
  }
  out["tool_calls"] = std::move(calls);
  return out;
}

// A tool message holds text only: what a tool showed follows its run of results as the user's.
Result<json::array> encode_messages(const ModelRequest& request, const ToolNames& names,
                                    OpenAiDialect dialect, ChatQuirks::Thoughts thoughts) {
  json::array out;
  out.reserve(request.messages.size());
  json::array shown;
  const auto flush = [&] {
    if (!shown.empty())
      out.push_back(json::object{{"role", "user"}, {"content", std::exchange(shown, json::array())}});
  };
  for (const ChatMessage& message : request.messages) {
    if (message.role != ChatMessage::Role::kTool) flush();
    PRYX_TRY(auto encoded, encode_message(message, names, dialect));
    add_thoughts(thoughts, request, message, encoded);
    out.push_back(std::move(encoded));
    if (message.role != ChatMessage::Role::kTool || message.attachments.empty()) continue;
    shown.push_back(json::object{{"type", "text"},
                                 {"text", fmt::format("Shown by the tool call {}:", message.tool_call_id)}});
    for (const Attachment& attachment : message.attachments) {
      PRYX_TRY(auto part, encode_attachment(attachment, dialect));
      shown.push_back(std::move(part));
    }
  }
  flush();
  return out;
}

Result<void> add_sampling(json::object& out, const Sampling& sampling, OpenAiDialect dialect) {
  const auto number = [&](std::string_view key, const auto& value) {
    if (value) out[key] = *value;
  };
  number("temperature", sampling.temperature);
  number("top_p", sampling.top_p);
  number("presence_penalty", sampling.presence_penalty);
  number("frequency_penalty", sampling.frequency_penalty);
  number("seed", sampling.seed);
  if (sampling.top_k && dialect == OpenAiDialect::kOpenAi)
    return fail(ErrorCode::kInvalidArgument, "OpenAI's models know no top_k");
  number("top_k", sampling.top_k);
  if (!sampling.stop.empty()) out["stop"] = json::array(sampling.stop.begin(), sampling.stop.end());
  return {};
}

void add_tools(json::object& out, const ModelRequest& request, const ToolNames& names) {
  if (request.tools.empty()) return;
  json::array tools;
  for (const ToolSpec& tool : request.tools) {
    json::object function{{"name", names.to_wire(tool.name)},
                          {"description", tool.description},
                          {"parameters", tool.parameters}};
    if (tool.strict) function["strict"] = true;
    tools.push_back(json::object{{"type", "function"}, {"function", std::move(function)}});
  }
  out["tools"] = std::move(tools);
  switch (request.tool_choice.mode) {
    case ToolChoice::Mode::kAuto:
      break;
    case ToolChoice::Mode::kNone:
      out["tool_choice"] = "none";
      break;
    case ToolChoice::Mode::kRequired:
      out["tool_choice"] = "required";
      break;
    case ToolChoice::Mode::kOne:
      out["tool_choice"] =
          json::object{{"type", "function"},
                       {"function", json::object{{"name", names.to_wire(request.tool_choice.name)}}}};
      break;
  }
  if (request.tool_choice.parallel) out["parallel_tool_calls"] = *request.tool_choice.parallel;
}

void add_format(json::object& out, const ResponseFormat& format) {
  if (format.kind == ResponseFormat::Kind::kJsonObject)
    out["response_format"] = json::object{{"type", "json_object"}};
  if (format.kind != ResponseFormat::Kind::kJsonSchema) return;
  json::object schema{{"name", format.name}, {"schema", format.schema}};
  if (!format.description.empty()) schema["description"] = format.description;
  if (format.strict) schema["strict"] = *format.strict;
  out["response_format"] = json::object{{"type", "json_schema"}, {"json_schema", std::move(schema)}};
}

struct ErrorFields {
  std::string message;
  std::string code;
};

// {"error":{"message","type","code"}}, {"error":"text"}, {"message":"text"}, {"detail":"text"}.
ErrorFields read_error_object(const json::object& body) {
  const json::value* error = json::find(body, "error");
  if (error != nullptr && error->is_string()) return {std::string(error->get_string()), {}};
  const json::object& fields = error != nullptr && error->is_object() ? error->get_object() : body;
  ErrorFields out{std::string(find_text(fields, "message")), std::string(find_text(fields, "code"))};
  if (out.message.empty()) out.message = find_text(fields, "detail");
  if (out.code.empty()) out.code = find_text(fields, "type");
  return out;
}

// What an error object inside a stream means, where no status tells.
ErrorCode code_for_stream_error(const json::object& body, std::string_view code) {
  const json::object* error = find_object(body, "error");
  if (error != nullptr) {
    const std::int64_t status = json::integer_or(*error, "code", json::integer_or(*error, "status", 0));
    if (status >= 400 && status < 600) return code_for_status(static_cast<int>(status));
  }
  if (code.find("rate_limit") != std::string_view::npos) return ErrorCode::kOverloaded;
  if (code.find("invalid_request") != std::string_view::npos || code == "context_length_exceeded")
    return ErrorCode::kInvalidArgument;
  return ErrorCode::kProvider;
}

std::optional<FinishReason> read_finish_reason(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text == "length" || text == "max_tokens") return FinishReason::kLength;
  if (text == "tool_calls" || text == "function_call") return FinishReason::kToolCalls;
  if (text == "content_filter") return FinishReason::kContentFilter;
  return FinishReason::kStop;
}

}  // namespace

Result<std::string> encode_chat_request(const ModelRequest& request, const ToolNames& names,
                                        OpenAiDialect dialect, const ChatQuirks& quirks) {
  PRYX_TRY(auto messages, encode_messages(request, names, dialect, quirks.thoughts));
  json::object out{{"model", request.model},
                   {"messages", std::move(messages)},
                   {"stream", true},
                   {"stream_options", json::object{{"include_usage", true}}}};
  const bool is_openai = dialect == OpenAiDialect::kOpenAi;
  if (request.max_output_tokens > 0)
    out[is_openai ? "max_completion_tokens" : "max_tokens"] = request.max_output_tokens;
  PRYX_TRY_VOID(add_sampling(out, request.sampling, dialect));
  if (request.reasoning != ReasoningEffort::kDefault) out["reasoning_effort"] = to_text(request.reasoning);
  if (is_openai && request.cache == PromptCache::kAuto && !request.cache_key.empty())
    out["prompt_cache_key"] = request.cache_key;
  add_tools(out, request, names);
  add_format(out, request.format);
  PRYX_TRY_VOID(apply_quirks(quirks, request, out));
  return json::to_text(out);
}

ChatStreamDecoder::ChatStreamDecoder(ToolNames names, std::string asked_model, std::size_t request_bytes,
                                     ChatQuirks::Thoughts thoughts)
    : names_(std::move(names)),
      asked_model_(std::move(asked_model)),
      model_(asked_model_),
      request_bytes_(request_bytes),
      thoughts_(thoughts) {}

Result<void> ChatStreamDecoder::feed(const Frame& frame, std::vector<ModelEvent>& out) {
  if (done_) return {};
  const std::string_view data = frame.data;
  if (trim(data) == "[DONE]") {
    done_ = true;
    return {};
  }
  const auto parsed = json::parse_object(data);
  if (!parsed)
    return fail(ErrorCode::kProvider, "the provider sent a malformed frame: {}", parsed.error().message);
  const json::object& chunk = *parsed;
  // Some send "error": null in every frame; find() does not see those.
  if (json::find(chunk, "error") != nullptr) {
    const ErrorFields fields = read_error_object(chunk);
    return fail(broken_off(code_for_stream_error(chunk, fields.code), fields.code, fields.message));
  }
  saw_chunk_ = true;
  if (const std::string_view model = find_text(chunk, "model"); !model.empty()) model_ = model;
  if (const json::object* usage = find_object(chunk, "usage")) take_usage(*usage);
  const json::value* choices = json::find(chunk, "choices");
  if (choices == nullptr) return {};
  if (!choices->is_array())
    return fail(ErrorCode::kProvider, "the provider sent a malformed frame: 'choices' is no list");
  for (const json::value& choice : choices->get_array()) {
    if (!choice.is_object())
      return fail(ErrorCode::kProvider, "the provider sent a malformed frame: a choice is no object");
    if (json::integer_or(choice.get_object(), "index", 0) != 0) continue;
    PRYX_TRY_VOID(take_choice(choice.get_object(), out));
  }
  return {};
}

Result<void> ChatStreamDecoder::take_choice(const json::object& choice, std::vector<ModelEvent>& out) {
  const json::object* delta = find_object(choice, "delta");
  if (delta == nullptr) delta = find_object(choice, "message");
  if (delta != nullptr) {
    std::string_view reasoning = find_text(*delta, "reasoning_content");
    if (reasoning.empty()) reasoning = find_text(*delta, "reasoning");
    think(reasoning, out);
    thoughts_.take(reasoning, *delta);
    for (const std::string_view key : {"content", "refusal"}) say(find_text(*delta, key), out);
    if (const json::array* parts = find_array(*delta, "content")) take_parts(*parts, out);
    if (const json::array* calls = find_array(*delta, "tool_calls")) PRYX_TRY_VOID(take_tool_calls(*calls));
  }
  if (const auto reason = read_finish_reason(find_text(choice, "finish_reason"))) reason_ = reason;
  if (const json::object* usage = find_object(choice, "usage")) take_usage(*usage);  // Moonshot's place
  return {};
}

void ChatStreamDecoder::say(std::string_view text, std::vector<ModelEvent>& out) {
  answer_bytes_ += text.size();
  if (!text.empty()) out.emplace_back(TextDelta{std::string(text)});
}

void ChatStreamDecoder::think(std::string_view text, std::vector<ModelEvent>& out) {
  answer_bytes_ += text.size();
  if (!text.empty()) out.emplace_back(ReasoningDelta{std::string(text)});
}

// Mistral's models that think say content as parts: text, and thoughts, which are lists of such parts again.
void ChatStreamDecoder::take_parts(const json::array& parts, std::vector<ModelEvent>& out) {
  for (const json::value& item : parts) {
    const json::object* part = item.if_object();
    if (part == nullptr) continue;
    const std::string_view type = find_text(*part, "type");
    if (type == "text") say(find_text(*part, "text"), out);
    if (type != "thinking") continue;
    think(find_text(*part, "thinking"), out);
    const json::array* thoughts = find_array(*part, "thinking");
    if (thoughts == nullptr) continue;
    for (const json::value& thought : *thoughts) {
      if (const json::object* fields = thought.if_object()) think(find_text(*fields, "text"), out);
    }
  }
}

Result<void> ChatStreamDecoder::take_tool_calls(const json::array& calls) {
  for (const json::value& item : calls) {
    const json::object* delta = item.if_object();
    if (delta == nullptr)
      return fail(ErrorCode::kProvider, "the provider sent a malformed frame: a tool call is no object");
    const std::string_view id = find_text(*delta, "id");
    const std::int64_t index =
        json::integer_or(*delta, "index", id.empty() && !calls_.empty() ? calls_.back().index : -1);
    // Another id under a known index is another call: some servers number every call 0.
    auto call = std::ranges::find_if(calls_, [&](const PartialCall& known) {
      return known.index == index && (id.empty() || known.call.id.empty() || known.call.id == id);
    });
    if (call == calls_.end() || index < 0) {
      if (calls_.size() >= kMaxToolCalls)
        return fail(ErrorCode::kProvider, "the provider sent more than {} tool calls at once", kMaxToolCalls);
      call = calls_.insert(
          calls_.end(),
          PartialCall{index < 0 ? static_cast<std::int64_t>(calls_.size()) : index, calls_.size(), {}});
    }
    if (!id.empty()) call->call.id = id;
    const json::object* function = find_object(*delta, "function");
    if (function == nullptr) continue;
    if (const std::string_view name = find_text(*function, "name"); !name.empty() && call->call.name.empty())
      call->call.name = name;
    const json::value* arguments = json::find(*function, "arguments");
    if (arguments == nullptr) continue;
    const std::string piece =
        arguments->is_string() ? std::string(arguments->get_string()) : json::to_text(*arguments);
    call_bytes_ += piece.size();
    if (call_bytes_ > kMaxCallBytes)
      return fail(ErrorCode::kProvider, "the provider sent tool calls of over {} bytes", kMaxCallBytes);
    call->call.arguments_json += piece;
  }
  return {};
}

void ChatStreamDecoder::take_usage(const json::object& usage) {
  Usage out;
  out.input_tokens = find_count(usage, "prompt_tokens");
  out.output_tokens = find_count(usage, "completion_tokens");
  // xAI and others count thoughts beside the completion: only the total has all that is paid for.
  if (out.input_tokens > 0)
    out.output_tokens = std::max(out.output_tokens, find_count(usage, "total_tokens") - out.input_tokens);
  if (out.input_tokens == 0 && out.output_tokens == 0) return;  // a form that nobody filled in
  if (const json::object* details = find_object(usage, "prompt_tokens_details"))
    out.cached_input_tokens = find_count(*details, "cached_tokens");
  else
    out.cached_input_tokens = find_count(usage, "prompt_cache_hit_tokens");
  if (const json::object* details = find_object(usage, "completion_tokens_details"))
    out.reasoning_tokens = find_count(*details, "reasoning_tokens");
  out.cached_input_tokens = std::min(out.cached_input_tokens, out.input_tokens);
  out.reasoning_tokens = std::min(out.reasoning_tokens, out.output_tokens);
  usage_ = out;
}

Result<void> ChatStreamDecoder::finish(std::vector<ModelEvent>& out) {
  if (completed_) return {};
  if (!saw_chunk_) return fail(ErrorCode::kProvider, "the provider answered without any content");
  if (!reason_ && !done_)
    return fail(ErrorCode::kUnavailable,
                "the answer ended before it was complete; the text so far is interrupted");
  complete(out);
  return {};
}

void ChatStreamDecoder::complete(std::vector<ModelEvent>& out) {
  completed_ = true;
  std::ranges::sort(calls_, {}, [](const PartialCall& call) { return std::pair(call.index, call.arrival); });
  json::array ids;
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    ToolCall call = std::move(calls_[i].call);
    call.name = names_.from_wire(call.name);
    if (call.id.empty()) call.id = fmt::format("call_{}", i);
    if (trim(call.arguments_json).empty()) call.arguments_json = "{}";
    ids.emplace_back(call.id);
    out.emplace_back(ToolCallComplete{std::move(call), i});
  }
  if (ProviderData kept = thoughts_.data(asked_model_, ids); !kept.empty())
    out.emplace_back(ProviderDataReport{std::move(kept)});
  if (!usage_) {
    usage_ = Usage{.input_tokens = estimate_tokens(request_bytes_),
                   .output_tokens = estimate_tokens(answer_bytes_ + call_bytes_),
                   .estimated = true};
  }
  out.emplace_back(UsageReport{*usage_});
  FinishReason reason = reason_.value_or(FinishReason::kStop);
  if (reason == FinishReason::kStop && !calls_.empty()) reason = FinishReason::kToolCalls;
  out.emplace_back(Finished{reason, model_});
}

Error decode_chat_error(int status, std::string_view body, std::string_view provider) {
  ErrorCode code = code_for_status(status);
  ErrorFields fields;
  if (const auto parsed = json::parse_object(body))
    fields = read_error_object(*parsed);
  else if (body.find('<') == std::string_view::npos)
    fields.message = body;
  // No waiting brings an empty account back.
  if (status == 429 && fields.code == "insufficient_quota") code = ErrorCode::kBudget;
  return refusal(provider, status, code, fields.code, fields.message);
}

Result<std::vector<ModelInfo>> decode_model_list(std::string_view body, std::string_view provider) {
  const auto parsed = json::parse_object(body);
  if (!parsed)
    return fail(ErrorCode::kProvider, "provider {}: its model list is malformed: {}", provider,
                parsed.error().message);
  const json::value* data = json::find(*parsed, "data");
  if (data == nullptr || !data->is_array())
    return fail(ErrorCode::kProvider, "provider {}: its model list has no 'data'; is the base URL right?",
                provider);
  std::vector<ModelInfo> out;
  for (const json::value& item : data->get_array()) {
    const json::object* fields = item.if_object();
    const std::string_view id = fields == nullptr ? std::string_view{} : find_text(*fields, "id");
    if (id.empty() || out.size() >= kMaxModels) continue;
    ModelInfo model{.id = std::string(id), .provider = std::string(provider), .price = std::nullopt};
    for (const std::string_view key : {"context_length", "context_window", "max_model_len"}) {
      if (model.context_tokens == 0)
        model.context_tokens = std::max<std::int64_t>(0, json::integer_or(*fields, key, 0));
    }
    out.push_back(std::move(model));
  }
  std::ranges::sort(out, {}, &ModelInfo::id);
  return out;
}

namespace {

class OpenAiCodec final : public WireCodec {
 public:
  OpenAiCodec(OpenAiDialect dialect, const ChatQuirks& quirks) : dialect_(dialect), quirks_(quirks) {}

  // A server that only speaks the dialect may not keep the promise; it is asked, and refuses or not.
  [[nodiscard]] FormAbilities form_abilities() const override { return {true, true, true}; }
  [[nodiscard]] WireHeader key_header(const Secret& key) const override {
    return {"Authorization", "Bearer " + key.reveal()};
  }
  [[nodiscard]] Result<WireRequest> encode(const ModelRequest& request) const override {
    WireRequest out{.target = "/chat/completions"};
    PRYX_TRY(out.body, encode_body(request));
    if (!request.request_id.empty()) out.headers.push_back({"Idempotency-Key", request.request_id});
    return out;
  }
  [[nodiscard]] std::unique_ptr<AnswerDecoder> make_decoder(const ModelRequest& request,
                                                            std::size_t request_bytes) const override {
    return std::make_unique<ChatStreamDecoder>(ToolNames(request), request.model, request_bytes,
                                               quirks_.thoughts);
  }
  [[nodiscard]] Error decode_error(int status, std::string_view body,
                                   std::string_view provider) const override {
    return decode_chat_error(status, body, provider);
  }
  [[nodiscard]] WireRequest model_list(std::string_view) const override {
    return {.method = "GET", .target = "/models"};
  }
  [[nodiscard]] Result<ModelPage> decode_models(std::string_view body,
                                                std::string_view provider) const override {
    PRYX_TRY(auto models, decode_model_list(body, provider));
    return ModelPage{std::move(models), {}};
  }

 private:
  [[nodiscard]] Result<std::string> encode_body(const ModelRequest& request) const {
    if (quirks_.call_id_length == 0)
      return encode_chat_request(request, ToolNames(request), dialect_, quirks_);
    ModelRequest fitted = request;
    fit_call_ids(fitted.messages, {.exact_length = quirks_.call_id_length, .only_alphanumeric = true});
    return encode_chat_request(fitted, ToolNames(fitted), dialect_, quirks_);
  }
  OpenAiDialect dialect_;
  const ChatQuirks& quirks_;  // of the table
};

}  // namespace

std::unique_ptr<WireCodec> make_openai_codec(const ProviderConfig& config) {
  const bool is_openai = config.base_url.find("://api.openai.com") != std::string::npos;
  return std::make_unique<OpenAiCodec>(is_openai ? OpenAiDialect::kOpenAi : OpenAiDialect::kCompatible,
                                       quirks_of(vendor_of(config)));
}

}  // namespace pryx::models
