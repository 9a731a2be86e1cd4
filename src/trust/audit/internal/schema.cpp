// SPDX-License-Identifier: MIT
#include "trust/audit/internal/schema.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::audit::internal {
namespace {

constexpr db::Migration kSteps[] = {
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
    // Rows that are there keep format 1 and their chain; they are leaves like all others.
    {2, "make the audit log a tree",
     "ALTER TABLE audit ADD COLUMN format INTEGER NOT NULL DEFAULT 1;"
     "ALTER TABLE audit ADD COLUMN success INTEGER;"
     "ALTER TABLE audit ADD COLUMN subject_key INTEGER;"
     "ALTER TABLE audit ADD COLUMN commitment TEXT;"
     "CREATE INDEX audit_session ON audit (session_id, idx) WHERE session_id IS NOT NULL;"
     "CREATE TABLE audit_tile (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY "
     "(level, idx)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE audit_subject (id INTEGER PRIMARY KEY, principal_id TEXT NOT NULL, session_id TEXT NOT "
     "NULL, sealed BLOB, created_at INTEGER NOT NULL, erased_at INTEGER, UNIQUE (principal_id, session_id)) "
     "STRICT;"
     "CREATE TABLE audit_personal (idx INTEGER PRIMARY KEY, subject_key INTEGER NOT NULL, sealed BLOB NOT "
     "NULL) STRICT;"
     "CREATE INDEX audit_personal_subject ON audit_personal (subject_key);"
     "CREATE TABLE audit_checkpoint (size INTEGER PRIMARY KEY, at INTEGER NOT NULL, note TEXT NOT NULL) "
     "STRICT;"
     "CREATE TRIGGER audit_tile_no_update BEFORE UPDATE ON audit_tile BEGIN SELECT raise(ABORT, 'the audit "
     "log is append-only'); END;"
     "CREATE TRIGGER audit_tile_no_delete BEFORE DELETE ON audit_tile BEGIN SELECT raise(ABORT, 'the audit "
     "log is append-only'); END;"
     "CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint BEGIN SELECT raise(ABORT, "
     "'the audit log is append-only'); END;"
     "CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint BEGIN SELECT raise(ABORT, "
     "'the audit log is append-only'); END"},
};

void add_member(std::string& out, std::string_view name, std::string_view json_text) {
  out += out.empty() ? "{\"" : ",\"";
  out += name;
  out += "\":";
  out += json_text;
}

void add_quoted(std::string& out, std::string_view name, std::string_view text) {
  add_member(out, name, {});
  json::append_quoted(out, text);
}
void add_quoted_or_null(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return add_member(out, name, "null");
  add_quoted(out, name, text);
}

}  // namespace

const std::span<const db::Migration> kMigrations = kSteps;

const std::string_view kColumns =
    "SELECT idx, principal_id, at, kind, actor, session_id, turn_id, step_id, subject, detail, hash, format, "
    "success, subject_key, commitment FROM audit";
const std::string_view kOpenColumns =
    "SELECT a.idx, a.principal_id, a.at, a.kind, a.actor, a.session_id, a.turn_id, a.step_id, a.subject, "
    "a.detail, a.hash, a.format, a.success, a.subject_key, a.commitment, s.sealed, p.sealed FROM audit a "
    "LEFT "
    "JOIN audit_personal p ON p.idx = a.idx LEFT JOIN audit_subject s ON s.id = a.subject_key";

Row read_row(const db::Row& r, Reading reading) {
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
  row.hash = r.text(10);
  row.format = static_cast<int>(r.integer(11));
  if (row.format != 1) row.detail_text = r.text(9);
  const bool is_hashed_as_text = row.format != 1 && !row.detail_text.empty();
  if (reading == Reading::kWhole || !is_hashed_as_text || row.entry.kind == kErasedKind) {
    auto detail = json::parse_object(r.view(9), json::kOwnText);
    // What cannot be read can only be somebody else's work: the leaf differs then, which is what is reported.
    row.entry.detail = detail ? std::move(*detail) : json::object{{"unreadable", r.text(9)}};
  }
  if (!r.is_null(12)) row.entry.success = r.boolean(12);
  row.subject_key = r.optional_integer(13);
  row.commitment = r.text(14);
  if (!row.commitment.empty()) row.state = Personal::kSealed;
  return row;
}

std::string chain_hash(const Row& row, std::string_view previous) {
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

Digest leaf_hash(const Row& row) { return hash_leaf(leaf_bytes(row)); }

std::optional<Digest> digest_of_hex(std::string_view hex) {
  const auto bytes = from_hex(hex);
  Digest digest;
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

}  // namespace pryx::audit::internal

namespace pryx::audit {

// Written member by member, in the order of RFC 8785: this runs for every entry of every verification.
std::string leaf_bytes(const Row& row) {
  using namespace internal;
  const Entry& e = row.entry;
  const bool is_chained = row.format == 1;
  std::string out;
  out.reserve(512);
  add_quoted(out, "actor", e.actor);
  add_member(out, "at", fmt::format("{}", row.at.unix_ms));
  if (is_chained) add_quoted(out, "chain", row.hash);
  if (!is_chained) add_quoted_or_null(out, "commitment", row.commitment);
  add_member(out, "detail", row.detail_text.empty() ? json::canonical(e.detail) : row.detail_text);
  add_member(out, "format", fmt::format("{}", row.format));
  add_member(out, "index", fmt::format("{}", row.index));
  add_quoted(out, "kind", e.kind);
  add_quoted(out, "principal_id", e.principal.str());
  add_quoted_or_null(out, "session_id", e.session.str());
  add_quoted_or_null(out, "step_id", e.step.str());
  add_quoted(out, "subject", e.subject);
  if (!is_chained) {
    add_member(out, "subject_key", row.subject_key ? fmt::format("{}", *row.subject_key) : "null");
    add_member(out, "success", !e.success ? "null" : *e.success ? "true" : "false");
  }
  add_quoted_or_null(out, "turn_id", e.turn.str());
  out += '}';
  return out;
}

}  // namespace pryx::audit
