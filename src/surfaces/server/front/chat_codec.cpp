// SPDX-License-Identifier: MIT
// OpenAI's Chat Completions.
#include <algorithm>

#include "foundation/base/text.h"
#include "surfaces/server/front/front_reader.h"
#include "surfaces/server/problem.h"

namespace pryx::server {
namespace {

using agent::Role;

std::optional<Role> role_of(std::string_view name) {
  if (name == "user") return Role::kUser;
  if (name == "assistant") return Role::kAssistant;
  if (name == "system" || name == "developer") return Role::kSystem;
  if (name == "tool") return Role::kTool;
  return std::nullopt;
}

// Text parts of any role; pictures only where `images` is given.
std::optional<FrontRefusal> read_parts(const json::array& parts, const std::string& where, Role role,
                                       ConversationBuilder& out, std::string* into) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string at = fmt::format("{}[{}]", where, i);
    if (!parts[i].is_object()) return refuse(at, "a part must be an object", "invalid_type").error();
    Reader part(parts[i].get_object(), at);
    const std::string type = part.required_text("type");
    if (type == "text" || (type == "refusal" && role == Role::kAssistant)) {
      std::string text = part.text(type);
      if (into != nullptr)
        *into += text;
      else
        out.add_text(role, std::move(text));
    } else if (type == "image_url" && role == Role::kUser) {
      const json::object* image = part.object("image_url");
      if (image == nullptr) part.fail("image_url", "image_url is missing");
      if (image != nullptr) {
        Reader url(*image, at + ".image_url");
        const std::string given = url.required_text("url");
        const std::string detail = url.text("detail");
        if (url.ok() && !detail.empty() && detail != "auto" && detail != "low" && detail != "high")
          url.fail("detail", "detail must be auto, low or high");
        if (auto refusal = url.finish()) return refusal;
        auto bytes = decode_image_url(given, at + ".image_url.url");
        if (!bytes) return std::move(bytes.error());
        auto refusal = out.add_image(std::move(bytes->media_type), std::move(bytes->bytes),
                                     detail == "auto" ? std::string() : detail, at);
        if (refusal) return refusal;
      }
    } else if (part.ok()) {
      part.fail("type", fmt::format("parts of type '{}' are not supported here", utf8_prefix(type, 40)),
                "unsupported_value");
    }
    if (auto refusal = part.finish()) return refusal;
  }
  return std::nullopt;
}

std::optional<FrontRefusal> read_content(Reader& reader, const std::string& where, Role role,
                                         ConversationBuilder& out, std::string* into) {
  const json::value* content = reader.take("content");
  if (content == nullptr || !reader.ok()) return std::nullopt;
  if (content->is_string()) {
    if (into != nullptr)
      *into = content->get_string();
    else
      out.add_text(role, std::string(content->get_string()));
    return std::nullopt;
  }
  if (content->is_array()) return read_parts(content->get_array(), where + ".content", role, out, into);
  return refuse(where + ".content", "content must be a string or an array of parts", "invalid_type").error();
}

std::optional<FrontRefusal> read_calls(const json::array& calls, const std::string& where,
                                       ConversationBuilder& out) {
  if (calls.size() > kMaxFrontTools) return refuse(where, "too many tool calls", "invalid_value").error();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::string at = fmt::format("{}[{}]", where, i);
    if (!calls[i].is_object()) return refuse(at, "a tool call must be an object", "invalid_type").error();
    Reader call(calls[i].get_object(), at);
    std::string id = call.required_text("id");
    call.only_texts("type", {"function"});
    (void)call.take("index");  // left over from a stream that was put together
    const json::object* function = call.object("function");
    if (call.ok() && function == nullptr) call.fail("function", "function is missing");
    if (function != nullptr) {
      Reader inner(*function, at + ".function");
      std::string name = inner.required_text("name");
      std::string arguments = inner.text("arguments");
      (void)inner.take("parsed_arguments");  // what the official client adds for its own use
      if (auto refusal = inner.finish()) return refusal;
      out.add_call(std::move(id), std::move(name), std::move(arguments));
    }
    if (auto refusal = call.finish()) return refusal;
  }
  return std::nullopt;
}

