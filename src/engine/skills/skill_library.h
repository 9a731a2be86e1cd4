// SPDX-License-Identifier: MIT
// All skills there are, by precedence: those of the workspace (.pryx/skills), the user's folders, and the
// bundled ones. Found anew whenever they are asked for, so an edit counts at once; texts that did not change
// are not parsed again. Only names and descriptions go into prompts; the rest is read on demand. Nothing of a
// skill is ever run here. Owned by apps/; I/O thread, files on the pool.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/skills/skill_text.h"
#include "foundation/async/worker_pool.h"
#include "foundation/platform/held_directory.h"
#include "trust/labels/labels.h"

namespace pryx::skills {

enum class Source : std::uint8_t { kWorkspace, kUser, kBundled };  // strongest first
[[nodiscard]] std::string_view to_text(Source source);

struct Skill {
  std::string name;  // of the folder, also when the text is not valid
  Source source = Source::kBundled;
  std::string folder;  // for people; empty for bundled ones
  std::string description;
  std::string hash;                       // "sha256:…" of SKILL.md
  std::shared_ptr<const SkillText> text;  // null: not valid
  std::vector<SkillProblem> problems;
  std::vector<std::string> missing;  // what it requires and is not here: "program git", "variable X"
  bool shadowed = false;             // a stronger source has one of this name

  // ready, missing, invalid, shadowed. Only ready ones are offered to a model.
  [[nodiscard]] std::string_view state() const;
  // What reading it brings into a context: `file` from a workspace, `plugin:<name>` when a person installed
  // it, because its author is somebody else.
  [[nodiscard]] trust::Labels labels() const;
  [[nodiscard]] json::object to_json() const;
};

struct SkillFile {
  std::string path;  // below the skill's folder
  std::string bytes;
  std::optional<bool> executable;  // whether the owner may run it; none: as the file that it replaces
};

// What requirements are checked against: a snapshot.
struct Surroundings {
  std::vector<std::string> path;    // folders of programs
  std::set<std::string> variables;  // names
  std::set<std::string> settings;   // keys that are set to something
};

inline constexpr std::size_t kMaxSkills = 256;  // of one source
inline constexpr std::size_t kMaxFiles = 200;   // of one skill
inline constexpr std::size_t kMaxFileBytes = 1u << 20;
inline constexpr std::size_t kMaxFolderBytes = 4u << 20;
inline constexpr std::size_t kMaxIndexBytes = 8'000;  // of all names and descriptions in a prompt
inline constexpr std::size_t kSmallIndexBytes = 600;  // the same for a model with little room

class SkillLibrary {
 public:
  struct Options {
    std::vector<std::string> user_folders;  // strongest first; the first is where add() puts skills
    std::function<Surroundings()> surroundings;
  };
  using Workspace = std::shared_ptr<const platform::HeldDirectory>;  // may be null: no workspace
  SkillLibrary(async::WorkerPool& pool, Options options);

  // Strongest first within one name, by name.
  [[nodiscard]] async::Task<Result<std::vector<Skill>>> list(Workspace workspace);
  // The one that counts: ready, else the strongest of that name. kNotFound.
  [[nodiscard]] async::Task<Result<Skill>> find(Workspace workspace, std::string name);
  // Names of the files of a skill, SKILL.md among them, sorted.
  [[nodiscard]] async::Task<Result<std::vector<std::string>>> files(Workspace workspace, Skill skill);
  // One file. kNotFound, kTooLarge, kDenied for a link.
  [[nodiscard]] async::Task<Result<SkillFile>> read(Workspace workspace, Skill skill, std::string file);

  // Installs a skill for the user, whole or not at all. kCheckFailed with every problem of its SKILL.md;
  // kConflict when there is one and `replace` is off.
  [[nodiscard]] async::Task<Result<void>> add(std::string name, std::vector<SkillFile> files, bool replace);
  // False: the user has none of this name.
  [[nodiscard]] async::Task<Result<bool>> remove(std::string name);

  struct Parsed {
    std::shared_ptr<const CheckedSkill> checked;
  };
  using Cache = std::map<std::string, Parsed, std::less<>>;  // by name and hash

 private:
  async::WorkerPool& pool_;
  Options options_;
  std::shared_ptr<const Cache> cache_;
};

// A list of ready skills for a system prompt, at most `max_bytes`: descriptions are cut evenly when there are
// too many. Empty when there are none. Pure.
struct SkillIndex {
  std::string text;
  trust::Labels labels;  // of workspace skills whose descriptions are in it
};
// `only`: names or globs; empty: all.
[[nodiscard]] SkillIndex make_index(const std::vector<Skill>& skills, const std::vector<std::string>& only,
                                    std::size_t max_bytes = kMaxIndexBytes);

// A relative path of plain names, none hidden behind "..", "/" or a NUL byte.
[[nodiscard]] bool is_plain_path(std::string_view path);
// The name, size and SKILL.md of what shall be installed; kInvalidArgument, kTooLarge or kCheckFailed.
[[nodiscard]] Result<void> check_files(const std::string& name, const std::vector<SkillFile>& files);

}  // namespace pryx::skills
