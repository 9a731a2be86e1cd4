// SPDX-License-Identifier: MIT
// From what a person types into a search box to query text that the index cannot misread. Pure.
#include <algorithm>
#include <cctype>

#include "engine/agent/session_store.h"
#include "foundation/base/text.h"

namespace pryx::agent {

namespace {

constexpr std::size_t kMaxQueryBytes = 512;
constexpr int kMaxQueryWords = 16;
constexpr std::size_t kFewestPrefixLetters = 3;  // what the index has prefixes of

bool is_word_byte(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x80 || std::isalnum(u) != 0;
}

std::size_t count_letters(std::string_view word) {
  return static_cast<std::size_t>(
      std::ranges::count_if(word, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

Result<void> check_prefixes(std::string_view user_text) {
  std::size_t from = 0;
  for (std::size_t at = 0; at < user_text.size(); ++at) {
    if (is_word_byte(user_text[at])) continue;
    const std::string_view word = user_text.substr(from, at - from);
    if (user_text[at] == '*' && !word.empty() && count_letters(word) < kFewestPrefixLetters) {
      return fail(ErrorCode::kInvalidArgument, "query: a prefix needs {} letters; '{}*' has fewer",
                  kFewestPrefixLetters, to_valid_utf8(word));
    }
    from = at + 1;
  }
  return {};
}

std::string fts_query(std::string_view user_text) {
  std::string out;
  std::string word;
  int words = 0;
  const auto flush = [&](bool is_prefix) {
    if (word.empty() || words >= kMaxQueryWords) return;
    if (!out.empty()) out += ' ';
    out += '"' + word + '"';
    if (is_prefix && count_letters(word) >= kFewestPrefixLetters) out += '*';
    word.clear();
    ++words;
  };
  const std::string clean = to_valid_utf8(utf8_prefix(user_text, kMaxQueryBytes));
  for (const char c : clean) {
    if (is_word_byte(c))
      word += c;
    else
      flush(c == '*');
  }
  flush(true);  // it may still be typed
  return out;
}

}  // namespace pryx::agent
