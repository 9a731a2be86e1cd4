// SPDX-License-Identifier: MIT
// skill.read: the list of skills, the instructions of one, or one of its files. Reads only; a script of a
// skill is run like any other command, through shell.exec and its gate. Owned by the registry; the library
// outlives it. I/O thread.
#pragma once
#include <memory>

#include "engine/skills/skill_library.h"
#include "engine/tools/registry.h"

namespace pryx::skills {

[[nodiscard]] Result<void> add_skill_tools(tools::Registry& registry, SkillLibrary& library);
[[nodiscard]] std::unique_ptr<tools::Tool> make_read_tool(SkillLibrary& library);

}  // namespace pryx::skills
