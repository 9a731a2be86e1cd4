// SPDX-License-Identifier: MIT
#include "foundation/platform/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>

namespace pryx::platform {
namespace {

// What the child tells through a pipe when it cannot become the program: which step, and errno.
struct Failure {
  int step;
  int error_number;
};
enum Step : int { kSession, kDeathSignal, kStreams, kDirectory, kLimits, kExecute };
constexpr std::string_view kStepNames[] = {"start a session for",    "tie the life of",
                                           "connect the streams of", "enter the directory of",
                                           "set the limits of",      "execute"};

// Everything that the child needs, made before the fork: between fork and exec only async-signal-safe calls
// are allowed, and what it writes to memory it writes to ours.
struct Plan {
  const char* executable;
  std::vector<char*> argv;
  std::vector<char*> envp;
  const char* cwd;
  int cwd_fd;
  int streams[3];
  std::vector<int> sources;  // pass_fds, and the failure pipe at the end
  const std::vector<ResourceLimit>* limits;
  bool dies_with_parent;
  bool no_new_privileges;
  pid_t parent;
};

[[noreturn]] void give_up(int failure_pipe, Step step) {
  const Failure failure{step, errno};
  static_cast<void>(!::write(failure_pipe, &failure, sizeof failure));
  ::_exit(127);
}

void reset_signals() {
  // By system call: libc refuses the two real-time signals it uses itself, and an ignored one would pass to
  // the program.
  struct KernelAction {
    void* handler = nullptr;  // SIG_DFL
    unsigned long flags = 0;
    void* restorer = nullptr;
    std::uint64_t mask = 0;
  };
  const KernelAction by_default;
  for (int number = 1; number < NSIG; ++number)
    ::syscall(SYS_rt_sigaction, number, &by_default, nullptr, sizeof by_default.mask);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(Plan& plan) {
  // The descriptors move to high numbers first, so that placing one never overwrites another that is still
  // needed.
  constexpr int kFirstFree = 3;
  const int count = static_cast<int>(plan.sources.size());
  int& failure_pipe = plan.sources.back();
  if (::setsid() < 0) give_up(failure_pipe, kSession);
  if (plan.dies_with_parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(failure_pipe, kDeathSignal);
    if (::getppid() != plan.parent) ::_exit(127);  // the parent died before the signal was armed
  }
  if (plan.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    give_up(failure_pipe, kDeathSignal);
  const int high = kFirstFree + count + 3;
  for (int& stream : plan.streams) {
    const int moved = ::fcntl(stream, F_DUPFD_CLOEXEC, high);
    if (moved < 0) give_up(failure_pipe, kStreams);
    stream = moved;
  }
  for (int& source : plan.sources) {
    const int moved = ::fcntl(source, F_DUPFD_CLOEXEC, high);
    if (moved < 0) give_up(failure_pipe, kStreams);
    source = moved;
  }
  if (plan.cwd_fd >= 0 ? ::fchdir(plan.cwd_fd) != 0 : ::chdir(plan.cwd) != 0)
    give_up(failure_pipe, kDirectory);
  for (int i = 0; i < 3; ++i) {
    if (::dup2(plan.streams[i], i) < 0) give_up(failure_pipe, kStreams);
  }
  for (int i = 0; i < count; ++i) {
    const bool is_failure_pipe = i == count - 1;
    if (::dup3(plan.sources[static_cast<std::size_t>(i)], kFirstFree + i, is_failure_pipe ? O_CLOEXEC : 0) <
        0) {
      give_up(failure_pipe, kStreams);
    }
  }
  failure_pipe = kFirstFree + count - 1;
  if (::syscall(SYS_close_range, static_cast<unsigned>(kFirstFree + count), ~0u, 0) != 0)
    give_up(failure_pipe, kStreams);
  for (const ResourceLimit& limit : *plan.limits) {
    const rlimit value{limit.value, limit.value};
    if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &value) != 0)
      give_up(failure_pipe, kLimits);
  }
  reset_signals();
  ::execve(plan.executable, plan.argv.data(), plan.envp.data());
  give_up(failure_pipe, kExecute);
}

struct Pipe {
  UniqueFd read_end, write_end;
};
Result<Pipe> open_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return std::unexpected(system_error("make a pipe", errno));
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// The child's end of one stream, and ours when it is a pipe.
struct StreamEnds {
  UniqueFd child_owned;
  int child = -1;
  UniqueFd ours;
};
Result<StreamEnds> open_stream(Stream stream, int number, int inherited) {
  StreamEnds ends;
  if (stream == Stream::kInherit) {
    ends.child = inherited >= 0 ? inherited : number;
    return ends;
  }
  if (stream == Stream::kNull) {
    ends.child_owned.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!ends.child_owned) return std::unexpected(system_error("open /dev/null", errno));
  } else {
    PRYX_TRY(Pipe pipe, open_pipe());
    ends.child_owned = std::move(number == 0 ? pipe.read_end : pipe.write_end);
    ends.ours = std::move(number == 0 ? pipe.write_end : pipe.read_end);
    if (::fcntl(ends.ours.get(), F_SETFL, O_NONBLOCK) != 0) {
      return std::unexpected(system_error("make a pipe non-blocking", errno));
    }
  }
  ends.child = ends.child_owned.get();
  return ends;
}

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}
int poll_timeout(std::int64_t deadline_ms) {
  return static_cast<int>(std::clamp<std::int64_t>(deadline_ms - now_ms(), 0, INT_MAX));
}

