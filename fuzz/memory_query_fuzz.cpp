// SPDX-License-Identifier: MIT
// Search text that people and models type: whatever it holds, the full-text index gets quoted words and LIKE
// gets quoted wildcards.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/memory/memory_query.h"
#include "foundation/base/text.h"

using namespace pryx;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// "word" OR "word"* …
bool is_list_of_quoted_words(std::string_view query) {
  if (query.empty()) return true;
  for (;;) {
    if (!query.starts_with('"')) return false;
    const std::size_t end = query.find('"', 1);
    if (end == std::string_view::npos || end == 1) return false;
    if (query.substr(1, end - 1).find_first_of(std::string_view(" *^:()-+{}.,\0", 13)) !=
        std::string_view::npos)
      return false;
    query.remove_prefix(end + 1);
    if (query.starts_with('*')) query.remove_prefix(1);
    if (query.empty()) return true;
    if (!query.starts_with(" OR ")) return false;
    query.remove_prefix(4);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto words = memory::query_words(text);
  require(words.size() <= memory::kMaxQueryWords, "few words");
  for (const std::string& word : words) {
    require(!word.empty() && word.size() <= memory::kMaxQueryWordBytes && is_valid_utf8(word),
            "short words of text");
  }
  const std::string query = memory::fts_query(text);
  require(is_valid_utf8(query) && is_list_of_quoted_words(query), "no operator can be spelled");
  const std::string like = memory::like_pattern(text);
  require(is_valid_utf8(like) && like.find('\0') == std::string::npos, "a pattern is text");
  for (std::size_t i = 1; i + 1 < like.size(); ++i) {
    if (like[i] == '\\') {
      ++i;
      require(i + 1 < like.size() && (like[i] == '%' || like[i] == '_' || like[i] == '\\'),
              "a quote stands before a wildcard");
    } else {
      require(like[i] != '%' && like[i] != '_', "no wildcard is left");
    }
  }
  return 0;
}
