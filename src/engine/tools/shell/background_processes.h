// SPDX-License-Identifier: MIT
// The processes that go on when the call that started them is over. Each has an owner, a scope, a time limit
// and a row that names its state; all of them end with their session (or the daemon), and none outlives the
// daemon. Owned by apps/, I/O thread only. stop() before it is destroyed.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/tools/shell/child_run.h"
#include "engine/tools/shell/process_store.h"
#include "foundation/async/task_group.h"
#include "foundation/events/event_log.h"
#include "trust/audit/audit_log.h"
#include "trust/egress/broker.h"
#include "trust/principals/principal.h"

namespace pryx::tools::shell {

struct ProcessLaunch {
  ProcessRecord record;  // id, state and times are filled in
  TurnId turn;
  StepId step;
  sandbox::Request request;
  std::string input;
  Duration limit{};
  std::shared_ptr<egress::ProxySocket> proxy;  // kept as long as the process; may be null
  std::shared_ptr<RunRecorder> recorder;       // may be null
};

// Whose processes, and as seen from where. An empty session sees all of the principal.
struct ProcessViewer {
  PrincipalId principal;
  SessionId session;
  std::string actor;  // for the audit log: a surface, or "agent"
};

struct ProcessLook {
  std::size_t lines = 100;
  std::uint64_t after = 0;  // only lines with a higher number
};

enum class SessionEnd : std::uint8_t {
  kArchived,  // its global processes stay: they end with the daemon
  kDeleted,   // they end, too: what their end writes down has to go with the session
};

class BackgroundProcesses {
 public:
  static constexpr std::size_t kMaxPerSession = 8;
  static constexpr std::size_t kMaxRunning = 32;
  static constexpr std::size_t kListLines = 10;
  static constexpr std::size_t kViewLines = 100;

  BackgroundProcesses(async::EventLoop& loop, db::Database& database, events::EventLog& events,
                      audit::AuditLog& audit, IdSource& ids, sandbox::Sandbox& sandbox);
  ~BackgroundProcesses();
  [[nodiscard]] static db::ModuleMigrations migrations() { return ProcessStore::migrations(); }
  // Names what the last daemon left as running: it died with it, and its end goes on record now.
  [[nodiscard]] async::Task<Result<void>> start();
  // What a command gets between being asked to end and being killed; for those that start from now on.
  void set_grace(Duration grace) { grace_ = grace; }
  [[nodiscard]] Duration grace() const { return grace_; }
  // Kills all of them and waits until their ends are on disk.
  [[nodiscard]] async::Task<void> stop();

  // The row is on disk before the process runs. kOverloaded when there are too many, kDenied when the sandbox
  // refuses.
  [[nodiscard]] async::Task<Result<ProcessRecord>> launch(ProcessLaunch launch);
  // Newest first, each with its last 10 lines; running ones and those that ended lately.
  [[nodiscard]] async::Task<Result<std::vector<ProcessView>>> list(ProcessViewer viewer);
  [[nodiscard]] async::Task<Result<ProcessView>> view(ProcessViewer viewer, ProcessId id, ProcessLook look);
  // What the agent has not been handed yet, at most the last `lines` of it, for the modes that keep output
  // until it is looked at, also after the end; else the last lines. Waits up to `wait` for something new.
  [[nodiscard]] async::Task<Result<ProcessView>> take(ProcessViewer viewer, ProcessId id, std::size_t lines,
                                                      Duration wait);
  // Returns once its end is on disk, or after the limit.
  [[nodiscard]] async::Task<void> wait_for_end(ProcessViewer viewer, ProcessId id, Duration limit);
  [[nodiscard]] async::Task<Result<void>> write(ProcessViewer viewer, ProcessId id, std::string bytes,
                                                bool close_after);
  // Returns after its end is on disk. One that has ended stays as it is.
  [[nodiscard]] async::Task<Result<ProcessRecord>> kill(ProcessViewer viewer, ProcessId id,
                                                        KillReason reason = KillReason::kStopped);
  // The panic button: kills all of a principal at once, those that are being launched among them, and says
  // which they were. Their ends follow: wait_for_end().
  [[nodiscard]] std::vector<ProcessRecord> kill_all(const PrincipalId& principal);
  // Kills what ends with the session, what is being launched among it.
  [[nodiscard]] async::Task<void> end_session(PrincipalId principal, SessionId session, SessionEnd how);
  // The same for one that is deleted, and forgets their rows.
  [[nodiscard]] async::Task<Result<void>> forget_session(PrincipalId principal, SessionId session);

  // Of a running one; null when it is not running, or not visible from there.
  [[nodiscard]] const ProcessRecord* find_running(const ProcessViewer& viewer, const ProcessId& id) const;
  [[nodiscard]] std::size_t running() const { return entries_.size(); }

 private:
  struct Entry;
  [[nodiscard]] Result<void> check_room(const ProcessRecord& record) const;
  [[nodiscard]] std::shared_ptr<Entry> find_entry(const ProcessViewer& viewer, const ProcessId& id) const;
  [[nodiscard]] async::Task<Result<ProcessView>> find_stored(ProcessViewer viewer, ProcessId id,
                                                             ProcessLook look);
  // take() of one that has ended: what was handed out is remembered with its end.
  [[nodiscard]] async::Task<Result<ProcessView>> take_stored(ProcessViewer viewer, ProcessId id,
                                                             std::size_t lines);
  [[nodiscard]] async::Task<void> watch(std::shared_ptr<Entry> entry, Duration limit);
  [[nodiscard]] async::Task<void> save_end(std::shared_ptr<Entry> entry);
  [[nodiscard]] Result<void> append_event(db::Transaction& transaction, std::string name,
                                          const ProcessRecord& record);
  [[nodiscard]] Result<void> append_end(db::Transaction& transaction, const ProcessRecord& record);

  async::EventLoop& loop_;
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  IdSource& ids_;
  sandbox::Sandbox& sandbox_;
  Duration grace_ = ChildRun::kGrace;
  async::TaskGroup group_;
  std::map<ProcessId, std::shared_ptr<Entry>> entries_;  // those that run or are being launched
  bool stopping_ = false;
};

}  // namespace pryx::tools::shell
