// SPDX-License-Identifier: MIT
#include "surfaces/client/daemon_control.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "foundation/base/text.h"
#include "foundation/platform/subprocess.h"
#include "surfaces/client/supervisor_record.h"

namespace pryx::client {
namespace {

constexpr auto kReadyLimit = std::chrono::seconds(10);
constexpr auto kStopLimit = std::chrono::seconds(8);  // the daemon has 3 s, its supervisor kills after 5 s
constexpr auto kProbeLimit = std::chrono::seconds(2);
constexpr auto kPollStep = std::chrono::milliseconds(25);
constexpr std::size_t kMaxStatus = 8192;
constexpr std::size_t kMaxTail = 64u << 10;

// The failure that an exit code of the daemon stands for.
ErrorCode code_of_exit(std::int64_t exit_code) {
  for (ErrorCode code : {ErrorCode::kInvalidArgument, ErrorCode::kCheckFailed, ErrorCode::kUnauthenticated,
                         ErrorCode::kConflict}) {
    if (facts(code).exit_code == exit_code) return code;
  }
  return ErrorCode::kUnavailable;
}

// In the environment of what is started as the daemon.
constexpr std::string_view kStarting = "PRYX_STARTED_AS_DAEMON";

// Waits without anything to wait for but the interrupt.
bool pause(Duration step, const Waiting& waiting) {
  return wait_for_fd(-1, 0, waiting.clock->monotonic() + step, waiting) != Readiness::kInterrupted;
}

}  // namespace

Result<std::string> own_executable() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return fail(platform::system_error("read /proc/self/exe", errno));
  std::string name(path.data(), static_cast<std::size_t>(length));
  // A binary that was replaced while it runs: the one at its place is what to start.
  constexpr std::string_view kDeleted = " (deleted)";
  if (name.ends_with(kDeleted) && !platform::exists(name)) name.resize(name.size() - kDeleted.size());
  return name;
}

