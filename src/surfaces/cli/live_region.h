// SPDX-License-Identifier: MIT
// The few lines at the bottom of an inline conversation that change in place, under a scrollback that never
// does. draw() compares with what is on the screen and emits only the cells that differ, inside synchronized
// output (DEC 2026); finished lines are printed above once. Pure: frames in, bytes out; it never reads the
// terminal. One owner.
#pragma once
#include <string>
#include <vector>

#include "surfaces/cli/styled.h"

namespace pryx::cli {

struct Frame {
  std::vector<Line> lines;
  int cursor_row = 0;
  int cursor_column = 0;
  bool operator==(const Frame&) const = default;
};

class LiveRegion {
 public:
  LiveRegion(ColourMode mode, int columns) : mode_(mode), columns_(columns) {}

  // The bytes that print `above` into the scrollback and show `next` below it. Empty when nothing changes.
  [[nodiscard]] std::string draw(const Frame& next, const std::vector<Line>& above = {});
  // Removes the region; the cursor stands where its first line began.
  [[nodiscard]] std::string clear();
  // The terminal has another width: what is on the screen is removed, draw() paints anew.
  [[nodiscard]] std::string resize(int columns);
  // After a stop or another program's output the cursor stands at the start of an empty line.
  void forget();
  [[nodiscard]] int columns() const { return columns_; }

 private:
  struct Cell {
    std::string text;
    int width = 0;
    Style style;
    bool operator==(const Cell&) const = default;
  };
  using Row = std::vector<Cell>;

  [[nodiscard]] Row to_row(const Line& line) const;
  [[nodiscard]] bool fits(const std::vector<Line>& lines) const;
  void move_to(int row, int column, std::string& out);
  void write_cells(const Row& row, std::size_t from, std::size_t to, std::string& out);
  void update_row(int index, const Row& old_row, const Row& new_row, std::string& out);
  void erase(std::string& out);

  ColourMode mode_;
  int columns_;
  std::vector<Row> shown_;
  int cursor_row_ = 0;
  int cursor_column_ = 0;
};

}  // namespace pryx::cli
