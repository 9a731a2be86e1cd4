// SPDX-License-Identifier: MIT
// Anthropic's Messages.
#include "surfaces/server/front/messages_codec.h"

#include "foundation/base/text.h"
#include "surfaces/server/front/front_reader.h"
#include "surfaces/server/problem.h"

namespace pryx::server {
namespace {

using agent::Role;

// A hint where caching pays; Pryx sets its own marks for the provider that answers.
void read_cache_control(Reader& block) {
  const json::object* control = block.object("cache_control");
  if (control == nullptr) return;
  Reader reader(*control, block.at("cache_control"));
  reader.only_texts("type", {"ephemeral"});
  reader.only_texts("ttl", {"5m", "1h"});
  if (auto refusal = reader.finish()) block.adopt(std::move(*refusal));
}

// A string or text blocks; they are read as one text.
Decoded<std::string> read_text(const json::value& content, const std::string& at) {
  if (content.is_string()) return std::string(content.get_string());
  if (!content.is_array()) return refuse(at, "it must be a string or an array of blocks", "invalid_type");
  std::string text;
  const json::array& blocks = content.get_array();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::string where = fmt::format("{}[{}]", at, i);
    if (!blocks[i].is_object()) return refuse(where, "a block must be an object", "invalid_type");
    Reader block(blocks[i].get_object(), where);
    block.only_texts("type", {"text"});
    if (!text.empty()) text += '\n';
    text += block.required_text("text");
    block.only_empty("citations");
    read_cache_control(block);
    if (auto refusal = block.finish()) return std::unexpected(std::move(*refusal));
  }
  return text;
}

std::optional<FrontRefusal> read_image(Reader& block, const std::string& at, ConversationBuilder& out) {
  const json::object* source = block.object("source");
  if (block.ok() && source == nullptr) block.fail("source", "source is missing");
  read_cache_control(block);
  if (auto refusal = block.finish()) return refusal;
  Reader reader(*source, at + ".source");
  const std::string type = reader.required_text("type");
  if (reader.ok() && type == "url") return decode_image_url(reader.text("url"), at + ".source.url").error();
  if (reader.ok() && type != "base64")
    reader.fail("type", "only sources of type base64 are supported", "unsupported_value");
  const std::string media_type = reader.required_text("media_type");
  const std::string data = reader.required_text("data");
  if (auto refusal = reader.finish()) return refusal;
  auto image = decode_image(media_type, data, at + ".source.data");
  if (!image) return std::move(image.error());
  return out.add_image(std::move(image->media_type), std::move(image->bytes), {}, at);
}

std::optional<FrontRefusal> read_result(Reader& block, const std::string& at, bool continues,
                                        ConversationBuilder& out) {
  std::string id = block.required_text("tool_use_id");
  const bool failed = block.flag("is_error").value_or(false);
  read_cache_control(block);
  const json::value* content = block.take("content");
  if (block.ok() && !continues && !out.knows_call(id))
    block.fail("tool_use_id", "no message before has a tool_use with this id");
  if (auto refusal = block.finish()) return refusal;
  std::string text;
  if (content != nullptr) {
    auto read = read_text(*content, at + ".content");
    if (!read) return std::move(read.error());
    text = std::move(*read);
  }
  out.add_result(std::move(id), std::move(text), !failed);
  return std::nullopt;
}

std::optional<FrontRefusal> read_tool_use(Reader& block, ConversationBuilder& out) {
  std::string id = block.required_text("id");
  std::string name = block.required_text("name");
  const json::object* input = block.object("input");
  read_cache_control(block);
  if (const json::object* caller = block.object("caller")) {
    Reader reader(*caller, block.at("caller"));
    reader.only_texts("type", {"direct"});
    if (auto refusal = reader.finish()) block.adopt(std::move(*refusal));
  }
  if (auto refusal = block.finish()) return refusal;
  out.add_call(std::move(id), std::move(name), input == nullptr ? "{}" : json::to_text(*input));
  return std::nullopt;
}

std::optional<FrontRefusal> read_block(const json::value& value, const std::string& at, Role role,
                                       bool continues, ConversationBuilder& out) {
  if (!value.is_object()) return refuse(at, "a block must be an object", "invalid_type").error();
  Reader block(value.get_object(), at);
  const std::string type = block.required_text("type");
  if (!block.ok()) return block.finish();
  if (type == "text") {
    std::string text = block.text("text");
    block.only_empty("citations");
    read_cache_control(block);
    if (block.ok()) out.add_text(role, std::move(text));
    return block.finish();
  }
  if (role == Role::kUser && type == "image") return read_image(block, at, out);
  if (role == Role::kUser && type == "tool_result") return read_result(block, at, continues, out);
  if (role == Role::kAssistant && type == "tool_use") return read_tool_use(block, out);
  if (role == Role::kAssistant && type == "thinking") {
    // Kept in the transcript. A provider that signs its thoughts gets back those of Pryx's own record.
    std::string text = block.text("thinking");
    (void)block.take("signature");
    if (block.ok() && !text.empty()) out.add_reasoning(std::move(text));
    return block.finish();
  }
  block.fail("type", fmt::format("blocks of type '{}' are not supported here", utf8_prefix(type, 40)));
  return block.finish();
}

std::optional<FrontRefusal> read_message(const json::value& item, std::size_t index, bool continues,
                                         ConversationBuilder& out) {
  const std::string where = fmt::format("messages[{}]", index);
  if (!item.is_object()) return refuse(where, "a message must be an object", "invalid_type").error();
  Reader reader(item.get_object(), where);
  const std::string name = reader.required_text("role");
  Role role = Role::kUser;
  if (name == "assistant") role = Role::kAssistant;
  if (name == "system") role = Role::kSystem;
  if (reader.ok() && role == Role::kUser && name != "user")
    reader.fail("role", "role must be user, assistant or system");
  const json::value* content = reader.take("content");
  if (reader.ok() && content == nullptr) reader.fail("content", "content is missing");
  if (auto refusal = reader.finish()) return refusal;
  if (role != Role::kAssistant) out.next_message();
  if (content->is_string()) {
    out.add_text(role, std::string(content->get_string()));
    return std::nullopt;
  }
  if (!content->is_array())
    return refuse(where + ".content", "content must be a string or an array of blocks", "invalid_type")
        .error();
  const json::array& blocks = content->get_array();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    auto refusal = read_block(blocks[i], fmt::format("{}.content[{}]", where, i), role, continues, out);
    if (refusal) return refusal;
  }
  return std::nullopt;
}

