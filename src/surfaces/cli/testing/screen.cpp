// SPDX-License-Identifier: MIT
#include "surfaces/cli/testing/screen.h"

#include <algorithm>

#include "surfaces/cli/text_width.h"

namespace pryx::cli::testing {

Screen::Row& Screen::line(int row) {
  while (static_cast<int>(lines_.size()) <= row) lines_.emplace_back();
  return lines_[static_cast<std::size_t>(row)];
}

void Screen::line_feed() {
  ++row_;
  (void)line(row_);
  if (row_ - top_ >= rows_) top_ = row_ - rows_ + 1;
}

void Screen::put(std::string_view cluster, int width) {
  if (pending_wrap_ || column_ + width > columns_) {
    column_ = 0;
    line_feed();
    pending_wrap_ = false;
  }
  Row& row = line(row_);
  while (static_cast<int>(row.size()) < column_ + width) row.emplace_back();
  row[static_cast<std::size_t>(column_)] = {std::string(cluster), false};
  for (int i = 1; i < width; ++i) row[static_cast<std::size_t>(column_ + i)] = {"", true};
  written_ += width;
  column_ += width;
  if (column_ >= columns_) {
    column_ = columns_ - 1;
    pending_wrap_ = true;
  }
}

void Screen::erase_line_from(int row, int column) {
  Row& cells = line(row);
  for (std::size_t i = static_cast<std::size_t>(column); i < cells.size(); ++i) {
    if (cells[i].text != " ") ++erased_;
  }
  if (static_cast<int>(cells.size()) > column) cells.resize(static_cast<std::size_t>(column));
}

void Screen::sequence(std::string_view text) {
  pending_wrap_ = false;
  const char final = text.back();
  const std::string body(text.substr(2, text.size() - 3));
  const int number = body.empty() || body[0] == '?' ? 1 : std::max(1, std::atoi(body.c_str()));
  switch (final) {
    case 'A':
      row_ = std::max(top_, row_ - number);
      return;
    case 'B':
      row_ = std::min(top_ + rows_ - 1, row_ + number);
      return;
    case 'C':
      column_ = std::min(columns_ - 1, column_ + number);
      return;
    case 'D':
      column_ = std::max(0, column_ - number);
      return;
    case 'G':
      column_ = std::min(columns_ - 1, number - 1);
      return;
    case 'K':
      if (!body.empty() && body != "0") break;
      erase_line_from(row_, column_);
      return;
    case 'J':
      if (body == "2" || body == "3") {
        ++whole_screen_erasures_;
        return;
      }
      if (!body.empty() && body != "0") break;
      erase_line_from(row_, column_);
      for (int i = row_ + 1; i < static_cast<int>(lines_.size()); ++i) erase_line_from(i, 0);
      return;
    case 'm':
      if (body.find_first_not_of("0123456789;") == std::string::npos) return;
      break;
    case 'h':
    case 'l':
      if (body == "?25") {
        cursor_visible_ = final == 'h';
        return;
      }
      if (body == "?2004") {
        bracketed_paste_ = final == 'h';
        return;
      }
      if (body == "?2026") {
        if (final == 'h') ++frames_;
        return;
      }
      break;
    default:
      break;
  }
  unknown_.emplace_back(text);
}

void Screen::feed(std::string_view bytes) {
  const std::string all = partial_ + std::string(bytes);
  partial_.clear();
  std::string_view rest = all;
  while (!rest.empty()) {
    const char c = rest.front();
    if (c == '\x1b') {
      if (rest.size() < 2) break;
      if (rest[1] != '[') {
        unknown_.emplace_back(rest.substr(0, 2));
        rest.remove_prefix(2);
        continue;
      }
      std::size_t end = 2;
      while (end < rest.size() &&
             (static_cast<unsigned char>(rest[end]) < 0x40 || static_cast<unsigned char>(rest[end]) > 0x7E))
        ++end;
      if (end == rest.size()) break;
      sequence(rest.substr(0, end + 1));
      rest.remove_prefix(end + 1);
      continue;
    }
    if (c == '\r' || c == '\n' || c == '\b') {
      pending_wrap_ = false;
      if (c == '\r') column_ = 0;
      if (c == '\n') line_feed();
      if (c == '\b') column_ = std::max(0, column_ - 1);
      rest.remove_prefix(1);
      continue;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      unknown_.emplace_back(1, c);
      rest.remove_prefix(1);
      continue;
    }
    const Cluster cluster = first_cluster(rest);
    put(cluster.text, std::max(1, cluster.width));
    rest.remove_prefix(cluster.text.size());
  }
  partial_.assign(rest);
}

std::vector<std::string> Screen::text() const {
  std::vector<std::string> out;
  for (const Row& row : lines_) {
    std::string text;
    for (const Cell& cell : row) text += cell.text;
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out.push_back(std::move(text));
  }
  while (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

}  // namespace pryx::cli::testing
