// SPDX-License-Identifier: MIT
// The skills that come with Pryx, as CMake read them from data/skills. Constants; any thread.
#pragma once
#include <span>
#include <string_view>

namespace pryx::skills::internal {

struct BundledSkill {
  std::string_view name;  // the folder
  std::string_view text;  // SKILL.md
};

[[nodiscard]] std::span<const BundledSkill> bundled_skills();

}  // namespace pryx::skills::internal
