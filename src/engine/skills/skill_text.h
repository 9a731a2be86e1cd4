// SPDX-License-Identifier: MIT
// A SKILL.md as a value: YAML front matter between two lines of "---", then instructions in Markdown. Strict
// by the open specification: what does not fit is a problem with its line, and a skill with problems is not
// offered to a model. Pure; any thread.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/result.h"

namespace pryx::skills {

inline constexpr std::size_t kMaxSkillBytes = 256u << 10;       // of SKILL.md
inline constexpr std::size_t kMaxFrontMatterBytes = 16u << 10;  // of it
inline constexpr std::size_t kMaxNameBytes = 64;
inline constexpr std::size_t kMaxDescriptionChars = 1024;
inline constexpr std::size_t kMaxCompatibilityChars = 500;

// What Pryx reads under metadata.pryx. Shown and checked; nothing of it is ever done by itself.
struct Requirements {
  std::vector<std::string> bins;    // programs on the PATH
  std::vector<std::string> env;     // names of variables
  std::vector<std::string> config;  // settings that must be set to something
  bool operator==(const Requirements&) const = default;
};
struct Installer {
  std::string kind;     // brew, npm, go, uv, download
  std::string package;  // name, module or address
  std::string label;    // for people; may be empty
  bool operator==(const Installer&) const = default;
};

struct SkillText {
  std::string name;
  std::string description;  // on one line
  std::string license;
  std::string compatibility;
  std::vector<std::string> allowed_tools;  // what its author thinks it needs; gives no right
  std::map<std::string, std::string> metadata;
  std::string emoji;
  Requirements requires_;
  std::vector<Installer> install;
  std::string body;  // the instructions, without the front matter
};

struct SkillProblem {
  int line = 1;
  std::string field;  // "name"; empty: the file as a whole
  std::string message;
  [[nodiscard]] std::string to_text() const;  // "line 3: name: …"
};

struct CheckedSkill {
  std::optional<SkillText> skill;      // nullopt when there are problems
  std::vector<SkillProblem> problems;  // in the order of lines
  std::string name, description;       // what could be read all the same; may be empty
};

// `folder`: the name of the folder it is in, which must be the skill's own.
[[nodiscard]] CheckedSkill check_skill(std::string_view text, std::string_view folder);

// 1 to 64 lower-case letters, digits and single hyphens, none at an end.
[[nodiscard]] bool is_skill_name(std::string_view name);

}  // namespace pryx::skills