std::optional<FrontRefusal> read_message(const json::value& item, std::size_t index, bool continues,
                                         ConversationBuilder& out) {
  const std::string where = fmt::format("messages[{}]", index);
  if (!item.is_object()) return refuse(where, "a message must be an object", "invalid_type").error();
  Reader reader(item.get_object(), where);
  const auto role = role_of(reader.text("role"));
  if (reader.ok() && !role) reader.fail("role", "role must be system, developer, user, assistant or tool");
  if (!reader.ok()) return reader.finish();
  if (*role != Role::kTool) out.next_message();
  if (json::find(item.get_object(), "content") == nullptr && *role != Role::kAssistant)
    reader.fail("content", "a message needs content", "missing_required_parameter");
  std::string result;
  if (auto refusal = read_content(reader, where, *role, out, *role == Role::kTool ? &result : nullptr))
    return refusal;
  if (*role == Role::kTool) {
    std::string id = reader.required_text("tool_call_id");
    if (reader.ok() && !continues && !out.knows_call(id))
      reader.fail("tool_call_id", "no message before has a tool call with this id");
    if (reader.ok()) out.add_result(std::move(id), std::move(result), true);
  }
  if (*role == Role::kAssistant) {
    if (std::string said = reader.text("refusal"); !said.empty()) out.add_text(Role::kAssistant, said);
    if (const json::array* calls = reader.array("tool_calls")) {
      if (auto refusal = read_calls(*calls, where + ".tool_calls", out)) return refusal;
    }
    (void)reader.take("parsed");  // what the official client adds for its own use
    reader.only_empty("annotations");
  }
  return reader.finish();
}

std::optional<FrontRefusal> read_tools(Reader& body, agent::TurnOptions& options) {
  const json::array* tools = body.array("tools");
  if (tools == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < tools->size(); ++i) {
    const std::string at = fmt::format("tools[{}]", i);
    if (!(*tools)[i].is_object()) return refuse(at, "a tool must be an object", "invalid_type").error();
    Reader reader((*tools)[i].get_object(), at);
    const std::string type = reader.required_text("type");
    if (reader.ok() && type != "function")
      reader.fail("type", "only tools of type function are supported", "unsupported_value");
    const json::object* function = reader.object("function");
    if (reader.ok() && function == nullptr) reader.fail("function", "function is missing");
    if (auto refusal = reader.finish()) return refusal;
    Reader inner(*function, at + ".function");
    models::ToolSpec tool{
        .name = inner.text("name"), .description = inner.text("description"), .parameters = {}};
    if (const json::object* parameters = inner.object("parameters")) tool.parameters = *parameters;
    tool.strict = inner.flag("strict").value_or(false);
    if (auto refusal = inner.finish()) return refusal;
    if (auto refusal = add_tool(options, std::move(tool), 64, at + ".function")) return refusal;
  }
  return std::nullopt;
}

void read_tool_choice(Reader& body, agent::TurnOptions& options) {
  using Mode = models::ToolChoice::Mode;
  options.tool_choice.parallel = body.flag("parallel_tool_calls");
  const json::value* choice = body.take("tool_choice");
  if (choice == nullptr) return;
  if (choice->is_object()) {
    Reader reader(choice->get_object(), "tool_choice");
    reader.only_texts("type", {"function"});
    const json::object* function = reader.object("function");
    if (reader.ok() && function == nullptr) reader.fail("function", "function is missing");
    if (auto refusal = reader.finish()) return body.adopt(std::move(*refusal));
    Reader inner(*function, "tool_choice.function");
    options.tool_choice.mode = Mode::kOne;
    options.tool_choice.name = inner.required_text("name");
    if (auto refusal = inner.finish()) body.adopt(std::move(*refusal));
    return;
  }
  const std::string name = body.text("tool_choice");
  if (name == "none") options.tool_choice.mode = Mode::kNone;
  if (name == "required") options.tool_choice.mode = Mode::kRequired;
  if (body.ok() && name != "none" && name != "required" && name != "auto")
    body.fail("tool_choice", "tool_choice must be none, auto, required or a function");
}

