// SPDX-License-Identifier: MIT
#include "surfaces/server/front/front_reader.h"

#include <algorithm>
#include <cmath>

#include "foundation/base/image_type.h"
#include "foundation/base/text.h"

namespace pryx::server {
namespace {

constexpr std::size_t kMaxSchemaBytes = 256u << 10;

bool is_name(std::string_view text, std::size_t longest) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, fits);
}

// What the first bytes say; a picture that is called something else confuses every provider in its own way.
std::string_view sniff(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.size() > 12 && bytes.substr(8, 4) == "WEBP") return "image/webp";
  return {};
}

bool is_empty(const json::value& value) {
  if (value.is_null() || (value.is_bool() && !value.get_bool())) return true;
  if (value.is_string()) return value.get_string().empty();
  if (value.is_array()) return value.get_array().empty();
  return value.is_object() && value.get_object().empty();
}

}  // namespace

trust::Labels front_labels(std::string_view front, const PrincipalId& principal) {
  trust::Labels labels;
  (void)labels.add("channel:" + std::string(front));
  (void)labels.add("principal:" + principal.str());
  return labels;
}

std::unexpected<FrontRefusal> refuse(std::string param, std::string message, std::string code) {
  return std::unexpected(
      FrontRefusal{{ErrorCode::kInvalidArgument, std::move(message), -1}, std::move(param), std::move(code)});
}

// --- Reader

std::string Reader::at(std::string_view name) const {
  const std::string_view shown = utf8_prefix(name, 64);
  return path_.empty() ? std::string(shown) : fmt::format("{}.{}", path_, shown);
}

void Reader::adopt(FrontRefusal refusal) {
  if (!refusal_) refusal_ = std::move(refusal);
}

void Reader::fail(std::string_view name, std::string message, std::string code) {
  adopt(refuse(at(name), std::move(message), std::move(code)).error());
}

const json::value* Reader::take(std::string_view name) {
  seen_.push_back(name);
  return refusal_ ? nullptr : json::find(object_, name);
}

std::string Reader::text(std::string_view name) {
  const json::value* found = take(name);
  if (found == nullptr) return {};
  if (found->is_string()) return std::string(found->get_string());
  fail(name, fmt::format("{} must be a string", at(name)), "invalid_type");
  return {};
}

std::string Reader::required_text(std::string_view name) {
  const json::value* found = take(name);
  if (found == nullptr) {
    fail(name, fmt::format("{} is missing", at(name)), "missing_required_parameter");
    return {};
  }
  std::string value = text(name);
  if (ok() && value.empty()) fail(name, fmt::format("{} is empty", at(name)));
  return value;
}

std::optional<bool> Reader::flag(std::string_view name) {
  const json::value* found = take(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_bool()) return found->get_bool();
  fail(name, fmt::format("{} must be true or false", at(name)), "invalid_type");
  return std::nullopt;
}

std::optional<double> Reader::number(std::string_view name, double least, double most) {
  const json::value* found = take(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number()) {
    fail(name, fmt::format("{} must be a number", at(name)), "invalid_type");
    return std::nullopt;
  }
  const double value = found->to_number<double>();
  if (value >= least && value <= most) return value;
  fail(name, fmt::format("{} must be from {} to {}", at(name), least, most));
  return std::nullopt;
}

std::optional<std::int64_t> Reader::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  // Beyond 2^53 a double has gaps; no number that is asked for here is that large, seeds included.
  constexpr double kExact = 9007199254740992.0;
  const auto value = number(name, std::max(-kExact, static_cast<double>(least)),
                            std::min(kExact, static_cast<double>(most)));
  if (!value) return std::nullopt;
  if (std::trunc(*value) == *value) return static_cast<std::int64_t>(*value);
  fail(name, fmt::format("{} must be a whole number", at(name)), "invalid_type");
  return std::nullopt;
}

const json::object* Reader::object(std::string_view name) {
  const json::value* found = take(name);
  if (found == nullptr || found->is_object()) return found == nullptr ? nullptr : &found->get_object();
  fail(name, fmt::format("{} must be an object", at(name)), "invalid_type");
  return nullptr;
}

