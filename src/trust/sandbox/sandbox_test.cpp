// SPDX-License-Identifier: MIT
// Real sandboxes around short programs. As root the sandbox refuses, so there the whole program runs once
// more as an ordinary user, and the single tests skip.
// Over 500 lines: one fixture around real runs, which every test needs.
#include "trust/sandbox/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "trust/sandbox/testing/sandbox_fixture.h"

namespace pryx::sandbox {
namespace {

using testing::kLong;
using testing::Outcome;
class SandboxTest : public testing::SandboxTest {};

constexpr uid_t kNobody = 65534;

TEST_F(SandboxTest, ASecretIsAFileOfThisRunAlone) {
  const std::string value = "hunter2-" + std::string(5000, 'k') + "\n";
  Request with = request(
      "cat /run/secrets/token; stat -c ' %a' /run/secrets/token; ls /run/secrets;"
      "{ echo x >/run/secrets/token; } 2>/dev/null && echo written;"
      "{ echo x >/run/secrets/other; } 2>/dev/null && echo made; rm -f /run/secrets/token 2>/dev/null; "
      "test -e /run/secrets/token && echo stays;"
      "head -c 20 /run/secrets/token >/tmp/begin; cat /proc/self/environ /proc/*/cmdline | grep -cF -f "
      "/tmp/begin; ls /proc/self/fd | wc -l; true");
  with.secrets = {{"token", Secret(value)}, {"second.key", Secret("s")}};
  const Outcome outcome = run(with);
  // Standard streams and the folder that ls itself has open.
  EXPECT_EQ(outcome.output, value + " 400\nsecond.key\ntoken\nstays\n0\n4\n") << outcome.errors;
  EXPECT_EQ(run("cat /run/secrets/token || echo none").output, "none\n");
  // With the oldest Landlock, too.
  make({}, 2);
  EXPECT_TRUE(run(with).output.starts_with(value));
}

TEST_F(SandboxTest, ASecretHasTheNameOfAFile) {
  for (const char* name : {"", ".", "..", "a/b", "a b", "a\nb", "../../etc/passwd"}) {
    EXPECT_FALSE(is_secret_file_name(name)) << name;
    Request r = request("true");
    r.secrets = {{name, Secret("value")}};
    EXPECT_EQ(run(r).code, -1) << name;
  }
  Request twice = request("true");
  twice.secrets = {{"a", Secret("1")}, {"a", Secret("2")}};
  EXPECT_EQ(run(twice).code, -1);
  EXPECT_TRUE(is_secret_file_name("npm.token-2_x"));
}

TEST(SandboxAsRoot, IsRefusedWithTheFix) {
  if (!platform::is_root()) GTEST_SKIP() << "needs root";
  const auto sandbox = make_sandbox({.init_program = PRYX_SANDBOX_INIT});
  EXPECT_FALSE(sandbox->report().usable);
  Request request;
  request.program = "true";
  const auto run = sandbox->launch(request);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::kDenied);
  EXPECT_NE(run.error().message.find("--run-as"), std::string::npos) << run.error().message;
}

TEST(SandboxAsUser, EverySkippedTestPasses) {
  if (!platform::is_root()) GTEST_SKIP() << "this already is an ordinary user";
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
        ::setresuid(kNobody, kNobody, kNobody) != 0)
      ::_exit(90);
    ::unsetenv("GTEST_OUTPUT");  // its folder belongs to root
    ::execl("/proc/self/exe", "sandbox_test", "--gtest_filter=-SandboxAs*", nullptr);
    ::_exit(91);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(SandboxTest, ReportsEveryLayerFromARealRun) {
  std::set<std::string> names;
  for (const Layer& layer : sandbox_->report().layers) {
    names.insert(layer.name);
    EXPECT_TRUE(layer.works) << layer.name << ": " << layer.detail;
  }
  EXPECT_EQ(names, (std::set<std::string>{"unprivileged user", "bubblewrap", "namespaces", "landlock",
                                          "seccomp", "no new privileges", "overlay"}));
}

TEST_F(SandboxTest, RunsACommandInTheWorkspaceAndTakesOverWhatItWrote) {
  home_.put("project/old.txt", "old");
  home_.put("project/gone.txt", "x");
  const Outcome outcome =
      run("cat old.txt; echo new > made.txt; mkdir -p a/b; echo 1 > a/b/c; rm gone.txt; echo more >> "
          "old.txt; exit 7");
  EXPECT_EQ(outcome.code, 7) << outcome.errors;
  EXPECT_EQ(outcome.output, "old");
  EXPECT_EQ(get("made.txt"), "new\n");
  EXPECT_EQ(get("a/b/c"), "1\n");
  EXPECT_EQ(get("old.txt"), "oldmore\n");
  EXPECT_FALSE(is_there("gone.txt"));
  EXPECT_TRUE(outcome.applied.quarantined.empty());
}

TEST_F(SandboxTest, ReplacedFoldersFilesAndLinksArriveAsTheyWere) {
  home_.put("project/dir/keep", "1");
  home_.put("project/file", "1");
  home_.put("project/mode", "1");
  const Outcome outcome =
      run("rm -r dir && mkdir dir && echo 2 > dir/fresh; rm file && mkdir file && echo 3 > file/inner; ln -s "
          "mode link; chmod 755 mode; mkfifo pipe; ln mode twin");
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_FALSE(is_there("dir/keep"));
  EXPECT_EQ(get("dir/fresh"), "2\n");
  EXPECT_EQ(get("file/inner"), "3\n");
  EXPECT_EQ(std::filesystem::read_symlink(project() + "/link"), "mode");
  struct stat info{};
  ASSERT_EQ(::stat((project() + "/mode").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0755u);
  EXPECT_EQ(get("twin"), "1");
  EXPECT_EQ(std::filesystem::status(project() + "/pipe").type(), std::filesystem::file_type::fifo);
}

TEST_F(SandboxTest, ProtectedNamesThatDidNotExistStayBehind) {
  std::filesystem::create_directories(project() + "/sub/.git/hooks");
  home_.put("project/sub/.git/hooks/pre-push", "old");
  const Outcome outcome =
      run("echo x > .envrc; mkdir -p .vscode && echo x > .vscode/tasks.json; mkdir -p n/.git/hooks && echo x "
          "> n/.git/hooks/post-checkout; "
          "echo x > sub/.git/hooks/pre-commit; echo x > sub/.git/hooks/pre-push; echo ok > fine; ln -s fine "
          ".mcp.json; echo 'gitdir: n' > .git; true");
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(get("fine"), "ok\n");
  for (const char* name :
       {".envrc", ".vscode", "n/.git/hooks", "sub/.git/hooks/pre-commit", ".mcp.json", ".git"})
    EXPECT_FALSE(is_there(name)) << name;
  EXPECT_EQ(get("sub/.git/hooks/pre-push"), "old");
  EXPECT_EQ(outcome.applied.quarantined,
            (std::vector<std::string>{".envrc", ".git", ".mcp.json", ".vscode", "n/.git/hooks"}));
}

TEST_F(SandboxTest, ControlWithoutTheRefusalTheyArrive) {
  make({"apply"});
  run("echo x > .envrc");
  EXPECT_TRUE(is_there(".envrc"));
}

// What agents read as their own instructions, at any depth: made, replaced, changed in place, linked,
// deleted.
constexpr const char* kRewritesInstructions =
    "echo obey > CLAUDE.md; mkdir -p sub && echo obey > sub/agents.md; echo obey >> AGENTS.md; echo ok > "
    "fine; "
    "mv fine other; ln -s other GEMINI.md; rm -rf deep; rm old/AGENT.md && mkdir old/AGENT.md; true";

TEST_F(SandboxTest, InstructionsOfAgentsStayAsTheyAreWhenTheyMust) {
  for (const bool overlay : {true, false}) {
    make(overlay ? std::set<std::string>{} : std::set<std::string>{"overlay"});
    std::filesystem::remove_all(project());
    home_.put("project/AGENTS.md", "mine");
    home_.put("project/deep/HEARTBEAT.md", "mine");
    home_.put("project/deep/x", "x");
    home_.put("project/old/AGENT.md", "mine");
    Request r = request(kRewritesInstructions);
    r.keeps_instructions = true;
    const Outcome outcome = run(r);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_EQ(get("other"), "ok\n") << "ordinary work goes on";
    EXPECT_EQ(get("AGENTS.md"), "mine") << overlay;
    EXPECT_EQ(get("deep/HEARTBEAT.md"), "mine") << overlay;
    EXPECT_EQ(get("old/AGENT.md"), "mine") << overlay;
    for (const char* name : {"CLAUDE.md", "sub/agents.md", "GEMINI.md", "deep/x"})
      EXPECT_FALSE(is_there(name)) << name << " " << overlay;
    std::set<std::string> refused(outcome.applied.quarantined.begin(), outcome.applied.quarantined.end());
    for (const char* name : {"CLAUDE.md", "sub/agents.md", "GEMINI.md"})
      EXPECT_TRUE(refused.contains(name)) << name;
    if (overlay) EXPECT_TRUE(refused.contains("AGENTS.md") && refused.contains("deep/HEARTBEAT.md"));
  }
}

TEST_F(SandboxTest, ControlInstructionsArriveWhenNothingKeepsThem) {
  home_.put("project/AGENTS.md", "mine");
  const Outcome outcome = run(kRewritesInstructions);
  EXPECT_EQ(get("AGENTS.md"), "mineobey\n") << outcome.errors;
  EXPECT_EQ(get("sub/agents.md"), "obey\n");
  EXPECT_TRUE(outcome.applied.quarantined.empty());
}

TEST_F(SandboxTest, WithoutAnOverlayTheyAreSetAside) {
  make({"overlay"});
  home_.put("project/.gitconfig", "mine");
  const Outcome outcome =
      run("echo x > .envrc; echo y >> .gitconfig; mv .gitconfig other; mkdir -p d && echo x > d/.mcp.json; "
          "echo ok > fine");
  EXPECT_EQ(get("fine"), "ok\n") << outcome.errors;
  EXPECT_FALSE(is_there(".envrc"));
  EXPECT_FALSE(is_there("d/.mcp.json"));
  EXPECT_EQ(get(".gitconfig"), "mine");
  EXPECT_EQ(outcome.applied.quarantined, (std::vector<std::string>{".envrc", "d/.mcp.json"}));
  EXPECT_NE(outcome.applied.written_directly.find("this machine"), std::string::npos);
}

constexpr int kNotHere = 77;  // this machine does not let an ordinary user set the case up

// In a child of the test, which may lose rights and mounts.
int exit_of_child(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

bool put_text(const char* path, std::string_view text) {
  const platform::UniqueFd fd(::open(path, O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// In which this user keeps its number.
bool enter_user_namespace(int kinds) {
  const std::string user = fmt::format("{0} {0} 1", ::getuid());
  const std::string group = fmt::format("{0} {0} 1", ::getgid());
  return ::unshare(CLONE_NEWUSER | kinds) == 0 && put_text("/proc/self/setgroups", "deny") &&
         put_text("/proc/self/uid_map", user) && put_text("/proc/self/gid_map", group);
}

TEST_F(SandboxTest, SaysThatPryxsStateInTheWorkspaceLeavesNoOverlay) {
  EXPECT_EQ(run("true").applied.written_directly, "") << "the control";
  std::filesystem::create_directories(project() + "/state");
  sandbox_ = make_sandbox(
      {.init_program = PRYX_SANDBOX_INIT, .scratch = project() + "/state/sandbox", .home = home_.path()});
  const Outcome outcome = run("echo x > .envrc; echo ok > fine");
  EXPECT_NE(outcome.applied.written_directly.find("Pryx's state"), std::string::npos) << outcome.errors;
  EXPECT_EQ(outcome.applied.quarantined, std::vector<std::string>{".envrc"});
  EXPECT_EQ(get("fine"), "ok\n");
  for (const Layer& layer : sandbox_->report().layers)
    EXPECT_TRUE(layer.works) << "the report of the start cannot know: " << layer.name;
  Request reads = request("true");
  reads.workspace_writable = false;
  EXPECT_EQ(run(reads).applied.written_directly, "") << "nothing was written";
}

// An overlay lies over two at most: the workspace of this one is the second.
TEST_F(SandboxTest, SaysThatAFileSystemTakesNoOverlay) {
  const int code = exit_of_child([this] {
    if (!enter_user_namespace(CLONE_NEWNS)) return kNotHere;
    std::string below = project();
    for (const char* level : {"one", "two"}) {
      const std::string at = scratch_ / level;
      for (const char* part : {"/upper", "/work", "/merged"}) std::filesystem::create_directories(at + part);
      const std::string options =
          fmt::format("userxattr,lowerdir={0},upperdir={1}/upper,workdir={1}/work", below, at);
      below = at + "/merged";
      if (::mount("overlay", below.c_str(), "overlay", 0, options.c_str()) != 0) return kNotHere;
    }
    Request r = request("echo x > .envrc; echo ok > fine");
    r.workspace =
        std::make_shared<const platform::HeldDirectory>(platform::HeldDirectory::open(below).value());
    const Outcome outcome = run(r);
    if (outcome.applied.written_directly.find("file system") == std::string::npos) {
      std::fprintf(stderr, "'%s' %s\n", outcome.applied.written_directly.c_str(), outcome.errors.c_str());
      return 1;
    }
    return std::filesystem::exists(below + "/fine") && !std::filesystem::exists(below + "/.envrc") ? 0 : 2;
  });
  // The kernel takes every right from these.
  for (const char* level : {"one", "two"}) {
    std::error_code problem;
    std::filesystem::permissions(std::filesystem::path(scratch_ / level) / "work" / "work",
                                 std::filesystem::perms::owner_all, problem);
  }
  if (code == kNotHere) GTEST_SKIP() << "no overlays in a namespace of an ordinary user";
  EXPECT_EQ(code, 0);
}

// The report of the start says that all is well; the refusal says what has changed.
TEST_F(SandboxTest, ANamespaceThatIsRefusedLaterNamesTheFix) {
  ASSERT_EQ(run("true").code, 0) << "the control";
  const int code = exit_of_child([this] {
    if (!enter_user_namespace(0) || !put_text("/proc/sys/user/max_user_namespaces", "0")) return kNotHere;
    const auto run = sandbox_->launch(request("true"));
    if (run || run.error().code != ErrorCode::kDenied) return 1;
    if (run.error().message.find("sysctl -w user.max_user_namespaces") != std::string::npos) return 0;
    std::fprintf(stderr, "%s\n", run.error().message.c_str());
    return 2;
  });
  if (code == kNotHere) GTEST_SKIP() << "no limit of its own for a namespace of an ordinary user";
  EXPECT_EQ(code, 0);
}

TEST_F(SandboxTest, AFolderOfAnyNameCannotBeCompletedToARepository) {
  home_.put("project/bare/config", "[core]\n");
  const Outcome outcome = run("mkdir -p bare/objects bare/refs; echo 'ref: refs/heads/main' > bare/HEAD");
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_FALSE(is_there("bare/HEAD"));
  EXPECT_EQ(outcome.applied.quarantined,
            (std::vector<std::string>{"bare/HEAD", "bare/objects", "bare/refs"}));
}

TEST_F(SandboxTest, ARepositoryMadeInsideArrivesWithoutSettings) {
  const Outcome outcome =
      run("mkdir -p .git/objects .git/refs .git/hooks; echo x > .git/config; echo 'ref: refs/heads/main' > "
          ".git/HEAD");
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_TRUE(is_there(".git/HEAD"));
  EXPECT_EQ(outcome.applied.quarantined, (std::vector<std::string>{".git/config", ".git/hooks"}));
}

TEST_F(SandboxTest, TheHomeIsEmptyAndPryxOwnPlacesAreGone) {
  home_.put(".ssh/id_ed25519", "secret");
  home_.put("pryx/config.yaml", "secret");
  home_.put("project/x", "1");
  const Outcome outcome = run("cat ../.ssh/id_ed25519 ../pryx/config.yaml; ls -A ..");
  EXPECT_EQ(outcome.output.find("secret"), std::string::npos);
  EXPECT_EQ(outcome.output.find("pryx"), std::string::npos) << outcome.output;
}

TEST_F(SandboxTest, NoNetworkNoUnixSocketsNoOtherProcesses) {
  const Outcome outcome = run("ls /proc | grep -c '^[0-9]'; cat /proc/net/dev | grep -vc lo; ls /run");
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.output.find("docker"), std::string::npos);
}

TEST_F(SandboxTest, TheEnvironmentStartsEmpty) {
  ::setenv("PRYX_CANARY", "leak", 1);
  Request r = request("env");
  r.env["ONLY"] = "this";
  const Outcome outcome = run(r);
  EXPECT_EQ(outcome.output.find("PRYX_CANARY"), std::string::npos);
  EXPECT_NE(outcome.output.find("ONLY=this"), std::string::npos);
}

TEST_F(SandboxTest, SaysWhereProgramsAreLookedFor) {
  std::filesystem::create_directories(home_ / ".cargo/bin");
  std::string expected;
  for (const std::string& folder : sandbox_->search_path())
    expected += (expected.empty() ? "" : ":") + folder;
  EXPECT_TRUE(expected.starts_with(home_ / ".cargo/bin:/usr/local/")) << expected;
  EXPECT_EQ(run("echo $PATH").output, expected + "\n");
}

TEST_F(SandboxTest, AMissingProgramIsToldApartFromABrokenSandbox) {
  Request r = request("");
  r.program = "no-such-program";
  r.argv = {"no-such-program"};
  const auto run = sandbox_->launch(r);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::kNotFound) << run.error().message;
}

TEST_F(SandboxTest, TheCommandMayNotStartOutsideTheWorkspace) {
  Request r = request("pwd");
  r.cwd = "..";
  EXPECT_FALSE(sandbox_->launch(r));
  std::filesystem::create_directory_symlink("/etc", project() + "/away");
  r.cwd = "away";
  EXPECT_FALSE(sandbox_->launch(r));
}

TEST_F(SandboxTest, AHomeIsNoWorkspace) {
  Request r = request("true");
  auto held = platform::HeldDirectory::open(home_.path());
  r.workspace = std::make_shared<const platform::HeldDirectory>(std::move(held.value()));
  const auto run = sandbox_->launch(r);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::kDenied);
}

// The processes that this test itself has started and that are not reaped.
bool any_process_says(const std::string& word) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    // Any of the machine's processes may end between the two looks.
    const auto line = platform::read_file(entry.path() / "cmdline", 1 << 20);
    if (line && line->find(word) != std::string::npos) return true;
  }
  return false;
}

TEST_F(SandboxTest, DestroyingARunKillsOrphansInSessionsOfTheirOwn) {
  const std::string mark = fmt::format("8643{}", ::getpid());
  Request r = request("trap '' TERM; setsid sh -c 'trap \"\" TERM HUP; (sleep " + mark +
                      ") & exit' ; echo up; sleep " + mark);
  {
    auto run = sandbox_->launch(r);
    ASSERT_TRUE(run) << run.error().message;
    pollfd entry{(*run)->process().output().get(), POLLIN, 0};
    ASSERT_EQ(::poll(&entry, 1, 20'000), 1);
    EXPECT_TRUE(any_process_says(mark));
  }
  EXPECT_FALSE(any_process_says(mark));
}

TEST_F(SandboxTest, WhoIsAskedToEndCanTidyUp) {
  auto started = sandbox_->launch(
      request("trap 'wait; echo bye > said; exit 3' TERM; "
              "(trap 'echo helper > helper; exit 0' TERM; echo up; while :; do sleep 0.05; done) & "
              "while :; do sleep 0.05; done"));
  ASSERT_TRUE(started) << started.error().message;
  pollfd output{(*started)->process().output().get(), POLLIN, 0};
  ASSERT_EQ(::poll(&output, 1, 60'000), 1);
  (*started)->ask_to_end();
  const auto status = (*started)->process().wait_for(kLong);
  ASSERT_TRUE(status && *status);
  EXPECT_EQ((*status)->code, 3);
  ASSERT_TRUE((*started)->finish());
  EXPECT_EQ(get("said"), "bye\n");
  EXPECT_EQ(get("helper"), "helper\n") << "what shares its group is asked as well";
}

TEST_F(SandboxTest, FoldersOfRunsAreMadeAndRemovedAside) {
  std::vector<std::function<void()>> jobs;
  sandbox_ = make_sandbox({.init_program = PRYX_SANDBOX_INIT,
                           .scratch = scratch_ / "aside",
                           .later =
                               [&jobs](std::function<void()> job) {
                                 jobs.push_back(std::move(job));
                                 return true;
                               },
                           .home = home_.path()});
  const auto folders = [this] {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_ / "aside"))
      if (entry.path().filename().string().starts_with("run-")) names.insert(entry.path().string());
    return names;
  };
  const auto catch_up = [&jobs] {
    for (const auto& job : std::exchange(jobs, {})) job();
  };
  catch_up();  // after the trial run
  const auto used = folders();
  EXPECT_EQ(used.size(), 1u);
  EXPECT_EQ(run("echo 1 > one").code, 0);
  EXPECT_EQ(folders(), used) << "the one that was ready";
  catch_up();
  const auto ready = folders();
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_FALSE(used.contains(*ready.begin())) << "nothing of a run is there for the next";
  // It has the bits of the workspace.
  std::filesystem::permissions(project(), std::filesystem::perms(0700));
  const Outcome outcome = run("stat -c %a .; ls; echo 2 > two");
  EXPECT_EQ(outcome.output, "700\none\n");
  EXPECT_EQ(get("two"), "2\n");
}

TEST_F(SandboxTest, WhatIsLeftRunningEndsWithTheCommand) {
  const std::string mark = fmt::format("8644{}", ::getpid());
  run("setsid sleep " + mark + " & echo done > marker");
  EXPECT_EQ(get("marker"), "done\n");
  EXPECT_FALSE(any_process_says(mark));
}

// Twenty children, each with a grandchild that left its session and ignores polite signals, and an owner that
// gets no chance to clean up.
TEST_F(SandboxTest, TheDeathOfTheOwnerIsTheDeathOfAll) {
  const std::string mark = fmt::format("8645{}", ::getpid());
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    std::vector<std::unique_ptr<sandbox::Run>> runs;
    for (int i = 0; i < 20; ++i) {
      auto run = sandbox_->launch(request("trap '' TERM HUP; setsid sh -c 'trap \"\" TERM HUP; (sleep " +
                                          mark + ") & exit'; sleep " + mark));
      if (!run) ::_exit(1);
      runs.push_back(std::move(*run));
    }
    static_cast<void>(!::write(ready[1], "x", 1));
    ::pause();
    ::_exit(0);
  }
  pollfd entry{ready[0], POLLIN, 0};
  ASSERT_EQ(::poll(&entry, 1, 60'000), 1);
  EXPECT_TRUE(any_process_says(mark));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  bool alive = true;
  for (int i = 0; i < 20 && alive; ++i) {
    ::poll(nullptr, 0, 100);
    alive = any_process_says(mark);
  }
  EXPECT_FALSE(alive) << "still there after two seconds";
  ::close(ready[0]);
  ::close(ready[1]);
}

// The owner is killed at every moment of a start. bubblewrap's child waits for bubblewrap, the way to the
// network is a process of its own: neither may be left behind.
TEST_F(SandboxTest, TheDeathOfTheOwnerDuringAStartLeavesNothing) {
  const std::string mark = fmt::format("8647{}", ::getpid());
  const std::string path = home_ / "broker.sock";
  platform::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  for (const char* layer : {"", "overlay"}) {
    make({layer});
    for (int i = 0; i < 100; ++i) {
      const pid_t owner = ::fork();
      ASSERT_GE(owner, 0);
      if (owner == 0) {
        Request r = request("sleep " + mark);
        r.egress_socket = path;
        const auto run = sandbox_->launch(r);
        ::pause();
        ::_exit(0);
      }
      const timespec moment{.tv_sec = 0, .tv_nsec = i * 200'000L};
      ::ppoll(nullptr, 0, &moment, nullptr);
      ::kill(owner, SIGKILL);
      ::waitpid(owner, nullptr, 0);
    }
  }
  bool alive = true;
  for (int i = 0; i < 50 && alive; ++i) {
    ::poll(nullptr, 0, 100);
    alive = any_process_says(mark);
  }
  EXPECT_FALSE(alive) << "still there after five seconds";
}

TEST_F(SandboxTest, WorksWithTheOldestLandlock) {
  for (const int cap : {1, 2, 3, 4, 5}) {
    make({}, cap);
    home_.put(".ssh/id", "secret");
    const Outcome outcome = run("echo 1 > made; cat ../.ssh/id");
    EXPECT_EQ(get("made"), "1\n") << cap << outcome.errors;
    EXPECT_EQ(outcome.output, "");
  }
}

TEST_F(SandboxTest, AReadOnlyWorkspaceIsReadOnly) {
  home_.put("project/x", "1");
  Request r = request("cat x; echo 2 > x; echo 3 > y");
  r.workspace_writable = false;
  const Outcome outcome = run(r);
  EXPECT_EQ(outcome.output, "1");
  EXPECT_EQ(get("x"), "1");
  EXPECT_FALSE(is_there("y"));
}

TEST_F(SandboxTest, TheOneWayOutLeadsToTheBrokerSocket) {
  const std::string path = scratch_ / "broker.sock";
  const platform::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  const pid_t broker = ::fork();
  ASSERT_GE(broker, 0);
  if (broker == 0) {
    pollfd entry{listener.get(), POLLIN, 0};
    if (::poll(&entry, 1, 20'000) != 1) ::_exit(1);
    const platform::UniqueFd peer(::accept(listener.get(), nullptr, nullptr));
    char byte[16];
    static_cast<void>(!::read(peer.get(), byte, sizeof byte));
    static_cast<void>(!::write(peer.get(), "from the broker\n", 16));
    ::_exit(0);
  }
  Request r = request("echo $http_proxy; exec 3<>/dev/tcp/127.0.0.1/3128; echo hi >&3; head -n1 <&3");
  r.program = "bash";
  r.argv[0] = "bash";
  r.egress_socket = path;
  const Outcome outcome = run(r);
  EXPECT_EQ(outcome.output, "http://127.0.0.1:3128\nfrom the broker\n") << outcome.errors;
  ::waitpid(broker, nullptr, 0);
}

}  // namespace
}  // namespace pryx::sandbox
