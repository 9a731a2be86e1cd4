// SPDX-License-Identifier: MIT
// The small grammar of header fields (RFC 9110 section 5.6) that heads, chunk lines and trailers share.
#pragma once
#include <algorithm>
#include <array>
#include <string_view>

#include "foundation/base/text.h"

namespace pryx::net::internal {

constexpr bool is_token_char(unsigned char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

constexpr auto make_token_table() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c)
    table[static_cast<std::size_t>(c)] = is_token_char(static_cast<unsigned char>(c));
  return table;
}
inline constexpr auto kTokenTable = make_token_table();

inline bool is_token(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return kTokenTable[static_cast<unsigned char>(c)]; });
}

inline bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

inline bool is_field_text(std::string_view text) {
  bool ascii = true;
  for (const char c : text) {
    if (is_control(c) && c != '\t') return false;
    if (static_cast<unsigned char>(c) >= 0x80) ascii = false;
  }
  return ascii || is_valid_utf8(text);
}

inline std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

inline bool list_has(std::string_view list, std::string_view wanted) {
  return std::ranges::any_of(
      split(list, ','), [&](std::string_view item) { return equals_ignore_case(trim_blanks(item), wanted); });
}

inline bool is_token_list(std::string_view list) {
  return std::ranges::all_of(split(list, ','),
                             [](std::string_view item) { return is_token(trim_blanks(item)); });
}

}  // namespace pryx::net::internal
