// SPDX-License-Identifier: MIT
#include "trust/redaction/internal/changes.h"

#include <algorithm>
#include <iterator>

#include "foundation/base/text.h"

namespace pryx::redaction {
namespace {

constexpr std::size_t kAround = 40;  // bytes of text that are shown on each side
constexpr std::string_view kDot = "•";

std::string dots(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += kDot;
  return out;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return text;
}

std::string left_of(std::string_view text, std::size_t at) {
  std::size_t from = at > kAround ? at - kAround : 0;
  while (from < at && from > 0 && is_continuation(text[from])) ++from;
  return (from > 0 ? "…" : "") + one_line(std::string(text.substr(from, at - from)));
}

std::string right_of(std::string_view text, std::size_t at) {
  std::size_t to = std::min(text.size(), at + kAround);
  while (to > at && to < text.size() && is_continuation(text[to])) --to;
  return one_line(std::string(text.substr(at, to - at))) + (to < text.size() ? "…" : "");
}

// What opens a door is told by its kind and nothing else.
bool is_personal(Kind kind) { return kind >= Kind::kEmail; }

}  // namespace

std::string masked(Kind kind, std::string_view value) {
  constexpr std::size_t kShortest = 6;  // a shorter one would be told by its ends
  constexpr std::size_t kDots = 5;
  const bool is_plain = std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_personal(kind) || value.size() < kShortest || !is_plain) return dots(kDots);
  return fmt::format("{}{}{}", value.front(), dots(kDots), value.substr(value.size() - 2));
}

std::string pointer_token(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::size_t Changes::begin_of(std::size_t at) const {
  const auto next = std::ranges::upper_bound(changes_, at, {}, &Change::is_begin);
  if (next == changes_.begin()) return at;
  const Change& before = *std::prev(next);
  return at < before.is_end ? before.was_begin : before.was_end + (at - before.is_end);
}

std::size_t Changes::end_of(std::size_t at) const {
  const auto next = std::ranges::lower_bound(changes_, at, {}, &Change::is_begin);
  if (next == changes_.begin()) return at;
  const Change& before = *std::prev(next);
  return at <= before.is_end ? before.was_end : before.was_end + (at - before.is_end);
}

void Changes::add(const std::vector<Finding>& findings, const std::vector<std::string>& placeholders) {
  std::vector<Change> all;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const Finding& f = findings[i];
    all.push_back({.was_begin = begin_of(f.begin),
                   .was_end = end_of(f.end),
                   .is_begin = f.begin,
                   .is_end = f.end,
                   .kind = f.kind,
                   .placeholder = placeholders[i]});
  }
  for (Change& earlier : changes_) {
    const auto over = std::ranges::upper_bound(findings, earlier.is_begin, {}, &Finding::end);
    if (over == findings.end() || over->begin >= earlier.is_end) all.push_back(std::move(earlier));
  }
  std::ranges::sort(all, {}, &Change::is_begin);
  // Everything moves by what the placeholders before it are longer or shorter than what they stand for.
  std::size_t grown = 0, shrunk = 0;
  for (Change& change : all) {
    const std::size_t length = change.is_end - change.is_begin;
    change.is_begin = change.is_begin + grown - shrunk;
    change.is_end = change.is_begin + change.placeholder.size();
    grown += change.placeholder.size();
    shrunk += length;
  }
  changes_ = std::move(all);
}

void Changes::tell(std::string_view was, std::string_view is, const std::string& where,
                   const std::function<void(Replacement)>& tell) const {
  for (const Change& change : changes_) {
    const std::string left = left_of(is, change.is_begin), right = right_of(is, change.is_end);
    const std::string_view value = was.substr(change.was_begin, change.was_end - change.was_begin);
    tell({.kind = change.kind,
          .placeholder = change.placeholder,
          .where = where,
          .begin = change.was_begin,
          .length = value.size(),
          .before = left + masked(change.kind, value) + right,
          .after = left + change.placeholder + right});
  }
}

}  // namespace pryx::redaction