const json::array* Reader::array(std::string_view name) {
  const json::value* found = take(name);
  if (found == nullptr || found->is_array()) return found == nullptr ? nullptr : &found->get_array();
  fail(name, fmt::format("{} must be an array", at(name)), "invalid_type");
  return nullptr;
}

std::vector<std::string> Reader::texts(std::string_view name, std::size_t most) {
  const json::value* found = take(name);
  if (found == nullptr) return {};
  if (found->is_string()) return {std::string(found->get_string())};
  std::vector<std::string> out;
  const bool fits = found->is_array() && found->get_array().size() <= most;
  if (fits) {
    for (const json::value& item : found->get_array()) {
      if (item.is_string() && !item.get_string().empty()) out.emplace_back(item.get_string());
    }
  }
  if (fits && out.size() == found->get_array().size()) return out;
  fail(name, fmt::format("{} must be a string or at most {} strings", at(name), most), "invalid_type");
  return {};
}

void Reader::only_texts(std::string_view name, std::initializer_list<std::string_view> values) {
  const json::value* found = take(name);
  if (found == nullptr) return;
  const bool known =
      found->is_string() && std::ranges::find(values, std::string_view(found->get_string())) != values.end();
  if (!known) fail(name, fmt::format("'{}' is not supported with this value", at(name)), "unsupported_value");
}

void Reader::only_flag(std::string_view name, bool value) {
  const json::value* found = take(name);
  if (found != nullptr && !(found->is_bool() && found->get_bool() == value))
    fail(name, fmt::format("'{}' is not supported", at(name)), "unsupported_parameter");
}

void Reader::only_number(std::string_view name, double value) {
  const json::value* found = take(name);
  if (found != nullptr && !(found->is_number() && found->to_number<double>() == value))
    fail(name, fmt::format("'{}' can only be {}", at(name), value), "unsupported_value");
}

void Reader::only_empty(std::string_view name) {
  const json::value* found = take(name);
  if (found != nullptr && !is_empty(*found))
    fail(name, fmt::format("'{}' is not supported", at(name)), "unsupported_parameter");
}

std::optional<FrontRefusal> Reader::finish() {
  for (const auto& member : object_) {
    if (!ok()) break;
    const std::string_view name = member.key();
    if (!member.value().is_null() && std::ranges::find(seen_, name) == seen_.end())
      fail(name, fmt::format("'{}' is not supported", at(name)), "unsupported_parameter");
  }
  return std::exchange(refusal_, std::nullopt);
}

// --- ConversationBuilder

agent::Message& ConversationBuilder::message(agent::Role role) {
  if (!open_ || request_.messages.empty() || request_.messages.back().role != role) {
    request_.messages.emplace_back();
    request_.messages.back().role = role;
  }
  open_ = true;
  return request_.messages.back();
}

agent::Part& ConversationBuilder::part(agent::Role role, std::string type) {
  agent::Message& into = message(role);
  into.parts.emplace_back();
  into.parts.back().type = std::move(type);
  into.parts.back().labels = labels_;
  return into.parts.back();
}

void ConversationBuilder::add_text(agent::Role role, std::string text) {
  if (role == agent::Role::kAssistant && text.empty()) return;  // beside tool calls it says nothing
  part(role, "text").text = std::move(text);
}

void ConversationBuilder::add_reasoning(std::string text) {
  part(agent::Role::kAssistant, "reasoning").text = std::move(text);
}

void ConversationBuilder::add_call(std::string id, std::string name, std::string arguments) {
  agent::Part& call = part(agent::Role::kAssistant, "tool_call");
  call.call_id = std::move(id);
  call.tool = std::move(name);
  call.text = std::move(arguments);
}

void ConversationBuilder::add_result(std::string call_id, std::string text, bool ok) {
  std::string tool;
  for (auto at = request_.messages.rbegin(); at != request_.messages.rend() && tool.empty(); ++at) {
    for (const agent::Part& candidate : at->parts) {
      if (candidate.type == "tool_call" && candidate.call_id == call_id) tool = candidate.tool;
    }
  }
  agent::Part& result = part(agent::Role::kTool, "tool_result");
  result.call_id = std::move(call_id);
  result.tool = std::move(tool);
  result.text = std::move(text);
  result.ok = ok;
}