std::string log_tail(const config::Places& places, std::size_t max_lines) {
  platform::UniqueFd file(::open(places.log_file().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return {};
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  const bool is_cut = size > static_cast<off_t>(kMaxTail);
  (void)::lseek(file.get(), is_cut ? size - static_cast<off_t>(kMaxTail) : 0, SEEK_SET);
  std::string text = platform::read_all(file.get(), kMaxTail * 2, "log").value_or("");
  if (is_cut) text.erase(0, text.find('\n') + 1);
  std::size_t from = text.size();
  for (std::size_t lines = 0; from > 0 && lines <= max_lines; ++lines) {
    const std::size_t feed = from >= 2 ? text.rfind('\n', from - 2) : std::string::npos;
    if (lines == max_lines) break;
    from = feed == std::string::npos ? 0 : feed + 1;
  }
  return text.substr(from);
}

std::string last_start_failure(const config::Places& places) {
  const std::string tail = log_tail(places, 60);
  std::string why;
  for (std::string_view line : split(tail, '\n')) {
    const auto parsed = json::parse_object(line);
    if (!parsed) continue;
    const std::string event = json::string_or(*parsed, "event");
    if (event == "daemon.start_failed") why = json::string_or(*parsed, "error");
    if (event == "daemon.ready" || event == "daemon.stopped") why.clear();
  }
  return why;
}

DaemonControl::DaemonControl(config::Places places, platform::Environment environment, Waiting waiting)
    : places_(std::move(places)), environment_(std::move(environment)), waiting_(waiting) {}

Endpoint DaemonControl::socket_endpoint() const {
  Endpoint endpoint;
  endpoint.socket_path = places_.socket();
  return endpoint;
}

ServiceUnit DaemonControl::service_unit() const { return ServiceUnit(places_, environment_); }

Result<Started> DaemonControl::start() {
  // Whatever program this is, it was started to be the daemon. Were it to start another one, which starts
  // another one, there would be no end.
  if (platform::Environment::capture().find(kStarting))
    return fail(ErrorCode::kUnavailable, "this process was started as the daemon, and starts none itself");
  if (find_running()) {
    // A daemon that is just coming up is waited for like one that we started; one that is just going is
    // replaced.
    auto core = wait_until_ready(waiting_.clock->monotonic() + kReadyLimit, WhenGone::kGiveUp);
    if (core) return Started{StartedBy::kAlreadyRunning, std::move(*core)};
    if (find_running() || core.error().code == ErrorCode::kCancelled) return fail(std::move(core.error()));
  }
  const ServiceUnit unit = service_unit();
  // A service manager has its own way to hand over a passphrase: a credential.
  if (!passphrase_ && unit.has_manager() &&
      (unit.is_installed() || places_.kind == config::PlacesKind::kUser))
    return start_by_service_manager(unit);
  return start_by_supervisor();
}

Result<Started> DaemonControl::start_by_service_manager(const ServiceUnit& unit) {
  ServiceUnit service = unit;
  if (service.is_installed()) {
    PRYX_TRY_VOID(service.start());
  } else {
    PRYX_TRY(const std::string executable, own_executable());
    PRYX_TRY_VOID(service.start_transient(executable, environment_.values()));
  }
  PRYX_TRY(auto core, wait_until_ready(waiting_.clock->monotonic() + kReadyLimit, WhenGone::kWait));
  return Started{StartedBy::kServiceManager, std::move(core)};
}

Result<Started> DaemonControl::start_by_supervisor() {
  const MonotonicTime deadline = waiting_.clock->monotonic() + kReadyLimit;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(platform::system_error("make a pipe", errno));
  platform::UniqueFd reader(ends[0]);
  platform::UniqueFd writer(ends[1]);
  platform::SpawnOptions spawn;
  PRYX_TRY(spawn.executable, own_executable());
  spawn.argv = {"pryx", "daemon", "supervise"};
  for (const auto& [name, value] : environment_.values()) spawn.env.emplace(name, value);
  spawn.env.insert_or_assign(std::string(kStarting), "1");
  spawn.pass_fds = {writer.get()};
  if (passphrase_) {
    spawn.argv.emplace_back("--passphrase-stdin");
    spawn.standard_input = platform::Stream::kPipe;
  }
  spawn.lifetime = platform::Lifetime::kOutlivesParent;
  spawn.privileges = platform::Privileges::kKeep;
  PRYX_TRY(platform::Subprocess supervisor, platform::Subprocess::spawn(spawn));
  if (passphrase_) {
    PRYX_TRY_VOID(platform::write_all(supervisor.input().get(), passphrase_->reveal(), "passphrase"));
    supervisor.input().reset();
    passphrase_.reset();
  }
  supervisor.release();
  writer.reset();
  std::string status;
  while (status.find('\n') == std::string::npos && status.size() < kMaxStatus) {
    const Readiness readiness = wait_for_fd(reader.get(), POLLIN, deadline, waiting_);
    if (readiness == Readiness::kInterrupted)
      return fail(ErrorCode::kCancelled, "interrupted while the daemon was starting");
    if (readiness == Readiness::kTimeout) {
      return fail(ErrorCode::kTimeout, "the daemon was not ready within {}; pryx daemon logs",
                  format_duration(kReadyLimit));
    }
    std::array<char, 1024> bytes{};
    const ssize_t count = ::read(reader.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    status.append(bytes.data(), static_cast<std::size_t>(count));
  }
  const auto report = json::parse_object(status.substr(0, status.find('\n')));
  if (!report || json::string_or(*report, "event") != "ready") {
    const std::int64_t exit_code = report ? json::integer_or(*report, "exit_code", 1) : 1;
    // Another command may have started one at the same moment: its daemon is as good as ours.
    if (code_of_exit(exit_code) == ErrorCode::kConflict) {
      PRYX_TRY(auto core, wait_until_ready(deadline, WhenGone::kWait));
      return Started{StartedBy::kAlreadyRunning, std::move(core)};
    }
    if (find_running()) {
      auto core = wait_until_ready(deadline, WhenGone::kGiveUp);
      if (core) return Started{StartedBy::kAlreadyRunning, std::move(*core)};
      if (core.error().code == ErrorCode::kCancelled) return fail(std::move(core.error()));
    }
    std::string why = last_start_failure(places_);
    if (why.empty()) why = report ? json::string_or(*report, "reason") : "its parent ended";
    if (why.find("; ") == std::string::npos) why += "; pryx daemon logs";
    return fail(code_of_exit(exit_code), "the daemon did not start: {}", why);
  }
  PRYX_TRY(auto core, wait_until_ready(deadline, WhenGone::kWait));
  return Started{StartedBy::kSupervisor, std::move(core)};
}

Result<config::CoreRecord> DaemonControl::wait_until_ready(MonotonicTime deadline, WhenGone when_gone) {
  std::string last = "it wrote no run/core.json";
  while (true) {
    if (auto core = find_running()) {
      ApiClient client(socket_endpoint(), waiting_, kProbeLimit);
      auto health = client.get("/api/v1/health");
      if (health) return std::move(*core);
      if (health.error().code == ErrorCode::kCancelled) return fail(std::move(health.error()));
      last = health.error().message;
    } else if (when_gone == WhenGone::kGiveUp) {
      return fail(ErrorCode::kUnavailable, "the daemon ended");
    }
    if (waiting_.clock->monotonic() >= deadline) {
      return fail(ErrorCode::kTimeout, "the daemon was not ready within {}: {}; pryx daemon logs",
                  format_duration(kReadyLimit), last);
    }
    if (!pause(kPollStep, waiting_))
      return fail(ErrorCode::kCancelled, "interrupted while the daemon was starting");
  }
}

namespace {

bool have_one_owner(const std::string& one, const std::string& other) {
  struct stat a{};
  struct stat b{};
  return ::stat(one.c_str(), &a) == 0 && ::stat(other.c_str(), &b) == 0 && a.st_uid == b.st_uid;
}

// Executes this program, as a supervisor.
bool is_supervisor(const std::string& process) {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink((process + "/exe").c_str(), path.data(), path.size());
  const auto own = own_executable();
  const auto words = platform::read_file(process + "/cmdline", 4096);
  constexpr std::string_view kWords("pryx\0daemon\0supervise\0", 22);
  return own && length > 0 && words && words->starts_with(kWords) &&
         std::string_view(path.data(), static_cast<std::size_t>(length)).starts_with(*own);
}

// Root signals what a file of another user names: only a process of that user may be meant, or the
// supervisor, which root itself started.
Result<void> order_stop(const platform::ProcessIdentity& process, const std::string& named_by) {
  const std::string entry = fmt::format("/proc/{}", process.pid);
  if (::geteuid() == 0 && !have_one_owner(named_by, entry) && !is_supervisor(entry)) {
    return fail(ErrorCode::kForbidden, "{} names process {}, which is another user's; it is left alone",
                named_by, process.pid);
  }
  if (::kill(process.pid, SIGTERM) == 0 || errno == ESRCH) return {};
  return fail(platform::system_error(fmt::format("stop the daemon (pid {})", process.pid), errno));
}

}  // namespace

Result<std::optional<pid_t>> DaemonControl::stop() {
  // Whoever would start it again goes first: after a crash nothing else may be there.
  const auto supervisor = find_supervisor(places_);
  if (supervisor) PRYX_TRY_VOID(order_stop(*supervisor, places_.supervisor_file()));
  const auto core = find_running();
  if (core) PRYX_TRY_VOID(order_stop(core->process, places_.core_file()));
  if (!core && !supervisor) {
    // Between a crash and the next start the manager has the unit, and no daemon is there to be told.
    if (ServiceUnit unit = service_unit(); unit.has_manager()) (void)unit.stop();
    return std::optional<pid_t>{};
  }
  const platform::ProcessIdentity ending = core ? core->process : *supervisor;
  const MonotonicTime deadline = waiting_.clock->monotonic() + kStopLimit;
  while (platform::is_running(ending) || (supervisor && platform::is_running(*supervisor))) {
    if (waiting_.clock->monotonic() >= deadline) {
      return fail(ErrorCode::kTimeout, "the daemon (pid {}) did not stop within {}; kill -9 {}", ending.pid,
                  format_duration(kStopLimit), ending.pid);
    }
    if (!pause(kPollStep, waiting_))
      return fail(ErrorCode::kCancelled, "interrupted while the daemon was stopping");
  }
  return ending.pid;
}

Result<bool> DaemonControl::replace_other_version(const config::CoreRecord& running) {
  ApiClient client(socket_endpoint(), waiting_, kProbeLimit);
  PRYX_TRY(const Reply status, client.get("/api/v1/status"));
  const json::value* turns = json::find(status.json, "turns");
  if (turns == nullptr || !turns->is_object()) return false;
  if (json::integer_or(turns->get_object(), "running", 1) != 0 ||
      json::integer_or(turns->get_object(), "queued", 1) != 0)
    return false;
  const auto core = find_running();
  if (!core || !(core->process == running.process)) return false;
  PRYX_TRY(const auto stopped, stop());
  (void)stopped;
  PRYX_TRY(const auto started, start());
  (void)started;
  return true;
}

}  // namespace pryx::client
