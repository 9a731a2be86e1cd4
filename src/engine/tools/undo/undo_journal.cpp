// SPDX-License-Identifier: MIT
#include "engine/tools/undo/undo_journal.h"

#include <array>

namespace pryx::tools {
namespace {

constexpr std::string_view kCreate = R"sql(
CREATE TABLE undo_changes (
  number INTEGER PRIMARY KEY,
  principal_id TEXT NOT NULL,
  turn_id TEXT NOT NULL,
  step_id TEXT NOT NULL,
  workspace TEXT NOT NULL,
  path BLOB NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('file', 'folder')),
  before_digest TEXT,
  before_mode INTEGER,
  before_size INTEGER,
  after_digest TEXT,
  after_mode INTEGER,
  after_size INTEGER,
  content BLOB,
  content_bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  undone_at INTEGER
) STRICT;
CREATE INDEX undo_changes_turn ON undo_changes (principal_id, turn_id, number);
CREATE INDEX undo_changes_kept ON undo_changes (number) WHERE content_bytes > 0;
)sql";
constexpr std::string_view kAddIndependent =
    "ALTER TABLE undo_changes ADD COLUMN independent INTEGER NOT NULL DEFAULT 0";
constexpr std::string_view kCreateOpen = R"sql(
CREATE TABLE open_undos (
  principal_id TEXT NOT NULL,
  turn_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  PRIMARY KEY (principal_id, turn_id)
) STRICT;
)sql";
constexpr std::array kMigrations{db::Migration{1, "create undo changes", kCreate},
                                 db::Migration{2, "let changes stand alone", kAddIndependent},
                                 db::Migration{3, "remember undos that have not ended", kCreateOpen}};

constexpr std::string_view kInsert =
    "INSERT INTO undo_changes (principal_id, turn_id, step_id, workspace, path, kind, before_digest, "
    "before_mode, before_size, after_digest, after_mode, after_size, content, content_bytes, created_at, "
    "independent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
constexpr std::string_view kList =
    "SELECT number, step_id, workspace, path, kind, before_digest, before_mode, before_size, after_digest,"
    " after_mode, after_size, content IS NOT NULL, undone_at, independent FROM undo_changes"
    " WHERE principal_id = $1 AND turn_id = $2 AND ($3 IS NULL OR step_id = $3) ORDER BY number";
constexpr std::string_view kContent =
    "SELECT content FROM undo_changes WHERE principal_id = $1 AND number = $2 AND content IS NOT NULL";
constexpr std::string_view kMark =
    "UPDATE undo_changes SET undone_at = $3 WHERE principal_id = $1 AND number = $2 AND undone_at IS NULL";
constexpr std::string_view kForgetOld =
    "UPDATE undo_changes SET content = NULL, content_bytes = 0 WHERE content_bytes > 0 AND created_at < $1";
constexpr std::string_view kForgetTurn = "DELETE FROM undo_changes WHERE principal_id = $1 AND turn_id = $2";
constexpr std::string_view kBegin =
    "INSERT INTO open_undos (principal_id, turn_id, session_id) VALUES ($1, $2, $3)"
    " ON CONFLICT (principal_id, turn_id) DO NOTHING";
constexpr std::string_view kEnd = "DELETE FROM open_undos WHERE principal_id = $1 AND turn_id = $2";
constexpr std::string_view kListOpen =
    "SELECT principal_id, session_id, turn_id FROM open_undos ORDER BY principal_id, turn_id";
constexpr std::string_view kTotal = "SELECT coalesce(sum(content_bytes), 0) FROM undo_changes";
constexpr std::string_view kOldestKept =
    "SELECT number, content_bytes FROM undo_changes WHERE content_bytes > 0 ORDER BY number";
constexpr std::string_view kForget =
    "UPDATE undo_changes SET content = NULL, content_bytes = 0 WHERE number = $1";

std::optional<FileState> read_state(const db::Row& row, int column, EntryKind kind) {
  if (row.is_null(column)) return std::nullopt;
  FileState out;
  if (kind == EntryKind::kFile) out.digest = row.text(column);
  out.mode = static_cast<std::uint32_t>(row.integer(column + 1));
  out.size = static_cast<std::uint64_t>(row.integer(column + 2));
  return out;
}

RecordedChange read_change(const db::Row& row) {
  RecordedChange out;
  out.number = row.integer(0);
  out.step = row.id<StepId>(1);
  out.workspace = row.text(2);
  out.change.path = std::string(row.view(3));
  out.change.kind = row.view(4) == "folder" ? EntryKind::kFolder : EntryKind::kFile;
  out.change.before = read_state(row, 5, out.change.kind);
  out.change.after = read_state(row, 8, out.change.kind);
  out.has_content = row.boolean(11);
  out.undone_at = row.optional_time(12);
  out.change.independent = row.boolean(13);
  return out;
}

struct StateColumns {
  std::optional<std::string> digest;
  std::optional<std::int64_t> mode, size;
};
StateColumns columns_of(const std::optional<FileState>& state) {
  if (!state) return {};
  return {state->digest, state->mode, static_cast<std::int64_t>(state->size)};
}

