// SPDX-License-Identifier: MIT
#include "trust/sandbox/protected_names.h"

#include <gtest/gtest.h>

namespace pryx::sandbox {
namespace {

TEST(ProtectedNames, HoldAtEveryDepth) {
  for (const char* path : {".git/hooks/pre-commit", "a/b/.git/hooks/x", ".git/config",
                           "sub/.git/modules/m/config", ".envrc", "deep/er/.envrc", ".vscode/tasks.json",
                           "x/.mcp.json", ".config/systemd/user/a.service", "bare.git/hooks/update",
                           ".GIT/Hooks/pre-commit", ".BASHRC", "any/commondir", "any/config.worktree"}) {
    EXPECT_TRUE(is_protected(path)) << path;
  }
}

TEST(ProtectedNames, LeaveOrdinaryWorkAlone) {
  for (const char* path :
       {"src/main.c", ".git/objects/ab/cd", ".git/HEAD", ".git/refs/heads/hooks", ".gitignore", "hooks/x",
        "config", "AGENTS.md", "Makefile", "package.json", "gitdir", ".cargo", ".config"}) {
    EXPECT_FALSE(is_protected(path)) << path;
  }
}

TEST(ProtectedNames, FoldersThatHoldOnesMayNotBeLinks) {
  for (const char* path : {".cargo", "sub/.CARGO", ".config", ".local", "a/.local/share", ".hg"})
    EXPECT_TRUE(may_not_be_link(path)) << path;
  for (const char* path : {"cargo", ".cargo/registry", "share", ".local/other", "src", ""})
    EXPECT_FALSE(may_not_be_link(path)) << path;
}

// From inside of such a folder "tasks.json" is a name like any other.
TEST(ProtectedNames, NoWorkspaceLiesWhereTheyEnd) {
  for (const char* path :
       {"/p/.vscode", "/p/.VSCode/sub", "/p/.husky", "/p/.git", "/p/.git/info", "/p/.git/hooks",
        "/p/bare.git/hooks", "/home/me/.config/autostart", "/home/me/.config/nvim/lua", "/home/me/.local/bin",
        "/home/me/.ssh", "/home/me/.config", "/home/me/.local/share", "/home/me/.cargo"}) {
    EXPECT_TRUE(protection_of_workspace(path)) << path;
  }
  for (const char* path : {"/", "/home/me", "/home/me/project", "/home/me/.config/my-program",
                           "/home/me/.local/share/notes", "/srv/project.git/main", "/p/config", "/p/hooks"}) {
    EXPECT_FALSE(protection_of_workspace(path)) << path;
  }
}

}  // namespace
}  // namespace pryx::sandbox
