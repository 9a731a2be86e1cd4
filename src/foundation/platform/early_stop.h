// SPDX-License-Identifier: MIT
// An order to stop that comes before the loop takes signals. The start may wait for a keychain or upgrade the
// store, so the order is obeyed at once and from a thread of its own: the process ends with 0, and what the
// start has done so far is what a power cut would leave.
#pragma once
#include <functional>
#include <thread>

#include "foundation/platform/files.h"

namespace pryx::platform {

class EarlyStop {
 public:
  // Holds SIGTERM, SIGINT and SIGHUP back, for this thread and those that it starts.
  EarlyStop();
  ~EarlyStop();
  EarlyStop(const EarlyStop&) = delete;
  EarlyStop& operator=(const EarlyStop&) = delete;

  // From here on SIGTERM and SIGINT end the process. `before_end` gets the signal's number and runs first, on
  // another thread.
  void watch(std::function<void(int)> before_end);
  // Somebody else handles the signals now: those that came meanwhile are delivered to this thread.
  void release();

 private:
  void end_watch();

  UniqueFd released_;  // an eventfd
  std::thread watcher_;
};

}  // namespace pryx::platform
