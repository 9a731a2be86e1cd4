// SPDX-License-Identifier: MIT
// Ignore files (.gitignore, .ignore) as pure rules: parse one file's bytes, stack the files of the folders
// down to where a walk is, ask about an entry. The syntax is gitignore(5). Ignore files are comfort, never a
// protection: the policy does not read them. Values.
#pragma once
#include <string_view>
#include <vector>

#include "engine/tools/fs/path_pattern.h"

namespace pryx::tools::fs {

enum class IgnoreVerdict : std::uint8_t { kUndecided, kIgnore, kKeep };
enum class EntryKind : std::uint8_t { kFolder, kOther };

class IgnoreRules {
 public:
  static constexpr std::size_t kMaxFileBytes =
      256u << 10;  // what lies behind is not read: real files have a few kilobytes
  static constexpr std::size_t kMaxRules = 2048;      // keeps the worst walk in the range of seconds
  static constexpr std::size_t kMaxLineBytes = 4096;  // longer ones cannot name a path

  [[nodiscard]] static IgnoreRules parse(std::string_view text);
  // The last rule that matches decides. `path` is relative to the folder that holds the ignore file.
  [[nodiscard]] IgnoreVerdict judge(PathSegments path, EntryKind kind) const;
  [[nodiscard]] bool empty() const { return rules_.empty(); }
  [[nodiscard]] std::size_t size() const { return rules_.size(); }

 private:
  struct Rule {
    PathPattern pattern;
    bool keep = false;
    bool folders_only = false;
  };
  std::vector<Rule> rules_;
};

// The ignore files that are in force at one place of a walk. Later pushed ones win: .gitignore before
// .ignore, outer before inner.
class IgnoreStack {
 public:
  // `depth`: how many segments the path of the file's folder has, counted from the workspace.
  void push(IgnoreRules rules, std::size_t depth);
  void pop_to(std::size_t size) { levels_.resize(std::min(size, levels_.size())); }
  [[nodiscard]] std::size_t size() const { return levels_.size(); }
  // `path` counts from the workspace. A walk never goes down into an ignored folder, so nothing inside can be
  // kept again.
  [[nodiscard]] bool is_ignored(PathSegments path, EntryKind kind) const;

 private:
  struct Level {
    IgnoreRules rules;
    std::size_t depth = 0;
  };
  std::vector<Level> levels_;
};

}  // namespace pryx::tools::fs
