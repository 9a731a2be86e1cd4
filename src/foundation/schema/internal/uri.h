// SPDX-License-Identifier: MIT
// The little of RFC 3986 that references in schemas need: resolve a reference against a base, split off the
// fragment, decode a JSON Pointer. Pure text; nothing is ever looked up.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pryx::schema::internal {

// Section 5.2 of RFC 3986. A base without a scheme is resolved by the same rules.
[[nodiscard]] std::string resolve_uri(std::string_view base, std::string_view reference);

struct SplitUri {
  std::string_view document;  // without the fragment
  std::string_view fragment;  // without '#', not decoded
  bool has_fragment = false;
};
[[nodiscard]] SplitUri split_fragment(std::string_view uri);
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);
// "/a~1b/0" to {"a/b", "0"}; nothing when malformed.
[[nodiscard]] std::optional<std::vector<std::string>> pointer_tokens(std::string_view pointer);
[[nodiscard]] std::string pointer_escaped(std::string_view token);

}  // namespace pryx::schema::internal
