// SPDX-License-Identifier: MIT
// A Markdown table as styled lines: columns as wide as their cells, or narrower with wrapped cells when the
// terminal is. Pure.
#pragma once
#include <cstdint>
#include <vector>

#include "surfaces/cli/styled.h"

namespace pryx::cli {

class MarkdownTable {
 public:
  enum class Alignment : std::uint8_t { kLeft, kCentre, kRight };

  void add_row() { rows_.emplace_back(); }
  void set_alignment(Alignment alignment);  // of the cell that comes next
  void add_cell(Line cell);
  [[nodiscard]] std::vector<Line> render(int columns) const;  // the first row is the head

 private:
  [[nodiscard]] std::vector<int> column_widths(int columns) const;
  std::vector<std::vector<Line>> rows_;
  std::vector<Alignment> alignments_;
};

}  // namespace pryx::cli
