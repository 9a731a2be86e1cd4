// SPDX-License-Identifier: MIT
// Drives a coroutine to its end on the real loop, for tests that talk to real sockets.
#pragma once
#include <chrono>
#include <optional>

#include "foundation/async/event_loop.h"
#include "foundation/async/task_group.h"

namespace pryx::net::testing {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic() const override {
    return {std::chrono::steady_clock::now().time_since_epoch()};
  }
  [[nodiscard]] WallTime wall() const override {
    return {std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::system_clock::now().time_since_epoch())
                .count()};
  }
};

struct RealLoop {
  SystemClock clock;
  async::RealEventLoop loop{clock};
};

namespace detail {
template <class T>
async::Task<void> keep_and_stop(async::Task<T> task, std::optional<T>& out, async::RealEventLoop& loop) {
  T value = co_await std::move(task);
  out.emplace(std::move(value));
  loop.stop();
}
inline async::Task<void> run_and_stop(async::Task<void> task, async::RealEventLoop& loop) {
  co_await std::move(task);
  loop.stop();
}
}  // namespace detail

// Once for each RealLoop: a loop that was stopped does not run again.
template <class T>
T run(RealLoop& real, async::Task<T> task) {
  std::optional<T> out;
  async::TaskGroup group(real.loop, "test");
  group.spawn("run", detail::keep_and_stop<T>(std::move(task), out, real.loop));
  real.loop.run();
  PRYX_CHECK(out.has_value());
  return std::move(*out);
}
inline void run(RealLoop& real, async::Task<void> task) {
  async::TaskGroup group(real.loop, "test");
  group.spawn("run", detail::run_and_stop(std::move(task), real.loop));
  real.loop.run();
}

}  // namespace pryx::net::testing
