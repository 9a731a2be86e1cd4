// SPDX-License-Identifier: MIT
// The sandbox around everything that runs a program: bubblewrap namespaces, then pryx-sandbox-init with
// Landlock, seccomp, limits and an environment from empty. A layer that cannot be set up is a refusal with
// the fix, never a run without it. Launching blocks until the command has started (call it from a thread that
// lives as long as the run: the kernel ties its life to that thread); the report is a value.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/base/secret.h"
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
  Duration wall_time =
      std::chrono::minutes(10);             // kept by the caller: process().wait_for(), then kill_group()
  std::uint64_t cpu_seconds = 600;          // of one process
  std::uint64_t memory_bytes = 4ull << 30;  // private writable memory of one process
  std::uint64_t processes = 256;
  std::uint64_t open_files = 1024;
  std::uint64_t file_bytes = 2ull << 30;       // largest file it may write
  std::uint64_t temporary_bytes = 1ull << 30;  // of each of its private /tmp, home and /dev/shm
};

// A secret that a command may read. It comes from a descriptor that only this start holds, lies in memory,
// and is in no environment and no argument.
struct SecretFile {
  std::string name;  // below kSecretsFolder: is_secret_file_name()
  Secret value;
};
inline constexpr std::string_view kSecretsFolder = "/run/secrets";
inline constexpr std::size_t kMaxSecretFiles = 8;
// A-Z a-z 0-9 . _ - , not only dots, and at most 128 characters.
[[nodiscard]] bool is_secret_file_name(std::string_view name);

struct Request {
  std::string program;            // absolute path, or a name that is searched in the sandbox's own PATH
  std::vector<std::string> argv;  // with argv[0]
  std::map<std::string, std::string> env;  // on top of the fixed minimal one; the caller has judged it
  std::shared_ptr<const platform::HeldDirectory> workspace;  // writable; null: none
  bool workspace_writable = true;
  // Whether names that agents read as their own instructions are refused, too (is_own_future()): a command
  // does not say what it writes, so nobody can be asked about it.
  bool keeps_instructions = false;
  std::string cwd;  // relative to the workspace; "" is the workspace itself
  // Host path of a proxy socket of egress::Broker, reached inside as an HTTP proxy that http_proxy and its
  // kin name; empty: no network at all.
  std::string egress_socket;
  std::vector<std::string> hidden_paths;  // besides the built-in list: Pryx's own places
  std::vector<SecretFile> secrets;        // each readable at kSecretsFolder/name
  platform::Stream standard_input = platform::Stream::kNull;
  Limits limits;
};

// What a run left in the workspace, and what of it was refused (.git/hooks, rc files, unit files…). At most
// 1,000 names each.
struct Applied {
  std::vector<std::string>
      changed;  // relative paths that were written, made or deleted; empty without an overlay
  std::vector<std::string> quarantined;  // relative paths that were refused or moved aside
  // Not empty: why no overlay held the writes back. They were in the workspace while the command ran, and
  // what is quarantined was moved aside at its end.
  std::string written_directly;
};

// A name of the workspace before and after it is taken over.
struct ComingChange {
  enum class Kind : std::uint8_t { kFile, kFolder, kOther };  // kOther: a symbolic link or a FIFO
  struct Side {
    Kind kind = Kind::kFile;
    std::uint32_t mode = 0;  // permission bits
    std::uint64_t size = 0;
    std::string digest;  // hex SHA-256 of a file's bytes or of what a link names; empty when not read
  };
  std::string path;
  std::optional<Side> before;  // nullopt: there is nothing
  std::optional<Side> after;   // nullopt: there will be nothing
  std::string content;         // of a file before, or what a link named; empty when it is too much
  bool has_content = false;
};

// Gets everything that a run is about to change, before the first of it is changed: in pieces, in an order
// whose reverse gives it back. What cannot be recorded does not happen. Called on the thread of the run.
class ChangeRecorder {
 public:
  static constexpr std::uint64_t kMaxFileBytes = 16u << 20;    // of one content
  static constexpr std::uint64_t kMaxTotalBytes = 256u << 20;  // of all contents of a run
  static constexpr std::size_t kMaxNames = 50'000;             // beyond them only the number is told
  virtual ~ChangeRecorder() = default;
  [[nodiscard]] virtual Result<void> record(std::vector<ComingChange> changes) = 0;
  // That many more names, or, without a number, all that was written: nothing held it back.
  [[nodiscard]] virtual Result<void> record_unknown(std::optional<std::uint64_t> names) = 0;
};

// One running child with everything below it. Destroying it kills all of it, also grandchildren in sessions
// of their own; what it wrote is then dropped, unless finish() was called. A command that a signal ended
// shows as exit code 128 + signal.
class Run {
 public:
  virtual ~Run() = default;
  [[nodiscard]] virtual platform::Subprocess& process() = 0;  // pipes and pidfd of the outermost process
  // SIGTERM to the command and what shares its group: a chance to tidy up. Who calls it sets the limit, and
  // ends the run by finish() or by destroying it. Processes in sessions of their own learn nothing of it.
  virtual void ask_to_end() = 0;
  // Once: ends whatever still runs, tells the recorder, takes over what was written and refuses protected
  // names. Blocking. When the recorder refuses, what was written is kept aside.
  [[nodiscard]] virtual Result<Applied> finish(ChangeRecorder* recorder = nullptr) = 0;
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;
  [[nodiscard]] virtual const Report& report() const = 0;  // probed once at construction by real runs
  // The folders in which a command's programs are looked for, in order: its PATH. Any thread.
  [[nodiscard]] virtual std::vector<std::string> search_path() const = 0;
  // kDenied with the fix when a layer cannot be set up; kNotFound when there is no such program inside.
  [[nodiscard]] virtual Result<std::unique_ptr<Run>> launch(const Request& request) = 0;
};

struct Options {
  std::string init_program;               // path of pryx-sandbox-init; empty: beside this executable
  std::vector<std::string> hidden_paths;  // Pryx's config, data, state, cache and run places
  std::string scratch;                    // private directory of ours for overlays' upper directories
  // Does a small blocking job soon, away from the run; false: it does not, and the run does it itself.
  // Called on threads of runs, also after the sandbox is gone.
  using Later = std::function<bool(std::function<void()>)>;
  Later later;
  // Tests only. A home other than the user's own, an older kernel, and layers left out to learn what each is
  // good for: "files" (the whole disk is visible and writable for the mounts), "landlock", "seccomp", "net",
  // "pid", "ipc", "user" (bubblewrap still makes one, but allows more below it), "session", "limits",
  // "overlay", "apply".
  std::string home;
  std::optional<int> landlock_abi_cap;
  std::set<std::string> without;
};
// Never fails: what does not work is in the report, and launch() then refuses. Runs a few short programs.
[[nodiscard]] std::unique_ptr<Sandbox> make_sandbox(Options options);

}  // namespace pryx::sandbox
