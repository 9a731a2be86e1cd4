// SPDX-License-Identifier: MIT
// OpenAI's Responses: requests in. The answer's side is in responses_writer.h.
#include "foundation/base/text.h"
#include "surfaces/server/front/front_reader.h"
#include "surfaces/server/front/responses_writer.h"
#include "surfaces/server/problem.h"

namespace pryx::server {
namespace {

using agent::Role;

std::optional<FrontRefusal> read_image(Reader& part, const std::string& at, ConversationBuilder& out) {
  part.only_empty("file_id");
  const std::string url = part.required_text("image_url");
  const std::string detail = part.text("detail");
  if (part.ok() && !detail.empty() && detail != "auto" && detail != "low" && detail != "high")
    part.fail("detail", "detail must be auto, low or high");
  if (!part.ok()) return part.finish();
  auto image = decode_image_url(url, at + ".image_url");
  if (!image) return std::move(image.error());
  return out.add_image(std::move(image->media_type), std::move(image->bytes),
                       detail == "auto" ? std::string() : detail, at);
}

std::optional<FrontRefusal> read_part(const json::value& item, const std::string& at, Role role,
                                      ConversationBuilder& out, std::string* into) {
  if (!item.is_object()) return refuse(at, "a part must be an object", "invalid_type").error();
  Reader part(item.get_object(), at);
  const std::string type = part.required_text("type");
  const bool is_said = role == Role::kAssistant;
  if (type == "input_text" || type == "text" || (is_said && (type == "output_text" || type == "refusal"))) {
    std::string text = part.text(type == "refusal" ? "refusal" : "text");
    // What an answer of ours carries and nobody reads again.
    part.only_empty("annotations");
    part.only_empty("logprobs");
    (void)part.take("parsed");
    if (into != nullptr)
      *into += text;
    else if (part.ok())
      out.add_text(role, std::move(text));
  } else if (type == "input_image" && role == Role::kUser && into == nullptr) {
    if (auto refusal = read_image(part, at, out)) return refusal;
  } else if (part.ok()) {
    part.fail("type", fmt::format("parts of type '{}' are not supported here", utf8_prefix(type, 40)),
              "unsupported_value");
  }
  return part.finish();
}

// A string or an array of parts.
std::optional<FrontRefusal> read_content(const json::value* content, const std::string& at, Role role,
                                         ConversationBuilder& out, std::string* into) {
  if (content == nullptr) return refuse(at, "it needs content", "missing_required_parameter").error();
  if (content->is_string()) {
    if (into != nullptr)
      *into = content->get_string();
    else
      out.add_text(role, std::string(content->get_string()));
    return std::nullopt;
  }
  if (!content->is_array())
    return refuse(at, "it must be a string or an array of parts", "invalid_type").error();
  const json::array& parts = content->get_array();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (auto refusal = read_part(parts[i], fmt::format("{}[{}]", at, i), role, out, into)) return refusal;
  }
  return std::nullopt;
}

std::optional<FrontRefusal> read_said(Reader& item, const std::string& at, ConversationBuilder& out) {
  const std::string name = item.text("role");
  Role role = Role::kUser;
  if (name == "assistant") role = Role::kAssistant;
  if (name == "system" || name == "developer") role = Role::kSystem;
  if (item.ok() && role == Role::kUser && name != "user")
    item.fail("role", "role must be user, assistant, system or developer");
  (void)item.take("phase");  // says how far an answer had come; the text stands either way
  const json::value* content = item.take("content");
  if (!item.ok()) return item.finish();
  if (role != Role::kAssistant) out.next_message();
  return read_content(content, at + ".content", role, out, nullptr);
}

std::optional<FrontRefusal> read_result(Reader& item, const std::string& at, bool continues,
                                        ConversationBuilder& out) {
  std::string id = item.required_text("call_id");
  const json::value* output = item.take("output");
  if (item.ok() && !continues && !out.knows_call(id))
    item.fail("call_id", "no item before is a function call with this id");
  if (!item.ok()) return item.finish();
  std::string text;
  if (auto refusal = read_content(output, at + ".output", Role::kTool, out, &text)) return refusal;
  out.add_result(std::move(id), std::move(text), true);
  return std::nullopt;
}

// What an earlier answer thought: kept in the transcript, not sent to a model again.
std::optional<FrontRefusal> read_reasoning(Reader& item, ConversationBuilder& out) {
  std::string text;
  for (const char* field : {"summary", "content"}) {
    const json::array* parts = item.array(field);
    for (std::size_t i = 0; parts != nullptr && i < parts->size(); ++i) {
      if ((*parts)[i].is_object()) text += json::string_or((*parts)[i].get_object(), "text");
    }
  }
  item.only_empty("encrypted_content");
  if (item.ok() && !text.empty()) out.add_reasoning(std::move(text));
  return std::nullopt;
}

std::optional<FrontRefusal> read_item(const json::value& value, std::size_t index, bool continues,
                                      ConversationBuilder& out) {
  const std::string at = fmt::format("input[{}]", index);
  if (!value.is_object()) return refuse(at, "an item must be an object", "invalid_type").error();
  Reader item(value.get_object(), at);
  std::string type = item.text("type");
  if (item.ok() && type.empty()) type = "message";
  (void)item.take("id");
  (void)item.take("status");
  std::optional<FrontRefusal> refusal;
  if (type == "message") {
    refusal = read_said(item, at, out);
  } else if (type == "function_call") {
    std::string id = item.required_text("call_id");
    std::string name = item.required_text("name");
    std::string arguments = item.text("arguments");
    (void)item.take("parsed_arguments");
    if (item.ok()) out.add_call(std::move(id), std::move(name), std::move(arguments));
  } else if (type == "function_call_output") {
    refusal = read_result(item, at, continues, out);
  } else if (type == "reasoning") {
    refusal = read_reasoning(item, out);
  } else if (item.ok()) {
    item.fail("type", fmt::format("items of type '{}' are not supported", utf8_prefix(type, 40)),
              "unsupported_value");
  }
  return refusal ? std::move(refusal) : item.finish();
}

std::optional<FrontRefusal> read_tools(const json::array& tools, agent::TurnOptions& options) {
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const std::string at = fmt::format("tools[{}]", i);
    if (!tools[i].is_object()) return refuse(at, "a tool must be an object", "invalid_type").error();
    Reader reader(tools[i].get_object(), at);
    const std::string type = reader.required_text("type");
    if (reader.ok() && type != "function") {
      reader.fail("type",
                  fmt::format("tools of type '{}' are not supported, only function", utf8_prefix(type, 40)),
                  "unsupported_value");
    }
    models::ToolSpec tool{
        .name = reader.text("name"), .description = reader.text("description"), .parameters = {}};
    if (const json::object* parameters = reader.object("parameters")) tool.parameters = *parameters;
    tool.strict = reader.flag("strict").value_or(false);
    if (auto refusal = reader.finish()) return refusal;
    if (auto refusal = add_tool(options, std::move(tool), 64, at)) return refusal;
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
    options.tool_choice.mode = Mode::kOne;
    options.tool_choice.name = reader.required_text("name");
    if (auto refusal = reader.finish()) body.adopt(std::move(*refusal));
    return;
  }
  const std::string name = body.text("tool_choice");
  if (name == "none") options.tool_choice.mode = Mode::kNone;
  if (name == "required") options.tool_choice.mode = Mode::kRequired;
  if (body.ok() && name != "none" && name != "required" && name != "auto")
    body.fail("tool_choice", "tool_choice must be none, auto, required or a function");
}

