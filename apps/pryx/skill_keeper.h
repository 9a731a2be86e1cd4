// SPDX-License-Identifier: MIT
// Skills, put together: the library over the folders of this home, its tool, what the API does with it, and
// what a turn's prompt says of it. Owned by the daemon; I/O thread only.
#pragma once
#include <string>

#include "engine/agent/prompt_note.h"
#include "engine/agent/turn_engine.h"
#include "engine/skills/skill_library.h"
#include "engine/tools/registry.h"
#include "foundation/config/layers.h"
#include "foundation/config/places.h"
#include "foundation/events/event_log.h"
#include "surfaces/server/skill_admin.h"
#include "trust/audit/audit_log.h"

namespace pryx::app {

class SkillKeeper final : public server::SkillAdmin, public agent::PromptNotes {
 public:
  struct Parts {
    async::WorkerPool& pool;
    db::Database& database;
    events::EventLog& events;
    audit::AuditLog& audit;
    const config::Places& places;
    const platform::Environment& environment;
  };
  explicit SkillKeeper(const Parts& parts);
  [[nodiscard]] Result<void> add_tools(tools::Registry& registry);
  // Both come to be after the tools do. Before, there are no workspaces and no settings.
  void use(agent::WorkspaceOpener& workspaces) { workspaces_ = &workspaces; }
  void use(const config::Config& config);

  [[nodiscard]] async::Task<agent::PromptNote> note(std::shared_ptr<const platform::HeldDirectory> workspace,
                                                    agent::AgentProfile profile,
                                                    agent::NoteFor turn) override;

  [[nodiscard]] async::Task<Result<std::vector<skills::Skill>>> list(Caller caller,
                                                                     std::string workspace) override;
  [[nodiscard]] async::Task<Result<server::SkillView>> get(Caller caller, std::string workspace,
                                                           std::string name) override;
  [[nodiscard]] async::Task<Result<skills::SkillFile>> read(Caller caller, std::string workspace,
                                                            std::string name, std::string file) override;
  [[nodiscard]] async::Task<Result<server::SkillView>> put(Caller caller, std::string name,
                                                           std::vector<skills::SkillFile> files,
                                                           bool replace) override;
  [[nodiscard]] async::Task<Result<void>> remove(Caller caller, std::string name) override;

 private:
  [[nodiscard]] skills::Surroundings surroundings() const;
  [[nodiscard]] async::Task<Result<skills::SkillLibrary::Workspace>> open(Caller caller, std::string id);
  [[nodiscard]] async::Task<Result<server::SkillView>> view(skills::SkillLibrary::Workspace workspace,
                                                            std::string name);

  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  const platform::Environment& environment_;
  skills::SkillLibrary library_;
  agent::WorkspaceOpener* workspaces_ = nullptr;
  std::set<std::string> settings_;
};

}  // namespace pryx::app
