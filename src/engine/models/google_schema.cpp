// SPDX-License-Identifier: MIT
#include "engine/models/google_schema.h"

#include <algorithm>

#include "engine/models/wire_text.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr int kMaxDepth = 24;     // of the result: recursive definitions end here
constexpr int kMaxNodes = 4'096;  // of the result: definitions that name each other multiply
constexpr std::string_view kCopied[] = {"title",     "description", "minItems",      "maxItems",
                                        "minLength", "maxLength",   "minProperties", "maxProperties",
                                        "minimum",   "maximum",     "pattern",       "default"};

class Converter {
 public:
  explicit Converter(const json::object& root) : root_(root) {}
  json::object convert(const json::object& schema, int depth);

 private:
  json::object convert_value(const json::value& value, int depth);
  const json::object* resolve(std::string_view reference) const;
  void add_type(json::object& out, const json::object& schema, int depth);
  void add_object(json::object& out, const json::object& schema, int depth);
  void add_alternatives(json::object& out, const json::array& alternatives, int depth);
  static void add_enum(json::object& out, const json::array& values);

  const json::object& root_;
  int nodes_ = 0;
};

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

bool is_type(std::string_view type) {
  return type == "object" || type == "array" || type == "string" || type == "integer" || type == "number" ||
         type == "boolean";
}

void describe(json::object& out, std::string_view more) {
  std::string text(find_text(out, "description"));
  if (!text.empty()) text += ' ';
  out["description"] = text + std::string(more);
}

// Only references into the schema itself; anything else is no reference we follow.
const json::object* Converter::resolve(std::string_view reference) const {
  if (reference == "#") return &root_;
  if (!reference.starts_with("#/")) return nullptr;
  const json::object* at = &root_;
  for (const std::string_view step : split(reference.substr(2), '/')) {
    at = find_object(*at, step);
    if (at == nullptr) return nullptr;
  }
  return at;
}

