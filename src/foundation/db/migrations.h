// SPDX-License-Identifier: MIT
// Forward-only schema changes. Each module owns a numbered list for its own tables; the database remembers
// what ran, refuses a schema newer than the program, and rehearses pending changes on a copy before touching
// the original. Start-up only, blocking.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "foundation/db/connection.h"

namespace pryx::db {

struct Migration {
  int version = 0;        // 1, 2, 3… without gaps
  std::string_view name;  // "create sessions"
  std::string_view sql;
};

struct ModuleMigrations {
  std::string_view module;  // "engine/agent"
  std::span<const Migration> migrations;
};

struct MigrationReport {
  int applied = 0;
  bool was_empty = false;   // a fresh database: no rehearsal, no backup
  std::string backup_path;  // the untouched copy from before, empty when nothing was pending
};

// kCheckFailed when the rehearsal fails (the original is untouched), kConflict when the database is newer
// than this program.
[[nodiscard]] Result<MigrationReport> migrate(const OpenOptions& options, Connection& connection,
                                              std::span<const ModuleMigrations> modules, WallTime at);
[[nodiscard]] Result<void> check_integrity(Connection& connection);

}  // namespace pryx::db
