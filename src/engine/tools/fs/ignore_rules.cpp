// SPDX-License-Identifier: MIT
#include "engine/tools/fs/ignore_rules.h"

#include <algorithm>

namespace pryx::tools::fs {
namespace {

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Trailing blanks go, unless quoted: "a\ " ends in a blank.
std::string_view without_trailing_blanks(std::string_view line) {
  std::size_t keep = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size())
      keep = ++i + 1;
    else if (line[i] != ' ')
      keep = i + 1;
  }
  return line.substr(0, keep);
}

}  // namespace

IgnoreRules IgnoreRules::parse(std::string_view text) {
  IgnoreRules out;
  text = text.substr(0, kMaxFileBytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty() && out.rules_.size() < kMaxRules) {
    std::string_view line = next_line(text);
    if (line.starts_with('#') || line.size() > kMaxLineBytes) continue;
    line = without_trailing_blanks(line);
    const bool keep = line.starts_with('!');
    if (keep) line.remove_prefix(1);
    const bool folders_only = line.ends_with('/');
    if (folders_only) line.remove_suffix(1);
    if (line.empty()) continue;
    out.rules_.push_back({PathPattern(line), keep, folders_only});
  }
  return out;
}

IgnoreVerdict IgnoreRules::judge(PathSegments path, EntryKind kind) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->folders_only && kind != EntryKind::kFolder) continue;
    if (rule->pattern.matches(path)) return rule->keep ? IgnoreVerdict::kKeep : IgnoreVerdict::kIgnore;
  }
  return IgnoreVerdict::kUndecided;
}

void IgnoreStack::push(IgnoreRules rules, std::size_t depth) {
  if (!rules.empty()) levels_.push_back({std::move(rules), depth});
}

bool IgnoreStack::is_ignored(PathSegments path, EntryKind kind) const {
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if (level->depth >= path.size()) continue;
    const IgnoreVerdict verdict = level->rules.judge(path.subspan(level->depth), kind);
    if (verdict != IgnoreVerdict::kUndecided) return verdict == IgnoreVerdict::kIgnore;
  }
  return false;
}

}  // namespace pryx::tools::fs
