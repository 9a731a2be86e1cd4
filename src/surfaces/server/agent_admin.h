// SPDX-License-Identifier: MIT
// What the API needs for the agents that people describe in config/agents; apps/ implements it over the
// files. Every call names its caller. I/O thread only.
#pragma once
#include <string>
#include <vector>

#include "engine/agent/agent_profile.h"
#include "surfaces/server/admin.h"

namespace pryx::server {

struct AgentEntry {
  agent::AgentProfile profile;     // in force; of a file that was never valid only the name
  std::string state = "built_in";  // built_in, file, last_good (the file is not valid any more), invalid
  std::vector<agent::ProfileProblem> problems;  // of the file
  HumanFile file;
  [[nodiscard]] json::object to_json() const;
  [[nodiscard]] json::object to_json_with_text() const;
};

class AgentAdmin {
 public:
  virtual ~AgentAdmin() = default;
  [[nodiscard]] virtual async::Task<Result<std::vector<AgentEntry>>> list(Caller caller) = 0;
  [[nodiscard]] virtual async::Task<Result<AgentEntry>> get(Caller caller, std::string id) = 0;
  // Replaces the whole text. kConflict when stale, kCheckFailed with the problems of the text.
  [[nodiscard]] virtual async::Task<Result<AgentEntry>> put(Caller caller, std::string id, std::string text,
                                                            std::string expected_hash) = 0;
  // kNotFound when there is no file. "default" goes back to the built-in one.
  [[nodiscard]] virtual async::Task<Result<void>> remove(Caller caller, std::string id) = 0;
  [[nodiscard]] virtual bool exists(std::string_view id) const = 0;
};

}  // namespace pryx::server
