// SPDX-License-Identifier: MIT
// EventLoop: the one I/O thread, as an interface. The daemon runs RealEventLoop; the simulation brings one
// with a virtual clock. Only post() may be called from other threads.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "foundation/async/task.h"
#include "foundation/base/clock.h"

namespace boost::asio {
class io_context;
}

namespace pryx::async {

class EventLoop {
 public:
  using Callback = std::move_only_function<void()>;
  using TimerId = std::uint64_t;

  virtual ~EventLoop() = default;
  [[nodiscard]] virtual boost::asio::any_io_executor executor() = 0;
  [[nodiscard]] virtual const Clock& clock() const = 0;
  // Runs once on the loop after the delay, unless cancelled before.
  virtual TimerId call_after(Duration delay, Callback callback) = 0;
  virtual void cancel_timer(TimerId id) = 0;  // unknown and fired ids are ignored
  // Runs soon on the loop. Thread-safe.
  virtual void post(Callback callback) = 0;
};

// The real loop: one io_context, one kernel timer for all waiting timers.
class RealEventLoop final : public EventLoop {
 public:
  explicit RealEventLoop(const Clock& clock);
  ~RealEventLoop() override;
  [[nodiscard]] boost::asio::any_io_executor executor() override;
  [[nodiscard]] boost::asio::io_context& context();  // for foundation/net and platform only
  [[nodiscard]] const Clock& clock() const override;
  TimerId call_after(Duration delay, Callback callback) override;
  void cancel_timer(TimerId id) override;
  void post(Callback callback) override;
  void run();   // until stop()
  void stop();  // thread-safe

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Result is an error only when cancelled.
[[nodiscard]] Task<Result<void>> sleep(EventLoop& loop, Duration duration);
// Lets everything that is ready run first. Not cancellable.
[[nodiscard]] Task<void> let_others_run(EventLoop& loop);
// True once the calling coroutine was cancelled. Cancellation is sticky: from then on every cancellable wait
// fails at once.
[[nodiscard]] Task<bool> is_cancelled();

}  // namespace pryx::async