bool ConversationBuilder::knows_call(std::string_view id) const {
  for (const agent::Message& message : request_.messages) {
    for (const agent::Part& part : message.parts) {
      if (part.type == "tool_call" && part.call_id == id) return true;
    }
  }
  return false;
}

std::optional<FrontRefusal> ConversationBuilder::add_image(std::string media_type, std::string bytes,
                                                           std::string detail, const std::string& param) {
  if (request_.blobs.size() >= kMaxFrontImages)
    return refuse(param, fmt::format("more than {} images", kMaxFrontImages), "invalid_value").error();
  agent::Part& image = part(agent::Role::kUser, "image");
  image.media_type = std::move(media_type);
  image.bytes = static_cast<std::int64_t>(bytes.size());
  if (const auto size = image_size_of(bytes)) {
    image.width = size->width;
    image.height = size->height;
  }
  image.detail = std::move(detail);
  image.result_ref = fmt::format("blob:{}", request_.blobs.size());
  request_.blobs.push_back(std::move(bytes));
  return std::nullopt;
}

// --- pieces

Decoded<ImageBytes> decode_image(std::string_view media_type, std::string_view base64,
                                 const std::string& param) {
  if (base64.size() / 4 * 3 > kMaxFrontImageBytes + 3) {
    return std::unexpected(FrontRefusal{
        {ErrorCode::kTooLarge, fmt::format("an image may have {} bytes", kMaxFrontImageBytes), -1},
        param,
        "image_too_large"});
  }
  auto bytes = from_base64(base64);
  if (!bytes || bytes->empty()) return refuse(param, "the image is not base64", "invalid_value");
  const std::string_view real = sniff(*bytes);
  if (real.empty())
    return refuse(param, "the image is no PNG, JPEG, GIF or WebP", "unsupported_image_media_type");
  if (real != media_type && !(media_type == "image/jpg" && real == "image/jpeg"))
    return refuse(param, fmt::format("the image is {} and not {}", real, utf8_prefix(media_type, 40)),
                  "invalid_value");
  return ImageBytes{std::string(real), std::move(*bytes)};
}

Decoded<ImageBytes> decode_image_url(std::string_view url, const std::string& param) {
  if (!url.starts_with("data:")) {
    return refuse(param,
                  "images are not fetched from URLs, because that would be a request in your name to a place "
                  "that the conversation chose; send the bytes as data:image/png;base64,…",
                  "unsupported_value");
  }
  url.remove_prefix(5);
  const std::size_t comma = url.find(',');
  constexpr std::string_view kBase64 = ";base64";
  std::string_view head = url.substr(0, comma);
  if (comma == std::string_view::npos || !head.ends_with(kBase64))
    return refuse(param, "a data: URL of an image must be base64", "invalid_value");
  head.remove_suffix(kBase64.size());
  return decode_image(head, url.substr(comma + 1), param);
}

std::optional<FrontRefusal> add_tool(agent::TurnOptions& options, models::ToolSpec tool,
                                     std::size_t longest_name, const std::string& param) {
  if (options.client_tools.size() >= kMaxFrontTools)
    return refuse(param, fmt::format("more than {} tools", kMaxFrontTools), "array_above_max_length").error();
  if (!is_name(tool.name, longest_name)) {
    return refuse(
               param + ".name",
               fmt::format("a tool's name has 1 to {} letters, digits, underscores or hyphens", longest_name),
               "invalid_value")
        .error();
  }
  if (options.is_client_tool(tool.name))
    return refuse(param + ".name", fmt::format("there are two tools '{}'", tool.name), "invalid_value")
        .error();
  if (tool.parameters.empty()) tool.parameters = {{"type", "object"}, {"properties", json::object()}};
  if (json::to_text(tool.parameters).size() > kMaxSchemaBytes)
    return refuse(param, "the tool's schema is too long", "invalid_value").error();
  options.client_tools.push_back(std::move(tool));
  return std::nullopt;
}

