// SPDX-License-Identifier: MIT
// Skills in memory, for tests of the routes.
#pragma once
#include <map>
#include <string>

#include "surfaces/server/skill_admin.h"

namespace pryx::server::testing {

class FakeSkills final : public SkillAdmin {
 public:
  std::map<std::string, std::vector<skills::SkillFile>> installed;
  async::Task<Result<std::vector<skills::Skill>>> list(Caller, std::string) override {
    std::vector<skills::Skill> all;
    for (const auto& [name, files] : installed) all.push_back(make(name).skill);
    co_return all;
  }
  async::Task<Result<SkillView>> get(Caller, std::string, std::string name) override {
    if (!installed.contains(name)) co_return fail(ErrorCode::kNotFound, "there is no skill '{}'", name);
    co_return make(name);
  }
  async::Task<Result<skills::SkillFile>> read(Caller, std::string, std::string name,
                                              std::string file) override {
    const auto found = installed.find(name);
    if (found == installed.end()) co_return fail(ErrorCode::kNotFound, "there is no skill '{}'", name);
    for (const skills::SkillFile& entry : found->second) {
      if (entry.path == file) co_return entry;
    }
    co_return fail(ErrorCode::kNotFound, "there is no file '{}'", file);
  }
  async::Task<Result<SkillView>> put(Caller, std::string name, std::vector<skills::SkillFile> files,
                                     bool replace) override {
    PRYX_CO_TRY_VOID(skills::check_files(name, files));
    if (installed.contains(name) && !replace) co_return fail(ErrorCode::kConflict, "there is one already");
    for (skills::SkillFile& file : files) {
      if (!file.executable) file.executable = is_executable(name, file.path);
    }
    installed[name] = std::move(files);
    co_return make(name);
  }
  async::Task<Result<void>> remove(Caller, std::string name) override {
    if (installed.erase(name) == 0) co_return fail(ErrorCode::kNotFound, "there is no skill '{}'", name);
    co_return Result<void>{};
  }

 private:
  [[nodiscard]] bool is_executable(const std::string& name, const std::string& path) const {
    const auto found = installed.find(name);
    if (found == installed.end()) return false;
    for (const skills::SkillFile& file : found->second) {
      if (file.path == path) return file.executable.value_or(false);
    }
    return false;
  }
  [[nodiscard]] SkillView make(const std::string& name) const {
    SkillView view;
    view.skill.name = name;
    view.skill.source = skills::Source::kUser;
    for (const skills::SkillFile& file : installed.at(name)) {
      view.files.push_back(file.path);
      if (file.path == "SKILL.md") view.text = file.bytes;
    }
    return view;
  }
};

}  // namespace pryx::server::testing