Result<void> insert(db::Connection& db, const ChangeOwner& owner, const Change& change,
                    const UndoLimits& limits, WallTime at) {
  const bool keeps = change.kind == EntryKind::kFile && change.before.has_value() && change.keeps_content &&
                     !change.path.empty() && change.content.size() <= limits.max_file_bytes &&
                     change.content.size() == change.before->size;
  std::optional<db::Blob> content;
  if (keeps) content = db::Blob{change.content};
  const StateColumns before = columns_of(change.before);
  const StateColumns after = columns_of(change.after);
  PRYX_TRY_VOID(db.run(kInsert, owner.principal, owner.turn, owner.step, owner.workspace,
                       db::Blob{change.path}, change.kind == EntryKind::kFolder ? "folder" : "file",
                       before.digest, before.mode, before.size, after.digest, after.mode, after.size, content,
                       keeps ? change.content.size() : 0, at, change.independent));
  return {};
}

// Only contents go; that something was changed stays known, so that an undo can say what it cannot give back.
Result<void> shrink_to(db::Connection& db, std::int64_t most) {
  PRYX_TRY(std::int64_t total, db.count(kTotal));
  if (total <= most) return {};
  std::vector<std::int64_t> numbers;
  PRYX_TRY_VOID(db.each(kOldestKept, [&](const db::Row& row) {
    numbers.push_back(row.integer(0));
    total -= row.integer(1);
    return total > most;
  }));
  for (const std::int64_t number : numbers) PRYX_TRY_VOID(db.run(kForget, number));
  return {};
}

}  // namespace

UndoJournal::UndoJournal(db::Database& database, const Clock& clock, UndoLimits limits)
    : database_(database), clock_(clock), limits_(limits) {}

Result<void> UndoJournal::forget_turns(db::Connection& db, const PrincipalId& principal,
                                       const std::vector<TurnId>& turns) {
  for (const TurnId& turn : turns) {
    PRYX_TRY_VOID(db.run(kForgetTurn, principal, turn));
    PRYX_TRY_VOID(db.run(kEnd, principal, turn));
  }
  return {};
}

Result<void> UndoJournal::note_begin(db::Connection& db, const OpenUndo& undo) {
  PRYX_TRY_VOID(db.run(kBegin, undo.principal, undo.turn, undo.session));
  return {};
}

Result<void> UndoJournal::note_end(db::Connection& db, const OpenUndo& undo) {
  PRYX_TRY_VOID(db.run(kEnd, undo.principal, undo.turn));
  return {};
}

Result<std::vector<OpenUndo>> UndoJournal::list_open(db::Connection& db) {
  return db.list(kListOpen, [](const db::Row& row) {
    return OpenUndo{row.id<PrincipalId>(0), row.id<SessionId>(1), row.id<TurnId>(2)};
  });
}

db::ModuleMigrations UndoJournal::migrations() { return {"engine/tools/undo", kMigrations}; }

async::Task<Result<void>> UndoJournal::note_changes(ChangeOwner owner, std::vector<Change> changes) {
  if (changes.empty()) co_return Result<void>{};
  const WallTime at = clock_.wall();
  const UndoLimits limits = limits_;
  co_return co_await database_.write([&](db::Transaction& t) -> Result<void> {
    for (const Change& change : changes) PRYX_TRY_VOID(insert(t.db(), owner, change, limits, at));
    return shrink_to(t.db(), static_cast<std::int64_t>(limits.max_total_bytes));
  });
}

async::Task<Result<void>> UndoJournal::note_change(ChangeOwner owner, Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  co_return co_await note_changes(std::move(owner), std::move(changes));
}

async::Task<Result<std::vector<RecordedChange>>> UndoJournal::list(PrincipalId principal, TurnId turn) {
  co_return co_await database_.read([=](db::Connection& db) {
    return db.list(kList, read_change, principal, turn, std::optional<std::string>{});
  });
}

async::Task<Result<std::vector<RecordedChange>>> UndoJournal::list_of_step(PrincipalId principal, TurnId turn,
                                                                           StepId step) {
  co_return co_await database_.read(
      [=](db::Connection& db) { return db.list(kList, read_change, principal, turn, step); });
}

async::Task<Result<std::string>> UndoJournal::read_content(PrincipalId principal, std::int64_t number) {
  co_return co_await database_.read([=](db::Connection& db) -> Result<std::string> {
    PRYX_TRY(
        auto content,
        db.find(kContent, [](const db::Row& row) { return std::string(row.view(0)); }, principal, number));
    if (!content) return fail(ErrorCode::kNotFound, "the content before the change was not kept");
    return std::move(*content);
  });
}

async::Task<Result<void>> UndoJournal::mark_undone(PrincipalId principal, std::int64_t number) {
  const WallTime at = clock_.wall();
  co_return co_await database_.write([=](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(t.db().run(kMark, principal, number, at));
    return {};
  });
}

async::Task<Result<void>> UndoJournal::purge() {
  const WallTime oldest = clock_.wall() + -limits_.max_age;
  const auto most = static_cast<std::int64_t>(limits_.max_total_bytes);
  co_return co_await database_.write([=](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(t.db().run(kForgetOld, oldest));
    return shrink_to(t.db(), most);
  });
}

}  // namespace pryx::tools
