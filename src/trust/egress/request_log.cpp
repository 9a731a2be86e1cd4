// SPDX-License-Identifier: MIT
#include "trust/egress/request_log.h"

#include <array>

namespace pryx::egress {
namespace {

constexpr std::string_view kCreate = R"sql(
CREATE TABLE egress_requests (
  number INTEGER PRIMARY KEY,
  principal_id TEXT NOT NULL,
  session_id TEXT,
  turn_id TEXT,
  step_id TEXT,
  tool TEXT NOT NULL,
  method TEXT NOT NULL,
  scheme TEXT NOT NULL,
  host TEXT NOT NULL,
  port INTEGER NOT NULL,
  peer TEXT NOT NULL,
  status INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed', 'denied', 'unknown')),
  reason TEXT NOT NULL,
  bytes_out INTEGER NOT NULL,
  bytes_in INTEGER NOT NULL,
  at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL
) STRICT;
CREATE INDEX egress_requests_principal ON egress_requests (principal_id, number);
CREATE INDEX egress_requests_open ON egress_requests (state) WHERE state = 'open';
)sql";
constexpr std::array kMigrations{db::Migration{1, "create egress_requests", kCreate}};

constexpr std::string_view kNext = "SELECT coalesce(max(number), 0) + 1 FROM egress_requests";
constexpr std::string_view kInsert =
    "INSERT INTO egress_requests (number, principal_id, session_id, turn_id, step_id, tool, method, scheme, "
    "host, port,"
    " peer, status, state, reason, bytes_out, bytes_in, at, ended_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
constexpr std::string_view kEnd =
    "UPDATE egress_requests SET peer = $2, status = $3, state = $4, reason = $5, bytes_out = $6, bytes_in = "
    "$7,"
    " ended_at = $8 WHERE number = $1";
constexpr std::string_view kAt = "SELECT at FROM egress_requests WHERE number = $1";
#define COLUMNS                                                                                         \
  "SELECT number, principal_id, session_id, turn_id, step_id, tool, method, scheme, host, port, peer, " \
  "status, "                                                                                            \
  "state, reason, bytes_out, bytes_in, at, ended_at FROM egress_requests "
constexpr std::string_view kOrphans = COLUMNS "WHERE state = 'open' ORDER BY number LIMIT 500";
constexpr std::string_view kList =
    COLUMNS "WHERE principal_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
#undef COLUMNS
constexpr std::string_view kCutOff = "the daemon ended before the answer";
constexpr std::string_view kPurge = "DELETE FROM egress_requests WHERE at < $1 AND state <> 'open'";
constexpr Duration kKept = std::chrono::hours(24 * 90);

RequestRecord read_record(const db::Row& row) {
  RequestRecord r;
  r.number = row.integer(0);
  r.principal = row.id<PrincipalId>(1);
  r.session = row.id<SessionId>(2);
  r.turn = row.id<TurnId>(3);
  r.step = row.id<StepId>(4);
  r.tool = row.text(5);
  r.method = row.text(6);
  r.scheme = row.text(7);
  r.host = row.text(8);
  r.port = static_cast<std::uint16_t>(row.integer(9));
  r.peer = row.text(10);
  r.status = static_cast<int>(row.integer(11));
  r.state = row.text(12);
  r.reason = row.text(13);
  r.bytes_out = row.integer(14);
  r.bytes_in = row.integer(15);
  r.at = row.time(16);
  r.ended_at = row.time(17);
  return r;
}

audit::Entry audit_entry(const RequestRecord& r) {
  audit::Entry entry;
  entry.principal = r.principal;
  entry.kind = "egress.request";
  entry.actor = "egress";
  entry.session = r.session;
  entry.turn = r.turn;
  entry.step = r.step;
  entry.subject = r.tool;
  entry.detail = {{"method", r.method},    {"scheme", r.scheme}, {"port", r.port},
                  {"status", r.status},    {"state", r.state},   {"bytes_out", r.bytes_out},
                  {"bytes_in", r.bytes_in}};
  entry.personal = {{"host", r.host}, {"peer", r.peer}};  // where somebody went is erased with the session
  return entry;
}

}  // namespace

db::ModuleMigrations EgressLog::migrations() { return {"egress", kMigrations}; }

Result<void> EgressLog::close(db::Transaction& t, const RequestRecord& r) {
  PRYX_TRY_VOID(t.db().run(kEnd, r.number, r.peer, std::int64_t{r.status}, r.state, r.reason, r.bytes_out,
                           r.bytes_in, r.ended_at));
  PRYX_TRY_VOID(audit_.append(t, audit_entry(r)));
  return ended_ ? ended_(t, r) : Result<void>{};
}

// They may have been sent: without an end of theirs they would be in no audit log and in no trace.
async::Task<Result<void>> EgressLog::start() {
  const WallTime now = clock_.wall();
  for (bool more = true; more;) {
    auto closed = co_await database_.write([this, now](db::Transaction& t) -> Result<bool> {
      PRYX_TRY(const auto open, t.db().list(kOrphans, read_record));
      for (RequestRecord r : open) {
        r.state = "unknown";
        r.reason = kCutOff;
        r.ended_at = now;
        PRYX_TRY_VOID(close(t, r));
      }
      return !open.empty();
    });
    if (!closed) co_return std::unexpected(closed.error());
    more = *closed;
  }
  co_return Result<void>{};
}

async::Task<Result<std::int64_t>> EgressLog::begin(RequestRecord record) {
  record.at = clock_.wall();
  if (record.state == "denied") record.ended_at = record.at;
  co_return co_await database_.write(
      [this, r = std::move(record)](db::Transaction& t) -> Result<std::int64_t> {
        PRYX_TRY(const std::int64_t number, t.db().count(kNext));
        PRYX_TRY_VOID(t.db().run(kInsert, number, r.principal, r.session, r.turn, r.step, r.tool, r.method,
                                 r.scheme, r.host, std::int64_t{r.port}, r.peer, std::int64_t{r.status},
                                 r.state, r.reason, r.bytes_out, r.bytes_in, r.at, r.ended_at));
        if (r.state == "denied") {
          PRYX_TRY_VOID(audit_.append(t, audit_entry(r)));
          RequestRecord numbered = r;
          numbered.number = number;
          if (ended_) PRYX_TRY_VOID(ended_(t, numbered));
        }
        return number;
      });
}

async::Task<Result<void>> EgressLog::end(RequestRecord record) {
  record.ended_at = clock_.wall();
  co_return co_await database_.write([this, r = std::move(record)](db::Transaction& t) -> Result<void> {
    // Who ends a record does not know when it began.
    const auto began = t.db().find(kAt, [](const db::Row& row) { return row.time(0); }, r.number);
    PRYX_TRY(const std::optional<WallTime> at, began);
    RequestRecord whole = r;
    whole.at = at.value_or(r.ended_at);
    return close(t, whole);
  });
}

Result<std::vector<RequestRecord>> EgressLog::list(db::Connection& connection, const PrincipalId& principal,
                                                   std::int64_t before, std::int64_t limit) {
  return connection.list(kList, read_record, principal, before, limit);
}

async::Task<Result<void>> EgressLog::purge() {
  const WallTime oldest = clock_.wall() + -kKept;
  co_return co_await database_.write([oldest](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(t.db().run(kPurge, oldest));
    return {};
  });
}

}  // namespace pryx::egress
