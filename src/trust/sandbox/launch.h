// SPDX-License-Identifier: MIT
// Starting one run: which arguments bubblewrap gets, what pryx-sandbox-init is told, and who owns the
// processes. Internal to the module.
#pragma once
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "trust/sandbox/run_folders.h"
#include "trust/sandbox/sandbox.h"
#include "trust/sandbox/seccomp_filter.h"

namespace pryx::sandbox {

// The number of the workspace's descriptor in the processes before the command.
inline constexpr int kWorkspaceFd = 8;

// What is the same for every run.
struct Machine {
  std::string bubblewrap;
  std::string init;
  std::string scratch;                  // empty: no overlay
  std::shared_ptr<RunFolders> folders;  // in it
  std::string home;
  std::vector<std::string> hidden_paths;
  SyscallFilters filters;
  bool can_disable_user_namespaces = false;
  bool has_overlay = false;
  std::optional<int> landlock_abi_cap;
  std::set<std::string> without;

  [[nodiscard]] bool with(const char* layer) const { return !without.contains(layer); }
};

[[nodiscard]] Result<std::unique_ptr<Run>> launch_run(const Machine& machine, const Request& request);
// What is told when pryx-sandbox-init could not do one of its steps. Doctor knows the layers as they were at
// the daemon's start, so what belongs to namespaces carries the fix itself.
[[nodiscard]] std::string describe_refusal(const Machine& machine, std::string_view refusal,
                                           const std::string& settings = "/proc/sys");
// Why namespaces do not work here and the setting that changes it. `init`: pryx-sandbox-init, which makes
// some as well as bubblewrap. `settings` is where the kernel's are read.
[[nodiscard]] std::string namespaces_fix(const Machine& machine, const std::string& settings = "/proc/sys");

}  // namespace pryx::sandbox
