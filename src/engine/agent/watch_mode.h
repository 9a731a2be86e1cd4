// SPDX-License-Identifier: MIT
// Watching something that runs for long: its lines come in, states, findings and summaries come out. Pure:
// time is given, and what to do about a finding is up to the owner of the watch.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"

namespace pryx::agent {

enum class WatchState : std::uint8_t {
  kIdle,        // nothing came for a while
  kMonitoring,  // lines come, and none of them is a finding
  kAction,      // a finding is fresh
  kError,       // what was watched ended badly; nothing more comes, as in kIdle
  kStopped,
};
[[nodiscard]] std::string_view to_text(WatchState state);

struct WatchLimits {
  Duration idle_after = std::chrono::minutes(5);      // without a line
  Duration look_every = std::chrono::seconds(60);     // while monitoring
  Duration action_for = std::chrono::seconds(30);     // without another finding
  Duration summary_every = std::chrono::minutes(10);  // while there is something to say
  std::size_t max_findings = 20;
  std::size_t max_line_bytes = 500;
  // Words that make a line a finding, as they are written.
  std::vector<std::string> patterns = {"ERROR", "FATAL", "Exception"};
};

struct WatchEvent {
  enum class Kind : std::uint8_t { kState, kFinding, kSummary, kFix };
  Kind kind = Kind::kState;
  WatchState from = WatchState::kIdle;  // kState
  WatchState to = WatchState::kIdle;
  std::string finding;  // kFinding, kFix: its id, "f3"
  std::string text;     // for people and, with kFix, for who fixes it
};

struct WatchFinding {
  std::string line;
  std::int64_t count = 0;  // lines that are the same but for their numbers
  WallTime first_at, last_at;
  bool is_settled = false;  // a person said continue or fix
};

struct WatchCommand {
  enum class Verb : std::uint8_t { kContinue, kStatus, kStop, kFix };
  Verb verb = Verb::kStatus;
  std::string finding;  // kFix
};
// "continue", "status", "stop", "fix f3"; nullopt: none of them.
[[nodiscard]] std::optional<WatchCommand> parse_watch_command(std::string_view text);

class Watch {
 public:
  Watch(std::string name, WallTime now, WatchLimits limits = {});
  [[nodiscard]] std::vector<WatchEvent> line(std::string_view text, WallTime now);
  // Called at next_tick() or later.
  [[nodiscard]] std::vector<WatchEvent> tick(WallTime now);
  [[nodiscard]] std::vector<WatchEvent> ended(int exit_code, WallTime now);
  [[nodiscard]] std::vector<WatchEvent> command(const WatchCommand& command, WallTime now);
  [[nodiscard]] WallTime next_tick(WallTime now) const;

  [[nodiscard]] WatchState state() const { return state_; }
  [[nodiscard]] bool is_over() const {
    return state_ == WatchState::kStopped || state_ == WatchState::kError || has_ended_;
  }
  [[nodiscard]] const std::map<std::string, WatchFinding>& findings() const { return findings_; }
  [[nodiscard]] std::string summary(WallTime now) const;

 private:
  void become(WatchState state, std::string why, std::vector<WatchEvent>& out);
  void begin_summary(WallTime now);

  std::string name_;
  WatchLimits limits_;
  WatchState state_ = WatchState::kIdle;
  WallTime started_, last_line_, last_finding_, last_summary_;
  std::int64_t lines_ = 0, lines_since_ = 0, findings_since_ = 0;
  std::map<std::string, WatchFinding> findings_;
  std::int64_t next_finding_ = 1;
  std::int64_t dropped_ = 0;  // findings beyond the limit
  std::string last_text_;
  bool has_ended_ = false;
};

}  // namespace pryx::agent