Result<void> check(const SpawnOptions& options) {
  if (options.executable.empty() || options.executable.front() != '/') {
    return fail(ErrorCode::kInvalidArgument, "'{}' is no absolute path of a program", options.executable);
  }
  if (options.argv.empty())
    return fail(ErrorCode::kInvalidArgument, "no arguments for {}", options.executable);
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  bool clean = !has_nul(options.executable) && !has_nul(options.cwd);
  for (const std::string& argument : options.argv) clean = clean && !has_nul(argument);
  for (const auto& [name, value] : options.env) {
    clean =
        clean && !has_nul(name) && !has_nul(value) && !name.empty() && name.find('=') == std::string::npos;
  }
  // A cut argument would run something else than what was approved.
  if (!clean) return fail(ErrorCode::kInvalidArgument, "arguments of {} hold a NUL byte", options.executable);
  return {};
}

ExitStatus from_siginfo(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {info.si_status, 0};
  return {-1, info.si_status};
}

}  // namespace

std::string ExitStatus::describe() const {
  if (signal == 0) return fmt::format("exit code {}", code);
  const char* name = ::sigdescr_np(signal);
  return fmt::format("signal {} ({})", signal, name != nullptr ? name : "unknown");
}

Result<Subprocess> Subprocess::spawn(const SpawnOptions& options) {
  PRYX_TRY_VOID(check(options));
  std::vector<std::string> environment;
  for (const auto& [name, value] : options.env) environment.push_back(name + "=" + value);
  PRYX_TRY(StreamEnds input, open_stream(options.standard_input, 0, -1));
  PRYX_TRY(StreamEnds output, open_stream(options.standard_output, 1, options.output_fd));
  PRYX_TRY(StreamEnds error_output, open_stream(options.standard_error, 2, options.output_fd));
  PRYX_TRY(Pipe failure, open_pipe());

  Plan plan{};
  plan.executable = options.executable.c_str();
  for (const std::string& argument : options.argv) plan.argv.push_back(const_cast<char*>(argument.c_str()));
  for (const std::string& entry : environment) plan.envp.push_back(const_cast<char*>(entry.c_str()));
  plan.argv.push_back(nullptr);
  plan.envp.push_back(nullptr);
  plan.cwd = options.cwd.empty() ? "/" : options.cwd.c_str();
  plan.cwd_fd = options.cwd.empty() ? options.cwd_fd : -1;
  plan.streams[0] = input.child;
  plan.streams[1] = output.child;
  plan.streams[2] = error_output.child;
  plan.sources = options.pass_fds;
  plan.sources.push_back(failure.write_end.get());
  plan.limits = &options.limits;
  plan.dies_with_parent = options.lifetime == Lifetime::kDiesWithParent;
  plan.no_new_privileges = options.privileges == Privileges::kNoNew;
  plan.parent = ::getpid();

  // No signal handler of this process may run in the child before it has become the program. The memory is
  // lent, not copied: copying the page tables of a large daemon takes longer than starting the program.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::vfork();
  if (pid == 0) become(plan);
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return std::unexpected(system_error(fmt::format("start {}", options.executable), fork_error));

  Subprocess child;
  child.pid_ = pid;
  child.lifetime_ = options.lifetime;
  failure.write_end.reset();
  Failure report{};
  ssize_t got = 0;
  do {
    got = ::read(failure.read_end.get(), &report, sizeof report);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof report)) {
    ::waitpid(pid, nullptr, 0);
    child.pid_ = -1;
    const auto step =
        static_cast<std::size_t>(report.step) < std::size(kStepNames) ? kStepNames[report.step] : "start";
    return std::unexpected(system_error(fmt::format("{} {}", step, options.executable), report.error_number));
  }
  child.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!child.pidfd_) {
    const int pidfd_error = errno;
    child.lifetime_ = Lifetime::kDiesWithParent;  // the destructor takes it away
    return std::unexpected(system_error(fmt::format("watch {}", options.executable), pidfd_error));
  }
  child.input_ = std::move(input.ours);
  child.output_ = std::move(output.ours);
  child.error_output_ = std::move(error_output.ours);
  return child;
}

