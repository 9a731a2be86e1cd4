// SPDX-License-Identifier: MIT
#include "foundation/db/database.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "foundation/base/log.h"

namespace pryx::db {
namespace {

// After a failed commit nobody may come to write again, so the store tries by itself whether the disk takes
// bytes: soon enough for who waits for it to be ready, and next to no work for a disk that stays full.
constexpr auto kRetryPause = std::chrono::seconds(1);
// A row that comes and goes in one commit: nobody sees it, but its page is written.
constexpr Sql kProbeBegin(
    "INSERT INTO schema_migrations (module, version, name, applied_at) VALUES ('probe', 0, '', 0)");
constexpr Sql kProbeEnd("DELETE FROM schema_migrations WHERE module = 'probe'");

// An advisory lock beside the database: SQLite's own locks would let a second daemon write between our
// transactions.
class WriterLock {
 public:
  WriterLock() = default;
  ~WriterLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;
  Result<void> take(const std::string& path) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0)
      return fail(ErrorCode::kStorage, "open lock {}: {}", path, std::generic_category().message(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      char holder[32] = {};
      const ssize_t n = ::pread(fd_, holder, sizeof holder - 1, 0);
      return fail(ErrorCode::kConflict,
                  "the database is in use by process {}; stop that daemon first (pryx daemon stop)",
                  std::string_view(holder, n > 0 ? static_cast<std::size_t>(n) : 0));
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) < 0) {
      log::warn("db.lock_note_failed", {{"path", path}});  // only the message for a second daemon suffers
    }
    return {};
  }

 private:
  int fd_ = -1;
};

}  // namespace

struct Database::State {
  struct Write {
    std::function<Result<void>(Transaction&)> job;
    std::shared_ptr<async::OneShot<Result<void>>> done;
  };
  struct Finished {
    Write write;
    Result<void> outcome;
    std::vector<std::move_only_function<void(Connection&)>> looks;
    std::vector<std::move_only_function<void()>> callbacks;
  };
  struct Read {
    std::function<void(Connection&)> job;
    std::shared_ptr<async::OneShot<Result<void>>> done;
  };

  State(async::EventLoop& l, DatabaseOptions o) : loop(l), options(std::move(o)) {}

  async::EventLoop& loop;
  DatabaseOptions options;
  WriterLock lock;
  std::unique_ptr<Connection> writer;
  std::vector<std::unique_ptr<Connection>> readers;
  MigrationReport report;
  std::atomic<std::uint64_t> commits{0}, writes{0}, failed_commits{0};
  std::atomic<bool> healthy{true};

  std::mutex mutex;
  std::condition_variable write_wake, read_wake;
  std::deque<Write> write_queue;
  std::deque<Read> read_queue;
  bool closing = false;
  bool flush_posted = false;  // inline mode
  std::thread writer_thread;
  std::vector<std::thread> reader_threads;

  // Compiled once, unlike execute(): they frame every commit.
  Result<void> control(Sql sql) {
    PRYX_TRY_VOID(writer->run(sql));
    return {};
  }

  // Rows that this connection has changed since it was opened.
  std::int64_t count_changes() { return writer->count("SELECT total_changes()").value_or(0); }

  // Runs a batch in one transaction. A failing job is undone by its savepoint; a failing commit fails every
  // job of the batch.
  std::vector<Finished> commit_batch(std::deque<Write> batch) {
    std::vector<Finished> finished;
    finished.reserve(batch.size());
    const std::optional<std::int64_t> changes_before =
        healthy ? std::nullopt : std::optional(count_changes());
    Result<void> whole = control("BEGIN IMMEDIATE");
    const bool alone = batch.size() == 1;
    bool anything = false;
    for (Write& write : batch) {
      Finished one{std::move(write), {}, {}, {}};
      if (whole) {
        one.outcome = run_one(one, alone);
        anything = anything || one.outcome.has_value();
        // Some failures (disk full, I/O error) make SQLite roll the whole transaction back.
        if (!writer->is_in_transaction() && !(alone && !one.outcome))
          whole = fail(one.outcome ? Error{} : one.outcome.error());
      }
      finished.push_back(std::move(one));
    }
    if (whole && writer->is_in_transaction()) {
      for (Finished& one : finished) {
        for (auto& look : one.looks) look(*writer);
      }
      whole = control(anything ? Sql("COMMIT") : Sql("ROLLBACK"));
    }
    if (!whole) {
      if (writer->is_in_transaction()) (void)writer->execute("ROLLBACK");
      failed_commits.fetch_add(1);
      healthy = false;
      log::error("db.commit_failed", {{"jobs", finished.size()}, {"error", whole.error().message}});
      for (Finished& one : finished) one.outcome = std::unexpected(whole.error());
    } else {
      commits.fetch_add(1);
      writes.fetch_add(finished.size());
      // A commit of nothing does not reach the disk, so it says nothing of it.
      if (changes_before && anything && count_changes() != *changes_before) healthy = true;
    }
    return finished;
  }

