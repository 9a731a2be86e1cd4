// SPDX-License-Identifier: MIT
// config/agents/*.yaml while the daemon runs: read at start, picked up when edited, replaced through the API.
// A file that is not valid keeps its last good version and raises error.occurred. I/O thread only.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "engine/agent/agent_profile.h"
#include "foundation/db/database.h"
#include "foundation/events/event_log.h"
#include "surfaces/server/admin.h"
#include "surfaces/server/agent_admin.h"
#include "trust/audit/audit_log.h"

namespace pryx::app {

class AgentKeeper final : public agent::ProfileSource, public server::AgentAdmin {
 public:
  AgentKeeper(std::string folder, db::Database& database, events::EventLog& events, audit::AuditLog& audit);
  void load_at_start();
  // What became of the files while no daemon looked goes on record. Once, before anything runs by them.
  [[nodiscard]] async::Task<void> note_first_files();
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
  // A line for each file in which something is wrong or has no effect.
  [[nodiscard]] std::vector<server::Component> health() const;

 private:
  struct Kept {
    std::shared_ptr<const agent::AgentProfile> profile;  // last good; null: never was
    std::vector<agent::ProfileProblem> problems;
    std::string judged_hash;
    bool is_valid = true;
  };
  [[nodiscard]] std::string path_of(std::string_view id) const;
  [[nodiscard]] std::vector<std::string> names_on_disk() const;
  // The names whose file is another one than at the last look, or is gone.
  [[nodiscard]] std::vector<std::string> look();
  [[nodiscard]] server::AgentEntry entry_of(const std::string& id) const;
  // On record as an editor's doing. Of `own` the row is there already: what comes through the API is recorded
  // before it is written.
  [[nodiscard]] async::Task<void> note_changes(std::vector<std::string> ids, std::string own);

  std::string folder_;
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  std::map<std::string, Kept, std::less<>> kept_;
};

}  // namespace pryx::app