void read_reasoning_options(Reader& body, agent::TurnOptions& options) {
  const json::object* reasoning = body.object("reasoning");
  if (reasoning == nullptr) return;
  Reader reader(*reasoning, "reasoning");
  reader.only_texts("summary", {"auto", "concise", "detailed"});
  reader.only_empty("generate_summary");
  if (const std::string effort = reader.text("effort"); !effort.empty()) {
    const auto known = models::reasoning_effort_from_text(effort);
    if (known && effort != "default")
      options.reasoning = *known;
    else
      reader.fail("effort", "effort must be none, minimal, low, medium or high");
  }
  if (auto refusal = reader.finish()) body.adopt(std::move(*refusal));
}

void read_text_options(Reader& body, agent::TurnOptions& options) {
  const json::object* text = body.object("text");
  if (text == nullptr) return;
  Reader reader(*text, "text");
  reader.only_texts("verbosity", {"medium"});
  if (const json::object* format = reader.object("format")) {
    auto read = decode_format(*format, false, "text.format");
    if (read)
      options.format = std::move(*read);
    else
      reader.adopt(std::move(read.error()));
  }
  if (auto refusal = reader.finish()) body.adopt(std::move(*refusal));
}

void read_neutral(Reader& body) {
  body.only_flag("background", false);
  body.only_texts("service_tier", {"auto", "default"});
  // The oldest part of what does not fit is left out, which is what "auto" asks for.
  body.only_texts("truncation", {"auto"});
  body.only_number("top_logprobs", 0.0);
  for (const std::string& wanted : body.texts("include", 8)) {
    if (wanted != "reasoning.encrypted_content")
      body.fail("include", fmt::format("'{}' cannot be included", utf8_prefix(wanted, 64)),
                "unsupported_value");
  }
  const json::object* options = body.object("stream_options");
  if (options == nullptr) return;
  Reader reader(*options, "stream_options");
  reader.only_flag("include_obfuscation", false);
  if (auto refusal = reader.finish()) body.adopt(std::move(*refusal));
}

