// SPDX-License-Identifier: MIT
#include "surfaces/cli/internal/markdown_table.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace pryx::cli {
namespace {

constexpr int kSeparatorWidth = 3;
constexpr int kMinColumn = 4;

void pad(Line& line, int blanks) {
  if (blanks > 0) line.add(std::string(static_cast<std::size_t>(blanks), ' '));
}

}  // namespace

void MarkdownTable::set_alignment(Alignment alignment) {
  const std::size_t column = rows_.empty() ? 0 : rows_.back().size();
  if (alignments_.size() <= column) alignments_.resize(column + 1, Alignment::kLeft);
  alignments_[column] = alignment;
}

void MarkdownTable::add_cell(Line cell) {
  if (rows_.empty()) rows_.emplace_back();
  rows_.back().push_back(std::move(cell));
}

std::vector<int> MarkdownTable::column_widths(int columns) const {
  std::vector<int> widths;
  for (const auto& row : rows_) {
    if (widths.size() < row.size()) widths.resize(row.size(), 1);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  const int room = columns - kSeparatorWidth * (static_cast<int>(widths.size()) - 1);
  // The widest column gives until all fit or none can give more.
  int total = std::accumulate(widths.begin(), widths.end(), 0);
  while (total > room) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kMinColumn) break;
    --*widest;
    --total;
  }
  return widths;
}

std::vector<Line> MarkdownTable::render(int columns) const {
  const std::vector<int> widths = column_widths(columns);
  std::vector<Line> out;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    std::vector<std::vector<Line>> cells(widths.size());
    std::size_t height = 1;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      if (c < rows_[r].size()) cells[c] = wrap(rows_[r][c], widths[c]);
      height = std::max(height, cells[c].size());
    }
    for (std::size_t h = 0; h < height; ++h) {
      Line line;
      for (std::size_t c = 0; c < widths.size(); ++c) {
        if (c > 0) line.add(" │ ", kDim);
        const Line content = h < cells[c].size() ? cells[c][h] : Line{};
        const int missing = widths[c] - width_of(content);
        const Alignment alignment = c < alignments_.size() ? alignments_[c] : Alignment::kLeft;
        const int before = alignment == Alignment::kRight    ? missing
                           : alignment == Alignment::kCentre ? missing / 2
                                                             : 0;
        pad(line, before);
        for (const Span& span : content.spans) line.add(span.text, span.style);
        if (c + 1 < widths.size()) pad(line, missing - before);
      }
      out.push_back(std::move(line));
    }
    if (r == 0) {
      std::string rule;
      for (std::size_t c = 0; c < widths.size(); ++c) {
        if (c > 0) rule += "─┼─";
        for (int i = 0; i < widths[c]; ++i) rule += "─";
      }
      out.emplace_back(rule, kDim);
    }
  }
  return out;
}

}  // namespace pryx::cli
