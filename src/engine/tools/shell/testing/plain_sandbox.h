// SPDX-License-Identifier: MIT
// A sandbox without walls: the command runs as an ordinary child of the test. Tests only; what the real one
// guarantees (no network, no escape, orphans killed) is proven with the real one.
#pragma once
#include <atomic>
#include <csignal>
#include <functional>
#include <optional>

#include "trust/sandbox/sandbox.h"

namespace pryx::tools::shell::testing {

class PlainSandbox final : public sandbox::Sandbox {
 public:
  std::optional<Error> refusal;          // instead of a launch
  std::optional<Error> finish_failure;   // instead of taking over what was written
  std::vector<std::string> quarantined;  // reported by every run
  std::string written_directly;          // so is this
  std::atomic<int> launches = 0;
  sandbox::Request last;                // what was asked for, the last time
  std::function<void()> before_launch;  // on the command's own thread
  std::vector<std::string> programs{"/usr/bin", "/bin"};

  [[nodiscard]] const sandbox::Report& report() const override { return report_; }
  [[nodiscard]] std::vector<std::string> search_path() const override { return programs; }
  [[nodiscard]] Result<std::unique_ptr<sandbox::Run>> launch(const sandbox::Request& request) override {
    if (before_launch) before_launch();
    if (refusal) return std::unexpected(*refusal);
    ++launches;
    last = request;
    platform::SpawnOptions options;
    options.executable = request.program;
    if (request.program.find('/') == std::string::npos) {
      const auto found = platform::find_system_program(request.program);
      if (!found) return fail(ErrorCode::kNotFound, "there is no program '{}'", request.program);
      options.executable = *found;
    }
    options.argv = request.argv;
    options.env = request.env;
    options.env["PATH"] = "/usr/bin:/bin";
    PRYX_TRY(const platform::HeldDirectory folder, request.workspace->open_directory(request.cwd));
    options.cwd_fd = folder.fd();
    options.standard_input = request.standard_input;
    options.standard_output = platform::Stream::kPipe;
    options.standard_error = platform::Stream::kPipe;
    PRYX_TRY(platform::Subprocess child, platform::Subprocess::spawn(options));
    return std::make_unique<PlainRun>(*this, std::move(child));
  }

 private:
  class PlainRun final : public sandbox::Run {
   public:
    PlainRun(PlainSandbox& owner, platform::Subprocess child) : owner_(owner), child_(std::move(child)) {}
    [[nodiscard]] platform::Subprocess& process() override { return child_; }
    void ask_to_end() override { child_.kill_group(SIGTERM); }
    [[nodiscard]] Result<sandbox::Applied> finish(sandbox::ChangeRecorder*) override {
      if (owner_.finish_failure) return std::unexpected(*owner_.finish_failure);
      return sandbox::Applied{
          .changed = {}, .quarantined = owner_.quarantined, .written_directly = owner_.written_directly};
    }

   private:
    PlainSandbox& owner_;
    platform::Subprocess child_;
  };
  sandbox::Report report_{.usable = true, .layers = {}};
};

}  // namespace pryx::tools::shell::testing
