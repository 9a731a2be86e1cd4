// SPDX-License-Identifier: MIT
// The keywords that judge a value by itself: types, equality, numbers, strings, sizes. Messages name limits
// of the schema and measures of the value, never the value: it may be secret, and it is the model's own
// anyway.
#include <algorithm>

#include "foundation/base/text.h"
#include "foundation/schema/internal/number.h"
#include "foundation/schema/internal/validator.h"

namespace pryx::schema::internal {
namespace {

constexpr std::size_t kShownBytes = 160;  // of a schema's value in a message

std::uint8_t bits_of(const json::value& v) {
  switch (v.kind()) {
    case boost::json::kind::null:
      return kNull;
    case boost::json::kind::bool_:
      return kBoolean;
    case boost::json::kind::object:
      return kObject;
    case boost::json::kind::array:
      return kArray;
    case boost::json::kind::string:
      return kString;
    default:
      return is_integer(v) ? kNumber | kInteger : kNumber;
  }
}

std::string type_names(std::uint8_t types) {
  static constexpr std::pair<std::uint8_t, std::string_view> kNames[] = {
      {kNull, "null"},       {kBoolean, "true or false"},  {kObject, "an object"}, {kArray, "an array"},
      {kString, "a string"}, {kInteger, "a whole number"}, {kNumber, "a number"}};
  std::string out;
  for (const auto& [bit, name] : kNames) {
    if (types & bit) out += (out.empty() ? "" : " or ") + std::string(name);
  }
  return out;
}

std::string shown(const json::value& v) {
  const std::string text = json::to_text(v);
  if (text.size() <= kShownBytes) return text;
  return std::string(utf8_prefix(text, kShownBytes)) + "…";
}

std::uint64_t code_points(std::string_view text) {
  return static_cast<std::uint64_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

bool Validator::matches(const EcmaPattern& pattern, std::string_view text) {
  // Linear in the text; a large program may fall back to a slower matcher, so it counts more.
  const auto weight = 1 + static_cast<std::uint64_t>(pattern.program_size()) / 256;
  return spend(1 + text.size() / 32 * weight) && pattern.matches(text);
}

bool Validator::check_types(const Frame& frame) {
  const std::uint8_t types = frame.node.types;
  const std::uint8_t bits = bits_of(frame.value);
  if (types == 0 || (types & bits) != 0) return true;
  if (!reporting()) return false;
  const std::uint8_t shown_bits =
      (types & kInteger) != 0 ? bits : static_cast<std::uint8_t>(bits & ~kInteger);
  return report(frame, "type", fmt::format("must be {}, is {}", type_names(types), type_names(shown_bits)));
}

bool Validator::check_equality(const Frame& frame) {
  const Node& node = frame.node;
  bool ok = true;
  if (node.constant != nullptr && !equal(*node.constant, frame.value, steps_)) {
    ok = reporting() ? report(frame, "const", fmt::format("must be {}", shown(*node.constant))) : false;
  }
  if (node.enumeration != nullptr) {
    const bool found = std::any_of(node.enumeration->begin(), node.enumeration->end(),
                                   [&](const json::value& item) { return equal(item, frame.value, steps_); });
    if (!found)
      ok = reporting() ? report(frame, "enum", fmt::format("must be one of {}", shown(*node.enumeration)))
                       : false;
  }
  return spend(1) && ok;
}

bool Validator::check_number(const Frame& frame) {
  const Node& node = frame.node;
  const json::value& v = frame.value;
  bool ok = true;
  if (node.minimum != nullptr && !(compare(v, *node.minimum) >= 0)) {
    ok = report(frame, "minimum", fmt::format("must be at least {}", shown(*node.minimum)));
  }
  if (node.maximum != nullptr && !(compare(v, *node.maximum) <= 0)) {
    ok = report(frame, "maximum", fmt::format("must be at most {}", shown(*node.maximum)));
  }
  if (node.exclusive_minimum != nullptr && !(compare(v, *node.exclusive_minimum) > 0)) {
    ok = report(frame, "exclusiveMinimum",
                fmt::format("must be greater than {}", shown(*node.exclusive_minimum)));
  }
  if (node.exclusive_maximum != nullptr && !(compare(v, *node.exclusive_maximum) < 0)) {
    ok = report(frame, "exclusiveMaximum",
                fmt::format("must be less than {}", shown(*node.exclusive_maximum)));
  }
  if (node.multiple_of != nullptr && !is_multiple(v, *node.multiple_of)) {
    ok = report(frame, "multipleOf", fmt::format("must be a multiple of {}", shown(*node.multiple_of)));
  }
  return ok;
}

bool Validator::check_string(const Frame& frame) {
  const Node& node = frame.node;
  const std::string_view text = frame.value.get_string();
  bool ok = true;
  if (node.min_length || node.max_length) {
    if (!spend(text.size() / 64)) return false;
    const std::uint64_t length = code_points(text);
    if (node.min_length && length < *node.min_length) {
      ok = report(frame, "minLength",
                  fmt::format("must have at least {} characters, has {}", *node.min_length, length));
    }
    if (node.max_length && length > *node.max_length) {
      ok = report(frame, "maxLength",
                  fmt::format("must have at most {} characters, has {}", *node.max_length, length));
    }
  }
  if (node.pattern != nullptr && !matches(*node.pattern, text)) {
    ok = report(frame, "pattern",
                fmt::format("must match the pattern {}", utf8_prefix(node.pattern->source(), kShownBytes)));
  }
  return ok;
}

bool Validator::check_object_size(const Frame& frame, const json::object& object) {
  const Node& node = frame.node;
  bool ok = true;
  if (node.min_properties && object.size() < *node.min_properties) {
    ok = report(frame, "minProperties",
                fmt::format("must have at least {} properties, has {}", *node.min_properties, object.size()));
  }
  if (node.max_properties && object.size() > *node.max_properties) {
    ok = report(frame, "maxProperties",
                fmt::format("must have at most {} properties, has {}", *node.max_properties, object.size()));
  }
  if (!spend(node.required.size())) return false;
  for (const std::string& name : node.required) {
    if (!object.contains(name))
      ok = report(frame, "required", fmt::format("lacks the property '{}'", utf8_prefix(name, 64)));
  }
  for (const auto& [name, needs] : node.dependent_required) {
    if (!spend(1 + needs.size())) return false;
    if (!object.contains(name)) continue;
    for (const std::string& need : needs) {
      if (object.contains(need)) continue;
      ok = report(frame, "dependentRequired",
                  fmt::format("lacks the property '{}', which '{}' needs", utf8_prefix(need, 64),
                              utf8_prefix(name, 64)));
    }
  }
  return ok;
}

bool Validator::check_array_size(const Frame& frame, const json::array& array) {
  const Node& node = frame.node;
  bool ok = true;
  if (node.min_items && array.size() < *node.min_items) {
    ok = report(frame, "minItems",
                fmt::format("must have at least {} items, has {}", *node.min_items, array.size()));
  }
  if (node.max_items && array.size() > *node.max_items) {
    ok = report(frame, "maxItems",
                fmt::format("must have at most {} items, has {}", *node.max_items, array.size()));
  }
  return ok;
}

// By hash first, so that a long array costs a sort; what hashes alike is compared, and every comparison is
// paid for.
bool Validator::check_unique(const Frame& frame, const json::array& array) {
  std::vector<std::pair<std::uint64_t, std::size_t>> hashes;
  hashes.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) hashes.emplace_back(hash(array[i], steps_), i);
  if (!spend(1 + array.size())) return false;
  std::sort(hashes.begin(), hashes.end());
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    for (std::size_t j = i + 1; j < hashes.size() && hashes[j].first == hashes[i].first; ++j) {
      const bool same = equal(array[hashes[i].second], array[hashes[j].second], steps_);
      if (!spend(1)) return false;
      if (!same) continue;
      return report(frame, "uniqueItems",
                    fmt::format("has the same item at {} and {}", hashes[i].second, hashes[j].second));
    }
  }
  return true;
}

}  // namespace pryx::schema::internal
