// SPDX-License-Identifier: MIT
// One path pattern in the syntax of ignore files (gitignore): `*`, `?`, `[a-z]`, `**` across folders, `\`
// quotes the next byte. Also the `glob` argument of the search. Names are bytes; matching costs at most
// pattern length times path length. A value; any thread.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pryx::tools::fs {

using PathSegments = std::span<const std::string_view>;

class PathPattern {
 public:
  // A pattern with a slash anywhere but at its end is anchored at the base folder; another matches a name at
  // any depth. A trailing slash (folders only) is the caller's to strip. A malformed pattern (open bracket,
  // quote at the end) matches nothing.
  explicit PathPattern(std::string_view pattern);

  // `path` is relative to the folder that the pattern belongs to; never empty.
  [[nodiscard]] bool matches(PathSegments path) const;

 private:
  struct Segment {
    std::string text;  // unquoted when literal
    bool literal = false;
    bool any_depth = false;  // `**`
  };
  [[nodiscard]] static bool segment_matches(const Segment& segment, std::string_view name);

  std::vector<Segment> segments_;
  bool name_only_ = false;
  bool malformed_ = false;
};

// The `glob` argument: comma-free braces `{a,b}` are expanded (at most kMaxAlternatives), a leading `!` turns
// the meaning round.
class GlobFilter {
 public:
  static constexpr std::size_t kMaxAlternatives = 64;
  explicit GlobFilter(std::string_view glob);  // an empty glob accepts everything
  // True when the file is wanted. The start folder's depth lets a glob be written from the workspace or from
  // the start folder.
  [[nodiscard]] bool accepts(PathSegments path, std::size_t start_depth) const;

 private:
  std::vector<PathPattern> patterns_;
  bool inverted_ = false;
};

// "a//b/" gives {a, b}; empty for "".
[[nodiscard]] std::vector<std::string_view> split_path(std::string_view path);

}  // namespace pryx::tools::fs
