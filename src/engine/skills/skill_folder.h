// SPDX-License-Identifier: MIT
// The files of one skill on disk, read below a held directory that follows no link. Private to this module.
// Blocking; worker threads.
#pragma once
#include <string>
#include <vector>

#include "engine/skills/skill_library.h"
#include "foundation/platform/held_directory.h"

namespace pryx::skills {

struct FolderEntry {
  std::string name;
  std::string text;     // SKILL.md
  std::string trouble;  // why there is no text
};

// Every folder below `root` that holds, or should hold, a skill; at most kMaxSkills.
[[nodiscard]] Result<std::vector<FolderEntry>> read_skill_folders(const platform::HeldDirectory& root);
[[nodiscard]] Result<std::vector<std::string>> list_skill_files(const platform::HeldDirectory& skill);
// Whether the owner may run this regular file, reached over no link.
[[nodiscard]] bool is_executable_in(const platform::HeldDirectory& folder, const std::string& path);
// A file that does not say whether it is executable stays what the one of its path was.
[[nodiscard]] Result<void> write_skill_folder(const std::string& root, const std::string& name,
                                              const std::vector<SkillFile>& files);
[[nodiscard]] Result<bool> remove_skill_folder(const std::string& root, const std::string& name);
[[nodiscard]] bool is_program_on(const std::vector<std::string>& path, const std::string& name);

}  // namespace pryx::skills
