// SPDX-License-Identifier: MIT
#include "foundation/platform/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "foundation/platform/environment.h"
#include "foundation/platform/socket_path.h"
#include "foundation/platform/subprocess.h"
#include "foundation/platform/system_clock.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::platform {
namespace {

using testing::TemporaryDirectory;

std::size_t count_entries(const std::string& path) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) count += entry.exists() ? 1 : 0;
  return count;
}

TEST(Files, AtomicWriteReplacesContentAndSetsTheModeWhateverTheUmask) {
  const TemporaryDirectory directory;
  const mode_t before = ::umask(0077);
  ASSERT_TRUE(atomic_write_file(directory / "a", "one", 0644).has_value());
  ::umask(before);
  EXPECT_EQ(file_facts(directory / "a")->mode, 0644u);
  ASSERT_TRUE(atomic_write_file(directory / "a", "two", 0600).has_value());
  EXPECT_EQ(directory.get("a"), "two");
  EXPECT_EQ(file_facts(directory / "a")->mode, 0600u);
  EXPECT_EQ(count_entries(directory.path()), 1u) << "a temporary file was left behind";
}

TEST(Files, FailedWriteLeavesTheOldContentAndNoTemporaryFile) {
  const TemporaryDirectory directory;
  directory.put("target/inside", "kept");
  const auto written =
      atomic_write_file(directory / "target", "new", 0600);  // a directory cannot be replaced by a file
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(directory.get("target/inside"), "kept");
  EXPECT_EQ(count_entries(directory.path()), 1u);
}

TEST(Files, ReadIsBoundedAndNamesTheFile) {
  const TemporaryDirectory directory;
  directory.put("a", "12345");
  EXPECT_EQ(read_file(directory / "a", 5).value(), "12345");
  const auto large = read_file(directory / "a", 4);
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, ErrorCode::kTooLarge);
  EXPECT_NE(large.error().message.find(directory / "a"), std::string::npos);
  EXPECT_EQ(read_file(directory / "absent", 4).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_file(directory.path(), 4).error().code, ErrorCode::kInvalidArgument);
}

TEST(Files, ReadingAFifoDoesNotBlock) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(directory / "fifo", 10).error().code, ErrorCode::kInvalidArgument);
}

TEST(Files, PrivateDirectoryIsMadeWithParentsAndTightened) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(ensure_private_directory(directory / "a/b/c").has_value());
  EXPECT_EQ(file_facts(directory / "a/b/c")->mode, 0700u);
  EXPECT_EQ(file_facts(directory / "a")->mode, 0700u);
  ASSERT_EQ(::chmod((directory / "a/b/c").c_str(), 0755), 0);
  ASSERT_TRUE(ensure_private_directory(directory / "a/b/c").has_value());
  EXPECT_EQ(file_facts(directory / "a/b/c")->mode, 0700u);
  directory.put("file", "");
  EXPECT_FALSE(ensure_private_directory(directory / "file").has_value());
  EXPECT_FALSE(ensure_private_directory("relative").has_value());
}

TEST(Files, PrivateDirectoryOfAnotherOwnerIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a directory of another owner";
  const TemporaryDirectory directory;
  ASSERT_EQ(::mkdir((directory / "theirs").c_str(), 0700), 0);
  ASSERT_EQ(::chown((directory / "theirs").c_str(), 65534, 65534), 0);
  const auto made = ensure_private_directory(directory / "theirs");
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::kForbidden);
}

TEST(Files, LockIsExclusiveNamesItsHolderAndEndsWithIt) {
  const TemporaryDirectory directory;
  {
    const auto held = FileLock::acquire(directory / "lock");
    ASSERT_TRUE(held.has_value());
    const auto second = FileLock::acquire(directory / "lock");
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kConflict);
    EXPECT_NE(second.error().message.find(fmt::format("process {}", ::getpid())), std::string::npos);
  }
  EXPECT_TRUE(FileLock::acquire(directory / "lock").has_value());
}

TEST(Files, LockIsNotInheritedByAChildProgram) {
  const TemporaryDirectory directory;
  std::optional<FileLock> held = FileLock::acquire(directory / "lock").value();
  SpawnOptions options;
  options.executable = *find_system_program("sleep");
  options.argv = {"sleep", "100"};
  const auto child = Subprocess::spawn(options);
  ASSERT_TRUE(child.has_value());
  held.reset();
  EXPECT_TRUE(FileLock::acquire(directory / "lock").has_value());
}

TEST(Files, RemovingAnAbsentFileIsFine) {
  const TemporaryDirectory directory;
  directory.put("a", "");
  EXPECT_TRUE(remove_file(directory / "a").has_value());
  EXPECT_TRUE(remove_file(directory / "a").has_value());
  EXPECT_FALSE(exists(directory / "a"));
}

int connect_or_bind(const std::string& address, bool binds) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  address.copy(name.sun_path, sizeof name.sun_path - 1);
  const auto* pointer = reinterpret_cast<const sockaddr*>(&name);
  if (binds) return ::bind(fd.get(), pointer, sizeof name) == 0 && ::listen(fd.get(), 1) == 0 ? fd.get() : -1;
  return ::connect(fd.get(), pointer, sizeof name);
}

TEST(SocketPath, ShortPathsStayPlain) {
  const TemporaryDirectory directory;
  EXPECT_EQ(SocketPath::make(directory.path(), "pryx.sock")->address(), directory / "pryx.sock");
}

TEST(SocketPath, LongPathsAreBoundAndReachedThroughAHeldDirectory) {
  const TemporaryDirectory directory;
  const std::string deep = directory / (std::string(120, 'd') + "/" + std::string(120, 'e'));
  ASSERT_TRUE(ensure_private_directory(deep).has_value());
  const auto path = SocketPath::make(deep, "pryx.sock");
  ASSERT_TRUE(path.has_value());
  ASSERT_LE(path->address().size(), kMaxSocketPath);
  EXPECT_GE(connect_or_bind(path->address(), true), 0);
  EXPECT_TRUE(exists(deep + "/pryx.sock"));
  const auto again = SocketPath::make(deep, "pryx.sock");
  EXPECT_EQ(connect_or_bind(again->address(), false), -1);
  EXPECT_EQ(errno, ECONNREFUSED) << "the socket was found, but its owner has closed it";
}

TEST(Environment, EmptyCountsAsAbsent) {
  Environment environment;
  environment.set("A", "1");
  environment.set("B", "");
  EXPECT_EQ(environment.find("A"), "1");
  EXPECT_FALSE(environment.find("B").has_value());
  EXPECT_EQ(environment.get_or("C", "x"), "x");
  EXPECT_TRUE(Environment::capture().find("PATH").has_value());
}

TEST(SystemClock, MonotonicDoesNotGoBackAndWallIsInThisCentury) {
  const SystemClock clock;
  const auto first = clock.monotonic();
  EXPECT_GE(clock.monotonic(), first);
  EXPECT_GE(first.since_start, Duration::zero());
  EXPECT_GT(clock.wall().unix_ms, 1'600'000'000'000);
}

}  // namespace
}  // namespace pryx::platform
