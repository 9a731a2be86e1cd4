// SPDX-License-Identifier: MIT
#include "engine/agent/paging.h"

#include <algorithm>

namespace pryx::agent {

std::int64_t clamp_limit(std::int64_t limit) { return std::clamp<std::int64_t>(limit, 1, 200); }

Result<std::int64_t> number_cursor(std::string_view cursor, std::int64_t fallback) {
  if (cursor.empty()) return fallback;
  std::int64_t value = 0;
  for (const char c : cursor) {
    if (c < '0' || c > '9' || value > (INT64_MAX - 9) / 10)
      return fail(ErrorCode::kInvalidArgument, "the cursor is not one of ours; start without it");
    value = value * 10 + (c - '0');
  }
  return value;
}

Result<TimeCursor> time_cursor(std::string_view cursor, std::int64_t fallback) {
  TimeCursor out;
  const std::size_t colon = cursor.find(':');
  PRYX_TRY(out.time, number_cursor(cursor.substr(0, colon), fallback));
  if (colon != std::string_view::npos) out.tie = cursor.substr(colon + 1);
  return out;
}

std::string time_cursor_text(std::int64_t time, std::string_view tie) {
  return fmt::format("{}:{}", time, tie);
}

}  // namespace pryx::agent