  // On the writer's thread, while the store is unhealthy and idle.
  void try_disk() {
    bool written = true;
    for (const Sql& sql : {Sql("BEGIN IMMEDIATE"), kProbeBegin, kProbeEnd, Sql("COMMIT")})
      written = written && control(sql).has_value();
    if (!written && writer->is_in_transaction()) (void)writer->execute("ROLLBACK");
    if (!written) return;
    healthy = true;
    log::info("db.commits_again", {});
  }

  Result<void> run_one(Finished& one, bool alone) {
    Transaction transaction(*writer);
    if (!alone) PRYX_TRY_VOID(control("SAVEPOINT job"));
    Result<void> outcome = one.write.job(transaction);
    if (!outcome) {
      if (alone && writer->is_in_transaction()) (void)writer->execute("ROLLBACK");
      if (!alone && writer->is_in_transaction()) (void)writer->execute("ROLLBACK TO job; RELEASE job");
      return outcome;
    }
    if (!alone) PRYX_TRY_VOID(control("RELEASE job"));
    one.looks = std::move(transaction.looks_);
    one.callbacks = std::move(transaction.callbacks_);
    return outcome;
  }

  static void deliver(std::vector<Finished>& finished) {
    for (Finished& one : finished) {
      if (one.outcome) {
        for (auto& callback : one.callbacks) callback();
      }
      one.write.done->set(std::move(one.outcome));
    }
  }

  std::deque<Write> take_batch() {
    std::deque<Write> batch;
    while (!write_queue.empty() && batch.size() < options.max_batch) {
      batch.push_back(std::move(write_queue.front()));
      write_queue.pop_front();
    }
    return batch;
  }

  void write_loop() {
    for (;;) {
      std::deque<Write> batch;
      {
        std::unique_lock guard(mutex);
        const auto is_called = [this] { return closing || !write_queue.empty(); };
        while (!healthy && !write_wake.wait_for(guard, kRetryPause, is_called)) {
          guard.unlock();
          try_disk();
          guard.lock();
        }
        write_wake.wait(guard, is_called);
        if (write_queue.empty()) return;
        batch = take_batch();
      }
      auto finished = std::make_shared<std::vector<Finished>>(commit_batch(std::move(batch)));
      loop.post([finished] { deliver(*finished); });
    }
  }

  void read_loop(Connection& connection) {
    for (;;) {
      Read read;
      {
        std::unique_lock guard(mutex);
        read_wake.wait(guard, [this] { return closing || !read_queue.empty(); });
        if (closing) return;  // nobody is there any more to look at the answer
        read = std::move(read_queue.front());
        read_queue.pop_front();
      }
      // One view for the whole job: each statement alone would take the locks and look for changes again.
      const auto begun = connection.run("BEGIN");
      read.job(connection);
      if (begun && connection.is_in_transaction()) (void)connection.run("ROLLBACK");
      loop.post([done = std::move(read.done)] { done->set(Result<void>{}); });
    }
  }

  void flush_inline() {
    flush_posted = false;
    while (!write_queue.empty()) {
      std::vector<Finished> finished = commit_batch(take_batch());
      deliver(finished);
    }
  }
};

Database::Database() = default;

