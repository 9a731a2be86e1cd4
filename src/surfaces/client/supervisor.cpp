// SPDX-License-Identifier: MIT
#include "surfaces/client/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "foundation/platform/held_directory.h"
#include "surfaces/client/connection.h"
#include "surfaces/client/rotating_log.h"
#include "surfaces/client/supervisor_record.h"

namespace pryx::client {
namespace {

constexpr auto kStopLimit = std::chrono::seconds(5);  // the daemon itself needs at most 3 s
constexpr std::size_t kMaxReadyLine = 4096;
constexpr std::size_t kMaxHistory = 64;

// Ways down from the directory above Pryx's own, which another user may own, without following any link.
Result<platform::HeldDirectory> open_state(const config::Places& places) {
  if (!platform::exists(places.state)) PRYX_TRY_VOID(config::create_places(places));
  if (places.home.empty()) return platform::HeldDirectory::open(places.state);
  const std::size_t slash = places.home.rfind('/');
  PRYX_TRY(platform::HeldDirectory parent,
           platform::HeldDirectory::open(slash == 0 ? "/" : places.home.substr(0, slash)));
  return parent.open_directory(places.state.substr(slash + 1), platform::Symlinks::kRefuse);
}

class Supervisor {
 public:
  Supervisor(SupervisorOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  int run();

 private:
  [[nodiscard]] int look_after();
  void log(std::string_view event, std::string_view text);
  void report(std::string_view line);
  Result<platform::ExitStatus> run_once();
  void relay(int fd, bool is_output);
  void take_signal();
  [[nodiscard]] bool wait_before_restart(Duration delay);

  SupervisorOptions options_;
  const Clock& clock_;
  std::optional<RotatingLog> log_;
  platform::UniqueFd signals_;
  std::optional<platform::Subprocess> child_;
  std::string ready_line_;
  bool was_ready_ = false;  // of the run that is on
  bool stopping_ = false;
};

void Supervisor::log(std::string_view event, std::string_view text) {
  json::object line{{"level", "info"}, {"event", event}, {"time", to_rfc3339(clock_.wall())}, {"text", text}};
  if (log_) log_->write(json::to_text(line) + "\n");
}

void Supervisor::report(std::string_view line) {
  if (options_.status_fd < 0) return;
  // Whoever waited may have given up: SIGPIPE is ignored here.
  (void)platform::write_all(options_.status_fd, std::string(line) + "\n", "status");
  ::close(std::exchange(options_.status_fd, -1));
}

void Supervisor::take_signal() {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof(info)) != sizeof(info)) return;
  stopping_ = true;
  if (child_) (void)::kill(child_->pid(), SIGTERM);
}

void Supervisor::relay(int fd, bool is_output) {
  std::array<char, 16384> buffer{};
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
    (is_output ? child_->output() : child_->error_output()).reset();
    return;
  }
  if (count < 0) return;
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
  if (!is_output) {
    if (log_) log_->write(bytes);
    return;
  }
  // stdout holds one line, the ready line.
  if (ready_line_.size() < kMaxReadyLine)
    ready_line_.append(bytes.substr(0, kMaxReadyLine - ready_line_.size()));
  if (const std::size_t end = ready_line_.find('\n'); end != std::string::npos && !was_ready_) {
    was_ready_ = true;
    report(std::string_view(ready_line_).substr(0, end));
  }
}

