// SPDX-License-Identifier: MIT
// Turns what a person or a model types into query text that the index cannot misread. Pure; any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pryx::memory {

inline constexpr std::size_t kMaxQueryWords = 16;  // more add cost, not meaning
inline constexpr std::size_t kMaxQueryWordBytes = 64;

// Letters, digits and everything beyond ASCII make words; all else separates. No twins, at most
// kMaxQueryWords.
[[nodiscard]] std::vector<std::string> query_words(std::string_view text);
// "\"anna\" OR \"birth\"*": each word a quoted string, so that no operator or column filter of FTS5 can be
// spelled. A star right behind a word of three letters or more asks for all that begins so. Empty when the
// text has no word.
[[nodiscard]] std::string fts_query(std::string_view text);
// "%text%" for LIKE … ESCAPE '\', the wildcards of the text quoted.
[[nodiscard]] std::string like_pattern(std::string_view text);

}  // namespace pryx::memory
