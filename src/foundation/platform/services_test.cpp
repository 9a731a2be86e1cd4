// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "foundation/platform/file_watch.h"
#include "foundation/platform/secret_service.h"
#include "foundation/platform/service_manager.h"
#include "foundation/platform/testing/keyring_session.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::platform {
namespace {

using namespace std::chrono_literals;
using testing::TemporaryDirectory;

// The manager's end of the notify protocol.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& name)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    PRYX_CHECK(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  [[nodiscard]] std::string receive() const {
    char buffer[1000];
    const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    return got < 0 ? "" : std::string(buffer, static_cast<std::size_t>(got));
  }

 private:
  UniqueFd fd_;
};

Environment notify_environment(const std::string& socket) {
  Environment environment;
  environment.set("NOTIFY_SOCKET", socket);
  return environment;
}

TEST(ServiceManager, SpeaksToAPathAndToAnAbstractName) {
  const TemporaryDirectory directory;
  for (const std::string& name : {directory / "notify", fmt::format("@pryx-notify-{}", ::getpid())}) {
    const NotifySocket socket(name);
    auto manager = ServiceManager::connect(notify_environment(name)).value();
    EXPECT_TRUE(manager.is_present());
    ASSERT_TRUE(manager.ready("serving").has_value());
    EXPECT_EQ(socket.receive(), fmt::format("READY=1\nSTATUS=serving\nMAINPID={}", ::getpid()));
    ASSERT_TRUE(manager.feed_watchdog().has_value());
    EXPECT_EQ(socket.receive(), "WATCHDOG=1");
    ASSERT_TRUE(manager.status("two\nlines").has_value());
    EXPECT_EQ(socket.receive(), "STATUS=two lines");
    ASSERT_TRUE(manager.stopping().has_value());
    EXPECT_EQ(socket.receive(), "STOPPING=1");
  }
}

TEST(ServiceManager, WithoutAManagerEverythingIsQuietlyFine) {
  auto manager = ServiceManager::connect({}).value();
  EXPECT_FALSE(manager.is_present());
  EXPECT_TRUE(manager.ready("x").has_value());
  EXPECT_FALSE(manager.watchdog_limit().has_value());
}

TEST(ServiceManager, BadAddressesAreErrors) {
  EXPECT_FALSE(ServiceManager::connect(notify_environment("relative")).has_value());
  EXPECT_FALSE(ServiceManager::connect(notify_environment("@")).has_value());
  EXPECT_FALSE(ServiceManager::connect(notify_environment("/" + std::string(200, 'a'))).has_value());
  EXPECT_FALSE(ServiceManager::connect(notify_environment("/nonexistent/socket")).has_value());
}

TEST(ServiceManager, WatchdogCountsOnlyForThisProcess) {
  const std::string name = fmt::format("@pryx-watchdog-{}", ::getpid());
  const NotifySocket socket(name);
  auto environment = notify_environment(name);
  environment.set("WATCHDOG_USEC", "30000000");
  EXPECT_EQ(ServiceManager::connect(environment)->watchdog_limit(), 30s);
  environment.set("WATCHDOG_PID", fmt::format("{}", ::getpid()));
  EXPECT_EQ(ServiceManager::connect(environment)->watchdog_limit(), 30s);
  environment.set("WATCHDOG_PID", "1");
  EXPECT_FALSE(ServiceManager::connect(environment)->watchdog_limit().has_value());
  environment.set("WATCHDOG_PID", "");
  environment.set("WATCHDOG_USEC", "12x");
  EXPECT_FALSE(ServiceManager::connect(environment)->watchdog_limit().has_value());
}

class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest() { PRYX_CHECK(watch_.watch(directory_.path(), {"config.yaml", "policy.yaml"}).has_value()); }
  [[nodiscard]] std::vector<FileChange> named(std::initializer_list<const char*> names) const {
    std::vector<FileChange> changes;
    for (const char* name : names) changes.push_back({directory_.path(), name});
    return changes;
  }
  TemporaryDirectory directory_;
  FileWatch watch_ = FileWatch::open().value();
};

TEST_F(FileWatchTest, ReportsWrittenReplacedAndDeletedNamesOnly) {
  EXPECT_TRUE(watch_.drain()->empty());
  directory_.put("config.yaml", "a");
  directory_.put("other.yaml", "a");
  EXPECT_EQ(watch_.drain().value(), named({"config.yaml"}));
  ASSERT_TRUE(atomic_write_file(directory_ / "policy.yaml", "b", 0600).has_value());
  EXPECT_EQ(watch_.drain().value(), named({"policy.yaml"}));
  ASSERT_TRUE(remove_file(directory_ / "config.yaml").has_value());
  ASSERT_EQ(::rename((directory_ / "policy.yaml").c_str(), (directory_ / "gone").c_str()), 0);
  EXPECT_EQ(watch_.drain().value(), named({"config.yaml", "policy.yaml"}));
  EXPECT_TRUE(watch_.drain()->empty());
}

TEST_F(FileWatchTest, AFileIsReportedWhenItsWriterClosesItNotBefore) {
  std::ofstream file(directory_ / "config.yaml");
  file << "half" << std::flush;
  EXPECT_TRUE(watch_.drain()->empty());
  file.close();
  EXPECT_EQ(watch_.drain().value(), named({"config.yaml"}));
}

TEST_F(FileWatchTest, LinksAppearComplete) {
  ASSERT_EQ(::symlink("elsewhere", (directory_ / "config.yaml").c_str()), 0);
  EXPECT_EQ(watch_.drain().value(), named({"config.yaml"}));
}

