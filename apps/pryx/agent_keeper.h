// SPDX-License-Identifier: MIT
// config/agents/*.yaml while the daemon runs: read at start, picked up when edited, replaced through the API.
// A file that is not valid keeps its last good version and raises error.occurred. I/O thread only.
#pragma once
#include <map>
#include <string>

#include "engine/agent/agent_profile.h"
#include "foundation/db/database.h"
#include "foundation/events/event_log.h"
#include "surfaces/server/agent_admin.h"
#include "trust/audit/audit_log.h"

namespace pryx::app {

class AgentKeeper final : public agent::ProfileSource, public server::AgentAdmin {
 public:
  AgentKeeper(std::string folder, db::Database& database, events::EventLog& events, audit::AuditLog& audit);
  void load_at_start();
  // After something in the folder changed.
  [[nodiscard]] async::Task<void> reload();

  [[nodiscard]] std::shared_ptr<const agent::AgentProfile> find(std::string_view name) const override;
  [[nodiscard]] async::Task<Result<std::vector<server::AgentEntry>>> list(Caller caller) override;
  [[nodiscard]] async::Task<Result<server::AgentEntry>> get(Caller caller, std::string id) override;
  [[nodiscard]] async::Task<Result<server::AgentEntry>> put(Caller caller, std::string id, std::string text,
                                                            std::string expected_hash) override;
  [[nodiscard]] async::Task<Result<void>> remove(Caller caller, std::string id) override;
  [[nodiscard]] bool exists(std::string_view id) const override { return find(id) != nullptr; }
  [[nodiscard]] std::vector<std::shared_ptr<const agent::AgentProfile>> profiles() const;

 private:
  struct Kept {
    std::shared_ptr<const agent::AgentProfile> profile;  // last good; null: never was
    std::vector<agent::ProfileProblem> problems;
    std::string judged_hash;
    bool is_valid = true;
  };
  [[nodiscard]] std::string path_of(std::string_view id) const;
  [[nodiscard]] std::vector<std::string> names_on_disk() const;
  // The names whose file became invalid.
  [[nodiscard]] std::vector<std::string> look();
  [[nodiscard]] server::AgentEntry entry_of(const std::string& id) const;
  [[nodiscard]] async::Task<void> note_change(std::string actor, std::string kind, std::string id,
                                              std::string detail);

  std::string folder_;
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  std::map<std::string, Kept, std::less<>> kept_;
};

}  // namespace pryx::app
