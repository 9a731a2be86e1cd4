// SPDX-License-Identifier: MIT
// The spans of a turn drawn as bars over one axis of time. Work is drawn to scale; stretches in which
// everything only waits (in line, for a person) are drawn short, or an hour at the coffee machine would hide
// a second of work. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "foundation/base/json.h"
#include "surfaces/cli/styled.h"

namespace pryx::cli {

struct TimelineSpan {
  std::string id;
  std::string parent;
  std::string kind;  // "turn", "queue", "model", "tool", "approval"…
  std::string name;
  std::string status;
  std::int64_t start_us = 0;  // since the first span began
  std::int64_t end_us = 0;
  std::string note;  // cost, tokens
};

// The spans of GET /traces/{turn_id}, in the order in which they are drawn; one under way ends with the last.
[[nodiscard]] std::vector<TimelineSpan> timeline_spans(const json::object& trace);
[[nodiscard]] std::vector<Line> draw_timeline(const std::vector<TimelineSpan>& spans, int columns);
// "950 µs", "12.3 ms", "4.56 s", "3 min 20 s".
[[nodiscard]] std::string duration_text(std::int64_t us);

}  // namespace pryx::cli
