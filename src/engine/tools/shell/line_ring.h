// SPDX-License-Identifier: MIT
// The last lines of a background process, both streams in the order they came. Older ones are forgotten and
// counted; a line that is too long is cut into several, so that memory stays bounded. Lines come out as
// valid UTF-8. Pure; one owner.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tools/shell/output_stream.h"

namespace pryx::tools::shell {

struct OutputLine {
  std::uint64_t number = 0;  // from 1, never reused
  OutputStream stream = OutputStream::kOutput;
  std::string text;         // without its line feed
  bool is_complete = true;  // false: the process may still write more of it
  bool operator==(const OutputLine&) const = default;
};

class LineRing {
 public:
  static constexpr std::size_t kLines = 500;
  static constexpr std::size_t kLineBytes = 4096;

  void add(OutputStream stream, std::string_view bytes);
  // What has no line feed yet counts as a line from here on: the process ended.
  void finish();

  // The last `count` lines with a number above `after`, oldest first; an open line is the last of them.
  [[nodiscard]] std::vector<OutputLine> last(std::size_t count, std::uint64_t after = 0) const;
  // Complete lines ever seen.
  [[nodiscard]] std::uint64_t total_lines() const { return next_ - 1; }
  [[nodiscard]] std::uint64_t total_bytes() const { return bytes_; }

 private:
  void push(OutputStream stream, std::string_view bytes);
  std::deque<OutputLine> lines_;
  std::array<std::string, 2> open_;  // by stream
  std::uint64_t next_ = 1;
  std::uint64_t bytes_ = 0;
};

}  // namespace pryx::tools::shell
