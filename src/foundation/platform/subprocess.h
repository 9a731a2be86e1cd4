// SPDX-License-Identifier: MIT
// Subprocess: a child with an argv array (never a shell line), an environment that is exactly the given map,
// its own session, no descriptor but the named ones, and an owner: when the object goes, the child's whole
// group is killed and reaped. Blocking calls; spawn from a thread that lives as long as the child may,
// because the kernel ties kDiesWithParent to that thread.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/platform/files.h"

namespace pryx::platform {

enum class Stream : std::uint8_t {
  kNull,     // /dev/null
  kPipe,     // our end is non-blocking
  kInherit,  // this process's own
};
enum class Lifetime : std::uint8_t {
  kDiesWithParent,  // also when this process is killed; its own children only with it inside a pid namespace
                    // (trust/sandbox)
  kOutlivesParent,  // a daemon that is started: dropping the object lets it run
};
enum class Privileges : std::uint8_t { kKeep, kNoNew };  // kNoNew: set-uid programs below gain nothing

struct ResourceLimit {
  int resource = 0;  // RLIMIT_…
  std::uint64_t value = 0;
};

struct SpawnOptions {
  std::string executable;         // absolute path; nothing is searched
  std::vector<std::string> argv;  // with argv[0]
  std::map<std::string, std::string> env;
  std::string cwd;  // empty: cwd_fd, or "/" without either
  int cwd_fd = -1;
  Stream standard_input = Stream::kNull;
  Stream standard_output = Stream::kNull;
  Stream standard_error = Stream::kNull;
  int output_fd = -1;         // used for both output streams that are kInherit, in place of our own
  std::vector<int> pass_fds;  // become descriptors 3, 4, … of the child
  std::vector<ResourceLimit> limits;
  Lifetime lifetime = Lifetime::kDiesWithParent;
  Privileges privileges = Privileges::kNoNew;
};

struct ExitStatus {
  int code = -1;   // -1 when a signal ended it
  int signal = 0;  // 0 when it exited
  [[nodiscard]] bool is_success() const { return code == 0; }
  [[nodiscard]] std::string describe() const;  // "exit code 3", "signal 9 (Killed)"
  bool operator==(const ExitStatus&) const = default;
};

class Subprocess {
 public:
  // An error when the program cannot be started at all: a missing file is kNotFound here, not an exit code.
  [[nodiscard]] static Result<Subprocess> spawn(const SpawnOptions& options);
  Subprocess(Subprocess&& other) noexcept;
  Subprocess& operator=(Subprocess&& other) noexcept;
  ~Subprocess();

  [[nodiscard]] pid_t pid() const { return pid_; }          // also its group and session
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }  // readable once the child has ended
  [[nodiscard]] UniqueFd& input() { return input_; }
  [[nodiscard]] UniqueFd& output() { return output_; }
  [[nodiscard]] UniqueFd& error_output() { return error_output_; }

  // Nothing when the limit passed. After the child's end what is left of its group is killed, unless it
  // outlives us.
  [[nodiscard]] Result<std::optional<ExitStatus>> wait_for(Duration limit);
  void kill_group(int signal);
  // Gives the child up: the destructor leaves it alone.
  void release();

 private:
  Subprocess() = default;
  void end();
  pid_t pid_ = -1;
  UniqueFd pidfd_, input_, output_, error_output_;
  Lifetime lifetime_ = Lifetime::kDiesWithParent;
  std::optional<ExitStatus> status_;
};

struct CompletedRun {
  ExitStatus status;
  std::string output;
  std::string error_output;
  bool truncated = false;  // output beyond the limit was dropped
};
// Spawns, feeds the input, collects both outputs and waits. kTimeout kills the group.
[[nodiscard]] Result<CompletedRun> run_to_completion(SpawnOptions options, std::string_view input,
                                                     Duration limit, std::size_t max_output_bytes = 1u << 20);

// Looks a program up in fixed system directories, never in $PATH: what a user's environment says must not
// choose what root runs.
[[nodiscard]] std::optional<std::string> find_system_program(std::string_view name);

}  // namespace pryx::platform
