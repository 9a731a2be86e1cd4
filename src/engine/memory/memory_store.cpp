// SPDX-License-Identifier: MIT
#include "engine/memory/memory_store.h"

#include <algorithm>
#include <array>

#include "engine/memory/memory_query.h"
#include "engine/memory/memory_score.h"
#include "foundation/base/text.h"

namespace pryx::memory {
namespace {

constexpr std::string_view kCreate = R"sql(
CREATE TABLE memories (
  number INTEGER PRIMARY KEY,
  principal_id TEXT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('daily', 'longterm', 'session')),
  text TEXT NOT NULL,
  labels TEXT NOT NULL,
  session_id TEXT,
  idempotency_key TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX memories_id ON memories (principal_id, id);
CREATE UNIQUE INDEX memories_key ON memories (principal_id, idempotency_key);
CREATE INDEX memories_session ON memories (principal_id, session_id);
CREATE VIRTUAL TABLE memories_fts USING fts5 (
  text, content='memories', content_rowid='number', tokenize='porter unicode61 remove_diacritics 2'
);
)sql";
constexpr std::array kMigrations{db::Migration{1, "create memories", kCreate}};

constexpr std::string_view kFindKey =
    "SELECT id, type, text FROM memories WHERE principal_id = $1 AND idempotency_key = $2";
constexpr std::string_view kCount = "SELECT count(*) FROM memories WHERE principal_id = $1";
constexpr std::string_view kInsert =
    "INSERT INTO memories (principal_id, id, type, text, labels, session_id, idempotency_key, created_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
constexpr std::string_view kIndex = "INSERT INTO memories_fts (rowid, text) VALUES ($1, $2)";
constexpr std::string_view kUnindex =
    "INSERT INTO memories_fts (memories_fts, rowid, text) VALUES ('delete', $1, $2)";
// The rank of FTS5 is smaller for a better match; the id breaks ties, newest first.
constexpr std::string_view kSearch =
    "SELECT m.id, m.type, m.text, m.labels, m.session_id, m.created_at, f.rank"
    " FROM memories_fts f JOIN memories m ON m.number = f.rowid"
    " WHERE f.text MATCH $1 AND m.principal_id = $2 AND ($3 IS NULL OR m.type = $3)"
    " AND (m.type <> 'session' OR m.session_id = $4)"
    " ORDER BY f.rank, m.id DESC LIMIT $5";
constexpr std::int64_t kScanned = 5'000;  // entries the substring search looks at
constexpr std::string_view kScan =
    "SELECT id, type, text, labels, session_id, created_at FROM"
    " (SELECT * FROM memories WHERE principal_id = $2 ORDER BY id DESC LIMIT $6) newest"
    " WHERE text LIKE $1 ESCAPE '\\' AND ($3 IS NULL OR type = $3) AND (type <> 'session' OR session_id = $4)"
    " ORDER BY id DESC LIMIT $5";
constexpr std::string_view kList =
    "SELECT id, type, text, labels, session_id, created_at FROM memories"
    " WHERE principal_id = $1 AND ($2 IS NULL OR type = $2) AND ($3 IS NULL OR id < $3) ORDER BY id DESC "
    "LIMIT $4";
constexpr std::string_view kFindWhole =
    "SELECT id, type, text, labels, session_id, created_at FROM memories WHERE principal_id = $1 AND id = $2";
constexpr std::string_view kFind = "SELECT number, text FROM memories WHERE principal_id = $1 AND id = $2";
constexpr std::string_view kFindSession =
    "SELECT number, text FROM memories WHERE principal_id = $1 AND session_id = $2 AND type = 'session'";
constexpr std::string_view kDelete = "DELETE FROM memories WHERE principal_id = $1 AND number = $2";

Memory read_memory(const db::Row& row) {
  Memory out;
  out.id = row.id<MemoryId>(0);
  out.type = memory_type_from_text(row.text(1)).value_or(MemoryType::kLongterm);
  out.text = row.text(2);
  const auto saved = trust::Labels::parse(row.text(3));
  out.saved = saved ? *saved : trust::Labels::unreadable();
  out.labels = trust::joined(trust::Labels{"memory"}, out.saved);
  out.session = row.id<SessionId>(4);
  out.created_at = row.time(5);
  return out;
}

struct Found {
  std::int64_t number = 0;
  std::string text;
};
Found read_found(const db::Row& row) { return {row.integer(0), row.text(1)}; }

Result<void> erase(db::Connection& db, const PrincipalId& principal, const Found& found) {
  PRYX_TRY_VOID(db.run(kUnindex, found.number, found.text));
  PRYX_TRY_VOID(db.run(kDelete, principal, found.number));
  return {};
}

std::optional<std::string> optional_text(const std::optional<MemoryType>& type) {
  if (!type) return std::nullopt;
  return std::string(to_text(*type));
}

std::int64_t bounded(std::size_t limit) {
  return static_cast<std::int64_t>(std::min(std::max<std::size_t>(limit, 1), MemoryStore::kMaxResults));
}

Result<SaveOutcome> insert(db::Connection& db, const PrincipalId& principal, const SaveRequest& request,
                           const MemoryId& id, WallTime at) {
  const std::string type(to_text(request.type));
  if (!request.idempotency_key.empty()) {
    PRYX_TRY(const auto same, db.find(
                                  kFindKey,
                                  [&](const db::Row& row) {
                                    return std::pair(row.id<MemoryId>(0),
                                                     row.view(1) == type && row.view(2) == request.text);
                                  },
                                  principal, request.idempotency_key));
    if (same && !same->second)
      return fail(ErrorCode::kConflict, "save a memory: its idempotency key was used for another text");
    if (same) return SaveOutcome{same->first, true};
  }
  PRYX_TRY(const std::int64_t count, db.count(kCount, principal));
  if (count >= static_cast<std::int64_t>(MemoryStore::kMaxPerPrincipal)) {
    return fail(ErrorCode::kTooLarge, "save a memory: there are {} already; remove some first", count);
  }
  std::optional<std::string> key;
  if (!request.idempotency_key.empty()) key = request.idempotency_key;
  PRYX_TRY_VOID(
      db.run(kInsert, principal, id, type, request.text, request.labels.to_text(), request.session, key, at));
  PRYX_TRY_VOID(db.run(kIndex, db.last_insert_rowid(), request.text));
  return SaveOutcome{id, false};
}

// Hits in the order of the index, with their ranks (negative, the smallest is the best), in the order of
// their scores. Twins stay as they came, newest first.
std::vector<Memory> ranked(std::vector<std::pair<Memory, double>> hits, WallTime now, std::size_t limit) {
  const double best = hits.empty() ? 0 : hits.front().second;
  const auto score_of = [&](const std::pair<Memory, double>& hit) {
    const double fit = best < 0 ? hit.second / best : 1;
    return score(fit, hit.first.type, std::chrono::milliseconds(now.unix_ms - hit.first.created_at.unix_ms));
  };
  // The place in the index settles a draw.
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < hits.size(); ++i) order.emplace_back(-score_of(hits[i]), i);
  std::ranges::sort(order);
  std::vector<Memory> out;
  for (const auto& entry : order) {
    if (out.size() == limit) break;
    out.push_back(std::move(hits[entry.second].first));
  }
  return out;
}

}  // namespace

