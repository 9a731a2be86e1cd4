// SPDX-License-Identifier: MIT
// The sandbox around everything that runs a program: bubblewrap namespaces, then pryx-sandbox-init with
// Landlock, seccomp, limits and an environment from empty. A layer that cannot be set up is a refusal with
// the fix, never a run without it. Launching blocks (call it from a worker thread); the report is a value.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/platform/held_directory.h"
#include "foundation/platform/subprocess.h"

namespace pryx::sandbox {

// One layer as this machine has it, for `pryx doctor` and for refusals.
struct Layer {
  std::string name;  // "namespaces", "landlock", "seccomp", "overlay", "no new privileges"…
  bool works = false;
  std::string detail;  // "ABI 7, all features", "unprivileged user namespaces are off"
  std::string fix;     // the exact command or setting, when it does not work
};
struct Report {
  bool usable = false;  // every layer that a run needs
  std::vector<Layer> layers;
};

struct Limits {
  Duration wall_time = std::chrono::minutes(10);
  std::uint64_t cpu_seconds = 600;
  std::uint64_t memory_bytes = 4ull << 30;  // address space of one process
  std::uint64_t processes = 256;
  std::uint64_t open_files = 1024;
  std::uint64_t file_bytes = 2ull << 30;  // largest file it may write
};

struct Request {
  std::string program;            // absolute path, or a name that is searched in the sandbox's own PATH
  std::vector<std::string> argv;  // with argv[0]
  std::map<std::string, std::string> env;  // on top of the fixed minimal one; the caller has judged it
  std::shared_ptr<const platform::HeldDirectory> workspace;  // writable; null: none
  bool workspace_writable = true;
  std::string cwd;            // relative to the workspace; "" is the workspace itself
  std::string egress_socket;  // host path of a proxy socket of egress::Broker; empty: no network at all
  std::vector<std::string> hidden_paths;  // besides the built-in list: Pryx's own places
  platform::Stream standard_input = platform::Stream::kNull;
  Limits limits;
};

// What happened to protected names (.git/hooks, rc files, unit files…) that did not exist before the run.
struct Applied {
  std::vector<std::string> quarantined;  // relative paths that were refused or moved aside
};

// One running child with everything below it. Destroying it kills all of it, also grandchildren in sessions
// of their own.
class Run {
 public:
  virtual ~Run() = default;
  [[nodiscard]] virtual platform::Subprocess& process() = 0;  // pipes and pidfd of the outermost process
  // Once, after the process ended: takes over what it wrote and refuses protected names. Blocking.
  [[nodiscard]] virtual Result<Applied> finish() = 0;
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;
  [[nodiscard]] virtual const Report& report() const = 0;  // probed once at construction by real runs
  // kDenied with the fix when a layer cannot be set up.
  [[nodiscard]] virtual Result<std::unique_ptr<Run>> launch(const Request& request) = 0;
};

struct Options {
  std::string init_program;               // path of pryx-sandbox-init; empty: beside this executable
  std::vector<std::string> hidden_paths;  // Pryx's config, data, state, cache and run places
  std::string scratch;                    // private directory of ours for overlays' upper directories
  std::optional<int> landlock_abi_cap;    // tests: pretend an older kernel
};
[[nodiscard]] std::unique_ptr<Sandbox> make_sandbox(Options options);

}  // namespace pryx::sandbox
