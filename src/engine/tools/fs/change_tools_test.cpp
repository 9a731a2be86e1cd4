// SPDX-License-Identifier: MIT
// fs.write, fs.edit, fs.move and fs.delete: what they do, what a person sees first, what they refuse.
#include <sys/sysmacros.h>
#include <unistd.h>

#include "engine/tools/fs/testing/change_fixture.h"

namespace pryx::tools::fs {
namespace {

using testing::kCanary;
class ChangeTools : public testing::ChangeFixture {};

TEST_F(ChangeTools, WriteMakesReplacesAndAppendsExactlyTheseBytes) {
  EXPECT_TRUE(change(*write_, {{"path", "a.txt"}, {"content", "no end"}}).ok);
  EXPECT_EQ(get("a.txt"), "no end");
  EXPECT_EQ(change(*write_, {{"path", "a.txt"}, {"content", "x\n"}}).summary, "replaced, 2 bytes");
  EXPECT_EQ(get("a.txt"), "x\n");
  EXPECT_EQ(change(*write_, {{"path", "a.txt"}, {"content", "y"}, {"append", true}}).summary,
            "appended 1 byte");
  EXPECT_EQ(get("a.txt"), "x\ny");
  EXPECT_EQ(change(*write_, {{"path", "a.txt"}, {"content", "x\ny"}}).summary, "no change");
  EXPECT_TRUE(change(*write_, {{"path", "empty"}, {"content", ""}}).ok);
  EXPECT_TRUE(exists("empty"));
  EXPECT_TRUE(change(*write_, {{"path", "bin"}, {"content", "AP8K"}, {"encoding", "base64"}}).ok);
  EXPECT_EQ(get("bin"), std::string("\0\xFF\n", 3));
  EXPECT_FALSE(change(*write_, {{"path", "bin"}, {"content", "?"}, {"encoding", "base64"}}).ok);
}

TEST_F(ChangeTools, WriteMakesFoldersUnlessToldNotTo) {
  EXPECT_TRUE(change(*write_, {{"path", "n/e/w/a.txt"}, {"content", "x"}}).ok);
  EXPECT_EQ(get("n/e/w/a.txt"), "x");
  const auto refused =
      change(*write_, {{"path", "m/a.txt"}, {"content", "x"}, {"create_directories", false}});
  EXPECT_FALSE(refused.ok);
  EXPECT_NE(refused.text.find("the folder 'm' does not exist"), std::string::npos);
  EXPECT_FALSE(exists("m"));
}

TEST_F(ChangeTools, ModesAreKeptAndNewFilesAreAsOpenAsTheirFolder) {
  ASSERT_EQ(::chmod(at("readme.md").c_str(), 0750), 0);
  EXPECT_TRUE(change(*write_, {{"path", "readme.md"}, {"content", "x"}}).ok);
  EXPECT_EQ(mode("readme.md"), 0750u);
  ASSERT_EQ(::chmod(at("src").c_str(), 0777), 0);
  EXPECT_TRUE(change(*write_, {{"path", "src/open.txt"}, {"content", "x"}}).ok);
  EXPECT_EQ(mode("src/open.txt"), 0644u);
  ASSERT_EQ(::chmod(at("src").c_str(), 0700), 0);
  EXPECT_TRUE(change(*write_, {{"path", "src/new/closed.txt"}, {"content", "x"}}).ok);
  EXPECT_EQ(mode("src/new"), 0700u);
  EXPECT_EQ(mode("src/new/closed.txt"), 0600u);
}

TEST_F(ChangeTools, CrlfFilesKeepTheirLineEnds) {
  put("dos.txt", "a\r\nb\r\n");
  EXPECT_TRUE(change(*edit_, {{"path", "dos.txt"}, {"old_text", "a\nb"}, {"new_text", "1\n2"}}).ok);
  EXPECT_EQ(get("dos.txt"), "1\r\n2\r\n");
  EXPECT_TRUE(change(*write_, {{"path", "dos.txt"}, {"content", "c\n"}, {"append", true}}).ok);
  EXPECT_EQ(get("dos.txt"), "1\r\n2\r\nc\r\n");
  EXPECT_TRUE(change(*write_, {{"path", "dos.txt"}, {"content", "lf\n"}}).ok);
  EXPECT_EQ(get("dos.txt"), "lf\n") << "a whole content is taken as it is given";
}

TEST_F(ChangeTools, EditSaysWhatIsWrong) {
  const auto none =
      change(*edit_, {{"path", "src/main.cpp"}, {"old_text", "retrun"}, {"new_text", "return"}});
  EXPECT_FALSE(none.ok);
  EXPECT_NE(none.text.find("0 matches"), std::string::npos);
  put("twice", "x\nx\n");
  EXPECT_NE(change(*edit_, {{"path", "twice"}, {"old_text", "x"}, {"new_text", "y"}}).text.find("2 times"),
            std::string::npos);
  EXPECT_TRUE(change(*edit_, {{"path", "twice"}, {"old_text", "x"}, {"new_text", "y"}, {"all", true}}).ok);
  EXPECT_EQ(get("twice"), "y\ny\n");
  put("bin", std::string("a\0b", 3));
  EXPECT_FALSE(change(*edit_, {{"path", "bin"}, {"old_text", "a"}, {"new_text", "b"}}).ok);
  EXPECT_FALSE(change(*edit_, {{"path", "absent"}, {"old_text", "a"}, {"new_text", "b"}}).ok);
  put("latin", "caf\xE9 one\n");
  EXPECT_TRUE(change(*edit_, {{"path", "latin"}, {"old_text", "one"}, {"new_text", "two"}}).ok);
  EXPECT_EQ(get("latin"), "caf\xE9 two\n") << "bytes that are no UTF-8 stay";
}

TEST_F(ChangeTools, MoveAndDelete) {
  ASSERT_EQ(::chmod(at("readme.md").c_str(), 0711), 0);
  EXPECT_TRUE(change(*move_, {{"from", "readme.md"}, {"to", "docs/read me.md"}}).ok);
  EXPECT_EQ(get("docs/read me.md"), "# Title\nhello world\n");
  EXPECT_EQ(mode("docs/read me.md"), 0711u);
  EXPECT_FALSE(exists("readme.md"));
  EXPECT_FALSE(change(*move_, {{"from", "src/main.cpp"}, {"to", "src/util.cpp"}}).ok) << "taken";
  EXPECT_FALSE(change(*move_, {{"from", "src"}, {"to", "source"}}).ok) << "a folder";
  EXPECT_FALSE(change(*move_, {{"from", "src/main.cpp"}, {"to", "src"}}).ok);
  EXPECT_TRUE(change(*delete_, {{"path", "src/util.cpp"}}).ok);
  EXPECT_FALSE(exists("src/util.cpp"));
  EXPECT_FALSE(change(*delete_, {{"path", "src"}}).ok);
  EXPECT_FALSE(change(*delete_, {{"path", "src/util.cpp"}}).ok);
}

TEST_F(ChangeTools, APersonSeesTheDiffAndWhatElseMatters) {
  const auto edit = bind(*edit_, {{"path", "readme.md"}, {"old_text", "hello"}, {"new_text", "bye"}});
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->preview,
            "--- a/readme.md\n+++ b/readme.md\n@@ -1,2 +1,2 @@\n # Title\n-hello world\n+bye world\n");
  EXPECT_TRUE(edit->shown_whole);
  EXPECT_EQ(get("readme.md"), "# Title\nhello world\n") << "bind changes nothing";
  const auto fresh = bind(*write_, {{"path", "d/new.txt"}, {"content", "one\n"}});
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->preview, "new folder d/\n--- /dev/null\n+++ b/d/new.txt\n@@ -0,0 +1 @@\n+one\n");
  const auto binary = bind(*write_, {{"path", "b"}, {"content", "AP8K"}, {"encoding", "base64"}});
  ASSERT_TRUE(binary);
  EXPECT_FALSE(binary->shown_whole);
  std::string much;
  for (int i = 0; i < 20'000; ++i) much += fmt::format("{}\n", i);
  EXPECT_FALSE(bind(*write_, {{"path", "much"}, {"content", much}})->shown_whole);
  ASSERT_EQ(::link((dir_ / "outside/secret.txt").c_str(), at("shared").c_str()), 0);
  EXPECT_NE(bind(*write_, {{"path", "shared"}, {"content", "x"}})->preview.find("2 names (hard links)"),
            std::string::npos);
  EXPECT_TRUE(change(*write_, {{"path", "shared"}, {"content", "x"}}).ok);
  EXPECT_EQ(dir_.get("outside/secret.txt"), kCanary) << "the other name keeps its content";
}

TEST_F(ChangeTools, AChangeBetweenApprovalAndLaunchStopsTheCall) {
  const json::object arguments{{"path", "readme.md"}, {"content", "mine\n"}};
  ToolContext approved = turn_context();
  approved.binding = bind(*write_, arguments).value();
  put("readme.md", "somebody else's\n");
  const auto stopped = wait(write_->run(pass_, arguments, approved));
  ASSERT_TRUE(stopped);
  EXPECT_FALSE(stopped->ok);
  EXPECT_NE(stopped->text.find("after this call was approved"), std::string::npos);
  EXPECT_EQ(get("readme.md"), "somebody else's\n");
  EXPECT_TRUE(recorded().empty());
  // The control: bound to what is there, the same call runs.
  approved.binding = bind(*write_, arguments).value();
  EXPECT_TRUE(wait(write_->run(pass_, arguments, approved))->ok);
  EXPECT_EQ(get("readme.md"), "mine\n");
}

TEST_F(ChangeTools, NothingOutsideIsEverChanged) {
  const std::string absolute = dir_ / "outside";
  link("../outside", "out");
  link(absolute, "abs");
  link("../outside/secret.txt", "outfile");
  link("../outside/absent.txt", "dangling");
  link("/proc/self/root", "root");
  link("/", "slash");
  link("src", "inner");
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const bool has_device = ::mknod(at("device").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0;
  std::vector<std::string> paths = {"",
                                    ".",
                                    "..",
                                    "../outside/secret.txt",
                                    "src/../../outside/secret.txt",
                                    absolute + "/secret.txt",
                                    "out/secret.txt",
                                    "out/new.txt",
                                    "abs/new.txt",
                                    "outfile",
                                    "dangling",
                                    "root" + absolute + "/x",
                                    "slash" + absolute + "/x",
                                    "/proc/self/root" + absolute + "/x",
                                    "inner/new.txt",
                                    "fifo",
                                    "src",
                                    "src/",
                                    "readme.md/x",
                                    "\\x2e\\x2e/outside/x",
                                    "..\\x2foutside\\x2fx",
                                    std::string("a\0b", 3),
                                    std::string(256, 'n'),
                                    std::string(5000, 'n'),
                                    "fifo/x",
                                    "~/../../outside/x"};
  if (has_device) paths.emplace_back("device");
  for (const std::string& path : paths) {
    EXPECT_FALSE(change(*write_, {{"path", path}, {"content", "x"}}).ok) << path;
    EXPECT_FALSE(change(*write_, {{"path", path}, {"content", "x"}, {"append", true}}).ok) << path;
    EXPECT_FALSE(change(*edit_, {{"path", path}, {"old_text", "c"}, {"new_text", "x"}}).ok) << path;
    EXPECT_FALSE(change(*delete_, {{"path", path}}).ok) << path;
    EXPECT_FALSE(change(*move_, {{"from", path}, {"to", "moved"}}).ok) << path;
    EXPECT_FALSE(change(*move_, {{"from", "readme.md"}, {"to", path}}).ok) << path;
  }
  EXPECT_EQ(dir_.get("outside/secret.txt"), kCanary);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(absolute), {}), 1);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(at("src")), {}), 2);
  EXPECT_EQ(get("readme.md"), "# Title\nhello world\n");
  EXPECT_TRUE(recorded().empty());
}

