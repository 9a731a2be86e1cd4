// SPDX-License-Identifier: MIT
// A background process as it is known outside: its id, whom it belongs to, how it lives and in which named
// state it is. Values; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tools/shell/line_ring.h"
#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "foundation/platform/subprocess.h"

namespace pryx::tools::shell {

struct ProcessTag {
  static constexpr std::string_view kPrefix = "prc_";
};
using ProcessId = Id<ProcessTag>;

enum class ProcessScope : std::uint8_t {
  kSession,  // ends with its session
  kGlobal,   // every session of the principal sees it; ends with the daemon
};
// What happens with output while it comes.
enum class ProcessMode : std::uint8_t {
  kPumpDump,   // kept; each look hands out what is new since the last one
  kStreaming,  // told live on the bus; a look shows the last lines
  kHybrid,     // both: told live, and a look hands out what is new
};
enum class ProcessState : std::uint8_t {
  kRunning,
  kExited,  // by itself, with an exit code
  kKilled,  // by a signal: ours (the reason says why) or another
  kFailed,  // never ran
  kLost,    // the daemon died, and it with it; its end was not seen
};

[[nodiscard]] std::string_view to_text(ProcessScope scope);
[[nodiscard]] std::string_view to_text(ProcessMode mode);
[[nodiscard]] std::string_view to_text(ProcessState state);
[[nodiscard]] std::optional<ProcessScope> process_scope_from_text(std::string_view text);
[[nodiscard]] std::optional<ProcessMode> process_mode_from_text(std::string_view text);
[[nodiscard]] std::optional<ProcessState> process_state_from_text(std::string_view text);
// running -> exited, killed, failed, lost; nothing leads away from an end.
[[nodiscard]] bool may_become(ProcessState from, ProcessState to);

struct ProcessRecord {
  PrincipalId principal;
  ProcessId id;
  SessionId session;  // that started it
  ProcessScope scope = ProcessScope::kSession;
  ProcessMode mode = ProcessMode::kHybrid;
  std::string tag;
  std::string command;  // one line
  std::string cwd;
  std::vector<std::string> hosts;
  std::vector<std::string> secrets;  // names of those it was given
  ProcessState state = ProcessState::kRunning;
  std::optional<int> exit_code;
  std::optional<int> signal;
  std::string reason;  // why it ended, when there is more to say: "time limit", "session ended"
  WallTime started_at;
  std::optional<WallTime> ended_at;

  [[nodiscard]] bool is_running() const { return state == ProcessState::kRunning; }
  // Another session may see and use it only when it is global.
  [[nodiscard]] bool is_visible_to(const SessionId& other) const {
    return scope == ProcessScope::kGlobal || session == other;
  }
  [[nodiscard]] json::object to_json() const;
};

// A look at one.
struct ProcessView {
  ProcessRecord record;
  std::vector<OutputLine> lines;
  std::uint64_t total_lines = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t handed_out = 0;  // number of the last line that the agent had been given before this look
  [[nodiscard]] json::object to_json() const;
};

[[nodiscard]] std::string describe_exit(const platform::ExitStatus& status);
// How it stands, for one line: "running", "exit code 3", "signal 9 (Killed), time limit".
[[nodiscard]] std::string describe_state(const ProcessRecord& record);

}  // namespace pryx::tools::shell
