// SPDX-License-Identifier: MIT
#include "engine/tools/shell/child_run.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "foundation/base/log.h"

namespace pryx::tools::shell {
namespace {

constexpr std::size_t kPiece = 64u << 10;  // the size of a pipe: what one turn of the loop takes
// After the end the pipe holds what was not read yet: 1 MiB is the largest an unprivileged program can make.
constexpr int kPiecesAfterEnd = 17;

struct Pipes {
  platform::UniqueFd input, output, error_output;
};

}  // namespace

std::string_view to_text(KillReason reason) {
  switch (reason) {
    case KillReason::kNone:
      return "";
    case KillReason::kTimeLimit:
      return "time limit";
    case KillReason::kCancelled:
      return "cancelled";
    case KillReason::kStopped:
      return "stopped";
    case KillReason::kSessionEnded:
      return "session ended";
    case KillReason::kDaemonStops:
      return "daemon stopped";
  }
  return "";
}

// How the I/O thread tells the child's thread that it shall end: the descriptor becomes readable.
struct ChildRun::Signal {
  // How much time it gets; a later wish may be stricter.
  enum class Wish : std::uint64_t { kEnd = 1, kEndSoon = 1u << 10, kEndNow = 1u << 20 };
  platform::UniqueFd fd;
  void raise(Wish wish) const {
    const auto value = static_cast<std::uint64_t>(wish);
    static_cast<void>(!::write(fd.get(), &value, sizeof value));
  }
  // The grace of the strictest wish that came; nothing: none did.
  [[nodiscard]] std::optional<Duration> take(Duration grace) const {
    std::uint64_t value = 0;
    if (::read(fd.get(), &value, sizeof value) != static_cast<ssize_t>(sizeof value)) return std::nullopt;
    if (value >= static_cast<std::uint64_t>(Wish::kEndNow)) return Duration::zero();
    return value >= static_cast<std::uint64_t>(Wish::kEndSoon) ? std::min(grace, kCancelGrace) : grace;
  }
};

// Everything on the I/O side. Shared with the handlers that the loop still holds when the owner is gone.
struct ChildRun::State : std::enable_shared_from_this<State> {
  using Descriptor = boost::asio::posix::stream_descriptor;

  State(async::EventLoop& l, OnOutput callback)
      : loop(l), on_output(std::move(callback)), launched(l), ended(l) {}

  async::EventLoop& loop;
  OnOutput on_output;
  std::shared_ptr<Signal> signal = std::make_shared<Signal>();
  async::OneShot<Result<void>> launched;
  async::OneShot<ChildEnd> ended;
  std::array<std::optional<Descriptor>, 2> outputs;
  std::optional<Descriptor> input;
  std::string pending_input;
  std::size_t input_sent = 0;
  bool close_when_sent = false;
  bool input_refused = false;
  KillReason reason = KillReason::kNone;

