// SPDX-License-Identifier: MIT
#include "text_writer.h"

#include <algorithm>
#include <utility>

#include "foundation/base/text.h"

namespace pryx::worker {
namespace {
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
}
}  // namespace

void TextWriter::append(std::string_view text) {
  if (full_) return;
  if (text.size() > max_bytes_ - std::min(max_bytes_, text_.size())) {
    text = utf8_prefix(text, max_bytes_ - std::min(max_bytes_, text_.size()));
    full_ = true;
  }
  text_ += text;
}

void TextWriter::flush() {
  if (newlines_ > 0 && !text_.empty()) {
    while (!text_.empty() && text_.back() == ' ') text_.pop_back();
    append(std::string(static_cast<std::size_t>(newlines_), '\n'));
  } else if (space_ && !text_.empty() && text_.back() != '\n' && text_.back() != ' ') {
    append(" ");
  }
  newlines_ = 0;
  space_ = false;
}

void TextWriter::flowing(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && !full_) {
    if (is_space(text[at]) || is_control(text[at])) {
      space_ = true;
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && !is_space(text[end]) && !is_control(text[end])) ++end;
    flush();
    append(text.substr(at, end - at));
    at = end;
  }
}

void TextWriter::verbatim(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (!is_control(c)) clean += c;
  }
  if (clean.empty()) return;
  flush();
  append(clean);
}

void TextWriter::mark(std::string_view text) {
  flush();
  append(text);
}

void TextWriter::separate(int newlines) { newlines_ = std::max(newlines_, newlines); }

std::string TextWriter::take() {
  while (!text_.empty() && is_space(text_.back())) text_.pop_back();
  return std::move(text_);
}

}  // namespace pryx::worker
