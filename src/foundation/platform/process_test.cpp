// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "foundation/base/text.h"
#include "foundation/platform/hardening.h"
#include "foundation/platform/process_identity.h"
#include "foundation/platform/subprocess.h"
#include "foundation/platform/testing/temporary_directory.h"
#include "foundation/platform/user_switch.h"

namespace pryx::platform {
namespace {

using namespace std::chrono_literals;
using testing::TemporaryDirectory;

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.executable = "/bin/sh";
  options.argv = {"sh", "-c", script};
  options.env = {{"PATH", "/usr/bin:/bin"}};
  return options;
}

CompletedRun run(const std::string& script, std::string_view input = "") {
  auto done = run_to_completion(shell(script), input, 20s);
  EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
  return done ? *done : CompletedRun{};
}

// Runs the body in a forked copy of the test; what it returns becomes the exit code.
template <class Body>
int in_fork(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

TEST(Subprocess, CollectsBothOutputsAndTheExitCode) {
  const CompletedRun done = run("cat; echo err >&2; exit 3", "hello");
  EXPECT_EQ(done.output, "hello");
  EXPECT_EQ(done.error_output, "err\n");
  EXPECT_EQ(done.status, (ExitStatus{3, 0}));
  EXPECT_EQ(done.status.describe(), "exit code 3");
}

TEST(Subprocess, ReportsTheSignalThatEndedIt) {
  const CompletedRun done = run("kill -TERM $$");
  EXPECT_EQ(done.status, (ExitStatus{-1, SIGTERM}));
}

TEST(Subprocess, LargeInputAndOutputDoNotDeadlockAndTheLimitHolds) {
  const std::string input(3u << 20, 'x');
  const auto done = run_to_completion(shell("cat"), input, 20s, 1000);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->output, std::string(1000, 'x'));
  EXPECT_TRUE(done->truncated);
}

TEST(Subprocess, AChildThatReadsNothingIsNoError) {
  const auto done = run_to_completion(shell("exit 0"), std::string(3u << 20, 'x'), 20s);
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->status.is_success());
}

TEST(Subprocess, ArgumentsAreNotInterpreted) {
  SpawnOptions options;
  options.executable = *find_system_program("printf");
  options.argv = {"printf", "%s|", "a b", "$HOME", "`id`", "*", ""};
  EXPECT_EQ(run_to_completion(options, "", 20s)->output, "a b|$HOME|`id`|*||");
}

TEST(Subprocess, EnvironmentIsExactlyTheMap) {
  ASSERT_EQ(::setenv("PRYX_TEST_LEAK", "leaked", 1), 0);
  SpawnOptions options;
  options.executable = *find_system_program("env");
  options.argv = {"env"};
  options.env = {{"A", "1"}, {"B", "two words"}};
  EXPECT_EQ(run_to_completion(options, "", 20s)->output, "A=1\nB=two words\n");
  ::unsetenv("PRYX_TEST_LEAK");
}

TEST(Subprocess, NoDescriptorIsInheritedButTheNamedOnes) {
  const UniqueFd leaked(::open("/dev/null", O_RDONLY));  // on purpose without close-on-exec
  const TemporaryDirectory directory;
  directory.put("passed", "through");
  const UniqueFd passed(::open((directory / "passed").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_GE(leaked.get(), 3);
  SpawnOptions options =
      shell("cat <&3; for fd in /proc/self/fd/*; do readlink $fd >/dev/null && echo $fd; done");
  options.pass_fds = {passed.get()};
  const auto done = run_to_completion(options, "", 20s);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->output, "through/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n/proc/self/fd/3\n");
}

TEST(Subprocess, RunsInItsOwnSessionAndDirectory) {
  const TemporaryDirectory directory;
  SpawnOptions options = shell("pwd; cut -d' ' -f6 /proc/$$/stat; echo $$");
  options.cwd = directory.path();
  const auto done = run_to_completion(options, "", 20s);
  ASSERT_TRUE(done.has_value());
  const auto lines = split(done->output, '\n');
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], std::filesystem::canonical(directory.path()).string());
  EXPECT_EQ(lines[1], lines[2]);
}