TEST_F(ChangeTools, ProtectedNamesAreRefusedBeforeAnybodyIsAsked) {
  for (const char* name : {".git/hooks/pre-commit", "sub/.git/hooks/post-merge", ".git/config", ".GIT/config",
                           ".git", ".bashrc", "deep/er/.envrc", ".vscode/tasks.json", ".mcp.json",
                           ".config/systemd/user/x.service", ".husky/pre-push", "./.git/./hooks/x",
                           "src/../.bashrc", ".git/modules/a/hooks/x", "bare.git/hooks/update"}) {
    for (Tool* tool : {write_.get(), edit_.get(), delete_.get()}) {
      const auto touches = tool->touches({{"path", name}});
      ASSERT_FALSE(touches) << name;
      EXPECT_EQ(touches.error().code, ErrorCode::kDenied);
    }
    EXPECT_FALSE(move_->touches({{"from", "readme.md"}, {"to", name}})) << name;
    EXPECT_FALSE(move_->touches({{"from", name}, {"to", "x"}})) << name;
    EXPECT_FALSE(change(*write_, {{"path", name}, {"content", "x"}}).ok) << name;
    EXPECT_FALSE(change(*move_, {{"from", "readme.md"}, {"to", name}}).ok) << name;
    EXPECT_FALSE(exists(name)) << name;
  }
  // The control: names that only look like it.
  for (const char* name : {"git/hooks/x", "bashrc", "src/envrc", ".gitignore", ".github/workflows/ci.yml"})
    EXPECT_TRUE(change(*write_, {{"path", name}, {"content", "x"}}).ok) << name;
}

