// SPDX-License-Identifier: MIT
#include "safe_mode.h"

#include "foundation/base/json.h"
#include "foundation/platform/files.h"

namespace pryx::app {

StartDecision decide_start(StartRecord before, WallTime now) {
  StartDecision decision;
  decision.record = std::move(before);
  std::vector<WallTime>& crashes = decision.record.after_crash;
  decision.after_crash = decision.record.running;
  if (decision.after_crash) crashes.push_back(now);
  // A clock that was set back must not keep old crashes alive for ever.
  std::erase_if(crashes, [&](WallTime at) { return at + kCrashWindow < now || at > now; });
  decision.record.running = true;
  if (crashes.size() >= kCrashesForSafeMode) {
    decision.safe_mode = true;
    decision.reason =
        fmt::format("{} starts within {} followed a crash; turns are not run until `pryx daemon restart`",
                    crashes.size(), format_duration(kCrashWindow));
  }
  return decision;
}

StartRecord read_starts(const std::string& path) {
  StartRecord record;
  const auto text = platform::read_file(path, 64u << 10);
  if (!text) return record;
  const auto parsed = json::parse_object(*text);
  if (!parsed) return record;
  const json::value* running = json::find(*parsed, "running");
  record.running = running != nullptr && running->is_bool() && running->get_bool();
  const json::value* crashes = json::find(*parsed, "after_crash");
  if (crashes != nullptr && crashes->is_array()) {
    for (const json::value& at : crashes->get_array()) {
      if (at.is_int64()) record.after_crash.push_back({at.get_int64()});
    }
  }
  return record;
}

Result<void> write_starts(const std::string& path, const StartRecord& record) {
  json::array crashes;
  for (const WallTime at : record.after_crash) crashes.push_back(at.unix_ms);
  return platform::atomic_write_file(
      path, json::to_text(json::object{{"running", record.running}, {"after_crash", std::move(crashes)}}),
      0600);
}

Result<void> note_clean_end(const std::string& path) { return write_starts(path, {}); }

}  // namespace pryx::app
