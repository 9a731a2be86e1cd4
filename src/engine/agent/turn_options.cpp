// SPDX-License-Identifier: MIT
#include "engine/agent/turn_options.h"

#include <algorithm>

namespace pryx::agent {
namespace {

using models::ResponseFormat;
using models::Sampling;
using models::ToolChoice;
using models::ToolSpec;

json::object encode(const ToolSpec& tool) {
  json::object o{{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}};
  if (tool.strict) o["strict"] = true;
  return o;
}

json::object encode(const ToolChoice& choice) {
  json::object o{{"mode", static_cast<int>(choice.mode)}};
  if (!choice.name.empty()) o["name"] = choice.name;
  if (choice.parallel) o["parallel"] = *choice.parallel;
  return o;
}

template <class Number>
void put(json::object& o, std::string_view name, const std::optional<Number>& value) {
  if (value) o[name] = *value;
}

json::object encode(const Sampling& s) {
  json::object o;
  put(o, "temperature", s.temperature);
  put(o, "top_p", s.top_p);
  put(o, "top_k", s.top_k);
  put(o, "presence_penalty", s.presence_penalty);
  put(o, "frequency_penalty", s.frequency_penalty);
  put(o, "seed", s.seed);
  if (!s.stop.empty()) o["stop"] = json::array(s.stop.begin(), s.stop.end());
  return o;
}

json::object encode(const ResponseFormat& format) {
  json::object o{{"kind", static_cast<int>(format.kind)}};
  if (format.kind != ResponseFormat::Kind::kJsonSchema) return o;
  o["name"] = format.name;
  o["description"] = format.description;
  o["schema"] = format.schema;
  put(o, "strict", format.strict);
  return o;
}

const json::object* find_object(const json::object& o, std::string_view key) {
  const json::value* found = json::find(o, key);
  return found == nullptr ? nullptr : found->if_object();
}

bool flag(const json::object& o, std::string_view key) {
  const json::value* found = json::find(o, key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::optional<bool> optional_flag(const json::object& o, std::string_view key) {
  const json::value* found = json::find(o, key);
  if (found == nullptr || !found->is_bool()) return std::nullopt;
  return found->get_bool();
}

std::optional<double> number(const json::object& o, std::string_view key) {
  const json::value* found = json::find(o, key);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

std::optional<std::int64_t> integer(const json::object& o, std::string_view key) {
  if (json::find(o, key) == nullptr) return std::nullopt;
  return json::integer_or(o, key, 0);
}

ToolSpec decode_tool(const json::object& o) {
  ToolSpec tool{.name = json::string_or(o, "name"),
                .description = json::string_or(o, "description"),
                .parameters = {},
                .strict = flag(o, "strict")};
  if (const json::object* parameters = find_object(o, "parameters")) tool.parameters = *parameters;
  return tool;
}

ToolChoice decode_choice(const json::object& o) {
  const std::int64_t mode = std::clamp<std::int64_t>(json::integer_or(o, "mode", 0), 0, 3);
  return {.mode = static_cast<ToolChoice::Mode>(mode),
          .name = json::string_or(o, "name"),
          .parallel = optional_flag(o, "parallel")};
}

Sampling decode_sampling(const json::object& o) {
  Sampling s{.temperature = number(o, "temperature"),
             .top_p = number(o, "top_p"),
             .top_k = integer(o, "top_k"),
             .presence_penalty = number(o, "presence_penalty"),
             .frequency_penalty = number(o, "frequency_penalty"),
             .seed = integer(o, "seed"),
             .stop = {}};
  if (const json::value* stop = json::find(o, "stop"); stop != nullptr && stop->is_array()) {
    for (const json::value& text : stop->get_array()) {
      if (text.is_string()) s.stop.emplace_back(text.get_string());
    }
  }
  return s;
}

ResponseFormat decode_format(const json::object& o) {
  const std::int64_t kind = std::clamp<std::int64_t>(json::integer_or(o, "kind", 0), 0, 2);
  ResponseFormat format{.kind = static_cast<ResponseFormat::Kind>(kind),
                        .name = json::string_or(o, "name"),
                        .description = json::string_or(o, "description"),
                        .schema = {},
                        .strict = optional_flag(o, "strict")};
  if (const json::object* schema = find_object(o, "schema")) format.schema = *schema;
  return format;
}

}  // namespace

bool TurnOptions::is_client_tool(std::string_view name) const {
  return std::ranges::find(client_tools, name, &ToolSpec::name) != client_tools.end();
}

std::string TurnOptions::to_text() const {
  json::object o;
  if (own_tools != OwnTools::kBySession) o["own_tools"] = own_tools == OwnTools::kOn;
  if (!client_tools.empty()) {
    json::array tools;
    for (const ToolSpec& tool : client_tools) tools.push_back(encode(tool));
    o["client_tools"] = std::move(tools);
  }
  if (tool_choice != ToolChoice()) o["tool_choice"] = encode(tool_choice);
  if (sampling != Sampling()) o["sampling"] = encode(sampling);
  if (reasoning != models::ReasoningEffort::kDefault) o["reasoning"] = models::to_text(reasoning);
  if (format.kind != ResponseFormat::Kind::kText) o["format"] = encode(format);
  if (max_output_tokens > 0) o["max_output_tokens"] = max_output_tokens;
  if (!cache_key.empty()) o["cache_key"] = cache_key;
  if (!instructions.empty()) o["instructions"] = instructions;
  if (!labels.empty()) o["labels"] = labels.to_json();
  if (compact) o["compact"] = true;
  if (!front.empty()) o["front"] = front;
  return o.empty() ? std::string() : json::to_text(o);
}

TurnOptions TurnOptions::from_text(std::string_view text) {
  TurnOptions options;
  if (text.empty()) return options;
  const auto parsed = json::parse_object(text, json::kOwnText);
  if (!parsed) {
    // Nothing is offered for a row that cannot be read.
    options.own_tools = OwnTools::kOff;
    options.labels = trust::Labels::unreadable();
    return options;
  }
  const json::object& o = *parsed;
  if (json::find(o, "own_tools") != nullptr)
    options.own_tools = flag(o, "own_tools") ? OwnTools::kOn : OwnTools::kOff;
  if (const json::value* tools = json::find(o, "client_tools"); tools != nullptr && tools->is_array()) {
    for (const json::value& tool : tools->get_array()) {
      if (tool.is_object()) options.client_tools.push_back(decode_tool(tool.get_object()));
    }
  }
  if (const json::object* choice = find_object(o, "tool_choice"))
    options.tool_choice = decode_choice(*choice);
  if (const json::object* sampled = find_object(o, "sampling")) options.sampling = decode_sampling(*sampled);
  if (const auto effort = models::reasoning_effort_from_text(json::string_or(o, "reasoning")))
    options.reasoning = *effort;
  if (const json::object* form = find_object(o, "format")) options.format = decode_format(*form);
  options.max_output_tokens = std::max<std::int64_t>(json::integer_or(o, "max_output_tokens", 0), 0);
  options.cache_key = json::string_or(o, "cache_key");
  options.instructions = json::string_or(o, "instructions");
  if (const json::value* given = json::find(o, "labels")) {
    auto labels = trust::Labels::from_json(*given);
    options.labels = labels ? std::move(*labels) : trust::Labels::unreadable();
  }
  options.compact = flag(o, "compact");
  if (const json::object* front = find_object(o, "front")) options.front = *front;
  return options;
}

}  // namespace pryx::agent
