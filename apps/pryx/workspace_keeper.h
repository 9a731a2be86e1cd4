// SPDX-License-Identifier: MIT
// Directories as workspaces: a path becomes a workspace by its real path; a session without one gets a
// private folder when a turn first needs it. Opens the held directory a turn works in and reads its notes
// (workspace_notes.h). A folder outside of the policy's workspace.root is neither added nor opened. I/O
// thread; file work runs on the pool.
#pragma once
#include <string>
#include <vector>

#include "engine/agent/turn_engine.h"
#include "engine/tools/tool_gate.h"
#include "foundation/async/worker_pool.h"
#include "surfaces/server/admin.h"
#include "trust/audit/audit_log.h"

namespace pryx::app {

class WorkspaceKeeper final : public server::WorkspaceAdmin, public agent::WorkspaceOpener {
 public:
  struct Options {
    std::string private_root;             // data/workspaces
    std::vector<std::string> own_places;  // config, data, state…: never a workspace, nor above one
    std::string user_name;  // whom the daemon runs as, for the message that tells how to give it access
    bool dropped_from_root = false;
  };
  WorkspaceKeeper(async::EventLoop& loop, async::WorkerPool& pool, db::Database& database,
                  audit::AuditLog& audit, IdSource& ids, const tools::PolicySource& policy, Options options);

  [[nodiscard]] async::Task<Result<agent::Workspace>> open(Caller caller, std::string path) override;
  [[nodiscard]] async::Task<Opened> open(agent::Session session) override;
  [[nodiscard]] async::Task<Result<void>> forget_session(SessionId session) override;
  // Removes private folders whose sessions are gone: of those that housekeeping deleted, and of a deletion
  // that a crash cut short.
  [[nodiscard]] async::Task<Result<void>> purge();

 private:
  // By the rules in force when it is called; any thread.
  [[nodiscard]] Result<std::string> check_path(const std::string& path, const trust::Layer& rules) const;
  async::EventLoop& loop_;
  async::WorkerPool& pool_;
  db::Database& database_;
  audit::AuditLog& audit_;
  IdSource& ids_;
  const tools::PolicySource& policy_;
  Options options_;
};

}  // namespace pryx::app
