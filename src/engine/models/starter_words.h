// SPDX-License-Identifier: MIT
// A message as words: quotes, punctuation, and where one command ends and the next begins. Pure; for the
// starter only.
#pragma once
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pryx::models {

struct Word {
  std::string text;  // without quotes and end punctuation
  std::string lower;
  bool quoted = false;
  std::string_view raw;  // as it stands in the message
  char mark = 0;         // ',' ';' '.' '!' '?' ':' after it; '\n' when the line ends here
};
using Words = std::span<const Word>;

// Views point into the message. At most `max_words`.
[[nodiscard]] std::vector<Word> split_words(std::string_view message, std::size_t max_words = 2000);
// Splits at line ends, sentences, "then", and at commas and "and" before a word that starts a command.
// Politeness is taken off both ends.
[[nodiscard]] std::vector<Words> split_commands(Words words);

[[nodiscard]] bool is_one_of(const Word& word,
                             std::initializer_list<std::string_view> any);  // never a quoted word
[[nodiscard]] bool contains(Words words, std::initializer_list<std::string_view> any);
[[nodiscard]] bool starts_with(Words words, std::initializer_list<std::string_view> sequence);
// Index of the first such word at or after `from`; words.size() when there is none.
[[nodiscard]] std::size_t find_word(Words words, std::initializer_list<std::string_view> any,
                                    std::size_t from = 0);
// What the user typed from the first to the last of these words, quotes and spacing included.
[[nodiscard]] std::string raw_text(Words words);
// The words joined by single blanks, quotes taken off.
[[nodiscard]] std::string plain_text(Words words);
[[nodiscard]] bool looks_like_path(const Word& word);
[[nodiscard]] bool looks_like_url(const Word& word);

}  // namespace pryx::models