void read_metadata(Reader& body, json::object& front) {
  const json::object* metadata = body.object("metadata");
  if (metadata == nullptr) return;
  if (metadata->size() > 16) body.fail("metadata", "metadata has more than 16 entries");
  for (const auto& entry : *metadata) {
    const bool fits =
        entry.key().size() <= 64 && entry.value().is_string() && entry.value().get_string().size() <= 512;
    if (!fits)
      body.fail("metadata", "metadata maps names of up to 64 bytes to texts of up to 512", "invalid_value");
  }
  if (body.ok()) front["metadata"] = *metadata;
}

void read_previous(Reader& body, FrontRequest& request) {
  const std::string previous = body.text("previous_response_id");
  if (previous.empty()) return;
  const auto turn = turn_of_response(previous);
  if (!turn) return body.fail("previous_response_id", "this is no id of a response");
  request.previous = *turn;
  if (!request.session.empty())
    body.fail("previous_response_id", "it cannot be given together with pryx.session");
}

bool body_is_stored(const agent::TurnOptions& options) {
  const json::value* store = json::find(options.front, "store");
  return store != nullptr && store->is_bool() && store->get_bool();
}

class ResponsesCodec final : public FrontCodec {
 public:
  Decoded<FrontRequest> decode(const json::object& json_body, const PrincipalId& principal) override {
    FrontRequest request;
    agent::TurnOptions& options = request.options;
    options.labels = front_labels("openai", principal);
    Reader body(json_body, {});
    read_model(body, request);
    request.stream = body.flag("stream").value_or(false);
    read_pryx(body, request);
    read_cache_key(body, request);
    read_previous(body, request);
    options.instructions = body.text("instructions");
    options.sampling.temperature = body.number("temperature", 0, 2);
    options.sampling.top_p = body.number("top_p", 0, 1);
    options.max_output_tokens = body.integer("max_output_tokens", 1, INT32_MAX).value_or(0);
    read_reasoning_options(body, options);
    read_text_options(body, options);
    read_neutral(body);
    options.front = {{"api", "responses"}, {"store", body.flag("store").value_or(true)}};
    read_metadata(body, options.front);
    if (const json::array* tools = body.array("tools")) {
      if (auto refusal = read_tools(*tools, options)) body.adopt(std::move(*refusal));
    }
    read_tool_choice(body, options);
    const json::value* input = body.take("input");
    if (body.ok() && input == nullptr) body.fail("input", "input is missing", "missing_required_parameter");
    if (auto refusal = body.finish()) return std::unexpected(std::move(*refusal));
    if (auto refusal = check_tool_choice(options, "tool_choice")) return std::unexpected(std::move(*refusal));
    if (auto refusal = read_input(*input, request)) return std::unexpected(std::move(*refusal));
    if (auto refusal = check_conversation(request, "input")) return std::unexpected(std::move(*refusal));
    writer_.remember(json_body, options);
    if (body_is_stored(options)) options.front["echo"] = writer_.echo();
    return request;
  }

  json::object whole(const FrontIds& ids, const FrontOutcome& outcome) override {
    return writer_.whole(ids, outcome);
  }
  std::string open(const FrontIds& ids) override { return writer_.open(ids); }
  std::string piece(const FrontIds& ids, FrontText kind, std::string_view text) override {
    return writer_.piece(ids, kind, text);
  }
  std::string next_step(const FrontIds& ids) override { return writer_.end_item(ids); }
  std::string keep_alive() override { return ": still here\n\n"; }
  std::string close(const FrontIds& ids, const FrontOutcome& outcome) override {
    return writer_.close(ids, outcome);
  }
  std::string failed(const FrontIds& ids, const FrontRefusal& failure, std::string_view) override {
    return writer_.failed(ids, failure);
  }
  net::Response refuse(const FrontRefusal& refusal, std::string_view request_id) override {
    return openai_error_response(refusal.error, request_id, refusal.param, refusal.code);
  }

 private:
  static std::optional<FrontRefusal> read_input(const json::value& input, FrontRequest& request) {
    ConversationBuilder conversation(request, request.options.labels);
    if (input.is_string()) {
      conversation.add_text(Role::kUser, std::string(input.get_string()));
      return std::nullopt;
    }
    if (!input.is_array())
      return server::refuse("input", "input must be a string or an array of items", "invalid_type").error();
    const json::array& items = input.get_array();
    if (items.size() > kMaxFrontMessages) {
      return server::refuse("input", fmt::format("more than {} items", kMaxFrontMessages),
                            "array_above_max_length")
          .error();
    }
    const bool continues = !request.session.empty() || !request.previous.empty();
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (auto refusal = read_item(items[i], i, continues, conversation)) return refusal;
    }
    return std::nullopt;
  }
  ResponsesWriter writer_;
};

}  // namespace

std::unique_ptr<FrontCodec> make_responses_codec() { return std::make_unique<ResponsesCodec>(); }

}  // namespace pryx::server
