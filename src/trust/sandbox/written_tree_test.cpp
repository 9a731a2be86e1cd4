// SPDX-License-Identifier: MIT
// What is told of a written tree before it is taken over, and what folders become: trees made by hand, so
// that no sandbox is needed.
#include "trust/sandbox/written_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::sandbox {
namespace {

using Lines = std::vector<std::string>;

std::string in_words(const std::optional<ComingChange::Side>& side) {
  static constexpr const char* kKinds[] = {"file", "folder", "other"};
  return side ? fmt::format("{} {:o}", kKinds[static_cast<std::size_t>(side->kind)], side->mode) : "nothing";
}

class Notes final : public ChangeRecorder {
 public:
  Result<void> record(std::vector<ComingChange> changes) override {
    for (ComingChange& change : changes) {
      lines.push_back(
          fmt::format("{}: {} -> {}", change.path, in_words(change.before), in_words(change.after)));
      if (change.has_content) lines.back() += fmt::format(" [{}]", change.content);
    }
    return {};
  }
  Result<void> record_unknown(std::optional<std::uint64_t>) override { return {}; }
  Lines lines;
};

class WrittenTree : public ::testing::Test {
 protected:
  WrittenTree() {
    for (const char* name : {"upper", "ws"}) std::filesystem::create_directories(dir_ / name);
  }
  void make_folder(const std::string& name, mode_t mode) {
    std::filesystem::create_directories(dir_ / name);
    set_mode(name, mode);
  }
  void make_file(const std::string& name, mode_t mode) {
    dir_.put(name, "bytes");
    set_mode(name, mode);
  }
  void set_mode(const std::string& name, mode_t mode) { ASSERT_EQ(::chmod((dir_ / name).c_str(), mode), 0); }
  mode_t mode(const std::string& name) {
    struct stat info{};
    return ::lstat((dir_ / name).c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  Lines apply() {
    const auto open = [&](const char* name) {
      return platform::UniqueFd(::open((dir_ / name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    };
    const platform::UniqueFd upper = open("upper"), workspace = open("ws");
    Notes notes;
    const auto applied = apply_written_tree(upper.get(), workspace.get(), Refusal::kProtectedNames, &notes);
    EXPECT_TRUE(applied) << applied.error().message;
    return notes.lines;
  }

  platform::testing::TemporaryDirectory dir_;
};

TEST_F(WrittenTree, NewRightsOfAFolderAreToldAndTaken) {
  make_folder("ws/src", 0755);
  make_folder("upper/src", 0700);
  make_folder("ws/same", 0750);
  make_folder("upper/same", 0750);
  EXPECT_EQ(apply(), Lines{"src: folder 755 -> folder 700"});
  EXPECT_EQ(mode("ws/src"), 0700u);
  EXPECT_EQ(mode("ws/same"), 0750u);
}

TEST_F(WrittenTree, AFolderThatIsWrittenInKeepsItsGroupBit) {
  make_folder("ws/shared", 03775);
  make_folder("upper/shared", 0775);
  make_file("upper/shared/new", 0644);
  make_folder("upper/shared/sub", 0755);
  make_folder("ws/closed", 02755);
  make_folder("upper/closed", 0700);
  EXPECT_EQ(apply(), (Lines{"closed: folder 755 -> folder 700", "shared/new: nothing -> file 644",
                            "shared/sub: nothing -> folder 755"}));
  EXPECT_EQ(mode("ws/shared"), 03775u);
  EXPECT_EQ(mode("ws/shared/sub"), 02755u) << "as a folder has that is made there";
  EXPECT_EQ(mode("ws/closed"), 02700u);
}

TEST_F(WrittenTree, AFolderThatIsClosedIsToldAfterWhatIsBelowIt) {
  make_folder("ws/old", 0755);
  for (const char* name : {"upper/fresh", "upper/old"}) {
    make_folder(name, 0700);
    make_file(std::string(name) + "/x", 0644);
    set_mode(name, 0500);
  }
  EXPECT_EQ(apply(), (Lines{"fresh: nothing -> folder 700", "fresh/x: nothing -> file 644",
                            "fresh: folder 700 -> folder 500", "old/x: nothing -> file 644",
                            "old: folder 755 -> folder 500"}));
  for (const char* name : {"ws/fresh", "ws/old"}) {
    EXPECT_EQ(mode(name), 0500u) << name;
    set_mode(name, 0700);  // so that it can be deleted
  }
  for (const char* name : {"upper/fresh", "upper/old"}) set_mode(name, 0700);
}

TEST_F(WrittenTree, ALinkIsToldWithWhatItNamed) {
  std::filesystem::create_symlink("old/target", dir_ / "ws/turned");
  std::filesystem::create_symlink("same", dir_ / "ws/touched");
  make_file("ws/was_file", 0640);
  std::filesystem::create_symlink("new", dir_ / "upper/turned");
  std::filesystem::create_symlink("same", dir_ / "upper/touched");
  std::filesystem::create_symlink("new", dir_ / "upper/was_file");
  std::filesystem::create_symlink("new", dir_ / "upper/fresh");
  EXPECT_EQ(apply(), (Lines{"fresh: nothing -> other 777", "turned: other 777 -> other 777 [old/target]",
                            "was_file: file 640 -> other 777 [bytes]"}));
  EXPECT_EQ(std::filesystem::read_symlink(dir_ / "ws/turned"), "new");
}

}  // namespace
}  // namespace pryx::sandbox
