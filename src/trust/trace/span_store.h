// SPDX-License-Identifier: MIT
// The tables of this module, and the one of spans. A span is written once, when it ended, in the transaction
// that records the end of its work: so what is in the table is complete, its row numbers are the order in
// which things ended, and an exporter reads on from the last number it has seen. Static functions for
// composing transactions.
#pragma once
#include <cstdint>
#include <vector>

#include "foundation/db/database.h"
#include "trust/trace/span.h"

namespace pryx::trace {

// Where a turn stands in a trace. Its own root, unless another turn started it.
struct TraceContext {
  std::string trace_id;
  std::string parent_span_id;  // empty: it is the root
};

struct SpanRetention {
  std::int64_t most = 1'500'000;  // rows; a million is promised
  Duration age = std::chrono::hours(24 * 90);
};

struct SpanStore {
  [[nodiscard]] static db::ModuleMigrations migrations();  // all tables of this module

  // Sets span.seq. An end before the begin is moved to it.
  [[nodiscard]] static Result<void> insert(db::Connection& c, Span& span);
  // In the order in which they ended.
  [[nodiscard]] static Result<std::vector<Span>> list_turn(db::Connection& c, const PrincipalId& principal,
                                                           const TurnId& turn);
  // Of the turn and of all that it started: everything of its trace.
  [[nodiscard]] static Result<std::vector<Span>> list_trace(db::Connection& c, const PrincipalId& principal,
                                                            std::string_view trace_id);
  // Of everybody, those behind `seq`, oldest first: for export.
  [[nodiscard]] static Result<std::vector<Span>> list_since(db::Connection& c, std::int64_t seq,
                                                            std::int64_t limit);
  [[nodiscard]] static Result<std::int64_t> last_seq(db::Connection& c);
  [[nodiscard]] static Result<std::int64_t> count(db::Connection& c);

  // In the transaction that begins a turn which another one started.
  [[nodiscard]] static Result<void> link(db::Connection& c, const PrincipalId& principal, const TurnId& turn,
                                         const TraceContext& context);
  [[nodiscard]] static Result<TraceContext> context_of(db::Connection& c, const PrincipalId& principal,
                                                       const TurnId& turn);

  // Deletes at most `batch` of the oldest that retention no longer keeps; how many.
  [[nodiscard]] static Result<std::int64_t> purge(db::Connection& c, WallTime now, std::int64_t batch,
                                                  const SpanRetention& retention = {});
  // With the session: the spans of its turns that called a model. What they have cost stays.
  [[nodiscard]] static Result<void> forget_session(db::Connection& c, const PrincipalId& principal,
                                                   const SessionId& session);
};

}  // namespace pryx::trace
