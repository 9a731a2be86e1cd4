// SPDX-License-Identifier: MIT
// When a daemon should start without running turns: it counts its own starts whose predecessor did not end
// cleanly. The decision is a pure function; the record is a small file. Start-up and shutdown only.
#pragma once
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace pryx::app {

struct StartRecord {
  std::vector<WallTime> after_crash;  // starts whose predecessor did not end cleanly
  bool running = false;               // a start that has not ended (yet, or cleanly)
};

constexpr int kCrashesForSafeMode = 5;
constexpr Duration kCrashWindow = std::chrono::minutes(10);

struct StartDecision {
  StartRecord record;  // to be written before anything else happens
  bool safe_mode = false;
  bool after_crash = false;  // the daemon before this one did not end cleanly
  std::string reason;
};
[[nodiscard]] StartDecision decide_start(StartRecord before, WallTime now);

[[nodiscard]] StartRecord read_starts(const std::string& path);  // unreadable counts as none
[[nodiscard]] Result<void> write_starts(const std::string& path, const StartRecord& record);
// A clean end forgets the crashes: `pryx daemon restart` leaves safe mode.
[[nodiscard]] Result<void> note_clean_end(const std::string& path);

}  // namespace pryx::app