std::string_view to_text(MemoryType type) {
  switch (type) {
    case MemoryType::kDaily:
      return "daily";
    case MemoryType::kLongterm:
      return "longterm";
    case MemoryType::kSession:
      return "session";
  }
  return "longterm";
}

std::optional<MemoryType> memory_type_from_text(std::string_view text) {
  for (const MemoryType type : {MemoryType::kDaily, MemoryType::kLongterm, MemoryType::kSession}) {
    if (to_text(type) == text) return type;
  }
  return std::nullopt;
}

db::ModuleMigrations migrations() { return {"engine/memory", kMigrations}; }

async::Task<Result<SaveOutcome>> MemoryStore::save(Principal principal, SaveRequest request) {
  // The store's text is UTF-8 without NUL, which SQLite's text functions would cut at.
  request.text = to_valid_utf8(trim(request.text));
  std::erase(request.text, '\0');
  if (request.text.empty()) co_return fail(ErrorCode::kInvalidArgument, "save a memory: the text is empty");
  if (request.text.size() > kMaxTextBytes) {
    co_return fail(ErrorCode::kTooLarge,
                   "save a memory: the text has {} bytes, {} are allowed; save the essence, or several notes",
                   request.text.size(), kMaxTextBytes);
  }
  if (request.type == MemoryType::kSession && request.session.empty()) {
    co_return fail(ErrorCode::kInvalidArgument,
                   "save a memory: type 'session' needs a session; use 'daily' or 'longterm'");
  }
  const MemoryId id = ids_.make<MemoryId>();
  const WallTime at = clock_.wall();
  co_return co_await database_.write(
      [principal = principal.id, request = std::move(request), id, at,
       tell = on_change_](db::Transaction& transaction) -> Result<SaveOutcome> {
        PRYX_TRY(SaveOutcome saved, insert(transaction.db(), principal, request, id, at));
        if (!saved.already_saved) PRYX_TRY_VOID(tell(transaction, principal));
        return saved;
      });
}

