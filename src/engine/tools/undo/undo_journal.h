// SPDX-License-Identifier: MIT
// What files were before a tool changed them. A tool writes here before its effect, in the same order as the
// intent: undo data first, effect second, so a crash leaves either an unchanged file or one that can be given
// back. Contents are kept in the encrypted database, bounded in size and age. Owns the tables undo_changes
// and open_undos. Owned by apps/; I/O thread only.
//
// Commands: what a sandbox held back is noted whole before the first of it is taken over. What a command
// changed in the workspace directly is one row with an empty path, and `pryx undo` says so.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/db/database.h"
#include "trust/principals/principal.h"

namespace pryx::tools {

// A file as it was or will be; a folder has neither digest nor content.
struct FileState {
  std::string digest;      // hex SHA-256 of the bytes
  std::uint32_t mode = 0;  // permission bits
  std::uint64_t size = 0;
};

enum class EntryKind : std::uint8_t { kFile, kFolder };

struct Change {
  EntryKind kind = EntryKind::kFile;
  std::string path;                 // relative to the workspace, bytes as on the disk
  std::optional<FileState> before;  // nullopt: there was nothing
  std::optional<FileState> after;   // nullopt: there will be nothing. A folder: an empty FileState
  std::string content;              // the bytes of `before`; ignored when that is nullopt
  bool keeps_content = true;        // false: `content` is not what was there
  bool independent = false;         // may be given back although others of its step cannot
};

// Whose change it is.
struct ChangeOwner {
  PrincipalId principal;
  TurnId turn;
  StepId step;
  std::string workspace;  // path of the folder that the paths are relative to
};

struct RecordedChange {
  std::int64_t number = 0;  // grows: the order
  StepId step;
  std::string workspace;
  Change change;             // content is left empty; read_content() has it
  bool has_content = false;  // false with a `before`: it was too large to be kept, or is past retention
  std::optional<WallTime> undone_at;
};

// The undo of a turn that has begun and has not ended.
struct OpenUndo {
  PrincipalId principal;
  SessionId session;
  TurnId turn;
};

struct UndoLimits {
  std::uint64_t max_file_bytes = 16u << 20;    // larger contents are noted, not kept
  std::uint64_t max_total_bytes = 256u << 20;  // over all; the oldest contents go first
  Duration max_age = std::chrono::hours(24 * 30);
};

class UndoJournal {
 public:
  UndoJournal(db::Database& database, const Clock& clock, UndoLimits limits = {});
  [[nodiscard]] static db::ModuleMigrations migrations();

  // Returns when all of it is on disk, in one commit. An error means: do not change anything.
  [[nodiscard]] async::Task<Result<void>> note_changes(ChangeOwner owner, std::vector<Change> changes);
  [[nodiscard]] async::Task<Result<void>> note_change(ChangeOwner owner, Change change);

  // Of one turn, oldest first.
  [[nodiscard]] async::Task<Result<std::vector<RecordedChange>>> list(PrincipalId principal, TurnId turn);
  // The last changes that a step noted; empty: it changed nothing yet.
  [[nodiscard]] async::Task<Result<std::vector<RecordedChange>>> list_of_step(PrincipalId principal,
                                                                              TurnId turn, StepId step);
  // kNotFound when it was not kept.
  [[nodiscard]] async::Task<Result<std::string>> read_content(PrincipalId principal, std::int64_t number);
  [[nodiscard]] async::Task<Result<void>> mark_undone(PrincipalId principal, std::int64_t number);
  // With the session of these turns goes what its tools changed. In the caller's transaction.
  [[nodiscard]] static Result<void> forget_turns(db::Connection& db, const PrincipalId& principal,
                                                 const std::vector<TurnId>& turns);
  // In the commits of an undo's intent and of its end: what is still listed at a start was cut off.
  [[nodiscard]] static Result<void> note_begin(db::Connection& db, const OpenUndo& undo);
  [[nodiscard]] static Result<void> note_end(db::Connection& db, const OpenUndo& undo);
  [[nodiscard]] static Result<std::vector<OpenUndo>> list_open(db::Connection& db);
  // Forgets contents that are too old or too much; what was changed stays known until its session goes.
  // Called once in a while by the daemon.
  [[nodiscard]] async::Task<Result<void>> purge();

  [[nodiscard]] const UndoLimits& limits() const { return limits_; }
  void set_limits(UndoLimits limits) { limits_ = limits; }

 private:
  db::Database& database_;
  const Clock& clock_;
  UndoLimits limits_;
};

}  // namespace pryx::tools
