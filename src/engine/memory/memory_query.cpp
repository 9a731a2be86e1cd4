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

constexpr std::size_t kFewestPrefixLetters = 3;

std::size_t count_letters(std::string_view word) {
  return static_cast<std::size_t>(
      std::ranges::count_if(word, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

struct Word {
  std::string text;
  bool is_prefix = false;
};

std::vector<Word> read_words(std::string_view text) {
  std::vector<Word> words;
  const std::string valid = to_valid_utf8(text);
  for (std::size_t i = 0; i < valid.size() && words.size() < kMaxQueryWords;) {
    std::size_t end = i;
    while (end < valid.size() && is_word_byte(valid[end])) ++end;
    if (end > i) {
      std::string word =
          lower_ascii(utf8_prefix(std::string_view(valid).substr(i, end - i), kMaxQueryWordBytes));
      const bool is_prefix =
          end < valid.size() && valid[end] == '*' && count_letters(word) >= kFewestPrefixLetters;
      const auto same = std::ranges::find(words, word, &Word::text);
      if (same == words.end())
        words.push_back({std::move(word), is_prefix});
      else
        same->is_prefix = same->is_prefix || is_prefix;
    }
    i = end + 1;
  }
  return words;
}

}  // namespace

std::vector<std::string> query_words(std::string_view text) {
  std::vector<std::string> out;
  for (Word& word : read_words(text)) out.push_back(std::move(word.text));
  return out;
}

std::string fts_query(std::string_view text) {
  std::string out;
  for (const Word& word : read_words(text)) {
    if (!out.empty()) out += " OR ";
    out += '"';
    out += word.text;  // holds no quote: see is_word_byte
    out += word.is_prefix ? "\"*" : "\"";
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
