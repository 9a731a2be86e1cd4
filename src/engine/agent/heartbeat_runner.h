// SPDX-License-Identifier: MIT
// Looks every minute at the HEARTBEAT.md of each workspace and starts a turn of low priority when one is due
// and has something to do. An answer that says nothing leaves no unread session behind. Off until a person
// turns it on, because a workspace's files may be anybody's. Owned by apps/; I/O thread only.
#pragma once
#include <memory>
#include <set>
#include <string>

#include "engine/agent/heartbeat.h"
#include "engine/agent/inbox.h"
#include "engine/agent/turn_engine.h"
#include "foundation/async/worker_pool.h"

namespace pryx::agent {

class HeartbeatRunner {
 public:
  struct Parts {
    async::EventLoop& loop;
    async::WorkerPool& pool;
    db::Database& database;
    events::EventLog& events;
    IdSource& ids;
    Inbox& inbox;
    WorkspaceOpener& workspaces;
    const ProfileSource* profiles = nullptr;  // null: the built-in agent alone
  };
  explicit HeartbeatRunner(Parts parts);
  // Follows the ends of turns from here on. Before the dispatcher begins, so that none is missed.
  [[nodiscard]] async::Task<Result<void>> start();
  [[nodiscard]] async::Task<void> stop();
  // Looks at once when it was off.
  void set_enabled(bool enabled);
  // One look at every workspace; start() does it once a minute.
  [[nodiscard]] async::Task<void> look();

 private:
  struct Row {
    SessionId session;
    TurnId turn;
    WallTime last_at;
    std::string file_hash;
    bool was_ok = false;
    bool is_settled = true;  // its answer was judged
  };
  [[nodiscard]] async::Task<void> tick();
  [[nodiscard]] async::Task<void> follow();
  [[nodiscard]] async::Task<Result<void>> look_at(Workspace workspace);
  [[nodiscard]] async::Task<Result<void>> beat(Workspace workspace, std::optional<Row> row, std::string text,
                                               std::string hash);
  [[nodiscard]] async::Task<Result<void>> settle(TurnId turn);
  [[nodiscard]] HeartbeatSettings settings() const;
  [[nodiscard]] static Result<std::optional<Row>> find_row(db::Connection& c, const Workspace& workspace);

  Parts parts_;
  async::TaskGroup group_;
  std::unique_ptr<events::Subscription> ends_;
  std::set<SessionId> sessions_;  // those of heartbeats
  bool enabled_ = false;
};

}  // namespace pryx::agent
