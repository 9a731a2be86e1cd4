// SPDX-License-Identifier: MIT
#include "foundation/platform/held_directory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdlib>
#include <thread>

#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::platform {
namespace {

using testing::TemporaryDirectory;

// A workspace with something outside it that must never be reached.
class HeldDirectoryTest : public ::testing::Test {
 protected:
  HeldDirectoryTest() {
    top_.put("outside/secret", "OUTSIDE");
    top_.put("work/a.txt", "alpha");
    top_.put("work/sub/b.txt", "beta");
  }
  [[nodiscard]] HeldDirectory open() const { return HeldDirectory::open(top_ / "work").value(); }
  void link(const std::string& target, const std::string& name) const {
    ASSERT_EQ(::symlink(target.c_str(), (top_ / name).c_str()), 0);
  }
  TemporaryDirectory top_;
};

TEST_F(HeldDirectoryTest, ReadsBelowAndThroughInnerLinks) {
  link("sub", "work/alias");
  link("../a.txt", "work/sub/up");
  const auto held = open();
  EXPECT_EQ(held.read_file("a.txt", 100).value(), "alpha");
  EXPECT_EQ(held.read_file("sub/../a.txt", 100).value(), "alpha");
  EXPECT_EQ(held.read_file("./sub//b.txt", 100).value(), "beta");
  EXPECT_EQ(held.read_file("alias/b.txt", 100).value(), "beta");
  EXPECT_EQ(held.read_file("sub/up", 100).value(), "alpha");
  EXPECT_EQ(held.read_file("alias/b.txt", 100, Symlinks::kRefuse).error().code, ErrorCode::kDenied);
  EXPECT_EQ(held.read_file("a.txt", 4).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(held.read_file("absent", 4).error().code, ErrorCode::kNotFound);
}

TEST_F(HeldDirectoryTest, EveryWayOutIsDenied) {
  link("../outside", "work/leave");
  link(top_ / "outside", "work/absolute");
  link(top_ / "work/sub", "work/absolute-inside");
  link("/proc/self/root", "work/magic");
  link("leave/secret", "work/chain");
  const auto held = open();
  const std::string paths[] = {"../outside/secret",
                               "sub/../../outside/secret",
                               top_ / "outside/secret",
                               top_ / "work/a.txt",
                               "/etc/passwd",
                               "leave/secret",
                               "absolute/secret",
                               "absolute-inside/b.txt",
                               "magic/etc/passwd",
                               "chain",
                               "..",
                               "/"};
  for (const std::string& path : paths) {
    EXPECT_EQ(held.read_file(path, 100).error().code, ErrorCode::kDenied) << path;
    EXPECT_EQ(held.stat(path).error().code, ErrorCode::kDenied) << path;
    EXPECT_EQ(held.list(path, 10).error().code, ErrorCode::kDenied) << path;
    EXPECT_EQ(held.open_directory(path).error().code, ErrorCode::kDenied) << path;
    EXPECT_FALSE(held.write_file(path, "x").has_value()) << path;
    EXPECT_FALSE(held.write_file(path + "/new", "x").has_value()) << path;
    EXPECT_FALSE(held.make_directory(path + "/new").has_value()) << path;
    EXPECT_FALSE(held.remove_file(path + "/secret").has_value()) << path;
    EXPECT_FALSE(held.rename("a.txt", path + "/taken").has_value()) << path;
    EXPECT_FALSE(held.rename(path + "/secret", "taken").has_value()) << path;
  }
  EXPECT_NE(held.read_file("../outside/secret", 9).error().message.find("outside workspace"),
            std::string::npos);
  EXPECT_EQ(top_.get("outside/secret"), "OUTSIDE");
  EXPECT_EQ(top_.get("work/a.txt"), "alpha");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(top_ / "outside"), {}), 1);
}