std::optional<FrontRefusal> read_tools(const json::array& tools, agent::TurnOptions& options) {
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const std::string at = fmt::format("tools[{}]", i);
    if (!tools[i].is_object()) return refuse(at, "a tool must be an object", "invalid_type").error();
    Reader reader(tools[i].get_object(), at);
    reader.only_texts("type", {"custom"});
    models::ToolSpec tool{
        .name = reader.text("name"), .description = reader.text("description"), .parameters = {}};
    if (const json::object* schema = reader.object("input_schema")) tool.parameters = *schema;
    tool.strict = reader.flag("strict").value_or(false);
    read_cache_control(reader);
    reader.only_flag("eager_input_streaming", false);
    reader.only_flag("defer_loading", false);
    if (auto refusal = reader.finish()) return refusal;
    if (auto refusal = add_tool(options, std::move(tool), 128, at)) return refusal;
  }
  return std::nullopt;
}

void read_tool_choice(Reader& body, agent::TurnOptions& options) {
  using Mode = models::ToolChoice::Mode;
  const json::object* choice = body.object("tool_choice");
  if (choice == nullptr) return;
  Reader reader(*choice, "tool_choice");
  const std::string type = reader.required_text("type");
  if (type == "any") options.tool_choice.mode = Mode::kRequired;
  if (type == "none") options.tool_choice.mode = Mode::kNone;
  if (type == "tool") {
    options.tool_choice.mode = Mode::kOne;
    options.tool_choice.name = reader.required_text("name");
  }
  if (reader.ok() && type != "any" && type != "none" && type != "tool" && type != "auto")
    reader.fail("type", "type must be auto, any, tool or none");
  if (const auto single = reader.flag("disable_parallel_tool_use"); single && *single)
    options.tool_choice.parallel = false;
  if (auto refusal = reader.finish()) body.adopt(std::move(*refusal));
}

