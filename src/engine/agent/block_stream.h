// SPDX-License-Identifier: MIT
// Streamed text as messages for places that cannot show a growing one: cut into blocks where a reader would
// pause, never inside of fenced code, and gathered so that few messages are sent. Sizes are bytes; a code
// point is never cut. Pure values: time is given.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"

namespace pryx::agent {

struct BlockLimits {
  std::size_t min = 500;
  std::size_t max = 2000;
  // What the other side takes at most; 0: anything. Only a fence that is longer than this is parted, and then
  // each part is a whole fence of its own.
  std::size_t hard_max = 0;
};

class BlockCutter {
 public:
  explicit BlockCutter(BlockLimits limits = {}) : limits_(limits) {}
  // The blocks that are complete by now.
  [[nodiscard]] std::vector<std::string> add(std::string_view text);
  // The rest. The cutter is empty afterwards.
  [[nodiscard]] std::vector<std::string> finish();

 private:
  [[nodiscard]] std::vector<std::string> cut(bool is_final);
  BlockLimits limits_;
  std::string pending_;
};

// Where the next block of this text ends; nullopt: not yet (more has to come). At most text.size().
[[nodiscard]] std::optional<std::size_t> find_break(std::string_view text, const BlockLimits& limits,
                                                    bool is_final);

struct CoalesceLimits {
  std::size_t min = 1500;
  std::size_t max = 3000;
  Duration idle = std::chrono::milliseconds(200);
};

// Joins blocks into messages: one is sent when it is long enough, when the next block does not fit any more,
// or when nothing came for a while.
class Coalescer {
 public:
  explicit Coalescer(CoalesceLimits limits = {}) : limits_(limits) {}
  [[nodiscard]] std::vector<std::string> add(std::string block, MonotonicTime now);
  // What is due by the clock.
  [[nodiscard]] std::optional<std::string> take_idle(MonotonicTime now);
  [[nodiscard]] std::optional<std::string> finish();
  // When to ask take_idle() again; nullopt while nothing waits.
  [[nodiscard]] std::optional<MonotonicTime> due_at() const;

 private:
  CoalesceLimits limits_;
  std::string waiting_;
  MonotonicTime last_{};
};

}  // namespace pryx::agent
