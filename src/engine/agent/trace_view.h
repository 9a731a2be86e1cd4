// SPDX-License-Identifier: MIT
// A turn's trace for a reader: the spans that ended, and those that are under way, made from the turn's own
// rows. Inside a read job.
#pragma once
#include <optional>
#include <vector>

#include "engine/agent/records.h"
#include "foundation/db/database.h"
#include "trust/trace/ledger.h"
#include "trust/trace/span.h"

namespace pryx::agent {

struct TraceView {
  Turn turn;
  std::string trace_id;
  std::vector<trace::Span> spans;  // by start
  std::vector<trace::CostRow> costs;
  trace::Totals totals;  // of the turn
  [[nodiscard]] json::object to_json() const;
};

// Nullopt: there is no such turn.
[[nodiscard]] Result<std::optional<TraceView>> load_trace(db::Connection& c, const PrincipalId& principal,
                                                          const TurnId& turn, std::int64_t now_ns);

}  // namespace pryx::agent
