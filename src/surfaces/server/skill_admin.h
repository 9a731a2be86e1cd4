// SPDX-License-Identifier: MIT
// What the API needs for skills; apps/ implements it over the library and the workspaces. Every call names
// its caller. I/O thread only.
#pragma once
#include <string>
#include <vector>

#include "engine/skills/skill_library.h"
#include "trust/principals/caller.h"

namespace pryx::server {

struct SkillView {
  skills::Skill skill;
  std::string text;                // of SKILL.md; empty when it cannot be read
  std::vector<std::string> files;  // SKILL.md among them
  [[nodiscard]] json::object to_json() const;
};

class SkillAdmin {
 public:
  virtual ~SkillAdmin() = default;
  // `workspace` is an id or empty. kNotFound when there is none of that id.
  [[nodiscard]] virtual async::Task<Result<std::vector<skills::Skill>>> list(Caller caller,
                                                                             std::string workspace) = 0;
  [[nodiscard]] virtual async::Task<Result<SkillView>> get(Caller caller, std::string workspace,
                                                           std::string name) = 0;
  [[nodiscard]] virtual async::Task<Result<skills::SkillFile>> read(Caller caller, std::string workspace,
                                                                    std::string name, std::string file) = 0;
  // Installs for the user. kCheckFailed, kConflict when there is one and `replace` is off.
  [[nodiscard]] virtual async::Task<Result<SkillView>> put(Caller caller, std::string name,
                                                           std::vector<skills::SkillFile> files,
                                                           bool replace) = 0;
  // kNotFound when the user has none; kConflict for one that is bundled.
  [[nodiscard]] virtual async::Task<Result<void>> remove(Caller caller, std::string name) = 0;
};

}  // namespace pryx::server