TEST_F(HeldDirectoryTest, UnusablePathsAreInvalid) {
  const auto held = open();
  EXPECT_EQ(held.read_file(std::string_view("a.txt\0x", 7), 9).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(held.read_file(std::string(5000, 'a'), 9).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(held.read_file("sub", 9).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(held.write_file("", "x").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(held.write_file(".", "x").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(held.remove_file("sub/.").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(HeldDirectoryTest, SpecialFilesAreNeverOpenedAndNeverBlock) {
  ASSERT_EQ(::mkfifo((top_ / "work/fifo").c_str(), 0600), 0);
  const auto held = open();
  EXPECT_EQ(held.read_file("fifo", 9).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(held.open_file("fifo", O_WRONLY).has_value());
  EXPECT_EQ(held.write_file("fifo", "x").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(held.stat("fifo")->type, FileType::kFifo);
  if (::mknod((top_ / "work/zero").c_str(), S_IFCHR | 0600, 0x105) == 0) {
    EXPECT_FALSE(held.read_file("zero", 9).has_value());
  }
}

TEST_F(HeldDirectoryTest, WritesReplaceKeepTheModeAndLeaveNothingBehind) {
  ASSERT_EQ(::chmod((top_ / "work/a.txt").c_str(), 0640), 0);
  const auto held = open();
  ASSERT_TRUE(held.write_file("a.txt", "changed").has_value());
  EXPECT_EQ(top_.get("work/a.txt"), "changed");
  EXPECT_EQ(held.stat("a.txt")->mode, 0640u);
  ASSERT_TRUE(held.write_file("sub/new", "fresh", 0600).has_value());
  EXPECT_EQ(held.stat("sub/new")->mode, 0600u);
  EXPECT_EQ(held.list("sub", 10)->entries.size(), 2u);
  EXPECT_EQ(held.write_file("sub", "x").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(held.list("", 10)->entries.size(), 2u);
}

TEST_F(HeldDirectoryTest, ChangesPassNoLinkEvenAnInnerOne) {
  link("sub", "work/alias");
  link("a.txt", "work/name");
  const auto held = open();
  EXPECT_EQ(held.write_file("alias/b.txt", "x").error().code, ErrorCode::kDenied);
  EXPECT_EQ(held.write_file("name", "x").error().code, ErrorCode::kDenied);
  EXPECT_EQ(held.open_file("name", O_WRONLY | O_TRUNC).error().code, ErrorCode::kDenied);
  EXPECT_EQ(held.make_directory("alias/new").error().code, ErrorCode::kDenied);
  EXPECT_EQ(top_.get("work/a.txt"), "alpha");
  EXPECT_TRUE(held.remove_file("name").has_value()) << "the link itself may go";
  EXPECT_EQ(top_.get("work/a.txt"), "alpha");
}

TEST_F(HeldDirectoryTest, ReplacingAHardLinkDoesNotChangeTheOtherName) {
  ASSERT_EQ(::link((top_ / "outside/secret").c_str(), (top_ / "work/shared").c_str()), 0);
  const auto held = open();
  EXPECT_EQ(held.stat("shared")->link_count, 2u);
  ASSERT_TRUE(held.write_file("shared", "mine").has_value());
  EXPECT_EQ(top_.get("outside/secret"), "OUTSIDE");
}

TEST_F(HeldDirectoryTest, ListingIsSortedTypedAndBounded) {
  link("a.txt", "work/z-link");
  const auto held = open();
  const auto listing = held.list(".", 10).value();
  const std::vector<DirectoryEntry> expected = {
      {"a.txt", FileType::kRegular}, {"sub", FileType::kDirectory}, {"z-link", FileType::kSymlink}};
  EXPECT_EQ(listing.entries, expected);
  EXPECT_FALSE(listing.truncated);
  EXPECT_TRUE(held.list("", 2)->truncated);
  EXPECT_EQ(held.list("", 2)->entries.size(), 2u);
  EXPECT_EQ(held.list("a.txt", 2).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(held.stat_entry("z-link")->type, FileType::kSymlink);
  EXPECT_EQ(held.stat("z-link")->type, FileType::kRegular);
  EXPECT_EQ(held.stat("a.txt")->size, 5u);
}

TEST_F(HeldDirectoryTest, NewFilesHaveTheGivenModeWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  const auto held = open();
  EXPECT_TRUE(held.write_file("fresh", "x", 0644).has_value());
  ::umask(before);
  EXPECT_EQ(held.stat("fresh")->mode, 0644u);
  ASSERT_EQ(::chmod((top_ / "work/fresh").c_str(), 04755), 0);
  EXPECT_TRUE(held.write_file("fresh", "y").has_value());
  EXPECT_EQ(held.stat("fresh")->mode, 0755u) << "set-user-id does not pass to another content";
}

TEST_F(HeldDirectoryTest, WhatMustBeFreeIsNeverReplaced) {
  const auto held = open();
  EXPECT_EQ(held.write_file("a.txt", "x", 0644, Existing::kRefuse).error().code, ErrorCode::kConflict);
  EXPECT_EQ(held.rename("sub/b.txt", "a.txt", Existing::kRefuse).error().code, ErrorCode::kConflict);
  EXPECT_EQ(top_.get("work/a.txt"), "alpha");
  EXPECT_TRUE(held.rename("sub/b.txt", "c.txt", Existing::kRefuse).has_value());
  EXPECT_TRUE(held.write_file("new", "x", 0644, Existing::kRefuse).has_value());
  EXPECT_EQ(held.list("", 10)->entries.size(), 4u) << "no temporary file is left";
}

TEST_F(HeldDirectoryTest, MakeRenameRemove) {
  const auto held = open();
  EXPECT_TRUE(held.make_directory("new").has_value());
  EXPECT_EQ(held.make_directory("new").error().code, ErrorCode::kConflict);
  EXPECT_TRUE(held.rename("a.txt", "new/a.txt").has_value());
  EXPECT_EQ(held.remove_directory("new").error().code, ErrorCode::kConflict);
  EXPECT_TRUE(held.remove_file("new/a.txt").has_value());
  EXPECT_TRUE(held.remove_directory("new/").has_value());
  EXPECT_EQ(held.remove_file("new/a.txt").error().code, ErrorCode::kNotFound);
}

TEST_F(HeldDirectoryTest, TheHeldDirectoryIsKeptWhenItsNameMovesAway) {
  const auto held = open();
  ASSERT_EQ(::rename((top_ / "work").c_str(), (top_ / "moved").c_str()), 0);
  top_.put("work/a.txt", "impostor");
  EXPECT_EQ(held.read_file("a.txt", 100).value(), "alpha");
  const auto sub = held.open_directory("sub");
  ASSERT_TRUE(sub.has_value());
  EXPECT_EQ(sub->read_file("b.txt", 100).value(), "beta");
  EXPECT_EQ(sub->read_file("../a.txt", 100).error().code, ErrorCode::kDenied)
      << "an opened directory is a border of its own";
}

// An attacker swaps a directory with a link that leads outside, over and over.
class SwappingThread {
 public:
  SwappingThread(std::string a, std::string b)
      : thread_([this, a, b](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            ::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), 2 /* RENAME_EXCHANGE */);
            ++swaps_;
          }
        }) {}
  [[nodiscard]] long swaps() const { return swaps_; }

 private:
  std::atomic<long> swaps_ = 0;
  std::jthread thread_;
};

// A campaign sets more: 10 million take about 16 s.
long race_tries() {
  const char* text = std::getenv("PRYX_RACE_TRIES");
  return text == nullptr ? 200'000 : std::max(200'000L, std::atol(text));
}

// The usual check: resolve the path, compare it with the root as text, then open. Returns what was read.
std::string read_with_prefix_check(const std::string& root, const std::string& relative) {
  char resolved[PATH_MAX];
  if (::realpath((root + "/" + relative).c_str(), resolved) == nullptr) return "";
  if (!std::string_view(resolved).starts_with(root + "/")) return "";
  // The name is opened again, as such code does.
  return read_file(root + "/" + relative, 100).value_or("");
}

TEST_F(HeldDirectoryTest, SymlinkRaceNeverEscapesWhileThePrefixCheckDoes) {
  top_.put("outside/file", "OUTSIDE");
  top_.put("work/dir/file", "inside");
  link("../outside", "work/swap");
  const SwappingThread attacker(top_ / "work/dir", top_ / "work/swap");
  const auto held = open();

  long control_escapes = 0;
  for (long i = 0; i < race_tries() && control_escapes == 0; ++i) {
    control_escapes += read_with_prefix_check(top_ / "work", "dir/file") == "OUTSIDE" ? 1 : 0;
  }
  EXPECT_GT(control_escapes, 0) << "the control must escape, or this test proves nothing";

  long escapes = 0, reads = 0, refusals = 0;
  const long tries = race_tries();
  for (long i = 0; i < tries; ++i) {
    const auto symlinks = i % 2 == 0 ? Symlinks::kFollowBeneath : Symlinks::kRefuse;
    const auto text = held.read_file("dir/file", 100, symlinks);
    if (!text)
      ++refusals;
    else if (*text == "OUTSIDE")
      ++escapes;
    else
      ++reads;
  }
  EXPECT_EQ(escapes, 0);
  EXPECT_GT(reads, 0);
  EXPECT_GT(refusals, 0) << "the attacker never won a race, so nothing was tested";
  EXPECT_GT(attacker.swaps(), 0);
}

// The usual check before a write, and then the write by name.
bool write_with_prefix_check(const std::string& root, const std::string& folder) {
  char resolved[PATH_MAX];
  if (::realpath((root + "/" + folder).c_str(), resolved) == nullptr) return false;
  if (!std::string_view(resolved).starts_with(root + "/")) return false;
  const UniqueFd fd(::open((root + "/" + folder + "/planted").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return bool(fd);
}

TEST_F(HeldDirectoryTest, SymlinkRaceNeverChangesAnythingOutsideWhileThePrefixCheckDoes) {
  top_.put("outside/victim", "OUTSIDE");
  top_.put("work/dir/file", "inside");
  link("../outside", "work/swap");
  const SwappingThread attacker(top_ / "work/dir", top_ / "work/swap");
  const auto held = open();

  for (long i = 0; i < race_tries() && !exists(top_ / "outside/planted"); ++i)
    write_with_prefix_check(top_ / "work", "dir");
  EXPECT_TRUE(exists(top_ / "outside/planted")) << "the control must escape, or this test proves nothing";
  ::unlink((top_ / "outside/planted").c_str());

  long done = 0, refused = 0;
  const auto count = [&](const Result<void>& result) { ++(result ? done : refused); };
  const long rounds = race_tries() / 100;  // each syncs the disk several times
  for (long i = 0; i < rounds; ++i) {
    count(held.write_file("dir/new", "x"));
    count(held.write_file("dir/victim", "x", 0600, Existing::kRefuse));
    count(held.rename("dir/new", "dir/moved"));
    count(held.remove_file("dir/victim"));
    count(held.make_directory("dir/folder"));
    count(held.remove_directory("dir/folder"));
  }
  EXPECT_GT(done, 0);
  EXPECT_GT(refused, 0) << "the attacker never won a race, so nothing was tested";
  EXPECT_EQ(top_.get("outside/victim"), "OUTSIDE");
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(top_ / "outside"))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"secret", "victim"}));
}

}  // namespace
}  // namespace pryx::platform
