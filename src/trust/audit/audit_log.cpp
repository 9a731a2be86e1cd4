// SPDX-License-Identifier: MIT
#include "trust/audit/audit_log.h"

#include <set>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "trust/audit/audit_tree.h"
#include "trust/audit/internal/schema.h"
#include "trust/audit/redact.h"

namespace pryx::audit {
namespace {

using namespace internal;

constexpr std::string_view kInsert =
    "INSERT INTO audit (idx, principal_id, at, kind, actor, session_id, turn_id, step_id, subject, detail, "
    "hash, format, success, subject_key, commitment)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 2, $12, $13, $14)";
constexpr std::string_view kSize = "SELECT coalesce(max(idx), 0) FROM audit";
constexpr std::string_view kFindSubject =
    "SELECT id, sealed FROM audit_subject WHERE principal_id = $1 AND session_id = $2";
constexpr std::string_view kInsertSubject =
    "INSERT INTO audit_subject (principal_id, session_id, sealed, created_at) VALUES ($1, $2, $3, $4)";
constexpr std::string_view kInsertPersonal =
    "INSERT INTO audit_personal (idx, subject_key, sealed) VALUES ($1, $2, $3)";
// The bytes are overwritten where they are; NULL alone would leave them in the page.
constexpr std::string_view kOverwriteSubject =
    "UPDATE audit_subject SET sealed = zeroblob(length(sealed)) WHERE id = $1 AND sealed IS NOT NULL";
constexpr std::string_view kEraseSubject =
    "UPDATE audit_subject SET sealed = NULL, erased_at = $2 WHERE id = $1";
constexpr std::string_view kOverwritePersonal =
    "UPDATE audit_personal SET sealed = zeroblob(length(sealed)) WHERE subject_key = $1";
constexpr std::string_view kErasePersonal = "DELETE FROM audit_personal WHERE subject_key = $1";
constexpr std::string_view kSubjectsOf =
    "SELECT id FROM audit_subject WHERE principal_id = $1 AND ($2 = '' OR session_id = $2) AND sealed IS NOT "
    "NULL ORDER BY id";

constexpr std::string_view kDecided =
    "SELECT at, step_id, kind FROM audit WHERE principal_id = $1 ORDER BY idx DESC";

std::string place_of(std::int64_t index) { return fmt::format("audit/{}", index); }
std::string place_of(const PrincipalId& principal, std::string_view session) {
  return fmt::format("audit-subject/{}/{}", principal.str(), session);
}
std::string salt_of(const Secret& subject_key, std::int64_t index) {
  const Digest salt = crypto::blake2b(fmt::format("salt/{}", index), subject_key.reveal());
  return {reinterpret_cast<const char*>(salt.data()), salt.size()};
}

}  // namespace

struct AuditLog::Subject {
  std::int64_t id = 0;
  Secret key;
};
struct AuditLog::Sealed {
  std::int64_t subject_key = 0;
  std::string commitment, bytes;
};

AuditLog::AuditLog(const Clock& clock, const LogKeys& keys)
    : clock_(clock),
      wrap_(crypto::derive_subkey(keys.master, 1, "pryxaudt")),
      salt_(crypto::derive_subkey(keys.master, 2, "pryxaudt")),
      random_(&keys.random) {}

db::ModuleMigrations AuditLog::migrations() { return {"trust/audit", kMigrations}; }

std::string commitment_of(std::string_view salt, const json::object& personal) {
  return commitment_of(salt, std::string_view(json::canonical(personal)));
}

std::string commitment_of(std::string_view salt, std::string_view canonical_personal) {
  crypto::Sha256 hash;
  hash.update(std::string_view("pryx/audit-personal/1\0", 22));
  hash.update(salt);
  hash.update(canonical_personal);
  return to_hex(hash.finish());
}

Result<std::optional<AuditLog::Subject>> AuditLog::subject_for(db::Connection& c, const Entry& entry) {
  const std::string& session = entry.session.str();
  PRYX_TRY(const auto known,
           c.find(
               kFindSubject, [](const db::Row& r) { return std::pair(r.integer(0), r.optional_text(1)); },
               entry.principal, session));
  const std::string place = place_of(entry.principal, session);
  if (known) {
    if (!known->second) return std::nullopt;  // erased: nothing personal of this subject is kept any more
    PRYX_TRY(Secret key, crypto::open_sealed(wrap_, *known->second, place));
    return Subject{.id = known->first, .key = std::move(key)};
  }
  Secret key = crypto::make_key(*random_);
  PRYX_TRY_VOID(c.run(kInsertSubject, entry.principal, session,
                      db::Blob{crypto::seal(wrap_, key, place, *random_)}, clock_.wall()));
  return Subject{.id = c.last_insert_rowid(), .key = std::move(key)};
}

Result<std::optional<AuditLog::Sealed>> AuditLog::seal_personal(db::Connection& c, std::int64_t index,
                                                                const Entry& entry) {
  if (random_ == nullptr || entry.personal.empty()) return std::nullopt;
  PRYX_TRY(const auto subject, subject_for(c, entry));
  if (!subject) return std::nullopt;
  const json::object personal = redact(salt_, entry.personal);
  return Sealed{
      .subject_key = subject->id,
      .commitment = commitment_of(salt_of(subject->key, index), personal),
      .bytes = crypto::seal(subject->key, Secret(json::canonical(personal)), place_of(index), *random_)};
}

Result<std::int64_t> AuditLog::append(db::Transaction& transaction, const Entry& entry) {
  db::Connection& c = transaction.db();
  PRYX_TRY(const std::int64_t before, size(c));
  Row row;
  row.index = before + 1;
  row.at = clock_.wall();
  row.entry = entry;
  row.entry.subject = redact_text(salt_, to_valid_utf8(entry.subject));
  row.entry.detail = redact(salt_, entry.detail);
  PRYX_TRY(const auto sealed, seal_personal(c, row.index, entry));
  if (sealed) {
    row.subject_key = sealed->subject_key;
    row.commitment = sealed->commitment;
  }
  row.hash = to_hex(hash_leaf(leaf_bytes(row)));
  const Entry& e = row.entry;
  PRYX_TRY_VOID(c.run(kInsert, row.index, e.principal, row.at, e.kind, e.actor, e.session, e.turn, e.step,
                      e.subject, json::canonical(e.detail), row.hash, e.success, row.subject_key,
                      sealed ? std::optional(row.commitment) : std::nullopt));
  if (sealed) PRYX_TRY_VOID(c.run(kInsertPersonal, row.index, sealed->subject_key, db::Blob{sealed->bytes}));
  if (row.index % kTileWidth == 0) PRYX_TRY_VOID(seal_tiles(c, row.index));
  if (!on_growth_.empty())
    transaction.after_commit([this, index = row.index] {
      for (const auto& tell : on_growth_) tell(index);
    });
  return row.index;
}

Result<void> AuditLog::erase(db::Transaction& transaction, const PrincipalId& principal,
                             const SessionId& session, const std::string& actor) {
  db::Connection& c = transaction.db();
  PRYX_TRY(const auto subjects, c.list(
                                    kSubjectsOf, [](const db::Row& r) { return r.integer(0); }, principal,
                                    std::string_view(session.str())));
  if (subjects.empty()) return {};
  json::array ids;
  for (const std::int64_t id : subjects) {
    PRYX_TRY_VOID(c.run(kOverwritePersonal, id));
    PRYX_TRY_VOID(c.run(kErasePersonal, id));
    PRYX_TRY_VOID(c.run(kOverwriteSubject, id));
    PRYX_TRY_VOID(c.run(kEraseSubject, id, clock_.wall()));
    ids.push_back(id);
  }
  PRYX_TRY_VOID(append(transaction, {.principal = principal,
                                     .kind = std::string(kErasedKind),
                                     .actor = actor,
                                     .session = session,
                                     .subject = session.empty() ? "everything personal" : session.str(),
                                     .detail = {{"subject_keys", std::move(ids)}}}));
  return {};
}

void AuditLog::open_personal(Row& row, std::string_view sealed_key, std::string_view sealed, OpenKeys& keys,
                             Reading reading) const {
  if (row.commitment.empty()) return;
  row.state = sealed_key.empty() ? Personal::kErased : Personal::kSealed;
  if (random_ == nullptr || sealed_key.empty() || !row.subject_key) return;
  auto known = keys.find(*row.subject_key);
  if (known == keys.end()) {
    auto key = crypto::open_sealed(wrap_, sealed_key, place_of(row.entry.principal, row.entry.session.str()));
    if (!key) return;
    known = keys.emplace(*row.subject_key, std::move(*key)).first;
  }
  const auto plain = crypto::open_sealed(known->second, sealed, place_of(row.index));
  if (!plain) return;
  const std::string salt = salt_of(known->second, row.index);
  if (commitment_of(salt, std::string_view(plain->reveal())) != row.commitment) return;
  if (reading == Reading::kWhole) {
    auto personal = json::parse_object(plain->reveal(), json::kOwnText);
    if (!personal) return;
    row.entry.personal = std::move(*personal);
    row.salt = to_hex(salt);
  }
  row.state = Personal::kPresent;
}

Result<std::vector<Row>> AuditLog::list(db::Connection& connection, const PrincipalId& principal,
                                        std::int64_t before, std::int64_t limit) {
  static const std::string sql =
      std::string(kColumns) + " WHERE principal_id = $1 AND idx < $2 ORDER BY idx DESC LIMIT $3";
  return connection.list(
      db::Sql::kept(sql), [](const db::Row& r) { return read_row(r); }, principal, before, limit);
}

Result<std::vector<StepId>> AuditLog::decided_steps(db::Connection& connection, const PrincipalId& principal,
                                                    WallTime from, WallTime to, std::size_t limit) {
  std::vector<StepId> out;
  std::set<std::string, std::less<>> seen;
  PRYX_TRY_VOID(connection.each(
      kDecided,
      [&](const db::Row& row) {
        if (row.time(0).unix_ms < from.unix_ms || out.size() >= limit) return false;
        const std::string_view kind = row.view(2);
        const bool decided = kind == "tool.intent" || kind == "tool.denied" || kind == "approval.requested";
        if (decided && row.time(0).unix_ms < to.unix_ms && !row.is_null(1) && seen.insert(row.text(1)).second)
          out.push_back(row.id<StepId>(1));
        return true;
      },
      principal));
  return out;
}

Result<std::vector<Row>> AuditLog::find(db::Connection& connection, const Query& query) const {
  static const std::string head = std::string(kOpenColumns) +
                                  " WHERE a.principal_id = $1 AND a.idx < $2"
                                  " AND ($3 IS NULL OR a.turn_id = $3) AND ($4 IS NULL OR a.subject = $4)"
                                  " AND ($5 IS NULL OR a.actor = $5)"
                                  " AND ($6 IS NULL OR a.kind = $6 OR substr(a.kind, 1, length($7)) = $7)"
                                  " AND ($8 IS NULL OR a.success = $8)"
                                  " AND ($9 IS NULL OR a.at >= $9) AND ($10 IS NULL OR a.at < $10)"
                                  " AND a.idx >= $13";
  static const std::string of_all = head + " AND $12 IS NULL ORDER BY a.idx DESC LIMIT $11";
  static const std::string of_session = head + " AND a.session_id = $12 ORDER BY a.idx DESC LIMIT $11";
  const auto given = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  std::optional<std::string> prefix;
  if (query.action.ends_with(".*")) prefix = query.action.substr(0, query.action.size() - 1);
  OpenKeys keys;
  std::vector<Row> out;
  PRYX_TRY_VOID(connection.each(
      db::Sql::kept(query.session.empty() ? of_all : of_session),
      [&](const db::Row& r) {
        Row row = read_row(r);
        open_personal(row, r.view(kSealedKeyColumn), r.view(kSealedColumn), keys);
        out.push_back(std::move(row));
      },
      query.principal, query.below, given(query.turn), given(query.tool), given(query.surface),
      given(query.action), prefix, query.success, query.after, query.before, query.limit,
      given(query.session), query.from));
  return out;
}

Result<std::optional<Row>> AuditLog::get(db::Connection& connection, const PrincipalId& principal,
                                         std::int64_t index) const {
  static const std::string sql = std::string(kOpenColumns) + " WHERE a.principal_id = $1 AND a.idx = $2";
  OpenKeys keys;
  return connection.find(
      db::Sql::kept(sql),
      [&](const db::Row& r) {
        Row row = read_row(r);
        open_personal(row, r.view(kSealedKeyColumn), r.view(kSealedColumn), keys);
        return row;
      },
      principal, index);
}

Result<void> AuditLog::walk(db::Connection& connection, std::int64_t first, std::int64_t last,
                            const std::function<bool(const Row&)>& on_row, Reading reading) const {
  static const std::string sql = std::string(kOpenColumns) + " WHERE a.idx BETWEEN $1 AND $2 ORDER BY a.idx";
  OpenKeys keys;
  return connection.each(
      db::Sql::kept(sql),
      [&](const db::Row& r) -> bool {
        Row row = read_row(r, reading);
        open_personal(row, r.view(kSealedKeyColumn), r.view(kSealedColumn), keys, reading);
        return on_row(row);
      },
      first, last);
}

Result<std::int64_t> AuditLog::size(db::Connection& connection) { return connection.count(kSize); }

}  // namespace pryx::audit