  void started(Pipes pipes);
  void finished(Result<ChildEnd> end);
  void read_later(OutputStream stream);
  [[nodiscard]] bool read_piece(OutputStream stream);
  void send();
  void close_input() {
    input.reset();
    pending_input.clear();
  }
  void let_go() {
    on_output = nullptr;
    for (auto& output : outputs) output.reset();
    close_input();
  }
};

void ChildRun::State::started(Pipes pipes) {
  const auto adopt = [this](platform::UniqueFd& fd, std::optional<Descriptor>& into) {
    if (fd) into.emplace(loop.executor(), fd.release());
  };
  adopt(pipes.output, outputs[0]);
  adopt(pipes.error_output, outputs[1]);
  adopt(pipes.input, input);
  for (const OutputStream stream : {OutputStream::kOutput, OutputStream::kErrorOutput}) read_later(stream);
  launched.set({});
  send();
}

void ChildRun::State::read_later(OutputStream stream) {
  auto& output = outputs[static_cast<std::size_t>(stream)];
  if (!output) return;
  output->async_wait(Descriptor::wait_read,
                     [self = shared_from_this(), stream](const boost::system::error_code& error) {
                       if (!error && self->read_piece(stream)) self->read_later(stream);
                     });
}

// False when there is nothing more: not yet, or never.
bool ChildRun::State::read_piece(OutputStream stream) {
  auto& output = outputs[static_cast<std::size_t>(stream)];
  if (!output) return false;
  std::array<char, kPiece> buffer;
  ssize_t got = 0;
  do {
    got = ::read(output->native_handle(), buffer.data(), buffer.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return !ended.is_set();
  if (got <= 0) {
    output.reset();
    return false;
  }
  if (on_output) on_output(stream, std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  return true;
}

void ChildRun::State::send() {
  while (input && input_sent < pending_input.size()) {
    const ssize_t put =
        ::write(input->native_handle(), pending_input.data() + input_sent, pending_input.size() - input_sent);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) {
      input->async_wait(Descriptor::wait_write,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          if (!error) self->send();
                        });
      return;
    }
    if (put < 0) {
      input_refused = true;
      close_input();
      return;
    }
    input_sent += static_cast<std::size_t>(put);
  }
  pending_input.clear();
  input_sent = 0;
  if (close_when_sent) close_input();
}

void ChildRun::State::finished(Result<ChildEnd> end) {
  if (!launched.is_set()) {
    launched.set(end ? Result<void>{} : std::unexpected(end.error()));
    if (!end) return;
  }
  // Everything below the child is dead, so what the pipes hold is all there will be. Whoever left a
  // descriptor elsewhere alive does not keep us waiting.
  for (const OutputStream stream : {OutputStream::kOutput, OutputStream::kErrorOutput}) {
    auto& output = outputs[static_cast<std::size_t>(stream)];
    for (int i = 0; i < kPiecesAfterEnd && output; ++i) {
      pollfd entry{output->native_handle(), POLLIN, 0};
      if (::poll(&entry, 1, 0) <= 0 || !read_piece(stream)) break;
    }
    output.reset();
  }
  // What is still in our own queue never reached it.
  if (input && input_sent < pending_input.size()) input_refused = true;
  close_input();
  // It may have ended by itself just before it was told to.
  if (end->was_told_to_end) end->killed_for = reason;
  // The sandbox's own first process passes the end by a signal on as a number.
  if (end->was_told_to_end && end->status == platform::ExitStatus{128 + SIGTERM, 0})
    end->status = {-1, SIGTERM};
  end->input_refused = input_refused;
  ended.set(std::move(*end));
}

namespace {

// Until the child has ended. True when it was told to. `wish` says how long it may still take.
bool wait_for_end(sandbox::Run& run, int signal_fd, const std::function<std::optional<Duration>()>& wish) {
  pollfd entries[2] = {{run.process().pidfd(), POLLIN, 0}, {signal_fd, POLLIN, 0}};
  int left = -1;  // for ever
  for (;;) {
    const int ready = ::poll(entries, 2, left);
    if (ready < 0) continue;
    if (entries[0].revents != 0) return left >= 0;
    if (ready == 0) break;
    const std::optional<Duration> grace = wish();
    if (!grace) continue;
    const int ms = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(*grace).count());
    if (ms <= 0) break;
    if (left < 0) run.ask_to_end();
    left = left < 0 ? ms : std::min(left, ms);
  }
  run.process().kill_group(SIGKILL);
  while (entries[0].revents == 0) static_cast<void>(::poll(entries, 1, -1));
  return true;
}

}  // namespace

// On the child's own thread, which the kernel watches for it.
void ChildRun::watch(async::EventLoop& loop, sandbox::Sandbox& sandbox, const sandbox::Request& request,
                     const Signal& signal, RunRecorder* recorder, Duration grace,
                     const std::shared_ptr<State>& state) {
  auto run = sandbox.launch(request);
  if (!run) {
    loop.post([state, error = run.error()] { state->finished(std::unexpected(error)); });
    return;
  }
  platform::Subprocess& child = (*run)->process();
  Pipes pipes{std::move(child.input()), std::move(child.output()), std::move(child.error_output())};
  loop.post([state, p = std::move(pipes)]() mutable { state->started(std::move(p)); });
  ChildEnd end;
  end.was_told_to_end = wait_for_end(**run, signal.fd.get(), [&signal, grace] { return signal.take(grace); });
  const auto status = child.wait_for(Duration::zero());
  if (status && *status)
    end.status = **status;
  else
    end.finish_problem = status ? "its exit status was lost" : status.error().message;
  auto applied = (*run)->finish(recorder);
  if (applied) {
    end.quarantined = std::move(applied->quarantined);
    end.written_directly = std::move(applied->written_directly);
  } else {
    end.finish_problem = applied.error().message;
  }
  run->reset();
  loop.post([state, e = std::move(end)]() mutable { state->finished(std::move(e)); });
}

async::Task<Result<std::unique_ptr<ChildRun>>> ChildRun::launch(async::EventLoop& loop,
                                                                sandbox::Sandbox& sandbox,
                                                                sandbox::Request request, OnOutput on_output,
                                                                std::shared_ptr<RunRecorder> recorder,
                                                                Duration grace) {
  auto state = std::make_shared<State>(loop, std::move(on_output));
  state->signal->fd.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state->signal->fd)
    co_return std::unexpected(platform::system_error("make the signal of a command", errno));
  std::unique_ptr<ChildRun> run(new ChildRun(state));
  run->recorder_ = recorder;
  auto job = [&loop, &sandbox, request = std::move(request), signal = state->signal, recorder, grace,
              state]() mutable {
    watch(loop, sandbox, request, *signal, recorder.get(), grace, state);
    // The last reference belongs to the loop's thread.
    loop.post([last = std::move(state)] {});
  };
  try {
    run->thread_ = std::make_unique<async::DedicatedThread>(std::move(job));
  } catch (const std::system_error& error) {
    co_return fail(ErrorCode::kUnavailable, "start a thread for the command: {}", error.what());
  }
  const Result<void> launched = co_await state->launched.wait_uncancellable();
  if (!launched) co_return std::unexpected(launched.error());
  co_return std::move(run);
}

