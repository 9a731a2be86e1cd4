// SPDX-License-Identifier: MIT
// Whether and when a daemon that ended is started again. Pure: a history and a time in, a decision out.
#pragma once
#include <span>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/platform/subprocess.h"

namespace pryx::client {

struct Ending {
  MonotonicTime at;
  Duration uptime{};
  platform::ExitStatus status;
  bool was_ready = true;  // it said that it can serve
};

struct RestartDecision {
  bool restart = false;
  Duration delay{};
  std::string reason;  // for the log
};

struct RestartPolicy {
  Duration window = std::chrono::minutes(10);  // the daemon's own count of crashes looks back as far
  int most_in_window = 10;  // above the five that lead to safe mode, so that safe mode is reached
  Duration first_delay = std::chrono::milliseconds(500);
  Duration longest_delay = std::chrono::seconds(30);
  Duration stable_after = std::chrono::minutes(1);  // an end after that long starts the backoff anew

  // `history` is every ending so far, the last one being what is decided about.
  [[nodiscard]] RestartDecision next(std::span<const Ending> history, MonotonicTime now) const;
};

}  // namespace pryx::client
