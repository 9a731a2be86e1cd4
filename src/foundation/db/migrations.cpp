// SPDX-License-Identifier: MIT
#include "foundation/db/migrations.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "foundation/platform/files.h"

namespace pryx::db {
namespace {

constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS schema_migrations (module TEXT NOT NULL, version INTEGER NOT NULL, name TEXT "
    "NOT NULL,"
    " applied_at INTEGER NOT NULL, PRIMARY KEY (module, version)) STRICT";
constexpr std::string_view kApplied = "SELECT module, version FROM schema_migrations";
constexpr std::string_view kRecord =
    "INSERT INTO schema_migrations (module, version, name, applied_at) VALUES ($1, $2, $3, $4)";

struct Pending {
  std::string_view module;
  Migration migration;
};

Result<std::vector<Pending>> find_pending(Connection& connection, std::span<const ModuleMigrations> modules) {
  std::set<std::pair<std::string, int>> applied;
  PRYX_TRY_VOID(connection.each(
      kApplied, [&](const Row& row) { applied.emplace(row.text(0), static_cast<int>(row.integer(1))); }));
  std::vector<Pending> pending;
  for (const ModuleMigrations& module : modules) {
    int expected = 1;
    for (const Migration& migration : module.migrations) {
      PRYX_CHECK(migration.version == expected++);
      if (applied.erase({std::string(module.module), migration.version}) == 0)
        pending.push_back({module.module, migration});
    }
  }
  if (!applied.empty()) {
    return fail(ErrorCode::kConflict,
                "the database has schema version {} of {}, which this pryx {} does not know; install the "
                "newer version again",
                applied.begin()->second, applied.begin()->first, PRYX_VERSION);
  }
  return pending;
}

// In one transaction: an upgrade that is cut off anywhere has not begun.
Result<void> apply(Connection& connection, const std::vector<Pending>& pending, WallTime at) {
  PRYX_TRY_VOID(connection.execute("BEGIN IMMEDIATE"));
  for (const Pending& change : pending) {
    auto done = connection.execute(change.migration.sql);
    if (done) {
      const auto recorded =
          connection.run(kRecord, change.module, change.migration.version, change.migration.name, at);
      if (!recorded) done = std::unexpected(recorded.error());
    }
    if (!done) {
      if (connection.is_in_transaction()) (void)connection.execute("ROLLBACK");
      return fail(done.error().code, "migration {} {} \"{}\": {}", change.module, change.migration.version,
                  change.migration.name, done.error().message);
    }
  }
  auto done = connection.execute("COMMIT");
  if (!done && connection.is_in_transaction()) (void)connection.execute("ROLLBACK");
  return done;
}

// The caller holds the writer's lock. After a checkpoint that took the whole log, the one file is everything.
Result<void> copy_database(Connection& connection, const std::string& from, const std::string& to) {
  bool is_all_in_file = false;
  PRYX_TRY_VOID(connection.each("PRAGMA wal_checkpoint(TRUNCATE)",
                                [&](const Row& row) { is_all_in_file = row.integer(0) == 0; }));
  if (!is_all_in_file)
    return fail(ErrorCode::kUnavailable, "another program reads {}; start again when it has ended", from);
  std::error_code error;
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(to + suffix, error);
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing, error);
  if (error)
    return fail(ErrorCode::kStorage, "copy {} to {}: {}; free some disk space", from, to, error.message());
  return {};
}

// Whole and on disk before it has its name.
Result<void> keep_copy(Connection& connection, const std::string& from, const std::string& to) {
  const std::string unfinished = to + ".new";
  PRYX_TRY_VOID(copy_database(connection, from, unfinished));
  return platform::sync_and_rename(unfinished, to);
}

Result<void> rehearse(const OpenOptions& options, Connection& connection, const std::vector<Pending>& pending,
                      WallTime at) {
  const std::string copy = options.path + ".rehearsal";
  PRYX_TRY_VOID(copy_database(connection, options.path, copy));
  OpenOptions rehearsal = options;
  rehearsal.path = copy;
  Result<void> outcome;
  {
    auto opened = Connection::open(rehearsal);
    if (!opened) return fail(opened.error());
    outcome = apply(**opened, pending, at);
    if (outcome) outcome = check_integrity(**opened);
  }
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(copy + suffix, ignored);
  if (!outcome) {
    return fail(ErrorCode::kCheckFailed,
                "the upgrade of the database failed on a copy, the original is untouched: {}",
                outcome.error().message);
  }
  return outcome;
}

}  // namespace

// FTS5 keeps the shape of an index from the connection's last search, and looks for a newer one only when a
// search begins, not when it is checked: an index that another connection has written to since would read as
// damaged.
static Result<void> begin_searches(Connection& connection) {
  std::vector<std::string> tables;
  PRYX_TRY_VOID(connection.each(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%USING fts5%'",
      [&](const Row& row) { tables.push_back(row.text(0)); }));
  for (const std::string& table : tables)
    PRYX_TRY_VOID(connection.execute(fmt::format("SELECT rowid FROM \"{}\" LIMIT 1", table)));
  return {};
}

Result<void> check_integrity(Connection& connection) {
  std::string problem;
  PRYX_TRY_VOID(begin_searches(connection));
  PRYX_TRY_VOID(connection.each("PRAGMA integrity_check(1)", [&](const Row& row) {
    if (row.view(0) != "ok") problem = row.text(0);
  }));
  // cipher_integrity_check reads the file itself, past the log: a page that a crash tore while it was copied
  // is right in the log only. So the log is copied first; where that cannot be (another reader, a read-only
  // connection), the check above has read every page that holds data through its HMAC anyway.
  bool is_all_in_file = false;
  (void)connection.each("PRAGMA wal_checkpoint(PASSIVE)", [&](const Row& row) {
    is_all_in_file = row.integer(0) == 0 && row.integer(1) == row.integer(2);
  });
  if (problem.empty() && is_all_in_file) {
    PRYX_TRY_VOID(connection.each("PRAGMA cipher_integrity_check", [&](const Row& row) {
      problem = row.text(0);
      return false;
    }));
  }
  if (problem.empty()) {
    PRYX_TRY_VOID(connection.each("PRAGMA foreign_key_check", [&](const Row& row) {
      problem = fmt::format("broken reference in {}", row.view(0));
      return false;
    }));
  }
  std::ranges::replace(problem, '\n', ' ');  // SQLite writes a heading on a line of its own
  if (!problem.empty()) return fail(ErrorCode::kCheckFailed, "database integrity: {}", problem);
  return {};
}

Result<MigrationReport> migrate(const OpenOptions& options, Connection& connection,
                                std::span<const ModuleMigrations> modules, WallTime at) {
  MigrationReport report;
  PRYX_TRY_VOID(connection.execute(kCreate));
  PRYX_TRY(const std::int64_t known, connection.count("SELECT count(*) FROM schema_migrations"));
  report.was_empty = known == 0;
  PRYX_TRY(const std::vector<Pending> pending, find_pending(connection, modules));
  if (pending.empty()) return report;
  if (!report.was_empty && options.vfs.empty()) {
    PRYX_TRY_VOID(rehearse(options, connection, pending, at));
    report.backup_path = options.path + ".before-upgrade";
    PRYX_TRY_VOID(keep_copy(connection, options.path, report.backup_path));
  }
  PRYX_TRY_VOID(apply(connection, pending, at));
  report.applied = static_cast<int>(pending.size());
  return report;
}

}  // namespace pryx::db