ChildRun::~ChildRun() {
  state_->signal->raise(Signal::Wish::kEndNow);
  // Its thread may wait for this one.
  if (recorder_) recorder_->abandon();
  thread_.reset();
  state_->let_go();
}

Result<void> ChildRun::write_input(std::string_view bytes) {
  State& s = *state_;
  if (s.input_refused || !s.input || s.close_when_sent)
    return fail(ErrorCode::kConflict, "its standard input is closed");
  if (s.pending_input.size() - s.input_sent + bytes.size() > kMaxPendingInput)
    return fail(ErrorCode::kOverloaded, "it has not read the {} bytes that wait for it; try later",
                s.pending_input.size() - s.input_sent);
  const bool was_idle = s.pending_input.empty();
  s.pending_input += bytes;
  if (was_idle) s.send();
  return {};
}

void ChildRun::close_input() {
  state_->close_when_sent = true;
  if (state_->pending_input.empty()) state_->close_input();
}

void ChildRun::kill(KillReason reason) {
  const bool at_once = reason == KillReason::kDaemonStops;
  if (state_->ended.is_set() || (state_->reason != KillReason::kNone && !at_once)) return;
  if (state_->reason == KillReason::kNone) state_->reason = reason;
  Signal::Wish wish = Signal::Wish::kEnd;
  if (reason == KillReason::kCancelled) wish = Signal::Wish::kEndSoon;
  state_->signal->raise(at_once ? Signal::Wish::kEndNow : wish);
}

bool ChildRun::has_ended() const { return state_->ended.is_set(); }

async::Task<Result<ChildEnd>> ChildRun::wait(std::optional<Duration> limit) {
  co_return co_await state_->ended.wait(limit);
}

async::Task<ChildEnd> ChildRun::wait_uncancellable() {
  co_return co_await state_->ended.wait_uncancellable();
}

}  // namespace pryx::tools::shell
