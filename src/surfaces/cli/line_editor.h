// SPDX-License-Identifier: MIT
// The input line of the inline conversation as a state machine: keys in, text and cursor out. Several logical
// lines, history, kill and yank; moves by grapheme clusters. The text is sanitised as it is inserted. Pure;
// one owner.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "surfaces/cli/key_decoder.h"
#include "surfaces/cli/live_region.h"

namespace pryx::cli {

class LineEditor {
 public:
  enum class Outcome : std::uint8_t { kEdited, kIgnored, kSubmitted, kInterrupted, kEndOfInput };

  [[nodiscard]] Outcome apply(const Key& key);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::size_t cursor() const { return cursor_; }
  void set_text(std::string_view text);
  void clear() { set_text({}); }

  void set_history(std::vector<std::string> entries);  // oldest first
  void remember(std::string_view entry);               // not twice in a row, not when it begins with a blank
  [[nodiscard]] const std::vector<std::string>& history() const { return history_; }

  // Appends the visible rows to the frame and puts its cursor there. `prompt` stands before the first row, as
  // many blanks before the others. When there are more rows than max_rows, those around the cursor are shown.
  void render(Frame& frame, std::string_view prompt, Style prompt_style, int columns, int max_rows) const;

 private:
  void insert(std::string_view foreign);
  void erase(std::size_t from, std::size_t to);
  void move_vertically(bool up);
  void recall(int direction);
  [[nodiscard]] std::size_t word_left() const;
  [[nodiscard]] std::size_t word_right() const;
  [[nodiscard]] std::size_t line_start() const;
  [[nodiscard]] std::size_t line_end() const;
  [[nodiscard]] Outcome apply_control(char letter);

  std::string text_;
  std::size_t cursor_ = 0;  // byte offset, always at a cluster's border
  std::string killed_;
  std::vector<std::string> history_;
  std::size_t history_at_ = 0;  // history_.size(): the draft
  std::string draft_;
};

// The history file: one entry a line, backslash and line feed escaped.
[[nodiscard]] std::vector<std::string> parse_history(std::string_view file);
[[nodiscard]] std::string format_history(const std::vector<std::string>& entries);

}  // namespace pryx::cli
