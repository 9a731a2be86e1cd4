// SPDX-License-Identifier: MIT
#include "foundation/async/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "foundation/base/log.h"

namespace pryx::async {

namespace asio = boost::asio;

namespace {
// Asio would throw from the next co_await of a cancelled coroutine, which could skip the record of an effect
// that already happened. The post keeps the promise that a task starts from the loop: co_spawn would run it
// inside spawn() up to its first wait.
Task<void> without_throwing(Task<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::post(asio::use_awaitable);
  co_await std::move(task);
}

std::string describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}
}  // namespace

struct TaskGroup::Running {
  std::string name;
  asio::cancellation_signal signal;
};

TaskGroup::TaskGroup(EventLoop& loop, std::string name)
    : loop_(loop), name_(std::move(name)), finished_(loop) {}
TaskGroup::~TaskGroup() = default;

TaskGroup::TaskId TaskGroup::spawn(std::string task_name, Task<void> task) {
  if (stopping_) return 0;
  const TaskId id = next_id_++;
  auto running = std::make_shared<Running>();
  running->name = std::move(task_name);
  running_.emplace(id, running);
  asio::co_spawn(loop_.executor(), without_throwing(std::move(task)),
                 asio::bind_cancellation_slot(
                     running->signal.slot(), [this, id, running](const std::exception_ptr& error) {
                       // `running` is held by this handler: the signal must outlive the coroutine that
                       // listens to it.
                       if (error) {
                         const std::string what = describe(error);
                         if (on_exception_) {
                           on_exception_(running->name, what);
                         } else {
                           log::error("task.exception",
                                      {{"group", name_}, {"task", running->name}, {"what", what}});
                           check_failed("no exception leaves a task", __FILE__, __LINE__);
                         }
                       }
                       running_.erase(id);
                       if (running_.empty()) finished_.wake_all();
                     }));
  return id;
}

void TaskGroup::cancel(TaskId id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  const auto keep = found->second;
  keep->signal.emit(asio::cancellation_type::terminal);
}

void TaskGroup::cancel_all() {
  std::vector<TaskId> ids;
  for (const auto& [id, task] : running_) ids.push_back(id);
  for (const TaskId id : ids) cancel(id);
}

Task<void> TaskGroup::wait_until_empty() {
  while (!running_.empty()) co_await finished_.wait_uncancellable();
}

Task<void> TaskGroup::stop() {
  stopping_ = true;
  cancel_all();
  co_await wait_until_empty();
}

namespace detail {

Task<bool> run_with_limit(EventLoop& loop, Task<void> body, Duration limit) {
  OneShot<std::exception_ptr> done(loop);
  asio::cancellation_signal signal;
  const bool already = co_await is_cancelled();
  asio::co_spawn(loop.executor(), without_throwing(std::move(body)),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&done](std::exception_ptr error) { done.set(std::move(error)); }));
  // A cancelled parent starts its child cancelled: the child may still do what cannot be cancelled, and waits
  // for nothing.
  if (already)
    loop.post([&signal, &done] {
      if (!done.is_set()) signal.emit(asio::cancellation_type::terminal);
    });
  const auto end = co_await done.wait(limit);
  const bool late = !end && end.error().code == ErrorCode::kTimeout;
  if (!end) signal.emit(asio::cancellation_type::terminal);
  const std::exception_ptr error = co_await done.wait_uncancellable();
  if (error) std::rethrow_exception(error);
  co_return late;
}

}  // namespace detail

}  // namespace pryx::async
