// SPDX-License-Identifier: MIT
// A unified diff of two texts, bounded in time and size, for a person to judge a change by. Pure; any thread.
#pragma once
#include <string>
#include <string_view>

namespace pryx::tools::fs {

struct DiffLimits {
  std::size_t context = 3;                // unchanged lines around a change
  std::size_t max_bytes = 48u << 10;      // of the diff's text
  std::size_t max_line_bytes = 4u << 10;  // a longer line is cut
};

struct TextDiff {
  std::string text;         // hunks only, without file names; empty when the texts are equal
  bool whole = true;        // false: cut, or not all bytes can be shown
  std::size_t added = 0;    // lines
  std::size_t removed = 0;  // lines
};

// Lines end in '\n'; a '\r' before it belongs to the line. Bytes that are no UTF-8 are replaced, and the diff
// then says that it is not whole.
[[nodiscard]] TextDiff diff_texts(std::string_view before, std::string_view after, DiffLimits limits = {});

}  // namespace pryx::tools::fs
