// SPDX-License-Identifier: MIT
// WaitList: the condition variable of the I/O thread. Every cancellable wait of the house ends here, so
// cancellation behaves the same everywhere: sticky, reported as a value. Destroying a list with waiters
// destroys their coroutines.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "foundation/async/event_loop.h"

namespace pryx::async {

enum class WaitEnd : std::uint8_t { kWoken, kTimeout, kCancelled };

class WaitList {
 public:
  explicit WaitList(EventLoop& loop) : loop_(loop) {}
  ~WaitList();
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  [[nodiscard]] Task<WaitEnd> wait();
  [[nodiscard]] Task<WaitEnd> wait_for(Duration limit);
  // For cleaning up after a cancellation and for effects that must be seen through; pair it with something
  // that surely wakes.
  [[nodiscard]] Task<void> wait_uncancellable();

  void wake_one();
  void wake_all();
  [[nodiscard]] bool empty() const { return waiters_.empty(); }

 private:
  struct Waiter;
  Task<WaitEnd> wait_erased(std::optional<Duration> limit, bool cancellable);
  void finish(const std::shared_ptr<Waiter>& waiter, WaitEnd end);

  EventLoop& loop_;
  std::list<std::shared_ptr<Waiter>> waiters_;
};

// A value that arrives once; set() before wait() is fine.
template <class T>
class OneShot {
 public:
  explicit OneShot(EventLoop& loop) : waiters_(loop) {}
  void set(T value) {
    if (value_) return;
    value_.emplace(std::move(value));
    waiters_.wake_all();
  }
  [[nodiscard]] bool is_set() const { return value_.has_value(); }
  [[nodiscard]] const std::optional<T>& value() const { return value_; }
  // kTimeout or kCancelled when it did not come.
  [[nodiscard]] Task<Result<T>> wait(std::optional<Duration> limit = std::nullopt) {
    if (!value_) {
      WaitEnd end = WaitEnd::kWoken;
      if (limit)
        end = co_await waiters_.wait_for(*limit);
      else
        end = co_await waiters_.wait();
      if (!value_ && end == WaitEnd::kTimeout) co_return fail(ErrorCode::kTimeout, "timed out");
      if (!value_) co_return fail(ErrorCode::kCancelled, "cancelled");
    }
    co_return *value_;
  }
  [[nodiscard]] Task<T> wait_uncancellable() {
    while (!value_) co_await waiters_.wait_uncancellable();
    co_return *value_;
  }

 private:
  std::optional<T> value_;
  WaitList waiters_;
};

}  // namespace pryx::async
