// SPDX-License-Identifier: MIT
#include "workspace_notes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pryx::app {
namespace {

namespace fs = std::filesystem;

class Notes : public ::testing::Test {
 protected:
  Notes()
      : root_(fs::canonical(fs::temp_directory_path()) /
              fmt::format("pryx-notes-{}-{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(root_);
    make("repo/.git");
    make("repo/part/deep");
  }
  ~Notes() override { fs::remove_all(root_); }
  void make(const char* folder) {
    fs::create_directories(root_ / folder);
    for (fs::path at = root_ / folder; at != root_.parent_path(); at = at.parent_path())
      fs::permissions(at, fs::perms::owner_all);
  }
  void write(const char* file, std::string_view text) { std::ofstream(root_ / file) << text; }
  // "name: text"
  std::string read(const char* workspace, LookAbove above = LookAbove::kYes) {
    const auto held = platform::HeldDirectory::open((root_ / workspace).string());
    PRYX_CHECK(held.has_value());
    const WorkspaceNotes notes = read_workspace_notes(*held, above);
    return notes.name + ": " + notes.text;
  }
  fs::path root_;
};

TEST_F(Notes, TheNearestWinsAndAgentsComeBeforeClaude) {
  EXPECT_EQ(read("repo/part/deep"), ": ");
  write("repo/CLAUDE.md", "root claude");
  EXPECT_EQ(read("repo/part/deep"), "../../CLAUDE.md: root claude");
  EXPECT_EQ(read("repo"), "CLAUDE.md: root claude");
  write("repo/AGENTS.md", "root agents");
  EXPECT_EQ(read("repo/part/deep"), "../../AGENTS.md: root agents");
  write("repo/part/CLAUDE.md", "part claude");
  EXPECT_EQ(read("repo/part/deep"), "../CLAUDE.md: part claude") << "nearer, whatever its name";
  write("repo/part/deep/AGENTS.md", "deep agents");
  EXPECT_EQ(read("repo/part/deep"), "AGENTS.md: deep agents");
  fs::remove(root_ / "repo/part/deep/AGENTS.md");
  EXPECT_EQ(read("repo/part/deep", LookAbove::kNo), ": ");
}

TEST_F(Notes, NothingOutsideOfTheRepositoryIsRead) {
  write("AGENTS.md", "above the repository");
  EXPECT_EQ(read("repo/part/deep"), ": ");
  make("plain/part");
  write("plain/AGENTS.md", "no repository");
  EXPECT_EQ(read("plain/part"), ": ");
  // A repository of its own in between ends the search.
  write("repo/AGENTS.md", "outer");
  fs::create_directories(root_ / "repo/part/.git");
  EXPECT_EQ(read("repo/part/deep"), ": ");
  EXPECT_EQ(read("repo/part"), ": ");
  // In a worktree it is a file.
  fs::remove_all(root_ / "repo/part/.git");
  EXPECT_EQ(read("repo/part"), "../AGENTS.md: outer");
  write("repo/part/.git", "gitdir: elsewhere");
  EXPECT_EQ(read("repo/part"), ": ");
}

TEST_F(Notes, NoLinkLeadsOutAndNoOpenFolderIsTrusted) {
  write("secret.txt", "secret");
  fs::create_symlink(root_ / "secret.txt", root_ / "repo/AGENTS.md");
  EXPECT_EQ(read("repo/part/deep"), ": ");
  EXPECT_EQ(read("repo"), ": ");
  fs::remove(root_ / "repo/AGENTS.md");
  write("repo/AGENTS.md", "notes");
  EXPECT_EQ(read("repo/part/deep"), "../../AGENTS.md: notes");  // the control
  // Anybody may write there, so anybody may have put it there.
  fs::permissions(root_ / "repo", fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(read("repo/part/deep"), ": ");
  fs::permissions(root_ / "repo", fs::perms::others_write, fs::perm_options::remove);
  // A link as .git makes no repository.
  fs::remove_all(root_ / "repo/.git");
  make("elsewhere");
  fs::create_directory_symlink(root_ / "elsewhere", root_ / "repo/.git");
  EXPECT_EQ(read("repo/part/deep"), ": ");
}

// With a link another file would be the agent's instructions, under a name whose writes ask nobody.
TEST_F(Notes, ALinkIsNoneOfThemWhereverItLeads) {
  write("repo/guide.md", "guide");
  fs::create_symlink("guide.md", root_ / "repo/AGENTS.md");
  EXPECT_EQ(read("repo"), ": ");
  EXPECT_EQ(read("repo/part"), ": ");
  write("repo/CLAUDE.md", "claude");
  EXPECT_EQ(read("repo"), "CLAUDE.md: claude") << "the next name counts";
  EXPECT_EQ(read("repo/part"), "../CLAUDE.md: claude");
}

TEST_F(Notes, LargeFilesAreCutAndHugeOnesLeftOut) {
  write("repo/AGENTS.md", std::string(200'000, 'x'));
  EXPECT_LT(read("repo/part").size(), 200'000u);
  EXPECT_GT(read("repo/part").size(), 1'000u);
  write("repo/AGENTS.md", std::string(2u << 20, 'x'));
  write("repo/CLAUDE.md", "small");
  EXPECT_EQ(read("repo/part"), "../CLAUDE.md: small");
}

}  // namespace
}  // namespace pryx::app
