// SPDX-License-Identifier: MIT
// An agent as a person describes it in config/agents/<name>.yaml: what it is told, which model answers, and
// what it may use at most. A profile can only narrow what the policy allows. Values; parsing is pure.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"

namespace pryx::agent {

// Of one turn. Zero: no limit of its own.
struct RunLimits {
  int max_steps = 0;            // model calls
  std::int64_t max_tokens = 0;  // input and output together
  int max_tool_calls = 0;
  bool operator==(const RunLimits&) const = default;
};

struct HeartbeatSettings {
  Duration every{};                 // zero: off unless the workspace has a HEARTBEAT.md
  std::size_t ack_max_chars = 200;  // how much may stand beside HEARTBEAT_OK and still count as nothing
  bool include_reasoning = false;   // an answer that says nothing is shown too when there are thoughts to it
  bool operator==(const HeartbeatSettings&) const = default;
};

struct AgentProfile {
  std::string name = "default";
  std::string description = "General help with files, search and memory";
  std::string system_prompt;                      // empty: the built-in one
  std::string model;                              // empty: the configured default
  std::vector<std::string> fallbacks;             // models to answer instead, in this order
  std::optional<std::vector<std::string>> tools;  // names or globs; none: every tool
  std::vector<std::string> skills;                // names or globs of those it is offered; empty: all
  RunLimits limits;
  HeartbeatSettings heartbeat;
};

struct ProfileProblem {
  int line = 1;
  std::string key;
  std::string message;
  bool is_warning = false;  // an unknown key: kept, and said
  [[nodiscard]] std::string to_text() const;
};
struct ParsedProfile {
  std::optional<AgentProfile> profile;
  std::vector<ProfileProblem> problems;
};
inline constexpr std::size_t kMaxProfileBytes = 256u << 10;
// `name`: of the file, without .yaml.
[[nodiscard]] ParsedProfile parse_profile(std::string_view text, std::string_view name);
// Lower-case letters, digits, hyphens and underscores, at most 64.
[[nodiscard]] bool is_profile_name(std::string_view name);

// The agents there are. Declared for the agent's own need; apps/ answers it.
class ProfileSource {
 public:
  virtual ~ProfileSource() = default;
  // The agent as it is right now; null when there is none of this name. "default" always exists.
  [[nodiscard]] virtual std::shared_ptr<const AgentProfile> find(std::string_view name) const = 0;
};

}  // namespace pryx::agent
