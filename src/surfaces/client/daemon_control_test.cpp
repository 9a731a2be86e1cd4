// SPDX-License-Identifier: MIT
// Starting a daemon beside one that is just ending. The supervisor that is started is this very program: it
// plays one whose daemon cannot start.
#include "surfaces/client/daemon_control.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "foundation/platform/system_clock.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::client {
namespace {

constexpr const char* kHidden = "/core.json.later";  // what appears while ours is starting
constexpr std::string_view kReport =
    "{\"event\":\"failed\",\"exit_code\":2,\"reason\":\"listen: the port is taken\"}\n";
constexpr unsigned kPatience = 30;  // seconds; a player that nobody asks ends by itself

int listen_at(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  PRYX_CHECK(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PRYX_CHECK(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  PRYX_CHECK(::listen(fd, 4) == 0);
  return fd;
}

// A daemon that is going: whoever asks it gets no answer, and the next look finds it gone.
[[noreturn]] void end_when_asked(int listener, const std::string& core_file) {
  ::alarm(kPatience);
  const int asked = ::accept(listener, nullptr, nullptr);
  (void)::unlink(core_file.c_str());
  ::_exit(asked < 0 ? 1 : 0);
}

// Before main(): `daemon supervise` is what DaemonControl runs this program with.
[[gnu::constructor]] void play_the_supervisor(int argc, char** argv) {
  if (argc < 3 || std::strcmp(argv[1], "daemon") != 0 || std::strcmp(argv[2], "supervise") != 0) return;
  const char* home = ::getenv("PRYX_HOME");
  if (home == nullptr) ::_exit(1);
  const std::string core_file = std::string(home) + "/run/core.json";
  const std::string later = std::string(home) + kHidden;
  const bool appears = ::access(later.c_str(), F_OK) == 0;
  const int listener = appears ? listen_at(::getenv("PRYX_TEST_SOCKET")) : -1;
  if (appears && ::rename(later.c_str(), core_file.c_str()) != 0) ::_exit(1);
  if (::write(3, kReport.data(), kReport.size()) < 0) ::_exit(1);
  if (appears) end_when_asked(listener, core_file);
  ::_exit(0);
}

class StartBeside : public ::testing::Test {
 protected:
  StartBeside() {
    PRYX_CHECK(config::create_places(places_).has_value());
    PRYX_CHECK(places_.core_file() == home_ / "run/core.json");
  }
  // This process stands for the daemon: it runs for as long as its file is there.
  void write_core() {
    PRYX_CHECK(
        config::write_core_file(places_, config::describe_this_core("0", "", places_.socket(), WallTime{1}))
            .has_value());
  }
  Error refusal() {
    DaemonControl control(
        places_,
        platform::Environment(
            {{"PRYX_HOME", home_.path()}, {"PRYX_TEST_SOCKET", places_.socket()}, {"PATH", "/usr/bin:/bin"}}),
        {.clock = &clock_});
    const auto started = control.start();
    return started ? Error{ErrorCode::kInternal, "it started", -1} : started.error();
  }
  platform::testing::TemporaryDirectory home_;
  config::Places places_ =
      config::find_places(platform::Environment({{"PRYX_HOME", home_.path()}}), ::geteuid()).value();
  platform::SystemClock clock_;
};

TEST_F(StartBeside, ADaemonThatIsEndingIsReplacedAndNotWaitedFor) {
  const int listener = listen_at(places_.socket());
  write_core();
  const pid_t ending = ::fork();
  if (ending == 0) end_when_asked(listener, places_.core_file());
  const Error why = refusal();
  EXPECT_EQ(why.message, "the daemon did not start: listen: the port is taken; pryx daemon logs");
  EXPECT_EQ(why.code, ErrorCode::kInvalidArgument);
  int status = -1;
  EXPECT_EQ(::waitpid(ending, &status, 0), ending);
  EXPECT_EQ(status, 0) << "it was asked before it was replaced";
  ::close(listener);
}

TEST_F(StartBeside, AStartThatFailedBesideAnEndingDaemonSaysWhy) {
  write_core();
  PRYX_CHECK(std::rename(places_.core_file().c_str(), (home_.path() + kHidden).c_str()) == 0);
  const Error why = refusal();
  EXPECT_EQ(why.message, "the daemon did not start: listen: the port is taken; pryx daemon logs");
  EXPECT_EQ(why.code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(platform::exists(places_.core_file())) << "the other one was looked at";
}

TEST_F(StartBeside, TheControlWithoutAnother) {
  EXPECT_EQ(refusal().message, "the daemon did not start: listen: the port is taken; pryx daemon logs");
}

}  // namespace
}  // namespace pryx::client