// A folder of any name is a repository once its parts are together, whoever puts them there.
TEST_F(ChangeTools, NoFolderBecomesARepositoryWithSettings) {
  const auto write = [this](const char* name) {
    return change(*write_, {{"path", name}, {"content", "x"}}).ok;
  };
  for (const char* name : {"a/HEAD", "a/objects/x", "a/refs/x"}) EXPECT_TRUE(write(name)) << name;
  for (const char* name : {"a/config", "a/hooks/update", "a/commondir", "a/config.worktree"}) {
    EXPECT_FALSE(write(name)) << name;
    EXPECT_FALSE(change(*move_, {{"from", "readme.md"}, {"to", name}}).ok) << name;
    EXPECT_FALSE(exists(name)) << name;
  }
  EXPECT_TRUE(write("a/description")) << "nothing else of it is held";
  // In another order, the part that would complete it is what is refused.
  for (const char* name : {"b/config", "b/HEAD", "b/objects/x", "config", "hooks/x", "objects/x", "HEAD"})
    EXPECT_TRUE(write(name)) << name;
  EXPECT_FALSE(write("b/refs/x"));
  EXPECT_FALSE(exists("b/refs"));
  EXPECT_FALSE(write("refs/heads/main")) << "the workspace itself is a folder, too";
  // With the rest elsewhere.
  EXPECT_TRUE(write("c/HEAD"));
  EXPECT_FALSE(write("c/commondir"));
  const auto refused = bind(*write_, {{"path", "a/config"}, {"content", "x"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDenied) << "so that nobody is asked about it";
  EXPECT_NE(refused.error().message.find("repository"), std::string::npos) << refused.error().message;
}

TEST_F(ChangeTools, WhatARepositorysSettingsNameIsRefused) {
  put(".git/HEAD", "ref: refs/heads/main\n");
  put(".git/config", "[core]\n\thooksPath = tools/hooks\n");
  put("tools/hooks/pre-commit", "mine");
  put("real.sh", "mine");
  put(".git/hooks/sample", "");
  link("../../real.sh", ".git/hooks/pre-push");
  for (const char* name : {"tools/hooks/pre-commit", "tools/hooks/post-merge", "real.sh"}) {
    EXPECT_FALSE(change(*write_, {{"path", name}, {"content", "x"}}).ok) << name;
    EXPECT_FALSE(change(*move_, {{"from", "readme.md"}, {"to", name}}).ok) << name;
  }
  for (const char* name : {"tools/hooks/pre-commit", "real.sh"}) {
    EXPECT_FALSE(change(*edit_, {{"path", name}, {"old_text", "mine"}, {"new_text", "x"}}).ok) << name;
    EXPECT_FALSE(change(*delete_, {{"path", name}}).ok) << name;
    EXPECT_FALSE(change(*move_, {{"from", name}, {"to", "elsewhere"}}).ok) << name;
    EXPECT_EQ(get(name), "mine") << name;
  }
  EXPECT_TRUE(change(*write_, {{"path", "tools/build.sh"}, {"content", "x"}}).ok);
}

TEST_F(ChangeTools, TouchesSaysWhatAPolicyNeeds) {
  const auto plain = write_->touches({{"path", "./src//a.txt"}});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->workspace_paths, std::vector<std::string>{"src/a.txt"});
  EXPECT_FALSE(plain->writes_own_future);
  EXPECT_TRUE(write_->touches({{"path", "sub/AGENTS.md"}})->writes_own_future);
  EXPECT_TRUE(write_->touches({{"path", "../x"}})->outside_workspace);
  const auto move = move_->touches({{"from", "a"}, {"to", "/etc/b"}});
  ASSERT_TRUE(move);
  EXPECT_TRUE(move->outside_workspace);
  EXPECT_EQ(move->workspace_paths, std::vector<std::string>{"a"});
  EXPECT_EQ(write_->render({{"path", "a\nb"}, {"content", "xyz"}}),
            "fs.write a\\x0ab (whole content: 3 bytes)");
  EXPECT_EQ(edit_->render({{"path", "a"}, {"old_text", "1\n"}, {"new_text", "2"}}),
            "fs.edit a \"1\\n\" -> \"2\"");
}

TEST_F(ChangeTools, ReadOnlyFilesAreLeftAlone) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everything";
  ASSERT_EQ(::chmod(at("readme.md").c_str(), 0444), 0);
  const auto refused = change(*write_, {{"path", "readme.md"}, {"content", "x"}});
  EXPECT_FALSE(refused.ok);
  EXPECT_NE(refused.text.find("read-only"), std::string::npos) << refused.text;
}

}  // namespace
}  // namespace pryx::tools::fs
