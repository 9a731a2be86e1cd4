// SPDX-License-Identifier: MIT
#include "trust/trace/span_store.h"

#include <algorithm>

namespace pryx::trace {
namespace {

// AUTOINCREMENT: a number is never given twice, so an exporter's position stays true. costs: one row for each
// attempt at a model, kept longer than spans. open_calls: what is under way, with what it has reserved.
constexpr db::Migration kMigrations[] = {
    {1, "create spans, costs and budgets", R"sql(
CREATE TABLE spans (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  principal_id TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  span_id TEXT NOT NULL,
  parent_id TEXT,
  session_id TEXT,
  turn_id TEXT,
  step_id TEXT,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL,
  status TEXT NOT NULL,
  message TEXT NOT NULL,
  attributes TEXT NOT NULL
) STRICT;
CREATE INDEX spans_trace ON spans (principal_id, trace_id);
CREATE TABLE trace_links (
  principal_id TEXT NOT NULL,
  turn_id TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  parent_span_id TEXT NOT NULL,
  PRIMARY KEY (principal_id, turn_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE costs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  principal_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  turn_id TEXT NOT NULL,
  step_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  agent TEXT NOT NULL,
  surface TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  purpose TEXT NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  nano_usd INTEGER,
  outcome TEXT NOT NULL
) STRICT;
CREATE INDEX costs_at ON costs (principal_id, at);
CREATE INDEX costs_turn ON costs (principal_id, session_id, turn_id);
CREATE TABLE open_calls (
  principal_id TEXT NOT NULL,
  step_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  turn_id TEXT NOT NULL,
  agent TEXT NOT NULL,
  surface TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  purpose TEXT NOT NULL,
  started_ns INTEGER NOT NULL,
  input_estimate INTEGER NOT NULL,
  input_cost INTEGER,
  output_pico INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  accounts TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  PRIMARY KEY (principal_id, step_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE budgets (
  principal_id TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('session','agent','day','month','turn','slice')),
  subject TEXT NOT NULL,
  limit_nano INTEGER,
  allow_unpriced INTEGER NOT NULL DEFAULT 0,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (principal_id, scope, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE budget_accounts (
  principal_id TEXT NOT NULL,
  account TEXT NOT NULL,
  spent INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  alerted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (principal_id, account)
) STRICT, WITHOUT ROWID;
CREATE TABLE budget_slices (
  principal_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  parent_session_id TEXT NOT NULL,
  parent_turn_id TEXT NOT NULL,
  PRIMARY KEY (principal_id, session_id)
) STRICT, WITHOUT ROWID;
)sql"},
    {2, "keep whose wire an open call speaks",
     "ALTER TABLE open_calls ADD COLUMN provider_kind TEXT NOT NULL DEFAULT ''"},
};

constexpr std::string_view kInsert =
    "INSERT INTO spans (principal_id, trace_id, span_id, parent_id, session_id, turn_id, step_id, kind, name,"
    " start_ns, end_ns, status, message, attributes) VALUES "
    "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)";
#define PRYX_SPAN_COLUMNS                                                                       \
  "seq, principal_id, trace_id, span_id, parent_id, session_id, turn_id, step_id, kind, name, " \
  "start_ns, end_ns, status, message, attributes"
constexpr std::string_view kOfTrace =
    "SELECT " PRYX_SPAN_COLUMNS " FROM spans WHERE principal_id = $1 AND trace_id = $2 ORDER BY seq";
constexpr std::string_view kOfTurn = "SELECT " PRYX_SPAN_COLUMNS
                                     " FROM spans WHERE principal_id = $1 AND trace_id = $2 AND turn_id = $3"
                                     " ORDER BY seq";
constexpr std::string_view kSince =
    "SELECT " PRYX_SPAN_COLUMNS " FROM spans WHERE seq > $1 ORDER BY seq LIMIT $2";
#undef PRYX_SPAN_COLUMNS
constexpr std::string_view kLink =
    "INSERT OR REPLACE INTO trace_links (principal_id, turn_id, trace_id, parent_span_id) VALUES "
    "($1,$2,$3,$4)";
constexpr std::string_view kGetLink =
    "SELECT trace_id, parent_span_id FROM trace_links WHERE principal_id = $1 AND turn_id = $2";
constexpr std::string_view kLast = "SELECT coalesce(max(seq), 0) FROM spans";
constexpr std::string_view kFirst = "SELECT coalesce(min(seq), 0) FROM spans";
constexpr std::string_view kDropUpTo =
    "DELETE FROM spans WHERE seq IN (SELECT seq FROM spans WHERE seq <= $1 ORDER BY seq LIMIT $2)";
// The oldest rows only: the table has no index by time, and their order is that of their ends.
constexpr std::string_view kDropOld =
    "DELETE FROM spans WHERE seq IN (SELECT seq FROM (SELECT seq, end_ns FROM spans ORDER BY seq LIMIT $2) "
    "WHERE end_ns < $1)";
constexpr std::string_view kTurnsOfSession =
    "SELECT DISTINCT turn_id FROM costs WHERE principal_id = $1 AND session_id = $2";
constexpr std::string_view kForget =
    "DELETE FROM spans WHERE principal_id = $1 AND trace_id = $2 AND session_id = $3";

Span read_span(const db::Row& r) {
  Span s;
  s.seq = r.integer(0);
  s.principal = r.id<PrincipalId>(1);
  s.trace_id = r.text(2);
  s.span_id = r.text(3);
  s.parent_id = r.text(4);
  s.session = r.id<SessionId>(5);
  s.turn = r.id<TurnId>(6);
  s.step = r.id<StepId>(7);
  s.kind = span_kind_from_text(r.view(8)).value_or(SpanKind::kTool);
  s.name = r.text(9);
  s.start_ns = r.integer(10);
  s.end_ns = r.integer(11);
  s.status = span_status_from_text(r.view(12)).value_or(SpanStatus::kError);
  s.message = r.text(13);
  auto attributes = json::parse_object(r.view(14), json::kOwnText);
  if (attributes) s.attributes = std::move(*attributes);
  return s;
}

std::optional<std::string> or_null(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

db::ModuleMigrations SpanStore::migrations() { return {"trust/trace", kMigrations}; }

Result<void> SpanStore::insert(db::Connection& c, Span& s) {
  s.end_ns = std::max(s.end_ns, s.start_ns);
  PRYX_TRY_VOID(c.run(kInsert, s.principal, s.trace_id, s.span_id, or_null(s.parent_id), s.session, s.turn,
                      s.step, to_text(s.kind), s.name, s.start_ns, s.end_ns, to_text(s.status), s.message,
                      json::to_text(s.attributes)));
  s.seq = c.last_insert_rowid();
  return {};
}

Result<std::vector<Span>> SpanStore::list_turn(db::Connection& c, const PrincipalId& principal,
                                               const TurnId& turn) {
  PRYX_TRY(const TraceContext context, context_of(c, principal, turn));
  return c.list(kOfTurn, read_span, principal, context.trace_id, turn);
}

Result<std::vector<Span>> SpanStore::list_trace(db::Connection& c, const PrincipalId& principal,
                                                std::string_view trace_id) {
  return c.list(kOfTrace, read_span, principal, trace_id);
}

Result<std::vector<Span>> SpanStore::list_since(db::Connection& c, std::int64_t seq, std::int64_t limit) {
  return c.list(kSince, read_span, seq, limit);
}

Result<std::int64_t> SpanStore::last_seq(db::Connection& c) { return c.count(kLast); }
Result<std::int64_t> SpanStore::count(db::Connection& c) { return c.count("SELECT count(*) FROM spans"); }

Result<void> SpanStore::link(db::Connection& c, const PrincipalId& principal, const TurnId& turn,
                             const TraceContext& context) {
  PRYX_TRY_VOID(c.run(kLink, principal, turn, context.trace_id, context.parent_span_id));
  return {};
}

Result<TraceContext> SpanStore::context_of(db::Connection& c, const PrincipalId& principal,
                                           const TurnId& turn) {
  PRYX_TRY(
      auto linked,
      c.find(kGetLink, [](const db::Row& r) { return TraceContext{r.text(0), r.text(1)}; }, principal, turn));
  if (linked) return std::move(*linked);
  return TraceContext{trace_id_of(turn.str()), {}};
}

Result<std::int64_t> SpanStore::purge(db::Connection& c, WallTime now, std::int64_t batch,
                                      const SpanRetention& retention) {
  PRYX_TRY(const std::int64_t last, c.count(kLast));
  PRYX_TRY(const std::int64_t first, c.count(kFirst));
  if (last - first + 1 > retention.most) return c.run(kDropUpTo, last - retention.most, batch);
  return c.run(kDropOld, to_ns(now + -retention.age), batch);
}

Result<void> SpanStore::forget_session(db::Connection& c, const PrincipalId& principal,
                                       const SessionId& session) {
  // Spans have no index by session: its turns are found where their cost was booked.
  PRYX_TRY(const auto turns,
           c.list(kTurnsOfSession, [](const db::Row& r) { return r.id<TurnId>(0); }, principal, session));
  for (const TurnId& turn : turns) {
    PRYX_TRY(const TraceContext context, context_of(c, principal, turn));
    PRYX_TRY_VOID(c.run(kForget, principal, context.trace_id, session));
  }
  return {};
}

}  // namespace pryx::trace
