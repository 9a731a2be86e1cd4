// SPDX-License-Identifier: MIT
// Markdown of a streaming answer as styled lines. A block is given out once, when it is finished, and never
// again: it can go to the scrollback. The block that still grows is available as a preview. Pure; one owner.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "surfaces/cli/styled.h"

namespace pryx::cli {

class MarkdownStream {
 public:
  explicit MarkdownStream(int columns) : columns_(columns) {}

  // The lines that this text finishes.
  [[nodiscard]] std::vector<Line> feed(std::string_view text);
  // The rest, as finished. Then the stream is as new.
  [[nodiscard]] std::vector<Line> finish();
  // How the unfinished block looks so far.
  [[nodiscard]] std::vector<Line> preview() const;
  void set_columns(int columns) { columns_ = columns; }

 private:
  enum class State : std::uint8_t { kBetween, kParagraph, kList, kFence };

  void take_line(std::string_view line, std::vector<Line>& out);
  void start_block(std::string_view line, std::vector<Line>& out);
  void end_block(std::vector<Line>& out);
  void emit(std::vector<Line> lines, std::vector<Line>& out);

  int columns_;
  State state_ = State::kBetween;
  std::string partial_;  // the line that has no end yet
  std::string block_;    // finished lines of the unfinished block
  char fence_mark_ = 0;
  std::size_t fence_length_ = 0;
  std::size_t fence_indent_ = 0;
  bool blank_in_list_ = false;
  unsigned ordinal_ = 0;     // of the current item of an ordered list
  bool tight_next_ = false;  // the next block follows without a blank line
  bool has_output_ = false;
};

// A whole document at once.
[[nodiscard]] std::vector<Line> render_markdown(std::string_view source, int columns);

}  // namespace pryx::cli
