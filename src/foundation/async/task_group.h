// SPDX-License-Identifier: MIT
// TaskGroup: owns the coroutines of one component. Each is named and cancellable; stop() cancels them and
// waits for the last one, so a component that stopped its group can be destroyed. I/O thread only.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "foundation/async/wait_list.h"

namespace pryx::async {

class TaskGroup {
 public:
  using TaskId = std::uint64_t;
  TaskGroup(EventLoop& loop, std::string name);
  ~TaskGroup();  // the group must be empty: call stop() first, or the loop must never run again
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // A task starts from the loop, not inside spawn(). After stop() began, new tasks are dropped unstarted and
  // 0 is returned.
  TaskId spawn(std::string task_name, Task<void> task);
  void cancel(TaskId id);  // unknown ids are ignored
  void cancel_all();
  [[nodiscard]] bool is_running(TaskId id) const { return running_.contains(id); }
  [[nodiscard]] std::size_t size() const { return running_.size(); }
  [[nodiscard]] Task<void> stop();
  [[nodiscard]] Task<void> wait_until_empty();
  // An exception that escapes a task is a bug; the default logs it and aborts. Tests may look instead.
  void on_exception(std::function<void(const std::string& task, const std::string& what)> handler) {
    on_exception_ = std::move(handler);
  }

 private:
  struct Running;
  EventLoop& loop_;
  std::string name_;
  std::map<TaskId, std::shared_ptr<Running>> running_;
  TaskId next_id_ = 1;
  bool stopping_ = false;
  WaitList finished_;
  std::function<void(const std::string&, const std::string&)> on_exception_;
};

namespace detail {
// Runs the body as a cancellable child. True when the limit passed first; the child is cancelled then and
// waited for.
[[nodiscard]] Task<bool> run_with_limit(EventLoop& loop, Task<void> body, Duration limit);
template <class T>
Task<void> store_into(Task<Result<T>> operation, std::optional<Result<T>>& out) {
  auto result = co_await std::move(operation);
  out.emplace(std::move(result));
}
}  // namespace detail

// The only spelling of a time limit: co_await with_timeout(loop, client.fetch(request), 30s, "fetch the model
// list").
template <class T>
[[nodiscard]] Task<Result<T>> with_timeout(EventLoop& loop, Task<Result<T>> operation, Duration limit,
                                           std::string what) {
  std::optional<Result<T>> out;
  const bool late =
      co_await detail::run_with_limit(loop, detail::store_into<T>(std::move(operation), out), limit);
  if (late && (!out || !*out))
    co_return fail(ErrorCode::kTimeout, "{}: no answer within {}", what, format_duration(limit));
  if (!out) co_return fail(ErrorCode::kCancelled, "{}: cancelled", what);
  co_return std::move(*out);
}

}  // namespace pryx::async
