// SPDX-License-Identifier: MIT
// Gives back the files that a turn changed, newest change first, and says what it cannot give back. The
// intent is on the audit log before the first file moves, and what came of it after the last; a crash in the
// middle leaves each file as it was or as the turn left it, and asking again goes on. Owned by apps/; I/O
// thread only.
#pragma once
#include <set>
#include <string>

#include "engine/agent/dispatcher.h"
#include "engine/agent/turn_engine.h"
#include "engine/tools/undo/restore.h"
#include "foundation/async/worker_pool.h"

namespace pryx::agent {

struct UndoOptions {
  bool dry_run = false;  // say what would happen, change nothing
  tools::Force force = tools::Force::kNo;
};

struct UndoReport {
  struct Step {  // one that changed something outside of the journal's sight
    StepId id;
    std::string tool;
    std::string summary;
    std::string reason;
  };
  TurnId turn;
  bool dry_run = false;
  std::vector<tools::UndoItem> items;
  std::vector<Step> not_undone;
  [[nodiscard]] std::string_view state() const;  // "undone", "partly_undone", "refused", "nothing_to_undo"
  [[nodiscard]] json::object to_json() const;
};

class TurnUndo {
 public:
  struct Parts {
    async::EventLoop& loop;
    async::WorkerPool& pool;
    db::Database& database;
    events::EventLog& events;
    audit::AuditLog& audit;
    tools::UndoJournal& journal;
    const tools::Registry& registry;
    WorkspaceOpener& workspaces;
    Dispatcher& dispatcher;
  };
  explicit TurnUndo(Parts parts) : parts_(parts) {}

  // An undo that the last daemon, or a store that failed, left without an end: nobody knows how far it came,
  // and the log says so.
  [[nodiscard]] async::Task<Result<void>> start();

  // kNotFound; kConflict while the turn, or another undo of it, is under way.
  [[nodiscard]] async::Task<Result<UndoReport>> undo(Caller caller, TurnId turn, UndoOptions options);

 private:
  struct Subject;
  [[nodiscard]] async::Task<Result<UndoReport>> undo_alone(Caller caller, TurnId turn, UndoOptions options);
  [[nodiscard]] async::Task<Result<Subject>> read_subject(PrincipalId principal, TurnId turn);
  [[nodiscard]] async::Task<Result<std::vector<tools::UndoItem>>> plan(const Subject& subject,
                                                                       tools::Force force);
  [[nodiscard]] async::Task<void> give_back(const Subject& subject, UndoReport& report);
  [[nodiscard]] async::Task<Result<void>> give_one_back(const Subject& subject, const tools::UndoItem& item);
  [[nodiscard]] async::Task<Result<void>> record(Caller caller, const Subject& subject,
                                                 const UndoReport& report, std::string kind);
  [[nodiscard]] std::vector<UndoReport::Step> find_not_undoable(const Subject& subject) const;

  Parts parts_;
  std::set<TurnId> under_way_;
};

}  // namespace pryx::agent