void Converter::add_enum(json::object& out, const json::array& values) {
  const bool all_text = std::ranges::all_of(values, [](const json::value& v) { return v.is_string(); });
  if (all_text && !values.empty()) {
    out["type"] = "STRING";
    out["enum"] = values;
    return;
  }
  json::array known;
  for (const json::value& value : values) {
    if (value.is_null())
      out["nullable"] = true;
    else
      known.push_back(value);
  }
  if (!known.empty() && std::ranges::all_of(known, [](const json::value& v) { return v.is_string(); })) {
    out["type"] = "STRING";
    out["enum"] = std::move(known);
    return;
  }
  if (!known.empty()) {
    describe(out, fmt::format("One of: {}.", utf8_prefix(json::to_text(json::value(known)), 1'000)));
    if (!out.contains("type") && known.front().is_number()) out["type"] = "NUMBER";
    if (!out.contains("type") && known.front().is_bool()) out["type"] = "BOOLEAN";
  }
}

void Converter::add_object(json::object& out, const json::object& schema, int depth) {
  json::object properties;
  if (const json::object* given = find_object(schema, "properties")) {
    for (const auto& [name, property] : *given) properties[name] = convert_value(property, depth + 1);
  }
  json::array required;
  if (const json::array* given = find_array(schema, "required")) {
    for (const json::value& name : *given) {
      // A required name without a property is refused.
      if (name.is_string() && properties.contains(name.get_string())) required.push_back(name);
    }
  }
  if (!properties.empty()) out["properties"] = std::move(properties);
  if (!required.empty()) out["required"] = std::move(required);
}

void Converter::add_alternatives(json::object& out, const json::array& alternatives, int depth) {
  json::array kept;
  for (const json::value& alternative : alternatives) {
    const json::object* schema = alternative.if_object();
    if (schema != nullptr && find_text(*schema, "type") == "null")
      out["nullable"] = true;
    else
      kept.push_back(convert_value(alternative, depth + 1));
  }
  if (kept.size() == 1) {
    for (auto& [key, value] : kept.front().get_object()) {
      if (!out.contains(key)) out[key] = std::move(value);
    }
  } else if (kept.size() > 1) {
    out["anyOf"] = std::move(kept);
  }
}

void Converter::add_type(json::object& out, const json::object& schema, int depth) {
  std::string type(find_text(schema, "type"));
  if (const json::array* types = find_array(schema, "type")) {
    json::array alternatives;
    for (const json::value& one : *types) {
      if (!one.is_string()) continue;
      json::object alternative = schema;
      alternative["type"] = one;
      for (const std::string_view key :
           {"title", "description", "default", "enum", "anyOf", "oneOf", "allOf"})
        alternative.erase(key);
      alternatives.push_back(std::move(alternative));
    }
    add_alternatives(out, alternatives, depth);
    return;
  }
  if (type.empty() && schema.contains("properties")) type = "object";
  if (type.empty() && schema.contains("items")) type = "array";
  if (!is_type(type)) return;
  out["type"] = upper(type);
  if (type == "object") add_object(out, schema, depth);
  if (type == "array") {
    const json::value* items = json::find(schema, "items");
    out["items"] = items == nullptr ? json::object{{"type", "STRING"}} : convert_value(*items, depth + 1);
  }
  const std::string_view format = find_text(schema, "format");
  const bool is_known = (type == "string" && format == "date-time") ||
                        (type == "integer" && (format == "int32" || format == "int64")) ||
                        (type == "number" && (format == "float" || format == "double"));
  if (is_known)
    out["format"] = format;
  else if (!format.empty())
    describe(out, fmt::format("Format: {}.", utf8_prefix(format, 80)));
}

json::object Converter::convert_value(const json::value& value, int depth) {
  const json::object* schema = value.if_object();  // "true" and "false" are schemas too
  return schema == nullptr ? json::object{{"type", "STRING"}} : convert(*schema, depth);
}

json::object Converter::convert(const json::object& schema, int depth) {
  json::object out;
  if (depth > kMaxDepth || ++nodes_ > kMaxNodes) return {{"type", "STRING"}};
  if (const std::string_view reference = find_text(schema, "$ref"); !reference.empty()) {
    const json::object* target = resolve(reference);
    if (target != nullptr) out = convert(*target, depth + 1);
  }
  for (const std::string_view key : kCopied) {
    if (const json::value* value = json::find(schema, key)) out[key] = *value;
  }
  if (const json::array* parts = find_array(schema, "allOf")) {
    for (const json::value& part : *parts) {
      for (auto& [key, value] : convert_value(part, depth + 1)) {
        json::value* known = out.if_contains(key);
        if (known != nullptr && known->is_object() && value.is_object()) {
          for (auto& [name, property] : value.get_object()) known->get_object()[name] = property;
        } else if (known != nullptr && known->is_array() && value.is_array() && key == "required") {
          for (json::value& name : value.get_array()) known->get_array().push_back(name);
        } else if (known == nullptr) {
          out[key] = value;
        }
      }
    }
  }
  add_type(out, schema, depth);
  for (const std::string_view key : {"anyOf", "oneOf"}) {
    const json::array* alternatives = find_array(schema, key);
    if (alternatives != nullptr && depth > 0) add_alternatives(out, *alternatives, depth);
  }
  if (const json::array* values = find_array(schema, "enum")) add_enum(out, *values);
  if (const json::value* value = json::find(schema, "const")) add_enum(out, json::array{*value});
  if (out.contains("anyOf")) {
    // Beside alternatives nothing but words is taken.
    for (const std::string_view key : {"type", "format", "properties", "required", "items", "enum"})
      out.erase(key);
  } else if (!out.contains("type")) {
    out["type"] = depth == 0 ? "OBJECT" : "STRING";
  }
  return out;
}

}  // namespace

json::object to_google_schema(const json::object& schema) {
  json::object out = Converter(schema).convert(schema, 0);
  const json::object* properties = find_object(out, "properties");
  return properties == nullptr || properties->empty() ? json::object{} : out;
}

}  // namespace pryx::models