void read_sampling(Reader& body, agent::TurnOptions& options) {
  models::Sampling& sampling = options.sampling;
  sampling.temperature = body.number("temperature", 0, 2);
  sampling.top_p = body.number("top_p", 0, 1);
  sampling.presence_penalty = body.number("presence_penalty", -2, 2);
  sampling.frequency_penalty = body.number("frequency_penalty", -2, 2);
  sampling.seed = body.integer("seed", INT64_MIN, INT64_MAX);
  sampling.stop = body.texts("stop", 4);
  const auto newer = body.integer("max_completion_tokens", 1, INT32_MAX);
  const auto older = body.integer("max_tokens", 1, INT32_MAX);
  if (newer && older && *newer != *older)
    body.fail("max_tokens", "max_tokens and max_completion_tokens differ");
  options.max_output_tokens = newer.value_or(older.value_or(0));
  if (const std::string effort = body.text("reasoning_effort"); !effort.empty()) {
    const auto known = models::reasoning_effort_from_text(effort);
    if (known && effort != "default")
      options.reasoning = *known;
    else
      body.fail("reasoning_effort", "reasoning_effort must be none, minimal, low, medium or high");
  }
}

// Parameters whose one harmless value asks for what happens anyway; clients like to send them.
void read_neutral(Reader& body) {
  body.only_number("n", 1.0);
  body.only_flag("logprobs", false);
  body.only_flag("store", false);
  body.only_texts("service_tier", {"auto", "default"});
  body.only_empty("logit_bias");
  body.only_empty("metadata");
  if (const json::array* modalities = body.array("modalities")) {
    const bool text =
        modalities->size() == 1 && (*modalities)[0].is_string() && (*modalities)[0].get_string() == "text";
    if (!text) body.fail("modalities", "only the modality text is supported", "unsupported_value");
  }
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

json::object call_body(const models::ToolCall& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", json::object{{"name", call.name}, {"arguments", call.arguments_json}}}};
}

json::object chunk(const FrontIds& ids, json::array choices) {
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

class ChatCodec final : public FrontCodec {
 public:
  Decoded<FrontRequest> decode(const json::object& body, const PrincipalId& principal) override;

  json::object whole(const FrontIds& ids, const FrontOutcome& outcome) override {
    json::object message{{"role", "assistant"}, {"content", outcome.text}, {"refusal", nullptr}};
    if (!outcome.calls.empty()) {
      if (outcome.text.empty()) message["content"] = nullptr;
      json::array calls;
      for (const models::ToolCall& call : outcome.calls) calls.push_back(call_body(call));
      message["tool_calls"] = std::move(calls);
    }
    json::object only{{"index", 0},
                      {"message", std::move(message)},
                      {"logprobs", nullptr},
                      {"finish_reason", models::to_text(outcome.finish)}};
    return {{"id", "chatcmpl-" + ids.turn.str()},
            {"object", "chat.completion"},
            {"created", ids.created},
            {"model", front_model(ids, outcome)},
            {"choices", json::array{std::move(only)}},
            {"usage", usage_body(outcome.usage)},
            {"pryx", front_facts(ids, outcome)}};
  }

  std::string open(const FrontIds& ids) override {
    return sse_data(chunk(ids, {choice({{"role", "assistant"}, {"content", ""}}, nullptr)}));
  }
  std::string piece(const FrontIds& ids, FrontText kind, std::string_view text) override {
    if (kind != FrontText::kAnswer) return {};  // this wire has no place for it
    return sse_data(chunk(ids, {choice({{"content", text}}, nullptr)}));
  }
  std::string next_step(const FrontIds& ids) override { return piece(ids, FrontText::kAnswer, "\n\n"); }
  std::string keep_alive() override { return ": still here\n\n"; }

  std::string close(const FrontIds& ids, const FrontOutcome& outcome) override {
    std::string out;
    for (std::size_t i = 0; i < outcome.calls.size(); ++i) {
      json::object call = call_body(outcome.calls[i]);
      call["index"] = i;
      out += sse_data(chunk(ids, {choice({{"tool_calls", json::array{std::move(call)}}}, nullptr)}));
    }
    json::object last = chunk(ids, {choice({}, json::value(models::to_text(outcome.finish)))});
    last["pryx"] = front_facts(ids, outcome);
    out += sse_data(last);
    if (include_usage_) {
      json::object usage = chunk(ids, {});
      usage["usage"] = usage_body(outcome.usage);
      out += sse_data(usage);
    }
    return out + "data: [DONE]\n\n";
  }

  std::string failed(const FrontIds&, const FrontRefusal& failure, std::string_view) override {
    return sse_data(openai_error_body(failure.error, failure.param, failure.code)) + "data: [DONE]\n\n";
  }
  net::Response refuse(const FrontRefusal& refusal, std::string_view request_id) override {
    return openai_error_response(refusal.error, request_id, refusal.param, refusal.code);
  }

 private:
  void read_stream(Reader& body, FrontRequest& request);
  bool include_usage_ = false;
};

void ChatCodec::read_stream(Reader& body, FrontRequest& request) {
  request.stream = body.flag("stream").value_or(false);
  const json::object* options = body.object("stream_options");
  if (options == nullptr) return;
  if (!request.stream) return body.fail("stream_options", "stream_options goes with stream: true");
  Reader reader(*options, "stream_options");
  include_usage_ = reader.flag("include_usage").value_or(false);
  reader.only_flag("include_obfuscation", false);
  if (auto refusal = reader.finish()) body.adopt(std::move(*refusal));
}

Decoded<FrontRequest> ChatCodec::decode(const json::object& json_body, const PrincipalId& principal) {
  FrontRequest request;
  request.options.labels = front_labels("openai", principal);
  Reader body(json_body, {});
  read_model(body, request);
  read_stream(body, request);
  read_pryx(body, request);
  read_cache_key(body, request);
  read_sampling(body, request.options);
  read_neutral(body);
  if (auto refusal = read_tools(body, request.options)) body.adopt(std::move(*refusal));
  read_tool_choice(body, request.options);
  if (const json::object* format = body.object("response_format")) {
    auto read = decode_format(*format, true, "response_format");
    if (read)
      request.options.format = std::move(*read);
    else
      body.adopt(std::move(read.error()));
  }
  const json::array* messages = body.array("messages");
  if (body.ok() && messages == nullptr)
    body.fail("messages", "messages is missing", "missing_required_parameter");
  if (messages != nullptr && messages->size() > kMaxFrontMessages)
    body.fail("messages", fmt::format("more than {} messages", kMaxFrontMessages), "array_above_max_length");
  if (auto refusal = body.finish()) return std::unexpected(std::move(*refusal));
  if (auto refusal = check_tool_choice(request.options, "tool_choice"))
    return std::unexpected(std::move(*refusal));
  ConversationBuilder conversation(request, request.options.labels);
  for (std::size_t i = 0; i < messages->size(); ++i) {
    if (auto refusal = read_message((*messages)[i], i, !request.session.empty(), conversation))
      return std::unexpected(std::move(*refusal));
  }
  if (auto refusal = check_conversation(request, "messages")) return std::unexpected(std::move(*refusal));
  return request;
}

}  // namespace

std::unique_ptr<FrontCodec> make_chat_codec() { return std::make_unique<ChatCodec>(); }

}  // namespace pryx::server