TEST_F(FileWatchTest, EmptyNamesMeanAllAndALostDirectoryIsReported) {
  const TemporaryDirectory agents;
  ASSERT_TRUE(watch_.watch(agents / "", {}).has_value());
  agents.put("any.yaml", "");
  EXPECT_EQ(watch_.drain().value(), (std::vector<FileChange>{{agents / "", "any.yaml"}}));
  std::filesystem::remove_all(agents.path());
  const auto changes = watch_.drain().value();
  EXPECT_NE(std::ranges::find(changes, FileChange{agents / "", ""}), changes.end());
  EXPECT_FALSE(watch_.watch(agents.path(), {}).has_value());
}

TEST(SecretService, WithoutASessionBusNothingIsLoadedAndNothingHangs) {
  Environment environment;
  environment.set("XDG_RUNTIME_DIR", "/nonexistent");
  SecretService service(environment);
  EXPECT_EQ(service.lookup("k").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(service.store("k", "l", Secret("v")).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(service.remove("k").error().code, ErrorCode::kUnavailable);
}

// A bus that accepts and never answers.
TEST(SecretService, ASilentBusEndsAtTheLimit) {
  const TemporaryDirectory directory;
  EXPECT_EQ(
      [&directory] {
        const pid_t pid = ::fork();
        if (pid != 0) {
          int status = 0;
          ::waitpid(pid, &status, 0);
          return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (directory / "bus").copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
          ::_exit(10);
        if (::listen(listener.get(), 5) != 0) ::_exit(11);
        ::setenv("DBUS_SESSION_BUS_ADDRESS", ("unix:path=" + (directory / "bus")).c_str(), 1);
        SecretService service(Environment::capture(), 200ms);
        const auto found = service.lookup("k");
        ::_exit(!found && found.error().code == ErrorCode::kUnavailable ? 0 : 12);
      }(),
      0);
}

// The tests below run this binary again inside a private session with a keychain; DISABLED_ keeps the inner
// parts out of plain runs.
std::string run_inner(const std::string& home, testing::Keyring keyring, const std::string& name) {
  const auto done = testing::run_in_keyring_session(
      home, keyring, std::filesystem::read_symlink("/proc/self/exe").string(),
      {"--gtest_also_run_disabled_tests", "--gtest_filter=InsideKeyring.DISABLED_" + name});
  if (!done) return done.error().message;
  const bool ran = done->output.find("[  PASSED  ] 1 test.") != std::string::npos;
  return done->status.is_success() && ran ? "passed" : done->output + done->error_output;
}

TEST(InsideKeyring, DISABLED_RoundTrip) {
  SecretService service(Environment::capture());
  EXPECT_FALSE(service.lookup("one").value().has_value());
  ASSERT_TRUE(service.store("one", "Pryx test", Secret("first value")).has_value());
  ASSERT_TRUE(service.store("two", "Pryx test", Secret("second value")).has_value());
  EXPECT_TRUE(service.lookup("one").value()->equals("first value"));
  ASSERT_TRUE(service.store("one", "Pryx test", Secret("changed")).has_value());
  EXPECT_TRUE(service.lookup("one").value()->equals("changed"));
  ASSERT_TRUE(service.remove("one").has_value());
  ASSERT_TRUE(service.remove("one").has_value());
  EXPECT_FALSE(service.lookup("one").value().has_value());
  EXPECT_TRUE(service.lookup("two").value()->equals("second value"));
}
TEST(InsideKeyring, DISABLED_Keep) {
  SecretService service(Environment::capture());
  ASSERT_TRUE(service.store("kept", "Pryx test", Secret("value")).has_value());
}
TEST(InsideKeyring, DISABLED_Kept) {
  SecretService service(Environment::capture());
  EXPECT_TRUE(service.lookup("kept").value()->equals("value"));
}
TEST(InsideKeyring, DISABLED_Locked) {
  SecretService service(Environment::capture());
  const auto found = service.lookup("kept");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kUnauthenticated) << found.error().message;
  const auto stored = service.store("new", "Pryx test", Secret("value"));
  ASSERT_FALSE(stored.has_value());
  EXPECT_EQ(stored.error().code, ErrorCode::kUnauthenticated) << stored.error().message;
}
TEST(InsideKeyring, DISABLED_Absent) {
  SecretService service(Environment::capture());
  const auto found = service.lookup("kept");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kUnavailable) << found.error().message;
}

class SecretServiceSession : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::keyring_programs_present())
      GTEST_SKIP() << "gnome-keyring-daemon, dbus-run-session or gdbus is not installed";
  }
  TemporaryDirectory home_;
};

TEST_F(SecretServiceSession, StoresFindsReplacesAndRemoves) {
  EXPECT_EQ(run_inner(home_.path(), testing::Keyring::kUnlocked, "RoundTrip"), "passed");
}
TEST_F(SecretServiceSession, KeepsAcrossSessionsAndSaysWhenItIsLocked) {
  EXPECT_EQ(run_inner(home_.path(), testing::Keyring::kUnlocked, "Keep"), "passed");
  EXPECT_EQ(run_inner(home_.path(), testing::Keyring::kUnlocked, "Kept"), "passed");
  EXPECT_EQ(run_inner(home_.path(), testing::Keyring::kLocked, "Locked"), "passed");
}
TEST_F(SecretServiceSession, ABusWithoutAKeychainIsUnavailable) {
  EXPECT_EQ(run_inner(home_.path(), testing::Keyring::kAbsent, "Absent"), "passed");
}
}  // namespace
}  // namespace pryx::platform
