// SPDX-License-Identifier: MIT
// One command in the sandbox, from launch to the last byte of its output. The launch, the wait for the end
// and the sandbox's finishing step block, so they have a thread of their own that lives as long as the child
// (the kernel ties the child's life to it); pipes are read and written on the I/O thread, one piece at a
// time, so that a program that floods its output slows down only itself. I/O thread only.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tools/shell/command_journal.h"
#include "engine/tools/shell/output_stream.h"
#include "foundation/async/dedicated_thread.h"
#include "foundation/async/wait_list.h"
#include "trust/sandbox/sandbox.h"

namespace pryx::tools::shell {

// Why Pryx ended it; the first reason stands.
enum class KillReason : std::uint8_t { kNone, kTimeLimit, kCancelled, kStopped, kSessionEnded, kDaemonStops };
[[nodiscard]] std::string_view to_text(KillReason reason);  // "time limit", "cancelled"…

struct ChildEnd {
  platform::ExitStatus status;
  KillReason killed_for = KillReason::kNone;
  bool was_told_to_end = false;          // before it ended
  std::vector<std::string> quarantined;  // protected names that the sandbox refused to take over
  std::string written_directly;          // not empty: why its writes were not held back until its end
  std::string finish_problem;            // not empty: what it wrote could not be taken over, and why
  bool input_refused = false;            // it closed its standard input before it had read everything
  [[nodiscard]] bool is_success() const {
    return killed_for == KillReason::kNone && status.is_success() && finish_problem.empty();
  }
};

class ChildRun {
 public:
  static constexpr std::size_t kMaxPendingInput = 1u << 20;
  static constexpr Duration kGrace = std::chrono::seconds(2);  // between being asked to end and being killed
  static constexpr Duration kCancelGrace = std::chrono::milliseconds(100);  // a person waits for it
  using OnOutput = std::function<void(OutputStream, std::string_view)>;

  // Returns once it runs, or says why the sandbox refused. Not cancellable: whoever was cancelled meanwhile
  // finds out at the next wait. `on_output` is called until the end; it must live as long as this object.
  // `recorder` is told what the run changed before that is taken over; null: nobody is.
  [[nodiscard]] static async::Task<Result<std::unique_ptr<ChildRun>>> launch(
      async::EventLoop& loop, sandbox::Sandbox& sandbox, sandbox::Request request, OnOutput on_output,
      std::shared_ptr<RunRecorder> recorder = nullptr, Duration grace = kGrace);
  ~ChildRun();  // kills what still runs at once and waits for its end: blocking then
  ChildRun(const ChildRun&) = delete;
  ChildRun& operator=(const ChildRun&) = delete;

  // kOverloaded when the process does not read what it was given before; kConflict when its input is closed.
  [[nodiscard]] Result<void> write_input(std::string_view bytes);
  void close_input();  // once everything written is taken
  // Asks the command to end (SIGTERM); when the grace is over or the command has ended, everything below it
  // is killed. When the daemon stops, at once.
  void kill(KillReason reason);
  [[nodiscard]] bool has_ended() const;
  // kTimeout or kCancelled when it has not ended; it runs on then.
  [[nodiscard]] async::Task<Result<ChildEnd>> wait(std::optional<Duration> limit = std::nullopt);
  [[nodiscard]] async::Task<ChildEnd> wait_uncancellable();

 private:
  struct Signal;
  struct State;
  explicit ChildRun(std::shared_ptr<State> state) : state_(std::move(state)) {}
  static void watch(async::EventLoop& loop, sandbox::Sandbox& sandbox, const sandbox::Request& request,
                    const Signal& signal, RunRecorder* recorder, Duration grace,
                    const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
  std::shared_ptr<RunRecorder> recorder_;
  std::unique_ptr<async::DedicatedThread> thread_;
};

}  // namespace pryx::tools::shell
