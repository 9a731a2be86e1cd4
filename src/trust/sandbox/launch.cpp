// SPDX-License-Identifier: MIT
#include "trust/sandbox/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>

#include "foundation/base/text.h"
#include "trust/sandbox/mount_plan.h"
#include "trust/sandbox/start_report.h"
#include "trust/sandbox/workspace_view.h"

namespace pryx::sandbox {
namespace {

using platform::system_error;
using platform::UniqueFd;

constexpr const char* kInitInside = "/run/pryx-sandbox-init";
constexpr const char* kEgressInside = "/run/pryx-egress.sock";
constexpr int kEgressPort = 3128;
constexpr int kKillLimitMs =
    10'000;  // the kernel ends a pid namespace in milliseconds; a stuck disk may hold one process
// The order of Subprocess: pass_fds become 3, 4…
constexpr int kConfigFd = 3, kStatusFd = 4, kAllowFd = 5, kRefuseFd = 6, kArgumentsFd = 7;
static_assert(kWorkspaceFd == kArgumentsFd + 1);

void append(std::vector<std::string>& out, std::initializer_list<std::string> more) {
  out.insert(out.end(), more);
}
void append(std::vector<std::string>& out, const std::vector<std::string>& more) {
  out.insert(out.end(), more.begin(), more.end());
}

constexpr std::size_t kUsualFds = 5;  // before the workspace and the secrets

Result<UniqueFd> new_memory(const char* what) {
  UniqueFd file(::memfd_create("pryx-sandbox", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return std::unexpected(system_error(fmt::format("keep {} in memory", what), errno));
  return file;
}

// Bytes that another process reads, from their beginning, and nobody can change any more.
Result<void> write_sealed(const UniqueFd& memory, std::string_view bytes, const char* what) {
  PRYX_TRY_VOID(platform::write_all(memory.get(), bytes, what));
  if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0 ||
      ::lseek(memory.get(), 0, SEEK_SET) != 0)
    return std::unexpected(system_error(fmt::format("seal {}", what), errno));
  return {};
}

// The configuration of pryx-sandbox-init: "key=value" rows that end with NUL.
class Rows {
 public:
  void add(std::string_view key, std::string_view value) {
    has_nul_ = has_nul_ || value.find('\0') != std::string_view::npos;
    bytes_.append(key).append("=").append(value).push_back('\0');
  }
  void add(std::string_view key, std::uint64_t value) { add(key, fmt::format("{}", value)); }
  [[nodiscard]] Result<void> store(const UniqueFd& memory) const {
    if (has_nul_)
      return fail(ErrorCode::kInvalidArgument, "a NUL byte in the program, its environment or its folder");
    return write_sealed(memory, bytes_, "a sandbox's configuration");
  }

 private:
  std::string bytes_;
  bool has_nul_ = false;
};

std::map<std::string, std::string> environment_inside(const Request& request, const MountPlan& plan) {
  std::string path;
  for (const std::string& folder : plan.search_path) path += (path.empty() ? "" : ":") + folder;
  std::map<std::string, std::string> env = {{"PATH", path},
                                            {"HOME", plan.home},
                                            {"TMPDIR", "/tmp"},
                                            {"LANG", "C.UTF-8"},
                                            {"SHELL", "/bin/sh"},
                                            {"TERM", "dumb"},
                                            {"USER", "sandbox"},
                                            {"LOGNAME", "sandbox"},
                                            {"PRYX_SANDBOX", "1"},
                                            // The home is empty and nothing can be made in it.
                                            {"XDG_CONFIG_HOME", "/tmp/.config"},
                                            {"XDG_CACHE_HOME", "/tmp/.cache"},
                                            {"XDG_STATE_HOME", "/tmp/.state"},
                                            {"XDG_DATA_HOME", "/tmp/.data"},
                                            {"npm_config_cache", "/tmp/.npm"}};
  if (!request.egress_socket.empty()) {
    const std::string proxy = fmt::format("http://127.0.0.1:{}", kEgressPort);
    for (const char* name :
         {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
      env[name] = proxy;
    for (const char* name : {"no_proxy", "NO_PROXY"}) env[name] = "localhost,127.0.0.1,::1";
  }
  for (const auto& [name, value] : request.env) env[name] = value;
  return env;
}

void add_limits(Rows& rows, const Limits& limits) {
  rows.add("limits", 1);
  rows.add("limit_cpu", limits.cpu_seconds);
  rows.add("limit_data", limits.memory_bytes);
  rows.add("limit_processes", limits.processes);
  rows.add("limit_files", limits.open_files);
  rows.add("limit_file_size", limits.file_bytes);
  rows.add("limit_core", std::uint64_t{0});
}

Result<void> describe_run(const Machine& machine, const Request& request, const MountPlan& plan,
                          const std::string& workspace, const UniqueFd& memory) {
  Rows rows;
  rows.add("program", request.program);
  const auto env = environment_inside(request, plan);
  rows.add("path", env.at("PATH"));
  for (const auto& [name, value] : env) {
    if (name.empty() || name.find('=') != std::string::npos)
      return fail(ErrorCode::kInvalidArgument, "'{}' cannot name an environment variable", name);
    rows.add("env", name + "=" + value);
  }
  rows.add("root", workspace.empty() ? "/tmp" : workspace);
  rows.add("cwd", request.cwd);
  if (!request.egress_socket.empty()) {
    rows.add("forward_socket", kEgressInside);
    rows.add("forward_port", kEgressPort);
  }
  if (machine.with("pid")) rows.add("pid_namespace", 1);
  if (machine.with("limits")) add_limits(rows, request.limits);
  rows.add("no_new_privileges", 1);
  if (machine.with("landlock")) {
    rows.add("landlock", 1);
    if (machine.landlock_abi_cap)
      rows.add("landlock_cap", static_cast<std::uint64_t>(*machine.landlock_abi_cap));
    for (const std::string& path : plan.list) rows.add("list", path);
    for (const std::string& path : plan.read) rows.add("read", path);
    rows.add("read", kInitInside);
    if (!request.secrets.empty()) rows.add("read", kSecretsFolder);
    for (const std::string& path : plan.write) rows.add("write", path);
    if (!workspace.empty()) rows.add(request.workspace_writable ? "write" : "read", workspace);
  }
  if (machine.with("seccomp")) {
    rows.add("seccomp", kAllowFd);
    rows.add("seccomp", kRefuseFd);
  }
  return rows.store(memory);
}

std::vector<std::string> bubblewrap_options(const Machine& machine, const Request& request,
                                            const MountPlan& plan, const WorkspaceView& workspace,
                                            std::size_t first_secret_fd) {
  std::vector<std::string> a = {"--unshare-user",    "--unshare-uts", "--unshare-cgroup-try",
                                "--die-with-parent", "--hostname",    "pryx"};
  if (machine.with("ipc")) append(a, {"--unshare-ipc"});
  if (machine.with("pid")) append(a, {"--unshare-pid"});
  if (machine.with("net")) append(a, {"--unshare-net"});
  if (machine.with("session")) append(a, {"--new-session"});
  if (machine.with("user") && machine.can_disable_user_namespaces) append(a, {"--disable-userns"});
  append(a, {"--cap-drop", "ALL"});
  if (machine.with("files")) {
    append(a, {"--ro-bind", "/", "/"});
    append(a, plan.before_workspace);
  } else {
    append(a, {"--dev-bind", "/", "/", "--tmpfs", "/run"});
  }
  append(a, workspace.mounts());
  if (machine.with("files")) append(a, plan.after_workspace);
  append(a, {"--proc", "/proc"});
  append(a, workspace.devices());
  append(a, {"--size", std::to_string(request.limits.temporary_bytes), "--tmpfs", "/dev/shm"});
  append(a, {"--ro-bind", machine.init, kInitInside});
  if (!request.egress_socket.empty()) append(a, {"--ro-bind", request.egress_socket, kEgressInside});
  // bubblewrap takes the bytes from the descriptor into its own memory file system and closes it.
  for (std::size_t i = 0; i < request.secrets.size(); ++i) {
    append(a, {"--perms", "0400", "--ro-bind-data", std::to_string(first_secret_fd + i),
               fmt::format("{}/{}", kSecretsFolder, request.secrets[i].name)});
  }
  append(a, {"--chdir", "/"});
  return a;
}

std::string last_words(platform::Subprocess& child) {
  (void)child.wait_for(std::chrono::seconds(5));
  char text[2048];
  const ssize_t got = child.error_output() ? ::read(child.error_output().get(), text, sizeof text) : 0;
  if (got <= 0) return "it ended without a word";
  const std::string said = to_valid_utf8(std::string_view(text, static_cast<std::size_t>(got)));
  return std::string(trim(std::string_view(said).substr(0, said.find('\n'))));
}

// The number of a process that has not been reaped, in our own namespace.
pid_t pid_of(int pidfd) {
  pollfd entry{pidfd, POLLIN, 0};
  if (::poll(&entry, 1, 0) != 0) return 0;
  const UniqueFd info(::open(fmt::format("/proc/self/fdinfo/{}", pidfd).c_str(), O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t got = info ? ::read(info.get(), text, sizeof text) : 0;
  const std::string_view rows(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::size_t at = rows.find("Pid:\t");
  pid_t pid = 0;
  if (at != std::string_view::npos) std::from_chars(rows.data() + at + 5, rows.data() + rows.size(), pid);
  return pid;
}

class SandboxedRun final : public Run {
 public:
  SandboxedRun(platform::Subprocess child, StartReport start, std::unique_ptr<WorkspaceView> workspace)
      : child_(std::move(child)),
        first_process_(std::move(start.first_process)),
        holder_(std::move(start.holder)),
        workspace_(std::move(workspace)) {}
  ~SandboxedRun() override { (void)end_everything(); }

  platform::Subprocess& process() override { return child_; }

  void ask_to_end() override {
    // The namespace's first process leads the group of the command. It has no handler, so it does not end.
    if (!first_process_) return child_.kill_group(SIGTERM);
    const int whole_group = 1 << 2;  // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9
    if (::syscall(SYS_pidfd_send_signal, first_process_.get(), SIGTERM, nullptr, whole_group) == 0) return;
    if (const pid_t pid = pid_of(first_process_.get()); pid > 0) ::kill(-pid, SIGTERM);
  }

  Result<Applied> finish(ChangeRecorder* recorder) override {
    // What is still running could write while it is being looked at.
    PRYX_TRY_VOID(end_everything());
    return workspace_->take_over(recorder);
  }

 private:
  static Result<void> kill_and_wait(const UniqueFd& first) {
    if (!first) return {};
    ::syscall(SYS_pidfd_send_signal, first.get(), SIGKILL, nullptr, 0);
    pollfd entry{first.get(), POLLIN, 0};
    int ready = 0;
    do {
      ready = ::poll(&entry, 1, kKillLimitMs);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
      return fail(ErrorCode::kTimeout,
                  "a process of the sandbox does not end; what it wrote is left where it is");
    return {};
  }

  // The end of a namespace's first process is the end of everything in it.
  Result<void> end_everything() {
    PRYX_TRY_VOID(kill_and_wait(first_process_));
    child_.kill_group(SIGKILL);
    PRYX_TRY_VOID(kill_and_wait(holder_));
    PRYX_TRY_VOID(child_.wait_for(std::chrono::seconds(5)));
    // When this process adopts orphans, the first processes have become its children.
    for (UniqueFd* first : {&first_process_, &holder_}) {
      siginfo_t info{};
      if (*first)
        ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(first->get()), &info, WEXITED | WNOHANG);
      first->reset();
    }
    return {};
  }

  platform::Subprocess child_;
  UniqueFd first_process_;
  UniqueFd holder_;  // none without a namespace around it
  std::unique_ptr<WorkspaceView> workspace_;
};

std::unexpected<Error> explain(const Machine& machine, const Request& request, const StartReport& start,
                               platform::Subprocess& child) {
  if (start.late)
    return fail(ErrorCode::kDenied,
                "the sandbox was not ready after {} s; the machine is overloaded, try again",
                kStartLimitMs / 1000);
  if (start.missing_program == ENOENT)
    return fail(ErrorCode::kNotFound,
                "no program '{}' in the sandbox; give its absolute path, or install it for the whole system",
                request.program);
  if (start.missing_program != 0)
    return fail(ErrorCode::kInvalidArgument, "'{}' cannot be executed: {}", request.program,
                platform::describe_errno(start.missing_program));
  if (!start.refusal.empty()) return fail(ErrorCode::kDenied, "{}", describe_refusal(machine, start.refusal));
  return fail(ErrorCode::kDenied, "bubblewrap could not make the sandbox: {}; {}", last_words(child),
              namespaces_fix(machine));
}

Result<std::vector<UniqueFd>> secrets_in_memory(const std::vector<SecretFile>& secrets) {
  if (secrets.size() > kMaxSecretFiles)
    return fail(ErrorCode::kInvalidArgument, "a command gets at most {} secrets", kMaxSecretFiles);
  std::vector<UniqueFd> out;
  std::set<std::string_view> names;
  for (const SecretFile& secret : secrets) {
    if (!is_secret_file_name(secret.name) || !names.insert(secret.name).second)
      return fail(ErrorCode::kInvalidArgument, "a secret cannot be a file of that name, or is named twice");
    constexpr const char* kWhat = "a secret of a command";
    PRYX_TRY(UniqueFd file, new_memory(kWhat));
    PRYX_TRY_VOID(write_sealed(file, secret.value.reveal(), kWhat));
    out.push_back(std::move(file));
  }
  return out;
}

// What is in the hands of the process that is starting, and is filled meanwhile.
struct Papers {
  UniqueFd config;     // for pryx-sandbox-init
  UniqueFd arguments;  // for bubblewrap
};

Result<platform::Subprocess> spawn_stage(const Machine& machine, const Request& request,
                                         const WorkspaceView& workspace, const Papers& papers, int status,
                                         const std::vector<UniqueFd>& secrets) {
  platform::SpawnOptions options;
  options.argv = workspace.stage(machine.init, kStatusFd, machine.with("pid"));
  append(options.argv, {machine.bubblewrap, "--args", std::to_string(kArgumentsFd), "--", kInitInside, "run",
                        std::to_string(kConfigFd), std::to_string(kStatusFd)});
  append(options.argv, request.argv.empty() ? std::vector<std::string>{request.program} : request.argv);
  options.executable = options.argv.front();
  options.pass_fds = {papers.config.get(), status, machine.filters.allow_list.get(),
                      machine.filters.refusals.get(), papers.arguments.get()};
  if (workspace.fd() >= 0) options.pass_fds.push_back(workspace.fd());
  for (const UniqueFd& secret : secrets) options.pass_fds.push_back(secret.get());
  options.standard_input = request.standard_input;
  options.standard_output = platform::Stream::kPipe;
  options.standard_error = platform::Stream::kPipe;
  return platform::Subprocess::spawn(options);
}

// While the stage before bubblewrap makes its namespaces: what the sandbox shows, and to whom.
Result<void> fill(const Papers& papers, const Machine& machine, const Request& request,
                  WorkspaceView& workspace) {
  PRYX_TRY_VOID(workspace.look());
  const View view{machine.home, machine.hidden_paths, workspace.path(), request.limits.temporary_bytes};
  const MountPlan plan = plan_mounts(view);
  PRYX_TRY_VOID(describe_run(machine, request, plan, workspace.path(), papers.config));
  const std::size_t first_secret = 3 + kUsualFds + (workspace.fd() >= 0 ? 1 : 0);
  std::string bytes;
  for (const std::string& one : bubblewrap_options(machine, request, plan, workspace, first_secret))
    bytes.append(one).push_back('\0');
  return write_sealed(papers.arguments, bytes, "the arguments of bubblewrap");
}

Result<std::unique_ptr<Run>> launch_in(const Machine& machine, const Request& request,
                                       std::unique_ptr<WorkspaceView> workspace) {
  PRYX_TRY(const std::vector<UniqueFd> secrets, secrets_in_memory(request.secrets));
  Papers papers;
  PRYX_TRY(papers.config, new_memory("a sandbox's configuration"));
  PRYX_TRY(papers.arguments, new_memory("the arguments of bubblewrap"));
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
    return std::unexpected(system_error("join a sandbox", errno));
  UniqueFd ours(sockets[0]);
  UniqueFd theirs(sockets[1]);
  PRYX_TRY(platform::Subprocess child,
           spawn_stage(machine, request, *workspace, papers, theirs.get(), secrets));
  theirs.reset();
  if (const auto filled = fill(papers, machine, request, *workspace); !filled) {
    ours.reset();  // without the word nothing is executed
    (void)child.wait_for(std::chrono::seconds(5));
    return std::unexpected(filled.error());
  }
  // A stage that has failed is heard of below.
  (void)::send(ours.get(), "G", 1, MSG_NOSIGNAL);
  StartReport start = hear_start(ours.get());
  if (start.silent || start.late || !start.refusal.empty() || start.missing_program != 0) {
    auto problem = explain(machine, request, start, child);
    // Owned, so that everything is dead before the error is told.
    const SandboxedRun dying(std::move(child), std::move(start), std::move(workspace));
    return problem;
  }
  return std::make_unique<SandboxedRun>(std::move(child), std::move(start), std::move(workspace));
}

std::string real_path(const std::string& path) {
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) != nullptr ? std::string(real) : path;
}

std::string read_setting(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[32];
  const ssize_t got = fd ? ::read(fd.get(), text, sizeof text) : 0;
  return got > 0 ? std::string(trim(std::string_view(text, static_cast<std::size_t>(got)))) : std::string();
}

}  // namespace

bool is_secret_file_name(std::string_view name) {
  const bool is_plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  return is_plain && !name.empty() && name.size() <= 128 && name.find_first_not_of('.') != name.npos;
}

std::string namespaces_fix(const Machine& machine, const std::string& settings) {
  const auto is = [&](const char* name, const char* value) {
    return read_setting(fmt::format("{}/{}", settings, name)) == value;
  };
  if (is("kernel/unprivileged_userns_clone", "0"))
    return "allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1";
  if (is("user/max_user_namespaces", "0"))
    return "allow user namespaces: sudo sysctl -w user.max_user_namespaces=15000";
  // Both programs make namespaces: a profile of bwrap alone is not enough. Profiles go by the real path.
  if (is("kernel/apparmor_restrict_unprivileged_userns", "1"))
    return fmt::format(
        "give both {} and {} an AppArmor profile that allows 'userns', or: sudo sysctl -w "
        "kernel.apparmor_restrict_unprivileged_userns=0",
        real_path(machine.bubblewrap), real_path(machine.init));
  return "user namespaces must work for an ordinary user; inside a container, start it with them allowed";
}

std::string describe_refusal(const Machine& machine, std::string_view refusal, const std::string& settings) {
  // As apps/sandbox_init/stage.cpp words its steps before bubblewrap.
  const bool is_of_namespaces = refusal.starts_with("make a user namespace") ||
                                refusal.starts_with("map users of the namespace") ||
                                refusal.starts_with("detach the mounts");
  return fmt::format("the sandbox could not {}; {}", refusal,
                     is_of_namespaces ? namespaces_fix(machine, settings)
                                      : "restart Pryx, then pryx doctor tells which layer fails and its fix");
}

Result<std::unique_ptr<Run>> launch_run(const Machine& machine, const Request& request) {
  if (request.program.empty()) return fail(ErrorCode::kInvalidArgument, "no program to run");
  PRYX_TRY(
      auto workspace,
      WorkspaceView::open(machine, request,
                          machine.has_overlay && machine.with("overlay") ? Overlay::kYes : Overlay::kNo));
  const bool had_overlay = workspace->has_overlay();
  auto run = launch_in(machine, request, std::move(workspace));
  // Some file systems cannot lie below an overlay; the sweep serves there.
  if (run || !had_overlay || run.error().message.find("mount the overlay") == std::string::npos) return run;
  PRYX_TRY(auto plain, WorkspaceView::open(machine, request, Overlay::kNo));
  return launch_in(machine, request, std::move(plain));
}

}  // namespace pryx::sandbox
