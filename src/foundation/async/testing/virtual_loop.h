// SPDX-License-Identifier: MIT
// A loop with a virtual clock: timers fire in order without waiting. run_until_idle() drives everything that
// can happen. Single thread.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <optional>

#include "foundation/async/event_loop.h"
#include "foundation/async/task_group.h"
#include "foundation/base/testing/manual_clock.h"

namespace pryx::async::testing {

class VirtualLoop final : public EventLoop {
 public:
  [[nodiscard]] boost::asio::any_io_executor executor() override { return context_.get_executor(); }
  [[nodiscard]] const Clock& clock() const override { return clock_; }
  [[nodiscard]] pryx::testing::ManualClock& manual_clock() { return clock_; }
  TimerId call_after(Duration delay, Callback callback) override {
    const TimerId id = next_id_++;
    timers_.emplace(std::pair(clock_.monotonic() + delay, id), std::move(callback));
    return id;
  }
  void cancel_timer(TimerId id) override {
    std::erase_if(timers_, [id](const auto& timer) { return timer.first.second == id; });
  }
  void post(Callback callback) override { boost::asio::post(context_, std::move(callback)); }

  // Runs what is ready without moving the clock. False when nothing was.
  bool poll() {
    context_.restart();
    return context_.poll() > 0;
  }
  // Moves the clock to the next timer and fires it. False when no timer waits.
  bool advance_to_next_timer() {
    if (timers_.empty()) return false;
    auto node = timers_.extract(timers_.begin());
    const Duration ahead = node.key().first - clock_.monotonic();
    if (ahead > Duration::zero()) clock_.advance(ahead);
    node.mapped()();
    return true;
  }
  // Until neither handlers nor timers are left, or the clock passed the limit.
  void run_until_idle(Duration limit = std::chrono::hours(24 * 365)) {
    const MonotonicTime end = clock_.monotonic() + limit;
    for (;;) {
      while (poll()) {
      }
      if (timers_.empty() || timers_.begin()->first.first > end) return;
      advance_to_next_timer();
    }
  }
  void run_for(Duration duration) {
    const MonotonicTime end = clock_.monotonic() + duration;
    run_until_idle(duration);
    if (clock_.monotonic() < end) clock_.advance(end - clock_.monotonic());
    while (poll()) {
    }
  }

 private:
  boost::asio::io_context context_{1};
  pryx::testing::ManualClock clock_;
  std::map<std::pair<MonotonicTime, TimerId>, Callback> timers_;
  TimerId next_id_ = 1;
};

namespace detail {
template <class T>
Task<void> keep(Task<T> task, std::optional<T>& out) {
  auto value = co_await std::move(task);
  out.emplace(std::move(value));
}
}  // namespace detail

// Drives one coroutine to its end on a virtual loop and returns its value.
template <class T>
T run(VirtualLoop& loop, Task<T> task) {
  std::optional<T> out;
  TaskGroup group(loop, "test");
  group.spawn("run", detail::keep<T>(std::move(task), out));
  loop.run_until_idle();
  PRYX_CHECK(out.has_value());
  return std::move(*out);
}

}  // namespace pryx::async::testing
