// SPDX-License-Identifier: MIT
// YAML that people write, as JSON with line numbers. The subset is deliberate: block and flow collections and
// scalars of the YAML 1.2 core schema (so `no` is text, not false). Anchors, aliases, merge keys, own tags
// and several documents are refused, and size, depth and number of values are bounded: no short text becomes
// a large document. Pure; any thread.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "foundation/base/json.h"
#include "foundation/base/result.h"

namespace pryx::config {

struct YamlLimits {
  std::size_t max_bytes = 1u << 20;
  std::size_t max_depth = 32;
  std::size_t max_values = 50'000;
};

struct YamlDocument {
  json::value root;  // null for an empty document
  // RFC 6901 pointer of every value ("/rules/0/tool", "" is the root) to its line, counted from 1. A member's
  // line is its key's.
  std::map<std::string, int, std::less<>> lines;

  [[nodiscard]] int line_of(std::string_view pointer) const;  // 1 when unknown
};

// kInvalidArgument with "line N: …", or kTooLarge.
[[nodiscard]] Result<YamlDocument> parse_yaml(std::string_view text, YamlLimits limits = {});

// One step of an RFC 6901 pointer: "~" and "/" escaped.
[[nodiscard]] std::string pointer_step(std::string_view key);

}  // namespace pryx::config