// How many tokens of thinking count as little and as much; providers without a budget know only words.
constexpr std::int64_t kLowBudget = 4096;
constexpr std::int64_t kMediumBudget = 16384;

bool read_thinking(Reader& body, agent::TurnOptions& options) {
  using Effort = models::ReasoningEffort;
  const json::object* thinking = body.object("thinking");
  if (thinking == nullptr) return false;
  Reader reader(*thinking, "thinking");
  const std::string type = reader.required_text("type");
  if (type == "enabled") {
    const std::int64_t budget = reader.integer("budget_tokens", 1024, INT32_MAX).value_or(0);
    if (reader.ok() && budget == 0) reader.fail("budget_tokens", "budget_tokens is missing");
    options.reasoning = budget <= kLowBudget      ? Effort::kLow
                        : budget <= kMediumBudget ? Effort::kMedium
                                                  : Effort::kHigh;
  } else if (type == "disabled") {
    options.reasoning = Effort::kNone;
  } else if (reader.ok() && type != "adaptive") {
    reader.fail("type", "type must be enabled, disabled or adaptive");
  }
  const std::string display = reader.text("display");
  if (reader.ok() && !display.empty() && display != "summarized" && display != "omitted")
    reader.fail("display", "display must be summarized or omitted");
  if (auto refusal = reader.finish()) body.adopt(std::move(*refusal));
  return type != "disabled" && display != "omitted";
}

void read_output_config(Reader& body, agent::TurnOptions& options) {
  const json::object* config = body.object("output_config");
  if (config == nullptr) return;
  Reader reader(*config, "output_config");
  if (const std::string effort = reader.text("effort"); !effort.empty()) {
    const auto known = models::reasoning_effort_from_text(effort);
    if (known && (effort == "low" || effort == "medium" || effort == "high"))
      options.reasoning = *known;
    else
      reader.fail("effort", "effort must be low, medium or high");
  }
  if (const json::object* format = reader.object("format")) {
    auto read = decode_format(*format, false, "output_config.format");
    if (read)
      options.format = std::move(*read);
    else
      reader.adopt(std::move(read.error()));
  }
  if (auto refusal = reader.finish()) body.adopt(std::move(*refusal));
}

// What both of its routes know.
void read_prompt(Reader& body, FrontRequest& request, bool& shows_thinking) {
  agent::TurnOptions& options = request.options;
  read_model(body, request);
  read_pryx(body, request);
  if (const json::value* system = body.take("system")) {
    auto text = read_text(*system, "system");
    if (text)
      options.instructions = std::move(*text);
    else
      body.adopt(std::move(text.error()));
  }
  if (const json::array* tools = body.array("tools")) {
    if (auto refusal = read_tools(*tools, options)) body.adopt(std::move(*refusal));
  }
  read_tool_choice(body, options);
  shows_thinking = read_thinking(body, options);
  read_output_config(body, options);
  read_cache_control(body);
}

std::optional<FrontRefusal> read_conversation(const json::array& messages, FrontRequest& request) {
  if (messages.size() > kMaxFrontMessages)
    return refuse("messages", fmt::format("more than {} messages", kMaxFrontMessages), "invalid_value")
        .error();
  ConversationBuilder conversation(request, request.options.labels);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (auto refusal = read_message(messages[i], i, !request.session.empty(), conversation)) return refusal;
  }
  return check_conversation(request, "messages");
}

std::string_view stop_reason(models::FinishReason finish) {
  switch (finish) {
    case models::FinishReason::kLength:
      return "max_tokens";
    case models::FinishReason::kToolCalls:
      return "tool_use";
    case models::FinishReason::kContentFilter:
      return "refusal";
    case models::FinishReason::kStop:
      break;
  }
  return "end_turn";
}

