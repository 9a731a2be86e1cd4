// SPDX-License-Identifier: MIT
// The worker as a process: its answers, and that its walls kill it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "confine.h"
#include "foundation/base/json.h"
#include "foundation/platform/subprocess.h"

namespace pryx::worker {
namespace {

platform::CompletedRun run(const std::string& head, const std::string& document) {
  platform::SpawnOptions options;
  options.executable = PRYX_WORKER;
  options.argv = {"pryx-worker"};
  options.standard_input = platform::Stream::kPipe;
  options.standard_output = platform::Stream::kPipe;
  options.limits = {{RLIMIT_CORE, 0}};
  auto done = platform::run_to_completion(std::move(options), head + "\n" + document,
                                          std::chrono::seconds(30), 8u << 20);
  EXPECT_TRUE(done) << done.error().message;
  return done ? *done : platform::CompletedRun{};
}

TEST(Worker, AnswersAJob) {
  const auto done = run(R"({"kind":"html","base":"https://a.example/"})", "<title>T</title><a href=/x>y</a>");
  ASSERT_TRUE(done.status.is_success()) << done.status.describe();
  EXPECT_EQ(done.output, "{\"ok\":true,\"title\":\"T\",\"truncated\":false}\n[y](https://a.example/x)");
}

TEST(Worker, DecodesBehindItsWalls) {
  const auto done = run(R"({"kind":"text","charset":"euc-jp"})", "\xA4\xA2");
  ASSERT_TRUE(done.status.is_success()) << done.status.describe();
  EXPECT_TRUE(done.output.ends_with("\nあ")) << done.output;
}

TEST(Worker, ASystemCallBeyondTheListKillsIt) {
  const auto done = run(R"({"kind":"attempt"})", "");
  EXPECT_EQ(done.status.signal, SIGSYS) << done.status.describe();
}

// As if the filter had a hole: nothing can be opened or reached all the same. The control is the first half.
TEST(Worker, BehindTheFilterNothingCanBeOpenedOrReached) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const auto reach = [&] {
      const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
      return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    };
    const bool listens = ::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                         ::listen(listener, 8) == 0 &&
                         ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (!listens || !reach() || ::open("/etc/passwd", O_RDONLY) < 0) ::_exit(1);
    if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) < 1) ::_exit(77);
    if (!close_files_and_network()) ::_exit(2);
    if (::open("/etc/passwd", O_RDONLY) >= 0 || ::open("/tmp", O_RDONLY | O_DIRECTORY) >= 0) ::_exit(3);
    if (reach()) ::_exit(4);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "the kernel has no Landlock";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Worker, AMalformedJobIsRefused) {
  EXPECT_EQ(run("not json", "").status.code, 2);
  const auto done = run(R"({"kind":"nonsense"})", "");
  EXPECT_TRUE(done.output.starts_with("{\"ok\":false")) << done.output;
}

}  // namespace
}  // namespace pryx::worker
