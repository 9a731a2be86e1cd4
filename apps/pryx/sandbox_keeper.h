// SPDX-License-Identifier: MIT
// The sandbox of this daemon, with Pryx's own places hidden, and the thread that removes what its runs leave
// on the disk. Made first of all parts: each layer is tried by short real runs, which take as long as opening
// the store, so both go on at once. I/O thread only.
#pragma once
#include <memory>

#include "foundation/async/job_thread.h"
#include "foundation/async/worker_pool.h"
#include "foundation/config/places.h"
#include "trust/sandbox/sandbox.h"

namespace pryx::app {

class SandboxKeeper final {
 public:
  // Begins the trial on a thread of its own. The caller holds the daemon's lock: folders that a killed
  // daemon's runs left are removed.
  explicit SandboxKeeper(const config::Places& places);
  // Waits for the end of the trial, off the I/O thread, and logs the layers that do not work. Before the
  // first request and the first turn, which would wait for it on the I/O thread.
  [[nodiscard]] async::Task<Result<void>> settle(async::WorkerPool& pool);
  // Lives as long as this. Whoever asks it something before the trial has ended waits for that.
  [[nodiscard]] sandbox::Sandbox& sandbox() { return *sandbox_; }

 private:
  std::shared_ptr<async::JobThread> cleaner_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
};

}  // namespace pryx::app
