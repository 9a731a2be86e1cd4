// SPDX-License-Identifier: MIT
// Finds the lines of a text that match a pattern, and prints them. Pure but for the stop token; any thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace re2 {
class RE2;
}

namespace pryx::tools::fs {

struct LinePatternOptions {
  bool regex = false;  // else every character stands for itself
  bool case_sensitive = true;
};

// A compiled pattern that is matched line by line. RE2: linear time, bounded memory.
class LinePattern {
 public:
  [[nodiscard]] static Result<LinePattern> compile(std::string_view pattern, LinePatternOptions options);
  LinePattern(LinePattern&&) noexcept;
  LinePattern& operator=(LinePattern&&) noexcept;
  ~LinePattern();

  struct Match {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  // The first match that begins at or behind `from` and ends before `to`; lines are told apart by '\n'.
  [[nodiscard]] bool find(std::string_view text, std::size_t from, std::size_t to, Match& match) const;
  // Bytes between two looks at the stop token: dear patterns get small ones, so that a cancel takes effect
  // soon.
  [[nodiscard]] std::size_t window() const { return window_; }
  // Line by line because the pattern speaks of the begin or end of the text.
  [[nodiscard]] bool needs_single_lines() const { return needs_single_lines_; }

 private:
  explicit LinePattern(std::unique_ptr<re2::RE2> regex);
  std::unique_ptr<re2::RE2> regex_;
  std::size_t window_ = 0;
  bool needs_single_lines_ = false;
};

struct LineMatch {
  std::size_t number = 0;      // from 1
  std::size_t line_begin = 0;  // offsets in the text; the end is before the line break
  std::size_t line_end = 0;
  std::size_t begin = 0;  // the first match in the line
  std::size_t end = 0;
  bool operator==(const LineMatch&) const = default;
};

// At most `limit` lines. `stop` is asked between windows; what was found so far is returned then.
[[nodiscard]] std::vector<LineMatch> find_lines(const LinePattern& pattern, std::string_view text,
                                                std::size_t limit, const std::function<bool()>& stop);

inline constexpr std::size_t kMaxShownLineBytes = 300;
// "path:12:text" for matches, "path-11-text" for context, "--" between groups that do not touch when there is
// context. Long lines are trimmed around the match. Valid UTF-8. `path` is printed as it is.
[[nodiscard]] std::string format_lines(std::string_view path, std::string_view text,
                                       const std::vector<LineMatch>& matches, std::size_t context);

}  // namespace pryx::tools::fs