async::Task<Result<std::vector<Memory>>> MemoryStore::search(Principal principal, SearchRequest request) {
  const std::string words = fts_query(request.query);
  if (words.empty()) co_return std::vector<Memory>{};
  co_return co_await database_.read([principal = principal.id, request = std::move(request), words,
                                     now = clock_.wall()](db::Connection& db) -> Result<std::vector<Memory>> {
    const auto type = optional_text(request.type);
    const std::string session = request.session.str();
    PRYX_TRY(auto hits,
             db.list(
                 kSearch, [](const db::Row& row) { return std::pair(read_memory(row), row.real(6)); }, words,
                 principal, type, session, static_cast<std::int64_t>(kMaxResults)));
    if (!hits.empty()) return ranked(std::move(hits), now, static_cast<std::size_t>(bounded(request.limit)));
    const std::string part = like_pattern(utf8_prefix(trim(request.query), 256));
    return db.list(kScan, read_memory, part, principal, type, session, bounded(request.limit), kScanned);
  });
}

async::Task<Result<std::vector<Memory>>> MemoryStore::list(Principal principal, ListRequest request) {
  co_return co_await database_.read(
      [principal = principal.id, request = std::move(request)](db::Connection& db) {
        return db.list(kList, read_memory, principal, optional_text(request.type), request.before,
                       bounded(request.limit));
      });
}

async::Task<Result<std::optional<Memory>>> MemoryStore::find(Principal principal, MemoryId id) {
  co_return co_await database_.read([principal = principal.id, id](db::Connection& db) {
    return db.find(kFindWhole, read_memory, principal, id);
  });
}

async::Task<Result<bool>> MemoryStore::remove(Principal principal, MemoryId id) {
  co_return co_await database_.write(
      [principal = principal.id, id, tell = on_change_](db::Transaction& transaction) -> Result<bool> {
        PRYX_TRY(const auto found, transaction.db().find(kFind, read_found, principal, id));
        if (!found) return false;
        PRYX_TRY_VOID(erase(transaction.db(), principal, *found));
        PRYX_TRY_VOID(tell(transaction, principal));
        return true;
      });
}

async::Task<Result<std::int64_t>> MemoryStore::remove_session(Principal principal, SessionId session) {
  co_return co_await database_.write([principal = principal.id, session, tell = on_change_](
                                         db::Transaction& transaction) -> Result<std::int64_t> {
    PRYX_TRY(const auto found, transaction.db().list(kFindSession, read_found, principal, session));
    for (const Found& one : found) PRYX_TRY_VOID(erase(transaction.db(), principal, one));
    if (!found.empty()) PRYX_TRY_VOID(tell(transaction, principal));
    return static_cast<std::int64_t>(found.size());
  });
}

}  // namespace pryx::memory
