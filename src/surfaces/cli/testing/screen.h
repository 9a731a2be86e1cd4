// SPDX-License-Identifier: MIT
// A small terminal for tests: understands exactly the sequences that the command line may emit, and nothing
// else. Keeps the whole scrollback, counts cells that were written and erased, and records everything
// unknown, so that a test can demand that there is none.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pryx::cli::testing {

class Screen {
 public:
  explicit Screen(int columns, int rows) : columns_(columns), rows_(rows), lines_(1) {}

  void feed(std::string_view bytes);
  // All lines from the first ever written to the last, without trailing blanks.
  [[nodiscard]] std::vector<std::string> text() const;
  [[nodiscard]] int cursor_row() const { return row_; }  // index into text()
  [[nodiscard]] int cursor_column() const { return column_; }
  [[nodiscard]] const std::vector<std::string>& unknown() const { return unknown_; }
  [[nodiscard]] bool cursor_visible() const { return cursor_visible_; }
  [[nodiscard]] bool bracketed_paste() const { return bracketed_paste_; }
  [[nodiscard]] int whole_screen_erasures() const { return whole_screen_erasures_; }
  [[nodiscard]] int frames() const { return frames_; }
  [[nodiscard]] long written() const { return written_; }
  [[nodiscard]] long erased() const { return erased_; }
  void reset_counts() { written_ = erased_ = 0; }

 private:
  struct Cell {
    std::string text = " ";
    bool continuation = false;
  };
  using Row = std::vector<Cell>;
  void put(std::string_view cluster, int width);
  void line_feed();
  void sequence(std::string_view text);
  void erase_line_from(int row, int column);
  Row& line(int row);

  int columns_, rows_;
  std::vector<Row> lines_;
  int top_ = 0;  // first line of the visible part
  int row_ = 0;
  int column_ = 0;
  bool pending_wrap_ = false;
  bool cursor_visible_ = true;
  bool bracketed_paste_ = false;
  int whole_screen_erasures_ = 0;
  int frames_ = 0;
  long written_ = 0;
  long erased_ = 0;
  std::string partial_;
  std::vector<std::string> unknown_;
};

}  // namespace pryx::cli::testing
