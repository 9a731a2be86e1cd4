// SPDX-License-Identifier: MIT
#include "trust/sandbox/protected_names.h"

#include <gtest/gtest.h>

namespace pryx::sandbox {
namespace {

TEST(ProtectedNames, HoldAtEveryDepth) {
  for (const char* path :
       {".git/hooks/pre-commit", "a/b/.git/hooks/x", ".git/config", "sub/.git/modules/m/config", ".envrc",
        "deep/er/.envrc", ".vscode/tasks.json", "x/.mcp.json", ".config/systemd/user/a.service",
        "bare.git/hooks/update", ".GIT/Hooks/pre-commit", ".BASHRC"}) {
    EXPECT_TRUE(is_protected(path)) << path;
  }
}

TEST(ProtectedNames, LeaveOrdinaryWorkAlone) {
  for (const char* path : {"src/main.c", ".git/objects/ab/cd", ".git/HEAD", ".git/refs/heads/hooks",
                           ".gitignore", "hooks/x", "config", "AGENTS.md", "Makefile", "package.json"}) {
    EXPECT_FALSE(is_protected(path)) << path;
  }
}

}  // namespace
}  // namespace pryx::sandbox
