// SPDX-License-Identifier: MIT
// The store: one writer thread with group commit, a few reader connections. write() returns after the commit
// is on disk, so whoever awaited it may acknowledge. I/O thread only; jobs run on the database's threads and
// must touch nothing but their arguments.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

#include "foundation/async/wait_list.h"
#include "foundation/db/connection.h"
#include "foundation/db/migrations.h"

namespace pryx::db {

// What a write job gets. before_commit() callbacks run on the database's thread when every job of the shared
// commit has run: they read what is about to be committed, and write nothing. after_commit() callbacks run on
// the loop, in order, before the writer's awaiter resumes, and only if the commit succeeded.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {}
  [[nodiscard]] Connection& db() { return connection_; }
  void before_commit(std::move_only_function<void(Connection&)> look) { looks_.push_back(std::move(look)); }
  void after_commit(std::move_only_function<void()> callback) { callbacks_.push_back(std::move(callback)); }

 private:
  friend class Database;
  Connection& connection_;
  std::vector<std::move_only_function<void(Connection&)>> looks_;
  std::vector<std::move_only_function<void()>> callbacks_;
};

struct DatabaseOptions {
  OpenOptions open;
  std::size_t readers = 2;
  bool inline_mode = false;  // everything on the loop's thread, one connection: the simulation
  std::function<Duration()>
      inline_delay;  // and how long each commit and each read takes on its clock; empty: no time
  std::size_t max_queued_writes = 20'000;
  std::size_t max_batch = 512;  // jobs that share one commit
};

struct DatabaseStats {
  std::uint64_t commits = 0;
  std::uint64_t writes = 0;
  std::uint64_t failed_commits = 0;
};

class Database {
 public:
  // Takes the writer's lock beside the file (kConflict names the holder's pid), opens, migrates. Blocking,
  // start-up only.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(async::EventLoop& loop, DatabaseOptions options,
                                                              std::span<const ModuleMigrations> modules);
  ~Database();  // close()

  // job: Result<T>(Transaction&). An error rolls back this job only; kStorage also when the shared commit
  // failed. Not cancellable: the caller always learns how it ended. kOverloaded when the queue is full.
  template <class Job>
  [[nodiscard]] auto write(Job job) -> async::Task<std::invoke_result_t<Job&, Transaction&>> {
    using Outcome = std::invoke_result_t<Job&, Transaction&>;
    std::optional<Outcome> out;
    auto erased = [&](Transaction& transaction) -> Result<void> {
      out.emplace(job(transaction));
      if (!*out) return std::unexpected(out->error());
      return {};
    };
    const Result<void> committed = co_await write_erased(std::move(erased));
    if (!committed) co_return std::unexpected(committed.error());
    co_return std::move(*out);
  }
  // job: Result<T>(Connection&), on a reader; sees every commit that was acknowledged before, and nothing of
  // those that come while it runs.
  template <class Job>
  [[nodiscard]] auto read(Job job) -> async::Task<std::invoke_result_t<Job&, Connection&>> {
    using Outcome = std::invoke_result_t<Job&, Connection&>;
    std::optional<Outcome> out;
    const Result<void> ran =
        co_await read_erased([&](Connection& connection) { out.emplace(job(connection)); });
    if (!ran) co_return std::unexpected(ran.error());
    co_return std::move(*out);
  }

  [[nodiscard]] const MigrationReport& migration_report() const;
  [[nodiscard]] DatabaseStats stats() const;
  // False after a commit failed and until one succeeds again: readiness, doctor.
  [[nodiscard]] bool is_healthy() const;
  // Finishes queued writes, drops queued reads, checkpoints, closes. Blocking; idempotent.
  void close();

 private:
  Database();
  struct State;
  [[nodiscard]] async::Task<Result<void>> write_erased(std::function<Result<void>(Transaction&)> job);
  [[nodiscard]] async::Task<Result<void>> read_erased(std::function<void(Connection&)> job);
  std::unique_ptr<State> state_;
};

}  // namespace pryx::db