TEST(Subprocess, DirectoryMayBeAHeldDescriptor) {
  const TemporaryDirectory directory;
  const UniqueFd held(::open(directory.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  SpawnOptions options = shell("echo here > file");
  options.cwd_fd = held.get();
  ASSERT_TRUE(run_to_completion(options, "", 20s).has_value());
  EXPECT_EQ(directory.get("file"), "here\n");
}

TEST(Subprocess, LimitsPrivilegesAndSignalsAreSet) {
  SpawnOptions options = shell(
      "ulimit -n; grep NoNewPrivs /proc/self/status; grep SigBlk /proc/self/status; grep SigIgn "
      "/proc/self/status");
  options.limits = {{RLIMIT_NOFILE, 37}};
  ::signal(SIGPIPE, SIG_IGN);
  const auto done = run_to_completion(options, "", 20s);
  ::signal(SIGPIPE, SIG_DFL);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->output, "37\nNoNewPrivs:\t1\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Subprocess, AProgramThatCannotStartIsAnErrorNotAnExitCode) {
  SpawnOptions options = shell("true");
  options.executable = "/nonexistent/program";
  EXPECT_EQ(Subprocess::spawn(options).error().code, ErrorCode::kNotFound);
  options.executable = "sh";
  EXPECT_EQ(Subprocess::spawn(options).error().code, ErrorCode::kInvalidArgument);
  options = shell("true");
  options.cwd = "/nonexistent";
  const auto lost = Subprocess::spawn(options);
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, ErrorCode::kNotFound);
  EXPECT_NE(lost.error().message.find("directory"), std::string::npos);
  options = shell("true");
  options.argv.push_back(std::string("a\0b", 3));
  EXPECT_EQ(Subprocess::spawn(options).error().code, ErrorCode::kInvalidArgument);
}

TEST(Subprocess, TimeLimitKillsTheWholeGroup) {
  const TemporaryDirectory directory;
  const auto done = run_to_completion(
      shell("trap '' TERM; sleep 1000 & echo $! > " + (directory / "pid") + "; sleep 1000"), "", 300ms);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::kTimeout);
}

TEST(Subprocess, GroupDiesWithTheObjectAndWithItsLeader) {
  const TemporaryDirectory directory;
  std::optional<ProcessIdentity> grandchild;
  {
    SpawnOptions options = shell("sleep 1000 >/dev/null & echo $!; exec >&-; wait");
    options.standard_output = Stream::kPipe;
    auto child = Subprocess::spawn(options).value();
    ASSERT_EQ(::fcntl(child.output().get(), F_SETFL, 0), 0);
    const std::string line = read_all(child.output().get(), 100, "pid").value_or("");
    grandchild = identify_process(static_cast<pid_t>(std::atoi(line.c_str())));
    ASSERT_TRUE(grandchild.has_value());
  }
  // The kill is sent before the leader is reaped; the grandchild ends without us and leaves a zombie at most.
  for (int i = 0; i < 10'000 && is_running(*grandchild); ++i) ::sched_yield();
  EXPECT_FALSE(is_running(*grandchild));

  // The leader ends first; the background child holds the pipes, so this returns only because the group was
  // killed.
  const auto done = run_to_completion(shell("sleep 1000 & exit 0"), "", 20s);
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->status.is_success());
}

TEST(Subprocess, WaitForReturnsNothingWhileItRuns) {
  auto child = Subprocess::spawn(shell("exec sleep 1000")).value();
  EXPECT_FALSE(child.wait_for(Duration::zero()).value().has_value());
  child.kill_group(SIGTERM);
  const auto status = child.wait_for(20s).value();
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->signal, SIGTERM);
  EXPECT_EQ(child.wait_for(Duration::zero()).value(), status);
}

