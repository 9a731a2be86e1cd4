// SPDX-License-Identifier: MIT
// SKILL.md of strangers: bounded, and what is taken for valid keeps every rule.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/skills/skill_library.h"
#include "foundation/base/text.h"

using namespace pryx;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace

// The first line is the folder's name, the rest is the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view folder = input.substr(0, end);
  const std::string_view text = input.substr(std::min(end + 1, input.size()));
  const skills::CheckedSkill checked = skills::check_skill(text, folder);
  require(checked.skill.has_value() == checked.problems.empty(), "a skill or problems");
  for (const skills::SkillProblem& problem : checked.problems) require(problem.line >= 1, "a line");
  require(!skills::is_plain_path(text) || text.find("..") == std::string_view::npos ||
              text.find("/../") == std::string_view::npos,
          "a plain path does not climb");
  if (!checked.skill) return 0;
  require(skills::is_skill_name(checked.skill->name) && checked.skill->name == folder, "the name");
  require(!checked.skill->description.empty() && is_valid_utf8(checked.skill->description), "a description");
  require(checked.skill->description.find('\n') == std::string::npos, "on one line");
  require(!checked.skill->body.empty() && checked.skill->body.size() <= text.size(), "a body");
  skills::Skill skill;
  skill.name = checked.skill->name;
  skill.description = checked.description;
  skill.text = std::make_shared<const skills::SkillText>(*checked.skill);
  require(skills::make_index({skill}, {}, 200).text.size() <= 300, "the index is bounded");
  (void)skill.to_json();
  return 0;
}
