// SPDX-License-Identifier: MIT
#include "engine/tools/fs/text_match.h"

#include <algorithm>

#include "engine/tools/fs/line_ends.h"
#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

constexpr std::size_t kShownLines = 8;
constexpr std::size_t kMaxHintBytes = 1u << 20;  // the search for a near match is linear, but not free

std::vector<std::size_t> places_of(std::string_view text, std::string_view part) {
  std::vector<std::size_t> out;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    out.push_back(at);
  return out;
}

std::size_t line_of(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n'));
}

// The text without what people and models get wrong, and where each of its bytes comes from.
struct Squeezed {
  std::string text;
  std::vector<std::size_t> from;
};
Squeezed squeeze(std::string_view text) {
  Squeezed out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    out.text += c;
    out.from.push_back(i);
  }
  return out;
}

std::string hint(std::string_view text, std::string_view old_text) {
  if (text.size() > kMaxHintBytes) return "Read the place again and copy it exactly.";
  const Squeezed whole = squeeze(text), part = squeeze(old_text);
  if (part.text.empty()) return "Read the place again and copy it exactly.";
  if (const std::size_t at = whole.text.find(part.text); at != std::string::npos) {
    return fmt::format(
        "The same words are at line {}, with other white space (blanks, tabs or line ends): copy them "
        "exactly.",
        line_of(text, whole.from[at]));
  }
  const std::string lower = lower_ascii(whole.text);
  if (const std::size_t at = lower.find(lower_ascii(part.text)); at != std::string::npos)
    return fmt::format("Line {} has it in other upper and lower case.", line_of(text, whole.from[at]));
  const std::string_view first = trim(old_text.substr(0, std::min(old_text.find('\n'), old_text.size())));
  if (const std::size_t at = first.size() >= 3 ? text.find(first) : std::string_view::npos;
      at != std::string_view::npos && first.size() < trim(old_text).size())
    return fmt::format("Its first line is at line {}, but what follows differs.", line_of(text, at));
  return "Read the file again: it may have changed.";
}

}  // namespace

Result<Replacement> replace_text(std::string_view text, std::string old_text, std::string new_text,
                                 HowMany how_many) {
  if (old_text.empty())
    return fail(ErrorCode::kInvalidArgument, "old_text is empty; to write a whole file use fs.write");
  Replacement out;
  std::vector<std::size_t> places = places_of(text, old_text);
  const bool is_crlf = has_only_crlf(text);
  if (places.empty() && is_crlf && has_bare_lf(old_text)) {
    old_text = to_crlf(old_text);
    places = places_of(text, old_text);
    out.used_crlf = !places.empty();
  }
  if (places.empty())
    return fail(ErrorCode::kInvalidArgument, "old_text is not in the file (0 matches). {}",
                hint(text, old_text));
  if (places.size() > 1 && how_many == HowMany::kOne) {
    std::string lines;
    for (std::size_t i = 0; i < std::min(places.size(), kShownLines); ++i)
      lines += fmt::format("{}{}", i == 0 ? "" : ", ", line_of(text, places[i]));
    if (places.size() > kShownLines) lines += ", …";
    return fail(ErrorCode::kInvalidArgument,
                "old_text is in the file {} times (lines {}); give more of the text around the place you "
                "mean, or all=true",
                places.size(), lines);
  }
  // A file whose lines all end in CRLF keeps them.
  if (is_crlf && has_bare_lf(new_text)) {
    new_text = to_crlf(new_text);
    out.used_crlf = true;
  }
  std::size_t from = 0;
  for (const std::size_t at : places) {
    out.text += text.substr(from, at - from);
    out.text += new_text;
    from = at + old_text.size();
  }
  out.text += text.substr(from);
  out.count = places.size();
  return out;
}

}  // namespace pryx::tools::fs