TEST(Subprocess, ChildDiesWhenItsParentIsKilled) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    auto child = Subprocess::spawn(shell("exec sleep 1000"));
    const pid_t pid = child ? child->pid() : 0;
    static_cast<void>(!::write(fds[1], &pid, sizeof pid));
    ::pause();
    ::_exit(0);
  }
  pid_t pid = 0;
  ASSERT_EQ(::read(fds[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  ::close(fds[0]);
  ::close(fds[1]);
  const auto child = identify_process(pid);
  ASSERT_TRUE(child.has_value());
  ::kill(middle, SIGKILL);
  ::waitpid(middle, nullptr, 0);
  for (int i = 0; i < 100'000 && is_running(*child); ++i) ::sched_yield();
  EXPECT_FALSE(is_running(*child));
}

TEST(Subprocess, AReleasedDaemonOutlivesTheObject) {
  SpawnOptions options = shell("exec sleep 1000");
  options.lifetime = Lifetime::kOutlivesParent;
  pid_t pid = 0;
  {
    const auto child = Subprocess::spawn(options);
    ASSERT_TRUE(child.has_value());
    pid = child->pid();
  }
  EXPECT_TRUE(identify_process(pid).has_value());
  ::kill(-pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST(Subprocess, SystemProgramsAreFoundByPlainNameOnly) {
  EXPECT_TRUE(find_system_program("sh").has_value());
  EXPECT_FALSE(find_system_program("no-such-program").has_value());
  EXPECT_FALSE(find_system_program("../bin/sh").has_value());
  EXPECT_FALSE(find_system_program("").has_value());
}

TEST(ProcessIdentity, KnowsItselfAndTheDead) {
  const ProcessIdentity self = this_process();
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_TRUE(is_running(self));
  EXPECT_FALSE(is_running({self.pid, self.start_ticks + 1})) << "a reused pid is another process";
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(identify_process(child).has_value()) << "a zombie is not running";
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(identify_process(child).has_value());
  EXPECT_FALSE(identify_process(0).has_value());
  EXPECT_FALSE(identify_process(-1).has_value());
  EXPECT_EQ(boot_id().size(), 36u);
}

TEST(ProcessIdentity, ANameWithParenthesesAndSpacesIsParsed) {
  const int code = in_fork([] {
    ::prctl(PR_SET_NAME, ") R 1 (x");
    const auto self = identify_process(::getpid());
    return self && self->start_ticks > 1000 &&
                   membership_of(::getpid(), {{::getppid()}, {}}) == Membership::kMember
               ? 0
               : 1;
  });
  EXPECT_EQ(code, 0);
}

TEST(ProcessIdentity, MembershipFollowsParentsAndSessions) {
  auto child = Subprocess::spawn(shell("sleep 1000 & wait")).value();
  EXPECT_EQ(membership_of(child.pid(), {{::getpid()}, {}}), Membership::kMember);
  EXPECT_EQ(membership_of(child.pid(), {{}, {child.pid()}}), Membership::kMember);
  EXPECT_EQ(membership_of(::getpid(), {{child.pid()}, {child.pid()}}), Membership::kOutside);
  EXPECT_EQ(membership_of(child.pid(), {}), Membership::kOutside);
  EXPECT_EQ(membership_of(0, {}), Membership::kUnknown);
  EXPECT_EQ(membership_of(INT32_MAX, {}), Membership::kUnknown);
}

TEST(ProcessIdentity, ADoubleForkedChildInItsOwnSessionStillDescendsFromTheAdopter) {
  if (!find_system_program("setsid")) GTEST_SKIP() << "setsid is not installed";
  const int code = in_fork([] {
    if (!adopt_orphans()) return 2;
    SpawnOptions options = shell("setsid sh -c 'echo $$; exec >&-; exec sleep 1000' & exit 0");
    options.standard_output = Stream::kPipe;
    auto child = Subprocess::spawn(options);
    if (!child || ::fcntl(child->output().get(), F_SETFL, 0) != 0) return 3;
    const std::string line = read_all(child->output().get(), 100, "pid").value_or("");
    const auto stray = static_cast<pid_t>(std::atoi(line.c_str()));
    if (!child->wait_for(20s).value().has_value()) return 4;
    if (membership_of(stray, {{}, {child->pid()}}) != Membership::kOutside) return 5;  // it left the session
    if (membership_of(stray, {{::getpid()}, {}}) != Membership::kMember) return 6;
    ::kill(stray, SIGKILL);
    return ::waitpid(stray, nullptr, 0) == stray ? 0 : 7;
  });
  EXPECT_EQ(code, 0);
}

TEST(ProcessIdentity, PeerOfASocketPair) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  const UniqueFd a(fds[0]), b(fds[1]);
  const auto peer = peer_credentials(a.get());
  ASSERT_TRUE(peer.has_value());
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(membership_of_peer(a.get(), {{::getpid()}, {}}), Membership::kMember);
  EXPECT_EQ(membership_of_peer(a.get(), {}), Membership::kOutside);
  EXPECT_EQ(membership_of_peer(-1, {}), Membership::kUnknown);
  EXPECT_FALSE(peer_credentials(-1).has_value());
}

TEST(ProcessIdentity, APeerThatEndedIsUnknown) {
  int fds[2];
  const int code = in_fork([&fds] {
    // The pair is made by a process that ends, so its credentials name a dead process.
    int result_pipe[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 || ::pipe(result_pipe) != 0) return 2;
    const pid_t watcher = ::fork();
    if (watcher != 0) ::_exit(0);  // the maker ends; the watcher keeps the sockets
    for (int i = 0; i < 1'000'000 && identify_process(peer_credentials(fds[0])->pid); ++i) ::sched_yield();
    ::_exit(membership_of_peer(fds[0], {}) == Membership::kUnknown ? 0 : 1);
  });
  EXPECT_EQ(code, 0);
}

TEST(Hardening, NoCoreNoPtrace) {
  EXPECT_EQ(in_fork([] {
              rlimit limit{};
              if (!harden_process() || ::getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0) return 1;
              if (::prctl(PR_GET_DUMPABLE) != 0) return 2;
              return ::access("/proc/self/fd/0", F_OK) == 0 || errno == ENOENT
                         ? 0
                         : 3;  // its own descriptors stay reachable
            }),
            0);
}

TEST(Hardening, TakesAllDescriptorsItMayHave) {
  EXPECT_EQ(in_fork([] {
              rlimit limit{};
              ::getrlimit(RLIMIT_NOFILE, &limit);
              limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 64);
              if (::setrlimit(RLIMIT_NOFILE, &limit) != 0 || !harden_process()) return 1;
              ::getrlimit(RLIMIT_NOFILE, &limit);
              return limit.rlim_cur == limit.rlim_max ? 0 : 2;
            }),
            0);
}

TEST(UserSwitch, NamesAreChecked) {
  for (const char* name : {"", "Root", "a b", "-x", "a;b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "../x"}) {
    EXPECT_EQ(ensure_system_user(name, "/").error().code, ErrorCode::kInvalidArgument) << name;
  }
  EXPECT_FALSE(find_user("no-such-user-here").value().has_value());
  EXPECT_EQ(get_user(::geteuid())->uid, ::geteuid());
}

TEST(UserSwitch, RootIsNeverTheTarget) {
  EXPECT_EQ(ensure_system_user("root", "/").error().code, ErrorCode::kDenied);
  EXPECT_EQ(drop_to_user({"root", 0, 0, "/"}).error().code, ErrorCode::kDenied);
}

// useradd runs for real, against a copy of the user database that only this test sees.
TEST(UserSwitch, AMissingSystemUserIsMade) {
  if (!is_root() || !find_system_program("useradd")) GTEST_SKIP() << "needs root and useradd";
  const TemporaryDirectory directory;
  for (const char* file : {"passwd", "shadow", "group", "gshadow", "login.defs", "nsswitch.conf"}) {
    std::error_code ignored;
    std::filesystem::copy_file(fmt::format("/etc/{}", file), directory / file, ignored);
  }
  constexpr int kNoNamespaces = 77;
  const int code = in_fork([&directory] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(directory.path().c_str(), "/etc", nullptr, MS_BIND, nullptr) != 0) {
      return kNoNamespaces;
    }
    const auto made = ensure_system_user("pryxtest-user", "/var/lib/pryxtest");
    if (!made || made->uid == 0 || made->uid >= 1000 || made->home != "/var/lib/pryxtest") return 1;
    const auto again = ensure_system_user("pryxtest-user", "/elsewhere");
    if (!again || again->uid != made->uid) return 2;
    const bool dropped = drop_to_user(*made) && ::getuid() == made->uid;
    return dropped && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 3;
  });
  if (code == kNoNamespaces) GTEST_SKIP() << "mount namespaces are not allowed here";
  EXPECT_EQ(code, 0);
  EXPECT_FALSE(find_user("pryxtest-user").value().has_value());
}

TEST(UserSwitch, DroppedPrivilegesDoNotComeBack) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  const auto user = find_user("nobody").value();
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(in_fork([&user] {
              if (!drop_to_user(*user)) return 1;
              if (::getuid() != user->uid || ::geteuid() != user->uid || ::getgid() != user->gid) return 2;
              gid_t groups[8];
              const int count = ::getgroups(8, groups);
              for (int i = 0; i < count; ++i) {
                if (groups[i] == 0) return 3;
              }
              return ::setuid(0) != 0 && ::open("/etc/shadow", O_RDONLY) < 0 ? 0 : 4;
            }),
            0);
}

TEST(UserSwitch, HandsATreeOverWithoutFollowingLinks) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  const TemporaryDirectory directory;
  directory.put("outside", "");
  directory.put("home/a/b/c", "");
  ASSERT_EQ(::symlink((directory / "outside").c_str(), (directory / "home/link").c_str()), 0);
  const SystemUser nobody = find_user("nobody").value().value();
  EXPECT_EQ(hand_over_tree(directory / "home", nobody, 5).value(), 5u);
  EXPECT_EQ(file_facts(directory / "home/a/b/c")->uid, nobody.uid);
  EXPECT_EQ(file_facts(directory / "home/link")->uid, nobody.uid);
  EXPECT_EQ(file_facts(directory / "outside")->uid, 0u);
}

