// SPDX-License-Identifier: MIT
#include "surfaces/cli/text_width.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

namespace pryx::cli {
namespace {

constexpr int kTabColumns = 4;
// A cluster of more bytes is cut: the sanitiser bounds marks, but joiner chains have no end of their own.
constexpr std::size_t kMaxClusterBytes = 128;

utf8proc_int32_t decode(std::string_view text, std::size_t& length) {
  utf8proc_int32_t code_point = -1;
  const auto count = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  length = count > 0 ? static_cast<std::size_t>(count) : 1;
  return count > 0 ? code_point : 0xFFFD;
}

bool is_regional_indicator(utf8proc_int32_t c) { return c >= 0x1F1E6 && c <= 0x1F1FF; }

}  // namespace

Cluster first_cluster(std::string_view text) {
  std::size_t length = 0;
  utf8proc_int32_t current = decode(text, length);
  if (current == '\n' || current == '\t') return {text.substr(0, 1), 1};
  int width = std::max(0, utf8proc_charwidth(current));
  const bool is_flag_start = is_regional_indicator(current);
  std::size_t end = length;
  utf8proc_int32_t state = 0;
  while (end < text.size() && end < kMaxClusterBytes) {
    std::size_t next_length = 0;
    const utf8proc_int32_t next = decode(text.substr(end), next_length);
    if (utf8proc_grapheme_break_stateful(current, next, &state)) break;
    width = std::max(width, utf8proc_charwidth(next));
    if (next == 0xFE0F || (is_flag_start && is_regional_indicator(next))) width = 2;
    end += next_length;
    current = next;
  }
  return {text.substr(0, end), std::min(width, 2)};
}

Cluster last_cluster(std::string_view text) {
  // Clusters cannot be found backwards in general, so look from the start of the last line or a window that
  // is far enough back.
  std::size_t from = text.size() > 4 * kMaxClusterBytes ? text.size() - 4 * kMaxClusterBytes : 0;
  while (from > 0 && (static_cast<unsigned char>(text[from]) & 0xC0u) == 0x80u) --from;
  const std::size_t line = text.size() > 1 ? text.rfind('\n', text.size() - 2) : std::string_view::npos;
  if (line != std::string_view::npos && line >= from) from = line + 1;
  Cluster cluster;
  for (std::string_view rest = text.substr(from); !rest.empty(); rest.remove_prefix(cluster.text.size()))
    cluster = first_cluster(rest);
  return cluster;
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    // Runs of ASCII are most of what is measured.
    if (text.front() >= 0x20 && text.front() < 0x7F &&
        (text.size() == 1 || static_cast<unsigned char>(text[1]) < 0x80)) {
      ++width;
      text.remove_prefix(1);
      continue;
    }
    const Cluster cluster = first_cluster(text);
    width += cluster.width;
    text.remove_prefix(cluster.text.size());
  }
  return width;
}

std::string_view prefix_of_width(std::string_view text, int columns) {
  std::size_t end = 0;
  while (end < text.size()) {
    const Cluster cluster = first_cluster(text.substr(end));
    if (cluster.width > columns) break;
    columns -= cluster.width;
    end += cluster.text.size();
  }
  return text.substr(0, end);
}

std::string truncate_to_width(std::string_view text, int columns) {
  if (columns <= 0) return {};
  const std::string_view fits = prefix_of_width(text, columns);
  if (fits.size() == text.size()) return std::string(text);
  return std::string(prefix_of_width(text, columns - 1)) + "…";
}

std::string pad_to_width(std::string_view text, int columns) {
  std::string padded(text);
  const int missing = columns - display_width(text);
  if (missing > 0) padded.append(static_cast<std::size_t>(missing), ' ');
  return padded;
}

std::string expand_tabs(std::string_view line) {
  if (line.find('\t') == std::string_view::npos) return std::string(line);
  std::string out;
  int column = 0;
  while (!line.empty()) {
    const Cluster cluster = first_cluster(line);
    if (cluster.text == "\t") {
      const int blanks = kTabColumns - column % kTabColumns;
      out.append(static_cast<std::size_t>(blanks), ' ');
      column += blanks;
    } else {
      out.append(cluster.text);
      column += cluster.width;
    }
    line.remove_prefix(cluster.text.size());
  }
  return out;
}

namespace {

void wrap_line(std::string_view line, int columns, std::vector<std::string>& out) {
  std::string current;
  int width = 0;
  while (!line.empty()) {
    std::size_t blank = line.find(' ', line.front() == ' ' ? line.find_first_not_of(' ') : 0);
    // A word carries the blanks before it; they vanish when the word starts a line.
    std::string_view word = line.substr(0, blank);
    line.remove_prefix(word.size());
    const int word_width = display_width(word);
    if (width + word_width <= columns) {
      current.append(word);
      width += word_width;
      continue;
    }
    if (width > 0) {
      out.push_back(std::exchange(current, {}));
      width = 0;
      word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
    }
    while (display_width(word) > columns) {
      std::string_view piece = prefix_of_width(word, columns);
      if (piece.empty()) piece = first_cluster(word).text;
      out.emplace_back(piece);
      word.remove_prefix(piece.size());
    }
    current.assign(word);
    width = display_width(word);
  }
  out.push_back(std::move(current));
}

}  // namespace

std::vector<std::string> wrap_text(std::string_view text, int columns) {
  std::vector<std::string> out;
  columns = std::max(columns, 1);
  while (true) {
    const std::size_t end = text.find('\n');
    wrap_line(expand_tabs(text.substr(0, end)), columns, out);
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

}  // namespace pryx::cli
