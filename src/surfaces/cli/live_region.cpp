// SPDX-License-Identifier: MIT
#include "surfaces/cli/live_region.h"

#include <fmt/format.h>

#include <algorithm>

#include "surfaces/cli/terminal_text.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

constexpr std::string_view kBeginFrame = "\x1b[?2026h\x1b[?25l";
constexpr std::string_view kEndFrame = "\x1b[?25h\x1b[?2026l";

}  // namespace

LiveRegion::Row LiveRegion::to_row(const Line& line) const {
  Row row;
  // The last column stays free: a full row leaves terminals in a pending wrap, where moves and erases differ
  // between them.
  int left = columns_ - 1;
  for (const Span& span : truncate(line, left).spans) {
    const std::string safe = sanitize_line(span.text);
    for (std::string_view rest = safe; !rest.empty();) {
      const Cluster cluster = first_cluster(rest);
      row.push_back(
          {std::string(cluster.text), cluster.width, mode_ == ColourMode::kAnsi ? span.style : Style{}});
      rest.remove_prefix(cluster.text.size());
    }
  }
  return row;
}

void LiveRegion::move_to(int row, int column, std::string& out) {
  if (row < cursor_row_) out += fmt::format("\x1b[{}A", cursor_row_ - row);
  if (row > cursor_row_) out += fmt::format("\x1b[{}B", row - cursor_row_);
  if (column != cursor_column_) {
    if (column == 0) {
      out += "\r";
    } else {
      out += fmt::format("\x1b[{}G", column + 1);
    }
  }
  cursor_row_ = row;
  cursor_column_ = column;
}

void LiveRegion::write_cells(const Row& row, std::size_t from, std::size_t to, std::string& out) {
  Style style;
  for (std::size_t i = from; i < to; ++i) {
    if (!(row[i].style == style)) {
      if (!(style == Style{})) out += kResetSequence;
      style = row[i].style;
      out += style_sequence(style);
    }
    out += row[i].text;
    cursor_column_ += row[i].width;
  }
  if (!(style == Style{})) out += kResetSequence;
}

void LiveRegion::update_row(int index, const Row& old_row, const Row& new_row, std::string& out) {
  std::size_t same = 0;
  int column = 0;
  while (same < old_row.size() && same < new_row.size() && old_row[same] == new_row[same])
    column += new_row[same++].width;
  if (same == old_row.size() && same == new_row.size()) return;
  int old_width = column;
  for (std::size_t i = same; i < old_row.size(); ++i) old_width += old_row[i].width;
  int new_width = column;
  for (std::size_t i = same; i < new_row.size(); ++i) new_width += new_row[i].width;
  // With equal widths the tails line up, so an unchanged tail stays untouched.
  std::size_t end = new_row.size();
  if (old_width == new_width) {
    std::size_t old_end = old_row.size();
    while (end > same && old_end > same && old_row[old_end - 1] == new_row[end - 1]) {
      --end;
      --old_end;
    }
  }
  move_to(index, column, out);
  write_cells(new_row, same, end, out);
  if (new_width < old_width) out += "\x1b[K";
}

void LiveRegion::erase(std::string& out) {
  move_to(0, 0, out);
  if (!shown_.empty()) out += "\x1b[J";
  shown_.clear();
}

bool LiveRegion::fits(const std::vector<Line>& lines) const {
  return std::all_of(lines.begin(), lines.end(), [&](const Line& line) { return width_of(line) < columns_; });
}

std::string LiveRegion::draw(const Frame& next, const std::vector<Line>& above) {
  std::string out;
  std::vector<Row> rows;
  rows.reserve(above.size() + next.lines.size());
  // Lines that fit take the place of the live rows they stand on, so that a finished block which was already
  // shown is not written again. Longer ones are left to the terminal to wrap, from a cleared start.
  if (fits(above)) {
    for (const Line& line : above) rows.push_back(to_row(line));
  } else {
    erase(out);
    for (const Line& line : above) {
      out += encode(line, mode_);
      out += "\r\n";
    }
  }
  const int finished = static_cast<int>(rows.size());
  for (const Line& line : next.lines) rows.push_back(to_row(line));
  // The cursor's line always exists, also when the frame is empty.
  if (rows.size() == static_cast<std::size_t>(finished)) rows.emplace_back();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int index = static_cast<int>(i);
    if (i < shown_.size()) {
      update_row(index, shown_[i], rows[i], out);
      continue;
    }
    if (i > 0) {
      // A line feed at the last line scrolls, which a cursor move cannot.
      move_to(index - 1, cursor_column_, out);
      out += "\r\n";
      cursor_row_ = index;
      cursor_column_ = 0;
    }
    move_to(index, 0, out);
    write_cells(rows[i], 0, rows[i].size(), out);
  }
  if (rows.size() < shown_.size()) {
    move_to(static_cast<int>(rows.size()), 0, out);
    out += "\x1b[J";
  }
  const int last_row = static_cast<int>(rows.size()) - 1 - finished;
  move_to(finished + std::clamp(next.cursor_row, 0, last_row),
          std::clamp(next.cursor_column, 0, columns_ - 1), out);
  rows.erase(rows.begin(), rows.begin() + finished);
  shown_ = std::move(rows);
  cursor_row_ -= finished;
  if (out.empty()) return out;
  return std::string(kBeginFrame) + out + std::string(kEndFrame);
}

std::string LiveRegion::clear() {
  std::string out;
  erase(out);
  return out;
}

void LiveRegion::forget() {
  shown_.clear();
  cursor_row_ = 0;
  cursor_column_ = 0;
}

std::string LiveRegion::resize(int columns) {
  columns = std::max(columns, 2);
  // A narrower terminal may have wrapped the rows above the cursor: go up by as many lines as they can take
  // now.
  int above = 0;
  for (int i = 0; i < cursor_row_ && i < static_cast<int>(shown_.size()); ++i) {
    int width = 0;
    for (const Cell& cell : shown_[static_cast<std::size_t>(i)]) width += cell.width;
    above += std::max(1, (width + columns - 1) / columns);
  }
  above += cursor_column_ / columns;
  columns_ = columns;
  std::string out = "\r";
  if (above > 0) out += fmt::format("\x1b[{}A", above);
  out += "\x1b[J";
  forget();
  return out;
}

}  // namespace pryx::cli
