// SPDX-License-Identifier: MIT
#include "trust/audit/audit_log.h"

#include "foundation/crypto/crypto.h"

namespace pryx::audit {
namespace {

constexpr db::Migration kMigrations[] = {
    {1, "create audit",
     "CREATE TABLE audit (idx INTEGER PRIMARY KEY, principal_id TEXT NOT NULL, at INTEGER NOT NULL, kind "
     "TEXT NOT NULL, actor TEXT NOT NULL,"
     " session_id TEXT, turn_id TEXT, step_id TEXT, subject TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT "
     "NOT NULL) STRICT;"
     "CREATE INDEX audit_principal ON audit (principal_id, idx);"
     "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit log is "
     "append-only'); END;"
     "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit log is "
     "append-only'); END"},
};
constexpr std::string_view kInsert =
    "INSERT INTO audit (idx, principal_id, at, kind, actor, session_id, turn_id, step_id, subject, detail, "
    "hash)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
constexpr std::string_view kTail = "SELECT idx, hash FROM audit ORDER BY idx DESC LIMIT 1";
constexpr std::string_view kColumns =
    "SELECT idx, principal_id, at, kind, actor, session_id, turn_id, step_id, subject, detail, hash FROM "
    "audit";

const std::string& list_sql() {
  static const std::string sql =
      std::string(kColumns) + " WHERE principal_id = $1 AND idx < $2 ORDER BY idx DESC LIMIT $3";
  return sql;
}
const std::string& walk_sql() {
  static const std::string sql = std::string(kColumns) + " ORDER BY idx";
  return sql;
}

std::string row_hash(const Row& row, std::string_view previous) {
  json::object o;
  o["index"] = row.index;
  o["principal_id"] = row.entry.principal.str();
  o["at"] = row.at.unix_ms;
  o["kind"] = row.entry.kind;
  o["actor"] = row.entry.actor;
  o["session_id"] = row.entry.session.str();
  o["turn_id"] = row.entry.turn.str();
  o["step_id"] = row.entry.step.str();
  o["subject"] = row.entry.subject;
  o["detail"] = row.entry.detail;
  o["previous"] = previous;
  return crypto::hash_json("audit-row/1", o);
}

Row read_row(const db::Row& r) {
  Row row;
  row.index = r.integer(0);
  row.at = r.time(2);
  row.entry.principal = r.id<PrincipalId>(1);
  row.entry.kind = r.text(3);
  row.entry.actor = r.text(4);
  row.entry.session = r.id<SessionId>(5);
  row.entry.turn = r.id<TurnId>(6);
  row.entry.step = r.id<StepId>(7);
  row.entry.subject = r.text(8);
  auto detail = json::parse_object(r.view(9));
  if (detail) row.entry.detail = std::move(*detail);
  row.hash = r.text(10);
  return row;
}

}  // namespace

db::ModuleMigrations AuditLog::migrations() { return {"trust/audit", kMigrations}; }

Result<std::int64_t> AuditLog::append(db::Transaction& transaction, const Entry& entry) {
  db::Connection& c = transaction.db();
  PRYX_TRY(const auto tail,
           c.find(kTail, [](const db::Row& r) { return std::pair(r.integer(0), r.text(1)); }));
  Row row;
  row.index = tail ? tail->first + 1 : 1;
  row.at = clock_.wall();
  row.entry = entry;
  row.hash = row_hash(row, tail ? std::string_view(tail->second) : std::string_view());
  PRYX_TRY_VOID(c.run(kInsert, row.index, entry.principal, row.at, entry.kind, entry.actor, entry.session,
                      entry.turn, entry.step, entry.subject, json::to_text(entry.detail), row.hash));
  return row.index;
}

Result<std::vector<Row>> AuditLog::list(db::Connection& connection, const PrincipalId& principal,
                                        std::int64_t before, std::int64_t limit) {
  return connection.list(list_sql(), read_row, principal, before, limit);
}

Result<Verdict> AuditLog::verify(db::Connection& connection) {
  Verdict verdict;
  std::string previous;
  PRYX_TRY_VOID(connection.each(walk_sql(), [&](const db::Row& r) -> bool {
    const Row row = read_row(r);
    ++verdict.rows;
    if (row.index != verdict.rows || row.hash != row_hash(row, previous)) {
      verdict.first_bad_index = verdict.rows;
      verdict.reason =
          row.index != verdict.rows ? "a row is missing" : "the row or its predecessor was changed";
      return false;
    }
    previous = row.hash;
    return true;
  }));
  return verdict;
}

}  // namespace pryx::audit
