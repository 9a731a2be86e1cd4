// SPDX-License-Identifier: MIT
#include "foundation/async/wait_list.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace pryx::async {

namespace asio = boost::asio;

struct WaitList::Waiter {
  std::move_only_function<void(WaitEnd)> handler;
  asio::cancellation_slot slot;
  EventLoop::TimerId timer = 0;
  bool finished = false;
};

WaitList::~WaitList() {
  for (const auto& waiter : waiters_) {
    waiter->finished = true;
    if (waiter->timer != 0) loop_.cancel_timer(waiter->timer);
    if (waiter->slot.is_connected()) waiter->slot.clear();
  }
}

void WaitList::finish(const std::shared_ptr<Waiter>& waiter, WaitEnd end) {
  if (waiter->finished) return;
  waiter->finished = true;
  waiters_.remove(waiter);
  if (waiter->timer != 0) loop_.cancel_timer(waiter->timer);
  // Resumed from the loop, never from inside the waker: a waker must not find its own state changed under its
  // feet. The slot is left alone when the cancellation itself runs, because clearing it would destroy the
  // function that is executing.
  if (end != WaitEnd::kCancelled && waiter->slot.is_connected()) waiter->slot.clear();
  loop_.post([handler = std::move(waiter->handler), end]() mutable { handler(end); });
}

Task<WaitEnd> WaitList::wait_erased(std::optional<Duration> limit, bool cancellable) {
  if (cancellable) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return WaitEnd::kCancelled;
  }
  auto waiter = std::make_shared<Waiter>();
  auto initiate = [this, waiter, limit, cancellable](auto handler) {
    if (cancellable) waiter->slot = asio::get_associated_cancellation_slot(handler);
    waiter->handler = [h = std::move(handler)](WaitEnd end) mutable { std::move(h)(end); };
    waiters_.push_back(waiter);
    if (waiter->slot.is_connected()) {
      waiter->slot.assign([this, weak = std::weak_ptr(waiter)](asio::cancellation_type) {
        if (const auto strong = weak.lock(); strong && !strong->finished) finish(strong, WaitEnd::kCancelled);
      });
    }
    if (limit) {
      waiter->timer = loop_.call_after(*limit, [this, weak = std::weak_ptr(waiter)] {
        if (const auto strong = weak.lock(); strong && !strong->finished) {
          strong->timer = 0;
          finish(strong, WaitEnd::kTimeout);
        }
      });
    }
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(WaitEnd)>(std::move(initiate),
                                                                                         asio::use_awaitable);
}

Task<WaitEnd> WaitList::wait() { return wait_erased(std::nullopt, true); }
Task<WaitEnd> WaitList::wait_for(Duration limit) { return wait_erased(limit, true); }
Task<void> WaitList::wait_uncancellable() { co_await wait_erased(std::nullopt, false); }

void WaitList::wake_one() {
  if (!waiters_.empty()) finish(std::shared_ptr(waiters_.front()), WaitEnd::kWoken);
}

void WaitList::wake_all() {
  while (!waiters_.empty()) wake_one();
}

}  // namespace pryx::async
