// SPDX-License-Identifier: MIT
#include "trust/sandbox/sandbox.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "foundation/base/text.h"
#include "foundation/platform/user_switch.h"
#include "trust/sandbox/launch.h"
#include "trust/sandbox/mount_plan.h"
#include "trust/sandbox/workspace_view.h"

namespace pryx::sandbox {
namespace {

constexpr Duration kProbeLimit = std::chrono::seconds(30);  // a short program on a machine under full load
constexpr std::size_t kProbeOutput = 4096;
constexpr int kNewestAbi = 7;

struct Feature {
  int abi;
  std::string_view name;
};
// ABI 4, TCP ports, is left out: the network namespace leaves a command nothing but its own loopback, which
// the servers under test need; to Landlock every port of it is like one of the world.
constexpr Feature kLandlockFeatures[] = {{2, "moving files between folders"},
                                         {3, "truncating"},
                                         {5, "device controls"},
                                         {6, "signals and abstract sockets"}};

std::string beside_this_program() {
  char path[PATH_MAX + 1];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path - 1);
  if (size <= 0) return {};
  const std::string_view whole(path, static_cast<std::size_t>(size));
  return std::string(whole.substr(0, whole.rfind('/'))) + "/pryx-sandbox-init";
}

std::string home_of_user() {
  const auto user = platform::get_user(::geteuid());
  if (!user || user->home.empty() || user->home.front() != '/') return {};
  return user->home;
}

std::string real_or_same(const std::string& path) {
  char real[PATH_MAX + 1];
  return ::realpath(path.c_str(), real) != nullptr ? std::string(real) : path;
}

int landlock_abi() {
  const long abi = ::syscall(444 /* landlock_create_ruleset */, nullptr, 0, 1 /* only the version */);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

Layer describe_landlock(int abi) {
  Layer layer{.name = "landlock", .works = abi >= 1, .detail = {}, .fix = {}};
  if (!layer.works) {
    layer.detail = "the kernel has no Landlock, or it is not switched on";
    layer.fix = "use a kernel from 5.13 on with 'landlock' in its lsm= list (see /sys/kernel/security/lsm)";
    return layer;
  }
  std::string missing;
  for (const Feature& feature : kLandlockFeatures) {
    if (abi < feature.abi) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", feature.name);
  }
  layer.detail = missing.empty()
                     ? fmt::format("ABI {}, every feature that is used", std::min(abi, kNewestAbi))
                     : fmt::format("ABI {}; not covered on this kernel: {}", abi, missing);
  return layer;
}

class BubblewrapSandbox final : public Sandbox {
 public:
  explicit BubblewrapSandbox(Options options);
  [[nodiscard]] const Report& report() const override { return report_; }
  [[nodiscard]] std::vector<std::string> search_path() const override {
    return program_folders(machine_.home);
  }
  [[nodiscard]] Result<std::unique_ptr<Run>> launch(const Request& request) override;

 private:
  void probe();
  [[nodiscard]] bool find_programs();
  void probe_run();
  [[nodiscard]] Result<std::map<std::string, std::string>> ask_with_overlay();
  [[nodiscard]] Result<std::map<std::string, std::string>> ask_in_folder(const std::string& folder);
  [[nodiscard]] Result<std::map<std::string, std::string>> ask_inside(Request request);
  void add(std::string name, bool works, std::string detail, std::string fix) {
    report_.layers.push_back(
        {std::move(name), works, std::move(detail), works ? std::string() : std::move(fix)});
  }

  Machine machine_;
  Options::Later later_;
  Report report_;
};

BubblewrapSandbox::BubblewrapSandbox(Options options) {
  machine_.init = options.init_program.empty() ? beside_this_program() : options.init_program;
  machine_.scratch = options.scratch.empty() ? std::string() : options.scratch;
  machine_.hidden_paths = std::move(options.hidden_paths);
  machine_.home = real_or_same(options.home.empty() ? home_of_user() : options.home);
  machine_.landlock_abi_cap = options.landlock_abi_cap;
  machine_.without = std::move(options.without);
  later_ = std::move(options.later);
  probe();
  report_.usable =
      std::ranges::all_of(report_.layers, [](const Layer& l) { return l.works || l.name == "overlay"; });
}

// Every layer is tried for real: what a kernel says it can do and what an ordinary user may do here differ.
void BubblewrapSandbox::probe() {
  if (platform::is_root()) {
    add("unprivileged user", false, "running as root, for which namespaces and file rights are no wall",
        "start `pryx serve` as an ordinary user, or let it drop to one (--run-as USER)");
    return;
  }
  add("unprivileged user", true, fmt::format("uid {}", ::geteuid()), {});
  if (!machine_.scratch.empty() && platform::ensure_private_directory(machine_.scratch)) {
    machine_.scratch = real_or_same(machine_.scratch);
    machine_.hidden_paths.push_back(machine_.scratch);
    clean_scratch(machine_.scratch);
    machine_.folders = std::make_shared<RunFolders>(machine_.scratch, later_);
  } else {
    machine_.scratch.clear();
  }
  if (!find_programs()) return;
  const int abi = std::min(landlock_abi(), machine_.landlock_abi_cap.value_or(1000));
  report_.layers.push_back(describe_landlock(abi));
  auto filters = compile_syscall_filters();
  if (!filters) {
    add("seccomp", false, filters.error().message, "reinstall libseccomp2");
    return;
  }
  machine_.filters = std::move(*filters);
  if (abi >= 1) probe_run();
}

bool BubblewrapSandbox::find_programs() {
  const auto bubblewrap = platform::find_system_program("bwrap");
  if (!bubblewrap) {
    add("bubblewrap", false, "not installed", "sudo apt-get install bubblewrap");
    return false;
  }
  machine_.bubblewrap = *bubblewrap;
  platform::SpawnOptions options{.executable = *bubblewrap, .argv = {*bubblewrap, "--help"}};
  const auto help = platform::run_to_completion(options, "", kProbeLimit);
  const bool can_bind = help && help->output.find("--bind-fd") != std::string::npos;
  machine_.can_disable_user_namespaces = help && help->output.find("--disable-userns") != std::string::npos;
  options.argv = {*bubblewrap, "--version"};
  const auto version = platform::run_to_completion(options, "", kProbeLimit);
  const std::string name = version ? std::string(trim(version->output)) : "unknown version";
  add("bubblewrap", can_bind,
      can_bind ? name : fmt::format("{} cannot mount from a descriptor (--bind-fd)", name),
      "sudo apt-get install --only-upgrade bubblewrap");
  const bool has_init = ::access(machine_.init.c_str(), X_OK) == 0;
  if (!has_init)
    add("init program", false, fmt::format("{} is missing or not executable", machine_.init),
        "install Pryx again, whole");
  return can_bind && has_init;
}

Result<std::map<std::string, std::string>> BubblewrapSandbox::ask_inside(Request request) {
  request.program = "/run/pryx-sandbox-init";
  request.argv = {"pryx-sandbox-init", "describe"};
  PRYX_TRY(const auto run, launch_run(machine_, request));
  PRYX_TRY(const auto status, run->process().wait_for(kProbeLimit));
  if (!status) return fail(ErrorCode::kTimeout, "a first program in the sandbox did not end");
  char text[kProbeOutput];
  const ssize_t got = ::read(run->process().output().get(), text, sizeof text);
  std::map<std::string, std::string> answers;
  for (const std::string_view line :
       split(std::string_view(text, got > 0 ? static_cast<std::size_t>(got) : 0), '\n')) {
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) answers.emplace(line.substr(0, space), line.substr(space + 1));
  }
  PRYX_TRY(const Applied applied, run->finish());
  if (!applied.changed.empty()) answers["taken_over"] = applied.changed.front();
  return answers;
}

// One run with an overlay tells everything when all is well; else one without tells what is left.
void BubblewrapSandbox::probe_run() {
  std::string without_overlay = "no private folder for it";
  auto answers = ask_with_overlay();
  machine_.has_overlay = answers && answers->contains("taken_over");
  if (!machine_.has_overlay) {
    if (!machine_.scratch.empty())
      without_overlay = answers ? "it does not hold writes back" : answers.error().message;
    answers = ask_inside({});
  }
  if (!answers) {
    const std::string fix = namespaces_fix(machine_);
    std::string detail = answers.error().message;
    if (detail.ends_with("; " + fix)) detail.resize(detail.size() - fix.size() - 2);
    add("namespaces", false, std::move(detail), fix);
    return;
  }
  const auto says = [&](const char* key, const char* value) {
    const auto found = answers->find(key);
    return found != answers->end() && found->second == value;
  };
  add("namespaces",
      says("capabilities", "0") && says("write_outside", "0") && (!machine_.with("pid") || !says("pid", "1")),
      "user, mount, pid, network, ipc, uts and cgroup, without capabilities", namespaces_fix(machine_));
  add("no new privileges", says("no_new_privs", "1"), "set for every command",
      "use a kernel with no_new_privs");
  add("seccomp", says("seccomp", "2") || !machine_.with("seccomp"), "allow-list of system calls",
      "use a kernel with CONFIG_SECCOMP_FILTER");
  if (!says("landlock", "1") && machine_.with("landlock") && machine_.with("files")) {
    const auto layer = std::ranges::find(report_.layers, "landlock", &Layer::name);
    layer->works = false;
    layer->detail = "the kernel accepted the rules and does not keep them";
    layer->fix = "switch Landlock on: add 'landlock' to the kernel's lsm= list";
  }
  add("overlay", machine_.has_overlay,
      machine_.has_overlay
          ? "writes are looked at before they reach the workspace"
          : without_overlay +
                "; writes go straight into the workspace, and names that others run later are "
                "set aside when a command ends",
      "use a kernel from 5.11 on, with Pryx's state on an ordinary disk (not on an overlay or a network file "
      "system)");
}

Result<std::map<std::string, std::string>> BubblewrapSandbox::ask_with_overlay() {
  if (machine_.scratch.empty()) return fail(ErrorCode::kUnavailable, "no private folder for it");
  // Beside the folders of runs: an overlay cannot have its upper directory inside its lower one.
  std::string pattern = machine_.scratch + "-probe-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr)
    return std::unexpected(platform::system_error("make a folder for a trial", errno));
  auto answers = ask_in_folder(pattern);
  remove_tree(AT_FDCWD, pattern);
  return answers;
}

Result<std::map<std::string, std::string>> BubblewrapSandbox::ask_in_folder(const std::string& folder) {
  PRYX_TRY(auto held, platform::HeldDirectory::open(folder));
  machine_.has_overlay = true;
  Request request;
  request.workspace = std::make_shared<const platform::HeldDirectory>(std::move(held));
  return ask_inside(std::move(request));
}

Result<std::unique_ptr<Run>> BubblewrapSandbox::launch(const Request& request) {
  for (const Layer& layer : report_.layers) {
    if (layer.works || layer.name == "overlay") continue;
    return fail(ErrorCode::kDenied, "no sandbox, so nothing is run: {}: {}; {}", layer.name, layer.detail,
                layer.fix);
  }
  return launch_run(machine_, request);
}

}  // namespace

std::unique_ptr<Sandbox> make_sandbox(Options options) {
  return std::make_unique<BubblewrapSandbox>(std::move(options));
}

}  // namespace pryx::sandbox