TEST(UserSwitch, WhatVanishesMeanwhileIsNotHandedOver) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  const TemporaryDirectory directory;
  directory.put("home/stays", "");
  const SystemUser nobody = find_user("nobody").value().value();
  std::atomic<bool> is_over = false;
  std::thread other([&] {
    const std::string path = directory / "home/comes-and-goes";
    while (!is_over) {
      ::close(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
      ::unlink(path.c_str());
    }
  });
  int failed = 0;
  for (int i = 0; i < 5000 && failed == 0; ++i)
    failed += hand_over_tree(directory / "home", nobody, 10) ? 0 : 1;
  is_over = true;
  other.join();
  EXPECT_EQ(failed, 0);
}

TEST(UserSwitch, ATreeThatIsTooLargeOrHasAHardLinkIsLeftAlone) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  const TemporaryDirectory directory;
  directory.put("outside", "");
  directory.put("home/a", "");
  const SystemUser nobody = find_user("nobody").value().value();
  EXPECT_EQ(hand_over_tree(directory / "home", nobody, 1).error().code, ErrorCode::kTooLarge);
  ASSERT_EQ(::link((directory / "outside").c_str(), (directory / "home/z").c_str()), 0);
  EXPECT_EQ(hand_over_tree(directory / "home", nobody, 100).error().code, ErrorCode::kDenied);
  EXPECT_EQ(file_facts(directory / "home")->uid, 0u);
  EXPECT_EQ(file_facts(directory / "home/a")->uid, 0u);
}

}  // namespace
}  // namespace pryx::platform
