// SPDX-License-Identifier: MIT
// The notes that a folder holds for agents: AGENTS.md, else CLAUDE.md, of the workspace or, when it has none,
// of the nearest folder above it in the same repository. A link of such a name is passed over, and logged.
// Blocking; any thread.
#pragma once
#include <string>

#include "foundation/platform/held_directory.h"

namespace pryx::app {

struct WorkspaceNotes {
  std::string text;  // empty: there are none
  std::string name;  // as seen from the workspace: "AGENTS.md", "../../CLAUDE.md"
};

enum class LookAbove : bool { kNo, kYes };

// Above the workspace it looks only when that is a part of a repository (a folder with .git above it), up to
// the repository's root, never above the home of the workspace's owner, and only into folders that belong to
// the same owner and that not everybody can write. `workspace` was opened by a real path.
[[nodiscard]] WorkspaceNotes read_workspace_notes(const platform::HeldDirectory& workspace, LookAbove above);

}  // namespace pryx::app