Result<platform::ExitStatus> Supervisor::run_once() {
  platform::SpawnOptions spawn;
  spawn.executable = options_.executable;
  spawn.argv = {"pryx"};
  spawn.argv.insert(spawn.argv.end(), options_.arguments.begin(), options_.arguments.end());
  spawn.env = options_.environment;
  spawn.standard_output = platform::Stream::kPipe;
  spawn.standard_error = platform::Stream::kPipe;
  // The daemon outlives a supervisor that was killed: losing it as well would only make things worse.
  spawn.lifetime = platform::Lifetime::kOutlivesParent;
  spawn.privileges = platform::Privileges::kKeep;
  ready_line_.clear();
  was_ready_ = false;
  if (!options_.passphrase.empty()) spawn.standard_input = platform::Stream::kPipe;
  PRYX_TRY(child_, platform::Subprocess::spawn(spawn));
  if (!options_.passphrase.empty()) {
    // Far below what a pipe holds, so this does not wait for the reader.
    (void)platform::write_all(child_->input().get(), options_.passphrase.reveal(), "passphrase");
    child_->input().reset();
  }
  log("supervisor.started", fmt::format("pid {}", child_->pid()));
  std::optional<MonotonicTime> kill_at;
  while (true) {
    pollfd fds[4] = {{signals_.get(), POLLIN, 0},
                     {child_->pidfd(), POLLIN, 0},
                     {child_->output().get(), POLLIN, 0},
                     {child_->error_output().get(), POLLIN, 0}};
    if (stopping_ && !kill_at) kill_at = clock_.monotonic() + kStopLimit;
    int timeout = -1;
    if (kill_at) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*kill_at - clock_.monotonic()).count();
      timeout = static_cast<int>(std::max<std::int64_t>(left, 0));
      if (left <= 0) child_->kill_group(SIGKILL);
      if (left <= 0) timeout = 1000;
    }
    if (::poll(fds, 4, timeout) < 0 && errno != EINTR)
      return fail(platform::system_error("wait for the daemon", errno));
    if (fds[0].revents != 0) take_signal();
    if (fds[2].revents != 0) relay(fds[2].fd, true);
    if (fds[3].revents != 0) relay(fds[3].fd, false);
    if (fds[1].revents == 0) continue;
    // Ended: what it still wrote belongs into the log.
    for (int i = 0; i < 64 && child_->error_output(); ++i) {
      pollfd rest{child_->error_output().get(), POLLIN, 0};
      if (::poll(&rest, 1, 0) <= 0) break;
      relay(rest.fd, false);
    }
    PRYX_TRY(const auto status, child_->wait_for(std::chrono::seconds(1)));
    child_.reset();
    if (!status) return fail(ErrorCode::kInternal, "the daemon ended without a status");
    return *status;
  }
}

// False when a signal asked to stop meanwhile.
bool Supervisor::wait_before_restart(Duration delay) {
  const Waiting waiting{&clock_, -1};
  if (wait_for_fd(signals_.get(), POLLIN, clock_.monotonic() + delay, waiting) != Readiness::kReady)
    return true;
  take_signal();
  return false;
}

int Supervisor::run() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&wanted, number);
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  signals_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  auto state = open_state(options_.places);
  auto recorded = open_state(options_.places);
  if (state) {
    auto opened = RotatingLog::open(
        std::move(*state), options_.places.log_file().substr(options_.places.log_file().rfind('/') + 1));
    if (opened) log_.emplace(std::move(*opened));
  }
  if (recorded) {
    if (const auto written = write_supervisor_record(*recorded, options_.places); !written)
      log("supervisor.not_recorded", written.error().message);
  }
  const int code = look_after();
  if (recorded) remove_supervisor_record(*recorded, options_.places);
  return code;
}

int Supervisor::look_after() {
  std::vector<Ending> history;
  while (true) {
    const MonotonicTime started = clock_.monotonic();
    auto status = run_once();
    const MonotonicTime now = clock_.monotonic();
    if (!status) {
      log("supervisor.failed", status.error().message);
      report(json::to_text(json::object{{"event", "failed"},
                                        {"exit_code", facts(status.error().code).exit_code},
                                        {"reason", status.error().message}}));
      return facts(status.error().code).exit_code;
    }
    history.push_back({now, now - started, *status, was_ready_});
    if (history.size() > kMaxHistory) history.erase(history.begin());
    const int code = status->signal != 0 ? 128 + status->signal : status->code;
    const RestartDecision decision = options_.policy.next(history, now);
    log("supervisor.ended", decision.reason);
    if (stopping_ || !decision.restart || !wait_before_restart(decision.delay)) {
      report(
          json::to_text(json::object{{"event", "failed"}, {"exit_code", code}, {"reason", decision.reason}}));
      return code;
    }
  }
}

}  // namespace

int supervise(SupervisorOptions options, const Clock& clock) {
  return Supervisor(std::move(options), clock).run();
}

}  // namespace pryx::client
