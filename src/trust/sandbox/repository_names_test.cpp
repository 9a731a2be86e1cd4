// SPDX-License-Identifier: MIT
// What Git would obey because of how folders look and what settings say, and the ordinary work around it.
#include "trust/sandbox/repository_names.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "trust/sandbox/git_config.h"
#include "trust/sandbox/testing/sandbox_fixture.h"

namespace pryx::sandbox {
namespace {

using testing::Outcome;
class GitInSandbox : public testing::SandboxTest {};

// Git takes objects, refs and settings from where "commondir" says, so the parts need not lie in one folder.
TEST_F(GitInSandbox, ARepositoryIsNotPutTogetherFromTwoFolders) {
  const std::string parts =
      "mkdir -p t d/objects d/refs; echo 'ref: refs/heads/main' > t/HEAD; echo ../d > t/commondir; "
      "printf '[core]\\n\\tpager = touch ran\\n' > d/config";
  Outcome outcome = run(parts);
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_FALSE(is_there("t/commondir"));
  EXPECT_EQ(outcome.applied.quarantined, std::vector<std::string>{"t/commondir"});
  // One that is there already is not completed, and a repository gets no settings of a worktree.
  home_.put("project/u/commondir", "../d\n");
  home_.put("project/u/config", "[core]\n");
  outcome = run("echo 'ref: refs/heads/main' > u/HEAD; echo x > t/config.worktree");
  EXPECT_EQ(outcome.applied.quarantined, (std::vector<std::string>{"t/config.worktree", "u/HEAD"}));
  for (const char* layer : {"overlay", "apply"}) {
    std::filesystem::remove_all(project());
    std::filesystem::create_directories(project());
    make({layer});
    run(parts);
    EXPECT_EQ(is_there("t/commondir"), layer == std::string("apply")) << layer;
  }
}

class SettingsThatName : public testing::SandboxTest {
 protected:
  // A repository whose settings and links name things of the worktree, and one of each of those.
  void SetUp() override {
    SandboxTest::SetUp();
    for (const char* folder : {"r/.git/objects", "r/.git/refs", "r/.git/hooks", "r/other"})
      std::filesystem::create_directories(project() + "/" + folder);
    home_.put("project/r/.git/HEAD", "ref: refs/heads/main\n");
    home_.put("project/r/.git/config",
              "[core]\n\thooksPath = \"tools/hooks\" ; of the team\n[include]\n\tpath = ../shared.cfg\n"
              "[filter \"f\"]\n\tclean = python3 clean.py %f\n");
    home_.put("project/r/shared.cfg", "[core]\n\tfsmonitor = ./watch/monitor\n");
    home_.put("project/r/tools/hooks/pre-commit", "mine");
    home_.put("project/r/real/push.sh", "mine");
    home_.put("project/r/clean.py", "mine");
    home_.put("project/r/tools/free", "mine");
    std::filesystem::create_symlink("real/push.sh", project() + "/r/way");
    std::filesystem::create_symlink("../../way", project() + "/r/.git/hooks/pre-push");
    // Another one's hooks are a link as a whole, and a submodule's settings lie elsewhere.
    for (const char* folder : {"s/.git/objects", "s/.git/refs", "s/sub", "s/.git/modules/m/objects"})
      std::filesystem::create_directories(project() + "/" + folder);
    home_.put("project/s/.git/HEAD", "ref: refs/heads/main\n");
    home_.put("project/s/scripts/pre-commit", "mine");
    std::filesystem::create_directory_symlink("../scripts", project() + "/s/.git/hooks");
    home_.put("project/s/sub/.git", "gitdir: ../.git/modules/m\n");
    home_.put("project/s/.git/modules/m/config", "[core]\n\thooksPath = checks\n");
  }
};

TEST_F(SettingsThatName, WhatARepositorysSettingsNameIsNotWritten) {
  const std::string script =
      "echo x > r/tools/hooks/pre-commit; echo x > r/tools/hooks/post-merge; echo x >> r/real/push.sh; rm -f "
      "r/way; "
      "cp r/tools/free r/way; echo '[core]' > r/shared.cfg; echo x > r/clean.py; mkdir -p r/watch; echo x > "
      "r/watch/monitor; echo x > s/scripts/pre-commit; mkdir s/sub/checks; echo x > s/sub/checks/pre-commit; "
      "mkdir evil; echo x > evil/pre-commit; echo y > r/tools/free; echo y > s/sub/free; true";
  for (const char* layer : {"", "overlay"}) {
    make({layer});
    const Outcome outcome = run(script);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    for (const char* name :
         {"r/tools/hooks/pre-commit", "r/real/push.sh", "r/clean.py", "s/scripts/pre-commit"})
      EXPECT_EQ(get(name), "mine") << name << " without " << layer;
    EXPECT_NE(get("r/shared.cfg"), "[core]\n");
    EXPECT_FALSE(is_there("r/tools/hooks/post-merge"));
    EXPECT_FALSE(is_there("r/watch/monitor"));
    EXPECT_FALSE(is_there("s/sub/checks"));
    EXPECT_EQ(get("r/tools/free"), "y\n") << "what is beside them is free";
    EXPECT_EQ(get("s/sub/free"), "y\n");
    if (std::string_view(layer).empty()) {
      EXPECT_TRUE(std::filesystem::is_symlink(project() + "/r/way"));
      // The mounts stop the rest before it comes to the refusal.
      EXPECT_EQ(outcome.applied.quarantined,
                (std::vector<std::string>{"r/watch/monitor", "r/way", "s/sub/checks"}));
    }
  }
}

TEST_F(SettingsThatName, NeitherAreTheFoldersAboveThem) {
  for (const char* trick :
       {"mkdir -p evil/hooks; echo x > evil/hooks/pre-commit; mv r/tools t2; ln -s ../evil r/tools",
        "cp -r r/tools t2; rm -rf r/tools; mkdir -p r/tools/hooks; echo x > r/tools/hooks/pre-commit",
        "cp -r s t2; rm -rf s; mkdir -p s/scripts; echo x > s/scripts/pre-commit",
        "mkdir -p evil; echo x > evil/monitor; ln -s ../evil r/watch"}) {
    run(trick);
    EXPECT_EQ(get("r/tools/hooks/pre-commit"), "mine") << trick;
    EXPECT_EQ(get("s/scripts/pre-commit"), "mine") << trick;
    EXPECT_FALSE(is_there("r/watch")) << trick;
  }
}

TEST_F(SettingsThatName, ControlWithoutTheRefusalAndTheMountsTheyAreWritten) {
  make({"apply", "mounts"});
  run("echo x > r/tools/hooks/pre-commit; echo x > s/scripts/pre-commit; mkdir -p r/watch; echo x > "
      "r/watch/monitor");
  EXPECT_EQ(get("r/tools/hooks/pre-commit"), "x\n");
  EXPECT_EQ(get("s/scripts/pre-commit"), "x\n");
  EXPECT_TRUE(is_there("r/watch/monitor"));
}

TEST_F(SettingsThatName, EverySettingThatIsACommandCountsAsAShellReadsIt) {
  home_.put(
      "project/r/.git/config",
      "[core]\n\thooksPath = .git\n\talternateRefsCommand = ./refs.sh\n[pager]\n\tlog = ./pager.sh\n"
      "[alias]\n\tx = !sh alias.sh\n\ty = log -- clean.py\n[difftool \"d\"]\n\tcmd = \"'tools/my tool' "
      "$LOCAL\"\n\tpath = tools/a diff\n[mergetool \"m\"]\n\tpath = tools/merge\n[sendemail \"s\"]\n\ttoCmd "
      "= ./to --x\n\tsmtpServer = tools/send\n[imap]\n\ttunnel = exec tools/tunnel\n[remote "
      "\"o\"]\n\tuploadpack = bin\\\\ dir/pack\n[gpg \"ssh\"]\n\tprogram = ./sign\n");
  home_.put("project/r/alias.sh", "mine");
  RepositoryNames names(project());
  names.add_folder("r");
  EXPECT_TRUE(names.complete());
  for (const char* name : {"r/.git/pre-commit", "r/.git/update", "r/refs.sh", "r/pager.sh", "r/alias.sh",
                           "r/tools/my tool", "r/bin dir/pack", "r/sign", "r/tools/a diff", "r/tools/merge",
                           "r/to", "r/tools/send", "r/tools/tunnel"})
    EXPECT_TRUE(names.has(name)) << name;
  for (const char* name : {"r/.git/index", "r/.git", "r/clean.py", "r/tools", "r/free"})
    EXPECT_FALSE(names.has(name)) << name;
}

// A folder that is more than hooks is not closed as a whole, whichever way leads to it, and what is a link in
// a folder of hooks is followed.
TEST_F(SettingsThatName, HooksAreNamedWhereTheyReallyLie) {
  std::filesystem::create_directory_symlink(".git", project() + "/r/git");
  std::filesystem::create_directory_symlink(".", project() + "/r/top");
  std::filesystem::create_directory_symlink("..", project() + "/r/out");
  std::filesystem::create_symlink("../../real/check.sh", project() + "/r/tools/hooks/post-merge");
  struct Row {
    std::string hooks, named, free;
  };
  for (const Row& row :
       {Row{"git", "r/.git/pre-commit", "r/.git/index"}, Row{"top", "r/pre-commit", "r/free"},
        Row{".", "r/pre-commit", "r/free"}, Row{"out", "pre-commit", "free"},
        Row{project(), "pre-commit", "free"}, Row{"tools/hooks", "r/real/check.sh", "r/real/other"}}) {
    home_.put("project/r/.git/config", "[core]\n\thooksPath = " + row.hooks + "\n");
    RepositoryNames names(project());
    names.add_folder("r");
    EXPECT_TRUE(names.has(row.named)) << row.hooks;
    EXPECT_FALSE(names.has(row.free)) << row.hooks;
  }
  std::filesystem::remove_all(project() + "/r/.git/hooks");
  std::filesystem::create_directory_symlink("../..", project() + "/r/.git/hooks");
  RepositoryNames names(project());
  names.add_folder("r");
  EXPECT_TRUE(names.has("pre-commit"));
  EXPECT_TRUE(names.complete());
  home_.put("project/r/.git/config", "[core]\n\thooksPath = git\n");
  const Outcome outcome =
      run("echo x > r/.git/pre-commit; echo x > pre-commit; echo y > r/.git/COMMIT_EDITMSG");
  EXPECT_EQ(outcome.applied.quarantined, (std::vector<std::string>{"pre-commit", "r/.git/pre-commit"}))
      << outcome.errors;
  EXPECT_EQ(get("r/.git/COMMIT_EDITMSG"), "y\n");
}

// Settings that are not there use up nothing, and what goes over a limit is said.
TEST_F(SettingsThatName, ALimitIsSaid) {
  std::string many = "[include]\n";
  for (int i = 0; i < 2'000; ++i) many += "\tpath = absent-" + std::to_string(i) + "\n";
  home_.put("project/r/.git/config", many + "[core]\n\tfsmonitor = ./watch/monitor\n");
  RepositoryNames names(project());
  names.add_folder("r");
  EXPECT_TRUE(names.complete());
  EXPECT_TRUE(names.has("r/watch/monitor"));

  for (int i = 0; i < 1'001; ++i) home_.put("project/r/.git/absent-" + std::to_string(i), "[core]\n");
  RepositoryNames too_many(project());
  too_many.add_folder("r");
  EXPECT_FALSE(too_many.complete());
  auto held = platform::HeldDirectory::open(project());
  EXPECT_TRUE(protection_in(held.value(), "r/free"));
  EXPECT_FALSE(protection_in(held.value(), "free"));

  std::string long_one = "[core]\n";
  for (std::size_t i = 0; i < kMaxGitSettings; ++i) long_one += "\tk = v\n";
  home_.put("project/r/.git/config", long_one + "\tfsmonitor = ./watch/monitor\n");
  ASSERT_LT(get("r/.git/config").size(), kMaxGitConfigBytes);
  RepositoryNames too_long(project());
  too_long.add_folder("r");
  EXPECT_FALSE(too_long.has("r/watch/monitor"));
  EXPECT_FALSE(too_long.complete());
}

class SettingsBeyondTheLimit : public SettingsThatName {
 protected:
  void SetUp() override {
    SettingsThatName::SetUp();
    std::string many = "[core]\n";
    for (std::size_t i = 0; i < kMaxGitSettings; ++i) many += "\tk = v\n";
    home_.put("project/r/.git/config", many + "\thooksPath = tools/hooks\n");
  }
  // What the run wrote, where it was kept.
  [[nodiscard]] std::string kept(const std::string& name) const {
    for (const auto& run : std::filesystem::directory_iterator(scratch_ / "sandbox")) {
      std::ifstream file(run.path() / "upper" / name);
      if (file) return {std::istreambuf_iterator<char>(file), {}};
    }
    return {};
  }
};

// The file tools refuse there, so a command does not write there in their place.
TEST_F(SettingsBeyondTheLimit, NothingOfACommandIsTakenOver) {
  const std::string script = "echo x > r/tools/hooks/pre-commit; echo x > before";
  Outcome outcome = run(script);
  EXPECT_NE(outcome.errors.find("more settings than are read"), std::string::npos) << outcome.errors;
  EXPECT_EQ(get("r/tools/hooks/pre-commit"), "mine");
  EXPECT_FALSE(is_there("before"));
  EXPECT_EQ(kept("r/tools/hooks/pre-commit"), "x\n");
  // Those settings may name what lies beside the repository, too.
  EXPECT_NE(run("echo x > beside").errors, "");
  EXPECT_FALSE(is_there("beside"));
  outcome = run("cat r/clean.py");
  EXPECT_EQ(outcome.output + outcome.errors, "mine") << "what writes nothing goes on";
  // A repository where the search before a run does not look is found on the way to what was written.
  for (const char* folder : {"z/refs", "z/objects"})
    std::filesystem::create_directories(project() + "/" + folder);
  home_.put("project/z/HEAD", "ref: refs/heads/main\n");
  std::filesystem::rename(project() + "/r", project() + "/z/objects/r");
  outcome = run("echo y > free");
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(get("free"), "y\n");
  outcome = run("cd z/objects; " + script + "; echo x > ../../before");
  EXPECT_NE(outcome.errors.find("more settings than are read"), std::string::npos) << outcome.errors;
  EXPECT_EQ(get("z/objects/r/tools/hooks/pre-commit"), "mine");
  EXPECT_FALSE(is_there("before")) << "it comes first on the way, and nothing is moved before the end";
}

TEST_F(SettingsBeyondTheLimit, ControlWithoutTheRefusalItIs) {
  make({"apply", "mounts"});
  EXPECT_EQ(run("echo x > r/tools/hooks/pre-commit; echo x > before").errors, "");
  EXPECT_EQ(get("r/tools/hooks/pre-commit"), "x\n");
  EXPECT_TRUE(is_there("before"));
}

// The workspace may be a part of the worktree only.
TEST_F(SettingsThatName, ARepositoryAroundTheWorkspaceCounts) {
  home_.put("project/r/.git/config", "[core]\n\thooksPath = other/hooks\n");
  Request r = request("mkdir -p hooks; echo x > hooks/pre-commit; echo y > free");
  auto held = platform::HeldDirectory::open(project() + "/r/other");
  r.workspace = std::make_shared<const platform::HeldDirectory>(std::move(held.value()));
  const Outcome outcome = run(r);
  EXPECT_EQ(outcome.applied.quarantined, std::vector<std::string>{"hooks"}) << outcome.errors;
  EXPECT_EQ(get("r/other/free"), "y\n");
  EXPECT_FALSE(is_there("r/other/hooks"));
}

TEST_F(GitInSandbox, ALinkDoesNotBringProtectedNamesAlong) {
  const Outcome outcome =
      run("mkdir c; echo x > c/config.toml; ln -s c .cargo; mkdir -p x/.local; ln -s / x/.config");
  EXPECT_EQ(outcome.applied.quarantined, (std::vector<std::string>{".cargo", "x/.config"})) << outcome.errors;
  EXPECT_FALSE(is_there(".cargo"));
  EXPECT_TRUE(is_there("x/.local"));
}

// What is refused must not get in the way of ordinary work.
TEST_F(GitInSandbox, OrdinaryWorkWithGitGoesOn) {
  if (!platform::find_system_program("git")) GTEST_SKIP() << "git is not installed";
  make({"apply"});
  const Outcome made = run(
      "git init -q -b main . && git config user.name n && git config user.email n@example.org && git config "
      "core.hooksPath tools/hooks && mkdir -p tools/hooks && printf '#!/bin/sh\\necho hook\\n' > "
      "tools/hooks/pre-commit && chmod 755 tools/hooks/pre-commit && echo 1 > a && git add . && git commit "
      "-qm one");
  ASSERT_EQ(made.code, 0) << made.errors;
  make({});
  const Outcome work =
      run("git status --porcelain && echo 2 >> a && echo 3 > b && git add -A && git commit -qm two && git "
          "switch -qc side "
          "&& git mv b c && git commit -qam three && git stash list && git merge-base main side >/dev/null "
          "&& git gc -q");
  EXPECT_EQ(work.code, 0) << work.errors << work.output;
  EXPECT_NE((work.output + work.errors).find("hook"), std::string::npos) << "hooks run, in the sandbox";
  EXPECT_EQ(work.applied.quarantined, std::vector<std::string>{});
  const Outcome after =
      run("git log --oneline | wc -l; git branch --show-current; git status --porcelain; git fsck");
  EXPECT_EQ(after.output, "3\nside\n") << after.errors;
  // Clones and worktrees serve as long as the command runs; then their settings and pointers stay behind.
  const Outcome copies =
      run("git clone -q --no-hardlinks . copy && git -C copy log --oneline | wc -l && git worktree add -q "
          "tree main && git "
          "-C tree "
          "status --porcelain && cat tree/a");
  EXPECT_EQ(copies.output, "3\n1\n2\n") << copies.errors;
  EXPECT_EQ(get("copy/a"), "1\n2\n");
  EXPECT_EQ(get("tree/a"), "1\n2\n");
  for (const char* name : {"copy/.git/config", "copy/.git/hooks", "tree/.git",
                           ".git/worktrees/tree/commondir", ".git/worktrees/tree/gitdir"}) {
    EXPECT_FALSE(is_there(name)) << name;
    EXPECT_NE(std::ranges::find(copies.applied.quarantined, name), copies.applied.quarantined.end()) << name;
  }
  EXPECT_EQ(run("git status --porcelain --untracked-files=no && git log --oneline | wc -l").output, "3\n");
}

}  // namespace
}  // namespace pryx::sandbox
