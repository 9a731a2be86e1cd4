// SPDX-License-Identifier: MIT
// Heartbeats: a turn now and then in which an agent looks after what HEARTBEAT.md asks for. Whether one is
// due, and whether its answer says anything, is decided here without a model. Pure values: time is given.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "engine/agent/agent_profile.h"
#include "foundation/base/clock.h"

namespace pryx::agent {

inline constexpr Duration kHeartbeatEvery = std::chrono::minutes(30);
inline constexpr std::string_view kHeartbeatFile = "HEARTBEAT.md";
inline constexpr std::string_view kHeartbeatOk = "HEARTBEAT_OK";
inline constexpr std::size_t kMaxHeartbeatBytes = 20'000;

struct HeartbeatFacts {
  std::optional<std::string> file;  // text of HEARTBEAT.md; none: there is none
  std::string file_hash;
  // Of the last one:
  std::optional<WallTime> last_at;
  std::string last_hash;      // of the file then
  bool last_was_ok = false;   // its answer was HEARTBEAT_OK
  bool active_since = false;  // something else happened in the session or the workspace since
  bool is_busy = false;       // one is under way, or somebody works in the session
};

enum class HeartbeatDecision : std::uint8_t {
  kOff,      // no HEARTBEAT.md
  kNotDue,   // later
  kBusy,     // due, but not now
  kNothing,  // due, and a look at the file says that there is nothing to do: costs nothing
  kRun,
};
[[nodiscard]] std::string_view to_text(HeartbeatDecision decision);

[[nodiscard]] HeartbeatDecision decide_heartbeat(const HeartbeatFacts& facts,
                                                 const HeartbeatSettings& settings, WallTime now);
// When to look again.
[[nodiscard]] WallTime next_heartbeat(const HeartbeatFacts& facts, const HeartbeatSettings& settings,
                                      WallTime now);

// Blank lines, headings, comments and empty list items ask for nothing.
[[nodiscard]] bool asks_for_nothing(std::string_view heartbeat_file);

// What of an answer a person should see; nullopt when it is HEARTBEAT_OK with at most `ack_max_chars`
// characters beside it. The word is taken out of what is shown.
[[nodiscard]] std::optional<std::string> heartbeat_message(std::string_view answer,
                                                           std::size_t ack_max_chars);

[[nodiscard]] std::string heartbeat_prompt(std::string_view file);

}  // namespace pryx::agent
