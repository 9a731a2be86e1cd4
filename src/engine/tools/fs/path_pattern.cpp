// SPDX-License-Identifier: MIT
#include "engine/tools/fs/path_pattern.h"

#include <cctype>
#include <optional>

#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

bool in_class(std::string_view name, unsigned char c) {
  if (name == "alnum") return std::isalnum(c) != 0;
  if (name == "alpha") return std::isalpha(c) != 0;
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return std::iscntrl(c) != 0;
  if (name == "digit") return std::isdigit(c) != 0;
  if (name == "graph") return std::isgraph(c) != 0;
  if (name == "lower") return std::islower(c) != 0;
  if (name == "print") return std::isprint(c) != 0;
  if (name == "punct") return std::ispunct(c) != 0;
  if (name == "space") return std::isspace(c) != 0;
  if (name == "upper") return std::isupper(c) != 0;
  if (name == "xdigit") return std::isxdigit(c) != 0;
  return false;
}

struct BracketMatch {
  std::size_t end = 0;  // behind the closing bracket
  bool matched = false;
};

// glob[at] is '['. No value when the bracket never closes.
std::optional<BracketMatch> match_bracket(std::string_view glob, std::size_t at, unsigned char c) {
  std::size_t i = at + 1;
  const bool negated = i < glob.size() && (glob[i] == '!' || glob[i] == '^');
  if (negated) ++i;
  bool matched = false;
  std::optional<unsigned char> low;  // a range needs a plain character on its left
  for (bool first = true;; first = false) {
    if (i >= glob.size()) return std::nullopt;
    if (glob[i] == ']' && !first) break;
    if (glob[i] == '[' && i + 1 < glob.size() && glob[i + 1] == ':') {
      const std::size_t close = glob.find(":]", i + 2);
      if (close != std::string_view::npos) {
        if (in_class(glob.substr(i + 2, close - i - 2), c)) matched = true;
        i = close + 2;
        low.reset();
        continue;
      }
    }
    if (glob[i] == '-' && low && i + 1 < glob.size() && glob[i + 1] != ']') {
      ++i;
      if (glob[i] == '\\' && ++i >= glob.size()) return std::nullopt;
      if (c >= *low && c <= static_cast<unsigned char>(glob[i])) matched = true;
      ++i;
      low.reset();
      continue;
    }
    if (glob[i] == '\\' && ++i >= glob.size()) return std::nullopt;
    low = static_cast<unsigned char>(glob[i]);
    if (c == *low) matched = true;
    ++i;
  }
  return BracketMatch{i + 1, matched != negated};
}

enum class GlobKind : std::uint8_t { kLiteral, kWild, kMalformed };

// Also takes the quotes out of a literal.
GlobKind classify(std::string_view glob, std::string& literal) {
  GlobKind kind = GlobKind::kLiteral;
  for (std::size_t i = 0; i < glob.size();) {
    if (glob[i] == '*' || glob[i] == '?') {
      kind = GlobKind::kWild;
      ++i;
    } else if (glob[i] == '[') {
      kind = GlobKind::kWild;
      const auto bracket = match_bracket(glob, i, 0);
      if (!bracket) return GlobKind::kMalformed;
      i = bracket->end;
    } else {
      if (glob[i] == '\\' && ++i >= glob.size()) return GlobKind::kMalformed;
      literal += glob[i++];
    }
  }
  return kind;
}

// Bytes of the pattern that this one byte of the name uses up; 0 when they do not fit. The glob is well
// formed.
std::size_t match_one(std::string_view glob, std::size_t at, char c) {
  if (glob[at] == '?') return 1;
  if (glob[at] == '[') {
    const auto bracket = match_bracket(glob, at, static_cast<unsigned char>(c));
    return bracket && bracket->matched ? bracket->end - at : 0;
  }
  if (glob[at] == '\\') return glob[at + 1] == c ? 2 : 0;
  return glob[at] == c ? 1 : 0;
}

