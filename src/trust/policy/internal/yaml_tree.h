// SPDX-License-Identifier: MIT
// A bounded YAML document as a tree with line numbers: no anchors, aliases, tags, second documents, duplicate or non-text keys.
// Private to trust/policy. Pure.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/result.h"

namespace pryx::trust::internal {

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text;      // of a scalar
  bool quoted = false;   // written in quotes, so it is text whatever it looks like
  int line = 0;          // 1-based
  struct Member;
  std::vector<YamlNode> items;   // of a list
  std::vector<Member> members;   // of a map, in file order

  [[nodiscard]] std::string_view kind_name() const;  // "a list", for messages
};

struct YamlNode::Member {
  std::string key;
  int line = 0;
  YamlNode value;
};

struct YamlError {
  int line = 0;
  std::string message;
};

inline constexpr std::size_t kMaxYamlBytes = 256u << 10;
inline constexpr int kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlNodes = 50'000;

[[nodiscard]] std::expected<YamlNode, YamlError> read_yaml(std::string_view text);

}  // namespace pryx::trust::internal
