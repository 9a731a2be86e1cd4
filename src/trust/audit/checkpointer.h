// SPDX-License-Identifier: MIT
// Makes signed checkpoints while the daemon runs, keeps them in the database and copies them to places
// outside of it: an append-only file of the state folder, and a directory of the owner's choice, ideally in
// another domain of trust. Never signs a log that does not hold the last one it signed. I/O thread only;
// owned by apps/, stopped before the database.
#pragma once
#include <optional>
#include <string>

#include "foundation/async/event_loop.h"
#include "foundation/async/task_group.h"
#include "foundation/async/worker_pool.h"
#include "trust/audit/audit_log.h"
#include "trust/audit/audit_tree.h"

namespace pryx::audit {

struct CheckpointerOptions {
  std::string file;  // state/audit/checkpoints.jsonl
                     // At most so long an entry waits for its checkpoint; zero: time makes none.
  Duration interval = std::chrono::seconds(60);
  std::int64_t entries = 1'000;  // or for so many others
};

// The last time that the log was walked and held against every checkpoint of its own. A walk ends at the
// first bad entry.
struct Verified {
  Verdict verdict;
  WallTime at;
  std::string by;  // the surface that asked for it
};

class Checkpointer {
 public:
  Checkpointer(async::EventLoop& loop, async::WorkerPool& pool, db::Database& database, AuditLog& log,
               const Secret& seed, CheckpointerOptions options);

  // Completes what an older release left, holds the log against the last checkpoint, inside and outside. What
  // is found goes to problem(); only a database that cannot be read fails the start.
  [[nodiscard]] async::Task<Result<void>> start();
  // One more checkpoint, and no timer any more.
  [[nodiscard]] async::Task<void> stop();

  // Of all entries that are committed. kCheckFailed when the log does not hold what was signed before.
  [[nodiscard]] async::Task<Result<StoredCheckpoint>> make();
  // The second place; empty: none. Gets all checkpoints from the next one on.
  void set_copy_directory(std::string directory) { copy_directory_ = std::move(directory); }

  [[nodiscard]] const PublicKey& public_key() const { return signer_.public_key(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }  // empty: none
  // Since the daemon's start; what an earlier one found is on nobody's word.
  void note_verified(Verdict verdict, std::string by);
  [[nodiscard]] const std::optional<Verified>& verified() const { return verified_; }
  [[nodiscard]] std::string copies() const;  // where the copies are, for people

 private:
  void note_growth(std::int64_t size);
  [[nodiscard]] async::Task<void> make_in_background();
  [[nodiscard]] async::Task<Result<void>> copy_out(StoredCheckpoint checkpoint);
  [[nodiscard]] Result<StoredCheckpoint> make_in(db::Transaction& transaction) const;
  async::EventLoop& loop_;
  async::WorkerPool& pool_;
  db::Database& database_;
  AuditLog& log_;
  Signer signer_;
  CheckpointerOptions options_;
  async::TaskGroup group_;
  std::string copy_directory_, problem_;
  std::optional<Verified> verified_;
  std::optional<async::EventLoop::TimerId> timer_;
  std::int64_t signed_size_ = 0, size_ = 0;
  bool is_making_ = false, stopped_ = false;
};

// The notes of a file of checkpoints: ours (a JSON object a line), or one note as it is. kInvalidArgument
// when it is neither.
[[nodiscard]] Result<std::vector<std::string>> notes_of(std::string_view text);
// The last few hundred of a file that only grows, however long it is; none when there is no file.
[[nodiscard]] Result<std::vector<std::string>> read_last_notes(const std::string& path);

}  // namespace pryx::audit
