// SPDX-License-Identifier: MIT
// How long a turn has worked in this run: the time that it waits for a person, or for its sub-agents, does
// not count. Calls back once when that is more than the limit. Owned by the run; I/O thread only.
#pragma once
#include <algorithm>
#include <functional>
#include <utility>

#include "foundation/async/event_loop.h"

namespace pryx::agent {

class WorkClock {
 public:
  // Stands still until go_on(). A limit of zero is none.
  WorkClock(async::EventLoop& loop, Duration limit, std::function<void()> on_over)
      : loop_(loop), left_(limit), is_limited_(limit > Duration::zero()), on_over_(std::move(on_over)) {}
  ~WorkClock() { pause(); }
  WorkClock(const WorkClock&) = delete;
  WorkClock& operator=(const WorkClock&) = delete;

  void go_on() {
    if (!is_limited_ || is_over_ || timer_ != 0) return;
    since_ = loop_.clock().monotonic();
    timer_ = loop_.call_after(std::max(left_, Duration::zero()), [this] {
      timer_ = 0;
      is_over_ = true;
      on_over_();
    });
  }
  void pause() {
    if (timer_ == 0) return;
    loop_.cancel_timer(std::exchange(timer_, 0));
    left_ -= loop_.clock().monotonic() - since_;
  }

 private:
  async::EventLoop& loop_;
  Duration left_;
  bool is_limited_;
  std::function<void()> on_over_;
  MonotonicTime since_;
  async::EventLoop::TimerId timer_ = 0;
  bool is_over_ = false;
};

}  // namespace pryx::agent