json::object usage_body(const json::object& usage) {
  const std::int64_t read = json::integer_or(usage, "cached_input_tokens", 0);
  const std::int64_t written = json::integer_or(usage, "cache_write_tokens", 0);
  const std::int64_t in = json::integer_or(usage, "input_tokens", 0);
  return {{"input_tokens", std::max<std::int64_t>(in - read - written, 0)},
          {"cache_creation_input_tokens", written},
          {"cache_read_input_tokens", read},
          {"output_tokens", json::integer_or(usage, "output_tokens", 0)}};
}

// The arguments as the model wrote them; what is no JSON object cannot be said in this form.
json::object input_of(const models::ToolCall& call) {
  auto parsed = json::parse_object(call.arguments_json);
  return parsed ? std::move(*parsed) : json::object();
}

json::object call_block(const models::ToolCall& call, json::object input) {
  return {{"type", "tool_use"},
          {"id", call.id},
          {"name", call.name},
          {"input", std::move(input)},
          {"caller", json::object{{"type", "direct"}}}};
}

class MessagesCodec final : public FrontCodec {
 public:
  Decoded<FrontRequest> decode(const json::object& json_body, const PrincipalId& principal) override;

  json::object whole(const FrontIds& ids, const FrontOutcome& outcome) override {
    json::array content;
    if (shows_thinking_ && !outcome.reasoning.empty())
      content.push_back(
          json::object{{"type", "thinking"}, {"thinking", outcome.reasoning}, {"signature", ""}});
    if (!outcome.text.empty())
      content.push_back(json::object{{"type", "text"}, {"text", outcome.text}, {"citations", nullptr}});
    for (const models::ToolCall& call : outcome.calls) content.push_back(call_block(call, input_of(call)));
    json::object o = message(ids);
    o["model"] = front_model(ids, outcome);
    o["content"] = std::move(content);
    o["stop_reason"] = stop_reason(outcome.finish);
    o["usage"] = usage_body(outcome.usage);
    o["pryx"] = front_facts(ids, outcome);
    return o;
  }

  std::string open(const FrontIds& ids) override {
    json::object begun = message(ids);
    begun["usage"] = usage_body({});
    return event("message_start", {{"message", std::move(begun)}});
  }

  std::string piece(const FrontIds&, FrontText kind, std::string_view text) override {
    if (kind == FrontText::kReasoning && !shows_thinking_) return {};
    const Block wanted = kind == FrontText::kAnswer ? Block::kText : Block::kThinking;
    std::string out;
    if (block_ != wanted) {
      out = end_block();
      block_ = wanted;
      json::object block = wanted == Block::kText
                               ? json::object{{"type", "text"}, {"text", ""}, {"citations", nullptr}}
                               : json::object{{"type", "thinking"}, {"thinking", ""}, {"signature", ""}};
      out += event("content_block_start", {{"index", index_}, {"content_block", std::move(block)}});
    }
    json::object delta = wanted == Block::kText
                             ? json::object{{"type", "text_delta"}, {"text", text}}
                             : json::object{{"type", "thinking_delta"}, {"thinking", text}};
    return out + event("content_block_delta", {{"index", index_}, {"delta", std::move(delta)}});
  }

  std::string next_step(const FrontIds&) override { return end_block(); }
  std::string keep_alive() override { return event("ping", {}); }

  std::string close(const FrontIds& ids, const FrontOutcome& outcome) override {
    std::string out = end_block();
    for (const models::ToolCall& call : outcome.calls) {
      out += event("content_block_start", {{"index", index_}, {"content_block", call_block(call, {})}});
      json::object delta{{"type", "input_json_delta"}, {"partial_json", json::to_text(input_of(call))}};
      out += event("content_block_delta", {{"index", index_}, {"delta", std::move(delta)}});
      out += event("content_block_stop", {{"index", index_++}});
    }
    out += event(
        "message_delta",
        {{"delta", json::object{{"stop_reason", stop_reason(outcome.finish)}, {"stop_sequence", nullptr}}},
         {"usage", usage_body(outcome.usage)},
         {"pryx", front_facts(ids, outcome)}});
    return out + event("message_stop", {});
  }

