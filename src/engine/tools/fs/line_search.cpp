// SPDX-License-Identifier: MIT
#include "engine/tools/fs/line_search.h"

#include <re2/re2.h>

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

constexpr std::int64_t kPatternMemory = 2 << 20;    // compiled program and automaton together
constexpr std::size_t kWorkPerWindow = 20'000'000;  // program steps times bytes: far below 250 ms
constexpr std::size_t kMinWindow = 4096;
constexpr std::size_t kMaxWindow = 1u << 20;

std::size_t line_begin_of(std::string_view text, std::size_t at) {
  const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

std::size_t line_end_of(std::string_view text, std::size_t at) {
  return std::min(text.find('\n', at), text.size());
}

// Moves `at` so that no character is cut; towards the end of the text.
std::size_t next_character(std::string_view text, std::size_t at) {
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

// The line, or the part of it around [begin, end), never longer than kMaxShownLineBytes plus the two marks.
std::string shown_line(std::string_view line, std::size_t begin, std::size_t end) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  begin = std::min(begin, line.size());
  end = std::clamp(end, begin, line.size());
  if (line.size() <= kMaxShownLineBytes) return to_valid_utf8(line);
  const std::size_t match = std::min(end - begin, kMaxShownLineBytes);
  const std::size_t around = (kMaxShownLineBytes - match) / 2;
  std::size_t from = begin > around ? begin - around : 0;
  from = next_character(line, std::min(from, line.size() - kMaxShownLineBytes));
  const std::string_view part = utf8_prefix(line.substr(from), kMaxShownLineBytes);
  return fmt::format("{}{}{}", from > 0 ? "…" : "", to_valid_utf8(part),
                     from + part.size() < line.size() ? "…" : "");
}

}  // namespace

LinePattern::LinePattern(std::unique_ptr<re2::RE2> regex) : regex_(std::move(regex)) {
  const auto steps = static_cast<std::size_t>(std::max(1, regex_->ProgramSize()));
  window_ = std::clamp(kWorkPerWindow / steps, kMinWindow, kMaxWindow);
}
LinePattern::LinePattern(LinePattern&&) noexcept = default;
LinePattern& LinePattern::operator=(LinePattern&&) noexcept = default;
LinePattern::~LinePattern() = default;

Result<LinePattern> LinePattern::compile(std::string_view pattern, LinePatternOptions options) {
  if (pattern.find('\n') != std::string_view::npos) {
    return fail(
        ErrorCode::kInvalidArgument,
        "the pattern has a line break in it, but the search works line by line; search for one of its lines");
  }
  re2::RE2::Options how;
  how.set_max_mem(kPatternMemory);
  how.set_literal(!options.regex);
  how.set_case_sensitive(options.case_sensitive);
  how.set_never_nl(true);
  how.set_log_errors(false);
  // With (?m) the anchors mean the begin and end of a line.
  const std::string source = options.regex ? "(?m)" + std::string(pattern) : std::string(pattern);
  auto regex = std::make_unique<re2::RE2>(source, how);
  if (!regex->ok()) {
    return fail(ErrorCode::kInvalidArgument,
                "the pattern is no regular expression that can be used: {}. The syntax is RE2: no "
                "look-around, no back-references. With "
                "regex=false the pattern is searched as plain text.",
                to_valid_utf8(regex->error()));
  }
  LinePattern out(std::move(regex));
  out.needs_single_lines_ = options.regex && (pattern.find("\\A") != std::string_view::npos ||
                                              pattern.find("\\z") != std::string_view::npos ||
                                              pattern.find("(?") != std::string_view::npos);
  return out;
}

bool LinePattern::find(std::string_view text, std::size_t from, std::size_t to, Match& match) const {
  re2::StringPiece found;
  // The whole text goes in, so that ^ and $ see what lies around the window.
  if (!regex_->Match(re2::StringPiece(text.data(), text.size()), from, to, re2::RE2::UNANCHORED, &found, 1))
    return false;
  match.begin = static_cast<std::size_t>(found.data() - text.data());
  match.end = match.begin + found.size();
  return true;
}

namespace {

// The end of the piece to look at next: whole lines, or a part of a line that is longer than a window. A
// match across such a cut is missed.
std::size_t window_end(const LinePattern& pattern, std::string_view text, std::size_t at) {
  const std::size_t to = std::min(at + pattern.window(), text.size());
  if (pattern.needs_single_lines()) return std::min(line_end_of(text, at), to);
  if (to == text.size()) return to;
  const std::size_t newline = text.rfind('\n', to - 1);
  return newline == std::string_view::npos || newline < at ? to : newline;
}

bool find_in_window(const LinePattern& pattern, std::string_view text, std::size_t at, std::size_t to,
                    LinePattern::Match& match) {
  if (!pattern.needs_single_lines()) return pattern.find(text, at, to, match);
  const std::string_view line = text.substr(at, to - at);
  if (!pattern.find(line, 0, line.size(), match)) return false;
  match.begin += at;
  match.end += at;
  return true;
}

}  // namespace

std::vector<LineMatch> find_lines(const LinePattern& pattern, std::string_view text, std::size_t limit,
                                  const std::function<bool()>& stop) {
  std::vector<LineMatch> out;
  std::size_t at = 0, number = 1, counted_to = 0;
  while (at < text.size() && out.size() < limit && !stop()) {
    const std::size_t to = window_end(pattern, text, at);
    LinePattern::Match match;
    if (!find_in_window(pattern, text, at, to, match) || match.begin >= text.size()) {
      at = to < text.size() && text[to] == '\n' ? to + 1 : to;
      continue;
    }
    LineMatch line;
    line.begin = match.begin;
    line.end = match.end;
    line.line_begin = line_begin_of(text, line.begin);
    line.line_end = line_end_of(text, line.begin);
    number += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(counted_to),
                                                  text.begin() + static_cast<std::ptrdiff_t>(line.line_begin),
                                                  '\n'));
    counted_to = line.line_begin;
    line.number = number;
    out.push_back(line);
    at = line.line_end + 1;
  }
  return out;
}

std::string format_lines(std::string_view path, std::string_view text, const std::vector<LineMatch>& matches,
                         std::size_t context) {
  std::string out;
  std::size_t printed = 0;  // number of the last line printed
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const LineMatch& match = matches[i];
    std::size_t begin = match.line_begin, number = match.number;
    while (number > printed + 1 && match.number - number < context && begin > 0) {
      begin = line_begin_of(text, begin - 1);
      --number;
    }
    if (context > 0 && printed > 0 && number > printed + 1) out += "--\n";
    const std::size_t next = i + 1 < matches.size() ? matches[i + 1].number : static_cast<std::size_t>(-1);
    while (begin <= text.size() && number <= match.number + context && number < next) {
      const std::size_t end = line_end_of(text, begin);
      if (begin == text.size() && number > match.number)
        break;  // behind the last line break there is no line
      const bool is_match = number == match.number;
      const std::string_view line = text.substr(begin, end - begin);
      const std::string shown =
          is_match ? shown_line(line, match.begin - begin, match.end - begin) : shown_line(line, 0, 0);
      const char mark = is_match ? ':' : '-';
      out += fmt::format("{}{}{}{}{}\n", path, mark, number, mark, shown);
      printed = number++;
      begin = end + 1;
    }
  }
  return out;
}

}  // namespace pryx::tools::fs