// Only the last star ever needs another try, so this is quadratic at worst.
bool glob_matches(std::string_view glob, std::string_view name) {
  std::size_t g = 0, n = 0, mark = 0;
  std::optional<std::size_t> star;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = ++g;
      mark = n;
      continue;
    }
    const std::size_t used = g < glob.size() ? match_one(glob, g, name[n]) : 0;
    if (used > 0) {
      g += used;
      ++n;
    } else if (star) {
      g = *star;
      n = ++mark;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

// "a{b,c}d" gives "abd", "acd"; nested braces too. Unbalanced braces are literal.
void expand_braces(std::string_view glob, std::vector<std::string>& out) {
  std::vector<std::string> work{std::string(glob)};
  while (!work.empty() && out.size() < GlobFilter::kMaxAlternatives) {
    const std::string text = std::move(work.back());
    work.pop_back();
    const std::size_t open = text.find('{');
    std::size_t close = open, depth = 0;
    std::vector<std::size_t> cuts{open};
    for (; close < text.size(); ++close) {
      if (text[close] == '{') ++depth;
      if (text[close] == ',' && depth == 1) cuts.push_back(close);
      if (text[close] == '}' && --depth == 0) break;
    }
    if (open == std::string::npos || close >= text.size() || cuts.size() == 1) {
      out.push_back(text);
      continue;
    }
    cuts.push_back(close);
    for (std::size_t i = cuts.size() - 1; i > 0 && work.size() < GlobFilter::kMaxAlternatives; --i) {
      const std::string_view choice =
          std::string_view(text).substr(cuts[i - 1] + 1, cuts[i] - cuts[i - 1] - 1);
      work.push_back(text.substr(0, open) + std::string(choice) + text.substr(close + 1));
    }
  }
}

}  // namespace

PathPattern::PathPattern(std::string_view pattern) {
  name_only_ = pattern.find('/') == std::string_view::npos;
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  for (const std::string_view part : split(pattern, '/')) {
    Segment segment;
    segment.any_depth = part == "**" && !name_only_;
    if (!segment.any_depth) {
      const GlobKind kind = classify(part, segment.text);
      if (kind == GlobKind::kMalformed) malformed_ = true;
      segment.literal = kind == GlobKind::kLiteral;
      if (!segment.literal) segment.text = part;
    }
    segments_.push_back(std::move(segment));
  }
  // "a/**" means everything inside a, not a itself: one more name has to follow.
  if (segments_.back().any_depth) segments_.push_back({"*", false, false});
}

bool PathPattern::segment_matches(const Segment& segment, std::string_view name) {
  return segment.literal ? segment.text == name : glob_matches(segment.text, name);
}

bool PathPattern::matches(PathSegments path) const {
  if (malformed_ || path.empty()) return false;
  if (name_only_) return segment_matches(segments_.front(), path.back());
  std::size_t s = 0, p = 0, mark = 0;
  std::optional<std::size_t> star;
  while (p < path.size()) {
    if (s < segments_.size() && segments_[s].any_depth) {
      star = ++s;
      mark = p;
    } else if (s < segments_.size() && segment_matches(segments_[s], path[p])) {
      ++s;
      ++p;
    } else if (star) {
      s = *star;
      p = ++mark;
    } else {
      return false;
    }
  }
  return s == segments_.size();
}

GlobFilter::GlobFilter(std::string_view glob) {
  inverted_ = glob.starts_with('!');
  if (inverted_) glob.remove_prefix(1);
  if (glob.starts_with("./")) glob.remove_prefix(2);
  if (glob.empty()) return;
  std::vector<std::string> alternatives;
  expand_braces(glob, alternatives);
  for (const std::string& text : alternatives) patterns_.emplace_back(text);
}

bool GlobFilter::accepts(PathSegments path, std::size_t start_depth) const {
  if (patterns_.empty()) return true;
  for (const PathPattern& pattern : patterns_) {
    if (pattern.matches(path) || pattern.matches(path.subspan(std::min(start_depth, path.size() - 1))))
      return !inverted_;
  }
  return inverted_;
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

}  // namespace pryx::tools::fs
