// SPDX-License-Identifier: MIT
// What a daemon does again and again while it runs: jobs by name, one after the other, every so often. A job
// that fails is logged and comes again in the next round. I/O thread only.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/agent/session_deletion.h"
#include "engine/memory/memory_store.h"
#include "engine/tools/shell/background_processes.h"
#include "foundation/async/event_loop.h"
#include "foundation/async/task_group.h"
#include "foundation/db/database.h"
#include "result_files.h"

namespace pryx::app {

class Housekeeping {
 public:
  using Job = std::function<async::Task<Result<void>>()>;
  Housekeeping(async::EventLoop& loop, std::string name, Duration interval)
      : loop_(loop), interval_(interval), group_(loop, std::move(name)) {}
  void add(std::string name, Job job) { jobs_.emplace_back(std::move(name), std::move(job)); }
  void start() { wait(); }
  [[nodiscard]] async::Task<void> stop();

 private:
  void wait();
  [[nodiscard]] async::Task<void> run_round();

  async::EventLoop& loop_;
  Duration interval_;
  async::TaskGroup group_;
  std::vector<std::pair<std::string, Job>> jobs_;
  bool stopping_ = false;
};

// For jobs whose count of what they did is nobody's business.
template <class T>
async::Task<Result<void>> without_count(async::Task<Result<T>> work) {
  const auto done = co_await std::move(work);
  if (!done) co_return std::unexpected(done.error());
  co_return Result<void>{};
}

// Where all of a session lies.
struct SessionPlaces {
  db::Database& database;
  agent::SessionDeletion deletion;
  tools::shell::BackgroundProcesses& processes;
  memory::MemoryStore& memory;
};
// Hidden sessions last used before that time, deleted as a person would, in small transactions, because the
// writer is everybody's; what is left is for the next round.
[[nodiscard]] async::Task<Result<void>> purge_hidden_sessions(SessionPlaces places, WallTime before);
// Spans and limits of turns that are kept no longer, likewise.
// Files of large results and images that went with deleted sessions.
[[nodiscard]] async::Task<Result<void>> purge_results(db::Database& database, SealedResultFiles& files);
[[nodiscard]] async::Task<Result<void>> purge_traces(db::Database& database, WallTime now);

}  // namespace pryx::app
