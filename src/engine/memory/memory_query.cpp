// SPDX-License-Identifier: MIT
#include "engine/memory/memory_query.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::memory {
namespace {

bool is_word_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::vector<std::string> query_words(std::string_view text) {
  std::vector<std::string> words;
  const std::string valid = to_valid_utf8(text);
  for (std::size_t i = 0; i < valid.size() && words.size() < kMaxQueryWords;) {
    std::size_t end = i;
    while (end < valid.size() && is_word_byte(valid[end])) ++end;
    if (end > i) {
      std::string word =
          lower_ascii(utf8_prefix(std::string_view(valid).substr(i, end - i), kMaxQueryWordBytes));
      if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
    }
    i = end + 1;
  }
  return words;
}

std::string fts_query(std::string_view text) {
  std::string out;
  for (const std::string& word : query_words(text)) {
    if (!out.empty()) out += " OR ";
    out += '"';
    out += word;  // holds no quote: see is_word_byte
    out += '"';
  }
  return out;
}

std::string like_pattern(std::string_view text) {
  std::string out = "%";
  for (const char c : to_valid_utf8(text)) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    if (c != '\0') out += c;
  }
  out += '%';
  return out;
}

}  // namespace pryx::memory
