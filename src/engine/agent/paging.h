// SPDX-License-Identifier: MIT
// Pages of lists: how many rows, from where, and the opaque cursors between them. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace pryx::agent {

struct Page {
  std::int64_t limit = 50;  // at most 200
  std::string cursor;       // opaque, from the previous page
};
template <class T>
struct Paged {
  std::vector<T> items;
  std::string next_cursor;  // empty: the end
};

[[nodiscard]] std::int64_t clamp_limit(std::int64_t limit);

// Where a list that is ordered by a number goes on; kInvalidArgument when the cursor is not one of ours.
[[nodiscard]] Result<std::int64_t> number_cursor(std::string_view cursor, std::int64_t fallback);

// Where a list that is ordered by time, and among equals by something else, goes on: "time:tie".
struct TimeCursor {
  std::int64_t time = 0;
  std::string tie;  // empty: before every row of that time
};
[[nodiscard]] Result<TimeCursor> time_cursor(std::string_view cursor, std::int64_t fallback);
[[nodiscard]] std::string time_cursor_text(std::int64_t time, std::string_view tie);

}  // namespace pryx::agent