Subprocess::Subprocess(Subprocess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      error_output_(std::move(other.error_output_)),
      lifetime_(other.lifetime_),
      status_(other.status_) {}

Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    input_ = std::move(other.input_);
    output_ = std::move(other.output_);
    error_output_ = std::move(other.error_output_);
    lifetime_ = other.lifetime_;
    status_ = other.status_;
  }
  return *this;
}

Subprocess::~Subprocess() { end(); }

void Subprocess::end() {
  if (pid_ <= 0 || status_ || lifetime_ == Lifetime::kOutlivesParent) return;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void Subprocess::release() { lifetime_ = Lifetime::kOutlivesParent; }

void Subprocess::kill_group(int signal) {
  // Once reaped, the number may belong to somebody else.
  if (pid_ > 0 && !status_) ::kill(-pid_, signal);
}

Result<std::optional<ExitStatus>> Subprocess::wait_for(Duration limit) {
  if (status_) return status_;
  PRYX_CHECK(pid_ > 0);
  const std::int64_t deadline =
      now_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  for (;;) {
    pollfd entry{pidfd_.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, poll_timeout(deadline));
    if (ready < 0 && errno != EINTR)
      return std::unexpected(system_error(fmt::format("wait for process {}", pid_), errno));
    if (ready == 0) return std::nullopt;
    if (ready < 0) continue;
    siginfo_t info{};
    // The zombie keeps the group's number ours, so what is left of the group is killed before the child is
    // reaped.
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0) {
      return std::unexpected(system_error(fmt::format("wait for process {}", pid_), errno));
    }
    if (lifetime_ == Lifetime::kDiesWithParent) ::kill(-pid_, SIGKILL);
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
    status_ = from_siginfo(info);
    return status_;
  }
}

namespace {

// One output pipe being collected. False when it has ended.
bool drain(UniqueFd& fd, std::string& into, CompletedRun& run, std::size_t max_bytes) {
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) {
      fd.reset();
      return false;
    }
    const std::size_t room = max_bytes - std::min(max_bytes, into.size());
    const auto size = static_cast<std::size_t>(got);
    into.append(buffer, std::min(room, size));
    run.truncated = run.truncated || size > room;
  }
}

void feed(UniqueFd& fd, std::string_view& input) {
  while (!input.empty()) {
    const ssize_t put = ::write(fd.get(), input.data(), input.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) return;
    if (put < 0) break;  // the child reads no more
    input.remove_prefix(static_cast<std::size_t>(put));
  }
  fd.reset();
}

// A write to a closed pipe must be an error here, not the end of the process.
class BlockedPipeSignal {
 public:
  BlockedPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~BlockedPipeSignal() {
    const timespec zero{};
    while (!::sigismember(&before_, SIGPIPE) && ::sigtimedwait(&pipe_, nullptr, &zero) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BlockedPipeSignal(const BlockedPipeSignal&) = delete;
  BlockedPipeSignal& operator=(const BlockedPipeSignal&) = delete;

 private:
  sigset_t pipe_, before_;
};

}  // namespace

Result<CompletedRun> run_to_completion(SpawnOptions options, std::string_view input, Duration limit,
                                       std::size_t max_output_bytes) {
  options.standard_input = Stream::kPipe;
  options.standard_output = Stream::kPipe;
  options.standard_error = Stream::kPipe;
  PRYX_TRY(Subprocess child, Subprocess::spawn(options));
  const BlockedPipeSignal blocked;
  const std::int64_t deadline =
      now_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  CompletedRun run;
  feed(child.input(), input);
  bool ended = false;
  while (!ended || child.output() || child.error_output()) {
    pollfd entries[4] = {{child.output().get(), POLLIN, 0},
                         {child.error_output().get(), POLLIN, 0},
                         {child.input().get(), POLLOUT, 0},
                         {ended ? -1 : child.pidfd(), POLLIN, 0}};
    const int ready = ::poll(entries, 4, poll_timeout(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0)
      return fail(ErrorCode::kTimeout, "{} did not end within {}", options.executable,
                  format_duration(limit));
    if (entries[0].revents != 0) drain(child.output(), run.output, run, max_output_bytes);
    if (entries[1].revents != 0) drain(child.error_output(), run.error_output, run, max_output_bytes);
    if (entries[2].revents != 0) feed(child.input(), input);
    if (entries[3].revents != 0) {
      // Reaping kills what is left of the group, so that nobody keeps the pipes open.
      PRYX_TRY(const auto status, child.wait_for(Duration::zero()));
      ended = status.has_value();
      if (ended) run.status = *status;
    }
  }
  return run;
}

std::optional<std::string> find_system_program(std::string_view name) {
  if (name.empty() || name.find('/') != std::string_view::npos) return std::nullopt;
  for (const std::string_view directory :
       {"/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"}) {
    std::string path = fmt::format("{}/{}", directory, name);
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0)
      return path;
  }
  return std::nullopt;
}

}  // namespace pryx::platform
