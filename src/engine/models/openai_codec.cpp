// SPDX-License-Identifier: MIT
#include "engine/models/openai_codec.h"

#include <algorithm>

#include "engine/models/retry_policy.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxToolCalls = 128;
constexpr std::size_t kMaxCallBytes = 4u << 20;  // arguments of all calls of one answer
constexpr std::size_t kMaxProviderText = 500;    // of a provider's own words in our error texts
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

// Servers that render the history through a template parse the arguments; what the model wrote wrongly would
// fail every later request.
std::string arguments_for_history(const ToolCall& call) {
  return json::parse_object(call.arguments_json) ? call.arguments_json : "{}";
}

json::object encode_message(const ChatMessage& message, const ToolNames& names) {
  json::object out{{"role", role_name(message.role)}};
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
        {"function",
         json::object{{"name", names.to_wire(call.name)}, {"arguments", arguments_for_history(call)}}},
    });
  }
  out["tool_calls"] = std::move(calls);
  return out;
}

const json::object* find_object(const json::object& parent, std::string_view key) {
  const json::value* found = json::find(parent, key);
  return found == nullptr ? nullptr : found->if_object();
}

std::string_view find_text(const json::object& parent, std::string_view key) {
  const json::value* found = json::find(parent, key);
  if (found == nullptr || !found->is_string()) return {};
  return found->get_string();
}

// A provider's own words: one line, bounded.
std::string quote_provider(std::string_view text) {
  std::string out = to_valid_utf8(utf8_prefix(trim(text), kMaxProviderText));
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return out;
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

std::string advice_for(ErrorCode code, std::string_view provider) {
  switch (code) {
    case ErrorCode::kUnauthenticated:
      return fmt::format("; set its key again with `pryx provider add {}`", provider);
    case ErrorCode::kForbidden:
      return "; the key lacks the right for this model or region";
    case ErrorCode::kNotFound:
      return "; `pryx model list` shows the models there are";
    case ErrorCode::kOverloaded:
      return "; wait or use another model";
    case ErrorCode::kBudget:
      return "; the account there has no quota left";
    default:
      return {};
  }
}

std::optional<FinishReason> read_finish_reason(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text == "length" || text == "max_tokens") return FinishReason::kLength;
  if (text == "tool_calls" || text == "function_call") return FinishReason::kToolCalls;
  if (text == "content_filter") return FinishReason::kContentFilter;
  return FinishReason::kStop;
}

}  // namespace

std::int64_t estimate_tokens(std::size_t bytes) { return static_cast<std::int64_t>((bytes + 3) / 4); }

std::string encode_chat_request(const ModelRequest& request, const ToolNames& names,
                                OutputLimitField limit_field) {
  json::array messages;
  messages.reserve(request.messages.size());
  for (const ChatMessage& message : request.messages) messages.push_back(encode_message(message, names));
  json::object out{{"model", request.model},
                   {"messages", std::move(messages)},
                   {"stream", true},
                   {"stream_options", json::object{{"include_usage", true}}}};
  if (request.max_output_tokens > 0) {
    out[limit_field == OutputLimitField::kMaxTokens ? "max_tokens" : "max_completion_tokens"] =
        request.max_output_tokens;
  }
  if (!request.tools.empty()) {
    json::array tools;
    for (const ToolSpec& tool : request.tools) {
      tools.push_back(json::object{
          {"type", "function"},
          {"function", json::object{{"name", names.to_wire(tool.name)},
                                    {"description", tool.description},
                                    {"parameters", tool.parameters}}},
      });
    }
    out["tools"] = std::move(tools);
  }
  return json::to_text(out);
}

ChatStreamDecoder::ChatStreamDecoder(ToolNames names, std::string asked_model, std::size_t request_bytes)
    : names_(std::move(names)), model_(std::move(asked_model)), request_bytes_(request_bytes) {}

Result<void> ChatStreamDecoder::feed(std::string_view data, std::vector<ModelEvent>& out) {
  if (done_) return {};
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
    return fail(code_for_stream_error(chunk, fields.code), "the provider broke off: {}",
                fields.message.empty() ? "no reason given" : quote_provider(fields.message));
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
    if (!reasoning.empty()) {
      answer_bytes_ += reasoning.size();
      out.emplace_back(ReasoningDelta{std::string(reasoning)});
    }
    for (const std::string_view key : {"content", "refusal"}) {
      const std::string_view text = find_text(*delta, key);
      if (text.empty()) continue;
      answer_bytes_ += text.size();
      out.emplace_back(TextDelta{std::string(text)});
    }
    if (const json::value* calls = json::find(*delta, "tool_calls"); calls != nullptr && calls->is_array()) {
      PRYX_TRY_VOID(take_tool_calls(calls->get_array()));
    }
  }
  if (const auto reason = read_finish_reason(find_text(choice, "finish_reason"))) reason_ = reason;
  return {};
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
  const auto count = [](const json::object& from, std::string_view key) {
    return std::max<std::int64_t>(0, json::integer_or(from, key, 0));
  };
  Usage out;
  out.input_tokens = count(usage, "prompt_tokens");
  out.output_tokens = count(usage, "completion_tokens");
  if (const json::object* details = find_object(usage, "prompt_tokens_details"))
    out.cached_input_tokens = count(*details, "cached_tokens");
  else
    out.cached_input_tokens = count(usage, "prompt_cache_hit_tokens");
  if (const json::object* details = find_object(usage, "completion_tokens_details"))
    out.reasoning_tokens = count(*details, "reasoning_tokens");
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
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    ToolCall call = std::move(calls_[i].call);
    call.name = names_.from_wire(call.name);
    if (call.id.empty()) call.id = fmt::format("call_{}", i);
    if (trim(call.arguments_json).empty()) call.arguments_json = "{}";
    out.emplace_back(ToolCallComplete{std::move(call), i});
  }
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

Error decode_error(int status, std::string_view body, std::string_view provider) {
  ErrorCode code = code_for_status(status);
  std::string words;
  if (const auto parsed = json::parse_object(body)) {
    const ErrorFields fields = read_error_object(*parsed);
    words = quote_provider(fields.message);
    // No waiting brings an empty account back.
    if (status == 429 && fields.code == "insufficient_quota") code = ErrorCode::kBudget;
  } else if (body.find('<') == std::string_view::npos) {
    words = quote_provider(body);
  }
  return Error{code,
               fmt::format("provider {} answered {}{}{}{}", provider, status, words.empty() ? "" : ": ",
                           words, advice_for(code, provider)),
               -1};
}

namespace {
// "Sun, 06 Nov 1994 08:49:37 GMT", the only form that may be sent today.
std::optional<WallTime> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT") || text[3] != ',') return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const auto time = parse_rfc3339(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month / 3 + 1,
                                              text.substr(5, 2), text.substr(17, 8)));
  return time ? std::optional(*time) : std::nullopt;
}
}  // namespace

std::int64_t parse_retry_after(std::string_view value, WallTime now) {
  constexpr std::int64_t kFar = 30LL * 24 * 3600 * 1000;
  value = trim(value);
  if (!value.empty() && value.size() <= 9 &&
      std::ranges::all_of(value, [](char c) { return (c >= '0' && c <= '9') || c == '.'; })) {
    const double seconds = std::strtod(std::string(value).c_str(), nullptr);  // some send fractions
    return std::min(kFar, static_cast<std::int64_t>(seconds * 1000));
  }
  const auto date = parse_http_date(value);
  return date ? std::clamp<std::int64_t>(date->unix_ms - now.unix_ms, 0, kFar) : -1;
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

}  // namespace pryx::models