  std::string failed(const FrontIds&, const FrontRefusal& failure, std::string_view request_id) override {
    return sse_event("error", anthropic_error_body(failure.error, request_id));
  }
  net::Response refuse(const FrontRefusal& refusal, std::string_view request_id) override {
    return anthropic_refusal(refusal, request_id);
  }

 private:
  enum class Block : std::uint8_t { kNone, kText, kThinking };
  static std::string event(std::string_view name, json::object body) {
    body["type"] = name;
    return sse_event(name, body);
  }
  std::string end_block() {
    if (std::exchange(block_, Block::kNone) == Block::kNone) return {};
    return event("content_block_stop", {{"index", index_++}});
  }
  static json::object message(const FrontIds& ids) {
    return {{"id", "msg_" + ids.turn.str().substr(TurnId::prefix().size())},
            {"type", "message"},
            {"role", "assistant"},
            {"model", ids.model},
            {"content", json::array()},
            {"stop_reason", nullptr},
            {"stop_sequence", nullptr}};
  }

  bool shows_thinking_ = false;
  Block block_ = Block::kNone;
  std::int64_t index_ = 0;
};

Decoded<FrontRequest> MessagesCodec::decode(const json::object& json_body, const PrincipalId& principal) {
  FrontRequest request;
  agent::TurnOptions& options = request.options;
  options.labels = front_labels("anthropic", principal);
  Reader body(json_body, {});
  read_prompt(body, request, shows_thinking_);
  options.max_output_tokens = body.integer("max_tokens", 1, INT32_MAX).value_or(0);
  if (body.ok() && options.max_output_tokens == 0)
    body.fail("max_tokens", "max_tokens is missing", "missing_required_parameter");
  request.stream = body.flag("stream").value_or(false);
  options.sampling.temperature = body.number("temperature", 0, 1);
  options.sampling.top_p = body.number("top_p", 0, 1);
  options.sampling.top_k = body.integer("top_k", 1, INT32_MAX);
  options.sampling.stop = body.texts("stop_sequences", 16);
  body.only_texts("service_tier", {"auto"});
  if (const json::object* metadata = body.object("metadata")) {
    Reader reader(*metadata, "metadata");
    // Recorded with the turn, where it says who asked.
    if (std::string user = reader.text("user_id"); !user.empty() && user.size() <= 512)
      options.front["user_id"] = std::move(user);
    if (auto refusal = reader.finish()) body.adopt(std::move(*refusal));
  }
  const json::array* messages = body.array("messages");
  if (body.ok() && messages == nullptr)
    body.fail("messages", "messages is missing", "missing_required_parameter");
  if (auto refusal = body.finish()) return std::unexpected(std::move(*refusal));
  if (auto refusal = check_tool_choice(options, "tool_choice")) return std::unexpected(std::move(*refusal));
  if (auto refusal = read_conversation(*messages, request)) return std::unexpected(std::move(*refusal));
  return request;
}

}  // namespace

std::unique_ptr<FrontCodec> make_messages_codec() { return std::make_unique<MessagesCodec>(); }

Decoded<FrontRequest> decode_count_request(const json::object& json_body, const PrincipalId& principal) {
  FrontRequest request;
  request.options.labels = front_labels("anthropic", principal);
  bool shows_thinking = false;
  Reader body(json_body, {});
  read_prompt(body, request, shows_thinking);
  const json::array* messages = body.array("messages");
  if (body.ok() && messages == nullptr)
    body.fail("messages", "messages is missing", "missing_required_parameter");
  if (auto refusal = body.finish()) return std::unexpected(std::move(*refusal));
  if (auto refusal = read_conversation(*messages, request)) return std::unexpected(std::move(*refusal));
  return request;
}

net::Response anthropic_refusal(const FrontRefusal& refusal, std::string_view request_id) {
  Error error = refusal.error;
  // This form has no field for what was refused.
  if (!refusal.param.empty() && error.message.find(refusal.param) == std::string::npos)
    error.message = fmt::format("{}: {}", refusal.param, error.message);
  return anthropic_error_response(error, request_id);
}

}  // namespace pryx::server