std::optional<FrontRefusal> check_tool_choice(const agent::TurnOptions& options, const std::string& param) {
  using Mode = models::ToolChoice::Mode;
  const Mode mode = options.tool_choice.mode;
  const bool has_own = options.own_tools == agent::TurnOptions::OwnTools::kOn;
  if (mode == Mode::kOne && !options.is_client_tool(options.tool_choice.name)) {
    return refuse(param, fmt::format("there is no tool '{}'", utf8_prefix(options.tool_choice.name, 64)),
                  "invalid_value")
        .error();
  }
  if (mode == Mode::kRequired && options.client_tools.empty() && !has_own)
    return refuse(param, "there are no tools to choose from", "invalid_value").error();
  return std::nullopt;
}

Decoded<models::ResponseFormat> decode_format(const json::object& format, bool is_nested,
                                              const std::string& param) {
  using Kind = models::ResponseFormat::Kind;
  models::ResponseFormat out;
  Reader reader(format, param);
  const std::string type = reader.required_text("type");
  if (reader.ok() && type == "json_object") {
    out.kind = Kind::kJsonObject;
  } else if (reader.ok() && type == "json_schema") {
    out.kind = Kind::kJsonSchema;
    const json::object* nested = is_nested ? reader.object("json_schema") : nullptr;
    if (is_nested && nested == nullptr) reader.fail("json_schema", "json_schema is missing");
    std::optional<Reader> inner;
    if (nested != nullptr) inner.emplace(*nested, param + ".json_schema");
    Reader& from = inner ? *inner : reader;
    out.name = from.text("name");
    out.description = from.text("description");
    out.strict = from.flag("strict");
    if (const json::object* schema = from.object("schema")) out.schema = *schema;
    if (from.ok() && out.schema.empty()) from.fail("schema", "the schema is missing");
    if (from.ok() && out.name.empty()) out.name = "answer";
    if (from.ok() && !is_name(out.name, 64)) from.fail("name", "the name of the schema is not valid");
    if (inner) {
      if (auto refusal = inner->finish()) return std::unexpected(std::move(*refusal));
    }
  } else if (reader.ok() && type != "text") {
    reader.fail("type", "the type must be text, json_object or json_schema");
  }
  if (auto refusal = reader.finish()) return std::unexpected(std::move(*refusal));
  return out;
}

void read_cache_key(Reader& reader, FrontRequest& request) {
  request.options.cache_key = reader.text("prompt_cache_key");
  if (request.options.cache_key.size() > 256)
    reader.fail("prompt_cache_key", "prompt_cache_key is longer than 256 bytes");
}

void read_pryx(Reader& reader, FrontRequest& request) {
  request.options.own_tools = agent::TurnOptions::OwnTools::kOff;
  const json::object* pryx = reader.object("pryx");
  if (pryx == nullptr) return;
  Reader own(*pryx, "pryx");
  const std::string session = own.text("session");
  if (own.flag("tools").value_or(false)) request.options.own_tools = agent::TurnOptions::OwnTools::kOn;
  if (!session.empty()) {
    auto id = SessionId::parse(session);
    if (id)
      request.session = std::move(*id);
    else
      own.fail("session", id.error().message);
  }
  if (auto refusal = own.finish()) reader.adopt(std::move(*refusal));
}

void read_model(Reader& reader, FrontRequest& request) {
  request.model = reader.text("model");
  if (reader.ok() && request.model.empty())
    reader.fail("model", "model is missing; use provider/model, or default", "missing_required_parameter");
  if (request.model == "default") request.model.clear();
}

std::optional<FrontRefusal> check_conversation(const FrontRequest& request, const std::string& param) {
  if (request.messages.empty())
    return refuse(param, "there is no message", "missing_required_parameter").error();
  const agent::Role last = request.messages.back().role;
  if (last != agent::Role::kUser && last != agent::Role::kTool)
    return refuse(param, "the last message must be the user's or a tool's", "invalid_value").error();
  for (const agent::Part& part : request.messages.back().parts) {
    if (part.type != "text" || !trim(part.text).empty()) return std::nullopt;
  }
  return refuse(param, "the last message is empty", "invalid_value").error();
}

}  // namespace pryx::server
