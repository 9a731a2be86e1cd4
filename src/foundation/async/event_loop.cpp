// SPDX-License-Identifier: MIT
#include "foundation/async/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <unordered_map>

#include "foundation/async/wait_list.h"

namespace pryx::async {

namespace asio = boost::asio;

struct RealEventLoop::State {
  explicit State(const Clock& c) : clock(c) {}
  const Clock& clock;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer kernel_timer{context};
  std::multimap<MonotonicTime, std::pair<TimerId, Callback>> waiting;
  std::unordered_map<TimerId, std::multimap<MonotonicTime, std::pair<TimerId, Callback>>::iterator> by_id;
  TimerId next_id = 1;
  MonotonicTime armed_for{Duration::max()};

  void arm() {
    if (waiting.empty()) {
      // An idle timer may fire once for nothing; cancelling it each time would cost more.
      return;
    }
    const MonotonicTime first = waiting.begin()->first;
    if (armed_for <= first) return;
    armed_for = first;
    kernel_timer.expires_after(std::max(Duration::zero(), first - clock.monotonic()));
    kernel_timer.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      armed_for = MonotonicTime{Duration::max()};
      fire_due();
      arm();
    });
  }

  void fire_due() {
    const MonotonicTime now = clock.monotonic();
    while (!waiting.empty() && waiting.begin()->first <= now) {
      auto node = waiting.extract(waiting.begin());
      by_id.erase(node.mapped().first);
      node.mapped().second();
    }
  }
};

RealEventLoop::RealEventLoop(const Clock& clock) : state_(std::make_unique<State>(clock)) {}
RealEventLoop::~RealEventLoop() = default;
asio::any_io_executor RealEventLoop::executor() { return state_->context.get_executor(); }
asio::io_context& RealEventLoop::context() { return state_->context; }
const Clock& RealEventLoop::clock() const { return state_->clock; }

EventLoop::TimerId RealEventLoop::call_after(Duration delay, Callback callback) {
  const TimerId id = state_->next_id++;
  const auto at =
      state_->waiting.emplace(state_->clock.monotonic() + delay, std::pair(id, std::move(callback)));
  state_->by_id.emplace(id, at);
  state_->arm();
  return id;
}

void RealEventLoop::cancel_timer(TimerId id) {
  const auto found = state_->by_id.find(id);
  if (found == state_->by_id.end()) return;
  state_->waiting.erase(found->second);
  state_->by_id.erase(found);
}

void RealEventLoop::post(Callback callback) { asio::post(state_->context, std::move(callback)); }
void RealEventLoop::run() { state_->context.run(); }
void RealEventLoop::stop() { state_->context.stop(); }

Task<Result<void>> sleep(EventLoop& loop, Duration duration) {
  WaitList nobody_wakes(loop);
  const WaitEnd end = co_await nobody_wakes.wait_for(duration);
  if (end == WaitEnd::kCancelled) co_return fail(ErrorCode::kCancelled, "cancelled while waiting");
  co_return Result<void>{};
}

Task<void> let_others_run(EventLoop& loop) {
  WaitList turn(loop);
  loop.post([&turn] { turn.wake_all(); });
  co_await turn.wait_uncancellable();
}

Task<bool> is_cancelled() {
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace pryx::async
