// SPDX-License-Identifier: MIT
// DedicatedThread: one thread for one blocking job that lasts, such as watching a child process whose life
// the kernel ties to the thread that started it. The owner makes the job end by means of its own; destroying
// the object waits for that.
#pragma once
#include <functional>
#include <memory>

namespace pryx::async {

class DedicatedThread {
 public:
  explicit DedicatedThread(std::move_only_function<void()> job);
  ~DedicatedThread();  // joins
  DedicatedThread(const DedicatedThread&) = delete;
  DedicatedThread& operator=(const DedicatedThread&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pryx::async
