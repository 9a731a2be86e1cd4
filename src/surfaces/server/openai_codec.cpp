// SPDX-License-Identifier: MIT
#include "surfaces/server/openai_codec.h"

#include <array>

#include "foundation/base/text.h"

namespace pryx::server {
namespace {

constexpr std::size_t kMaxMessages = 2000;

std::unexpected<OpenAiRefusal> refuse(std::string param, std::string message,
                                      std::string code = "unsupported_parameter") {
  return std::unexpected(OpenAiRefusal{
      {ErrorCode::kInvalidArgument, std::move(message), -1}, std::move(param), std::move(code)});
}

// Parameters whose one harmless value asks for what happens anyway; clients like to send them.
struct Neutral {
  std::string_view name;
  double number;
};
constexpr std::array<Neutral, 5> kNeutralNumbers{
    {{"n", 1}, {"temperature", 1}, {"top_p", 1}, {"presence_penalty", 0}, {"frequency_penalty", 0}}};
constexpr std::array<std::string_view, 2> kNeutralFalse{"logprobs", "store"};

bool is_neutral(std::string_view name, const json::value& value) {
  if (value.is_null()) return true;
  if (value.is_bool())
    return !value.get_bool() && std::ranges::find(kNeutralFalse, name) != kNeutralFalse.end();
  if (!value.is_number()) return false;
  const auto found = std::ranges::find(kNeutralNumbers, name, &Neutral::name);
  return found != kNeutralNumbers.end() && value.to_number<double>() == found->number;
}

std::expected<std::string, OpenAiRefusal> content_text(const json::object& message,
                                                       const std::string& param) {
  const json::value* content = json::find(message, "content");
  if (content == nullptr) return refuse(param, "a message needs content", "missing_required_parameter");
  if (content->is_string()) return std::string(content->get_string());
  if (!content->is_array())
    return refuse(param, "content must be a string or an array of text parts", "invalid_type");
  std::string text;
  for (const json::value& part : content->get_array()) {
    if (!part.is_object() || json::string_or(part.get_object(), "type") != "text")
      return refuse(param, "only text parts are supported");
    text += json::string_or(part.get_object(), "text");
  }
  return text;
}

std::expected<agent::Message, OpenAiRefusal> decode_message(const json::value& item, std::size_t index,
                                                            const trust::Labels& labels) {
  const std::string where = fmt::format("messages[{}]", index);
  if (!item.is_object()) return refuse(where, "a message must be an object", "invalid_type");
  const json::object& o = item.get_object();
  const std::string role = json::string_or(o, "role");
  agent::Message message;
  if (role == "user")
    message.role = agent::Role::kUser;
  else if (role == "assistant")
    message.role = agent::Role::kAssistant;
  else if (role == "system" || role == "developer")
    message.role = agent::Role::kSystem;
  else
    return refuse(where + ".role", "role must be system, developer, user or assistant", "invalid_value");
  for (const char* field : {"tool_calls", "function_call", "audio"}) {
    if (json::find(o, field) != nullptr)
      return refuse(where + "." + field, fmt::format("{} is not supported", field));
  }
  auto text = content_text(o, where + ".content");
  if (!text) return std::unexpected(std::move(text.error()));
  agent::Part part;
  part.text = std::move(*text);
  part.labels = labels;
  message.parts.push_back(std::move(part));
  return message;
}

std::optional<OpenAiRefusal> read_options(const json::object& body, ChatRequest& request) {
  const auto refusal = [](std::string param, std::string message, std::string code) {
    return std::optional(OpenAiRefusal{
        {ErrorCode::kInvalidArgument, std::move(message), -1}, std::move(param), std::move(code)});
  };
  const auto stream = json::find_bool(body, "stream");
  if (!stream) return refusal("stream", "stream must be true or false", "invalid_type");
  request.stream = stream->value_or(false);
  if (const json::value* options = json::find(body, "stream_options")) {
    if (!request.stream || !options->is_object())
      return refusal("stream_options", "stream_options is an object and goes with stream: true",
                     "invalid_value");
    for (const auto& option : options->get_object()) {
      if (option.key() == "include_usage" && option.value().is_bool())
        request.include_usage = option.value().get_bool();
      else
        return refusal("stream_options." + std::string(option.key()), "only include_usage is supported",
                       "unsupported_parameter");
    }
  }
  if (const json::value* pryx = json::find(body, "pryx")) {
    if (!pryx->is_object()) return refusal("pryx", "pryx must be an object", "invalid_type");
    for (const auto& option : pryx->get_object()) {
      const bool no_tools = option.key() == "tools" && option.value().is_bool() && !option.value().get_bool();
      if (option.key() != "session" && !no_tools)
        return refusal("pryx." + std::string(option.key()), "only pryx.session is supported",
                       "unsupported_parameter");
    }
    const auto session = SessionId::parse(json::string_or(pryx->get_object(), "session"));
    if (json::find(pryx->get_object(), "session") != nullptr && !session)
      return refusal("pryx.session", session.error().message, "invalid_value");
    if (session) request.session = *session;
  }
  return std::nullopt;
}

json::object usage_body(const json::object& usage) {
  const std::int64_t in = json::integer_or(usage, "input_tokens", 0);
  const std::int64_t out = json::integer_or(usage, "output_tokens", 0);
  return {{"prompt_tokens", in},
          {"completion_tokens", out},
          {"total_tokens", in + out},
          {"prompt_tokens_details",
           json::object{{"cached_tokens", json::integer_or(usage, "cached_input_tokens", 0)}}},
          {"completion_tokens_details",
           json::object{{"reasoning_tokens", json::integer_or(usage, "reasoning_tokens", 0)}}}};
}

json::object pryx_body(const ChatIds& ids, const ChatOutcome& outcome) {
  return {
      {"session", ids.session.str()}, {"turn", ids.turn.str()}, {"model", outcome.model}, {"cost", nullptr}};
}

json::object chunk(const ChatIds& ids, json::array choices) {
  return {{"id", "chatcmpl-" + ids.turn.str()},
          {"object", "chat.completion.chunk"},
          {"created", ids.created},
          {"model", ids.model},
          {"choices", std::move(choices)}};
}

json::object choice(json::object delta, json::value finish_reason) {
  return {{"index", 0},
          {"delta", std::move(delta)},
          {"logprobs", nullptr},
          {"finish_reason", std::move(finish_reason)}};
}

}  // namespace

trust::Labels openai_labels(const PrincipalId& principal) {
  trust::Labels labels{"channel:openai"};
  (void)labels.add("principal:" + principal.str());
  return labels;
}

std::expected<ChatRequest, OpenAiRefusal> decode_chat_request(const json::object& body,
                                                              const PrincipalId& principal) {
  constexpr std::array<std::string_view, 5> kKnown{"model", "messages", "stream", "stream_options", "pryx"};
  for (const auto& member : body) {
    const std::string_view name = member.key();
    if (std::ranges::find(kKnown, name) != kKnown.end() || is_neutral(name, member.value())) continue;
    return refuse(std::string(utf8_prefix(name, 64)),
                  fmt::format("'{}' is not supported", utf8_prefix(name, 64)));
  }
  ChatRequest request;
  request.model = json::string_or(body, "model");
  if (request.model.empty())
    return refuse("model", "model is missing; use provider/model, or default", "missing_required_parameter");
  if (request.model == "default") request.model.clear();
  if (auto refusal = read_options(body, request)) return std::unexpected(std::move(*refusal));
  const json::value* messages = json::find(body, "messages");
  if (messages == nullptr || !messages->is_array() || messages->get_array().empty()) {
    return refuse("messages", "messages must be an array with at least one message",
                  "missing_required_parameter");
  }
  if (messages->get_array().size() > kMaxMessages)
    return refuse("messages", fmt::format("more than {} messages", kMaxMessages), "array_above_max_length");
  const trust::Labels labels = openai_labels(principal);
  for (std::size_t i = 0; i < messages->get_array().size(); ++i) {
    auto message = decode_message(messages->get_array()[i], i, labels);
    if (!message) return std::unexpected(std::move(message.error()));
    request.history.push_back(std::move(*message));
  }
  if (request.history.back().role != agent::Role::kUser)
    return refuse("messages", "the last message must be the user's", "invalid_value");
  request.text = std::move(request.history.back().parts.front().text);
  request.history.pop_back();
  return request;
}

ChatOutcome outcome_of(const json::object& payload) {
  ChatOutcome outcome{json::string_or(payload, "text"), json::string_or(payload, "model"), {}};
  if (const json::value* usage = json::find(payload, "usage"); usage != nullptr && usage->is_object())
    outcome.usage = usage->get_object();
  return outcome;
}

Error failure_of(std::string_view event_name, const json::object& payload) {
  if (event_name == "turn.cancelled") return {ErrorCode::kConflict, "the turn was cancelled", -1};
  if (event_name == "turn.needs_attention")
    return {ErrorCode::kConflict, "a step has an unknown outcome; the turn waits for its owner's decision",
            -1};
  return {error_code_from_name(json::string_or(payload, "code")),
          json::string_or(payload, "detail", "the turn failed"), -1};
}

json::object completion_body(const ChatIds& ids, const ChatOutcome& outcome) {
  json::object message{{"role", "assistant"}, {"content", outcome.text}, {"refusal", nullptr}};
  json::object only{
      {"index", 0}, {"message", std::move(message)}, {"logprobs", nullptr}, {"finish_reason", "stop"}};
  return {{"id", "chatcmpl-" + ids.turn.str()},
          {"object", "chat.completion"},
          {"created", ids.created},
          {"model", outcome.model.empty() ? ids.model : outcome.model},
          {"choices", json::array{std::move(only)}},
          {"usage", usage_body(outcome.usage)},
          {"pryx", pryx_body(ids, outcome)}};
}

std::string sse_data(const json::object& body) { return "data: " + json::to_text(body) + "\n\n"; }

std::string role_chunk(const ChatIds& ids) {
  return sse_data(chunk(ids, {choice({{"role", "assistant"}, {"content", ""}}, nullptr)}));
}

std::string text_chunk(const ChatIds& ids, std::string_view text) {
  return sse_data(chunk(ids, {choice({{"content", text}}, nullptr)}));
}

std::string last_chunks(const ChatIds& ids, const ChatOutcome& outcome, bool include_usage) {
  json::object last = chunk(ids, {choice({}, "stop")});
  last["pryx"] = pryx_body(ids, outcome);
  std::string out = sse_data(last);
  if (include_usage) {
    json::object usage = chunk(ids, {});
    usage["usage"] = usage_body(outcome.usage);
    out += sse_data(usage);
  }
  return out + "data: [DONE]\n\n";
}

}  // namespace pryx::server