Result<std::unique_ptr<Database>> Database::open(async::EventLoop& loop, DatabaseOptions options,
                                                 std::span<const ModuleMigrations> modules) {
  std::unique_ptr<Database> database(new Database);
  database->state_ = std::make_unique<State>(loop, std::move(options));
  State& state = *database->state_;
  if (state.options.open.vfs.empty()) PRYX_TRY_VOID(state.lock.take(state.options.open.path + ".lock"));
  if (state.options.inline_mode) state.options.open.exclusive = true;
  PRYX_TRY(state.writer, Connection::open(state.options.open));
  PRYX_TRY_VOID(state.writer->rewrite_log());
  PRYX_TRY(state.report, migrate(state.options.open, *state.writer, modules, loop.clock().wall()));
  if (state.options.inline_mode) return database;
  for (std::size_t i = 0; i < state.options.readers; ++i) {
    OpenOptions reader = state.options.open;
    reader.read_only = true;
    PRYX_TRY(auto connection, Connection::open(reader));
    state.readers.push_back(std::move(connection));
  }
  state.writer_thread = std::thread([&state] { state.write_loop(); });
  for (const auto& connection : state.readers) {
    state.reader_threads.emplace_back([&state, raw = connection.get()] { state.read_loop(*raw); });
  }
  return database;
}

Database::~Database() { close(); }

void Database::close() {
  State& state = *state_;
  {
    const std::lock_guard guard(state.mutex);
    if (std::exchange(state.closing, true)) return;
  }
  state.write_wake.notify_all();
  state.read_wake.notify_all();
  for (const auto& reader : state.readers) reader->interrupt();  // a long search must not hold up the end
  if (state.writer_thread.joinable()) state.writer_thread.join();
  for (std::thread& thread : state.reader_threads) thread.join();
  state.readers.clear();
  state.writer.reset();
}

async::Task<Result<void>> Database::write_erased(std::function<Result<void>(Transaction&)> job) {
  State& state = *state_;
  auto done = std::make_shared<async::OneShot<Result<void>>>(state.loop);
  bool post_flush = false;
  {
    const std::lock_guard guard(state.mutex);
    if (state.closing) co_return fail(ErrorCode::kUnavailable, "the store is closing");
    if (state.write_queue.size() >= state.options.max_queued_writes) {
      co_return fail(ErrorCode::kOverloaded, "{} writes are waiting for the disk; try again in a moment",
                     state.write_queue.size());
    }
    state.write_queue.push_back({std::move(job), done});
    post_flush = state.options.inline_mode && !std::exchange(state.flush_posted, true);
  }
  if (!post_flush)
    state.write_wake.notify_one();
  else if (state.options.inline_delay)
    state.loop.call_after(state.options.inline_delay(), [&state] { state.flush_inline(); });
  else
    state.loop.post([&state] { state.flush_inline(); });
  co_return co_await done->wait_uncancellable();
}

async::Task<Result<void>> Database::read_erased(std::function<void(Connection&)> job) {
  State& state = *state_;
  if (state.options.inline_mode) {
    job(*state.writer);
    if (!state.options.inline_delay) co_return Result<void>{};
    // As with a reader thread: what was read may be outdated when the caller hears of it.
    async::WaitList arrival(state.loop);
    state.loop.call_after(state.options.inline_delay(), [&arrival] { arrival.wake_all(); });
    co_await arrival.wait_uncancellable();
    co_return Result<void>{};
  }
  auto done = std::make_shared<async::OneShot<Result<void>>>(state.loop);
  {
    const std::lock_guard guard(state.mutex);
    if (state.closing) co_return fail(ErrorCode::kUnavailable, "the store is closing");
    state.read_queue.push_back({std::move(job), done});
  }
  state.read_wake.notify_one();
  co_return co_await done->wait_uncancellable();
}

const MigrationReport& Database::migration_report() const { return state_->report; }
DatabaseStats Database::stats() const {
  return {state_->commits.load(), state_->writes.load(), state_->failed_commits.load()};
}
bool Database::is_healthy() const { return state_->healthy.load(); }

}  // namespace pryx::db
