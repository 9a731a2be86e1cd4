// SPDX-License-Identifier: MIT
// JobThread: one thread for small blocking jobs that nobody waits for, such as removing what a finished child
// left on the disk. It starts with the first job. The queue is bounded: whoever finds it full does the job.
// add() from any thread.
#pragma once
#include <functional>
#include <memory>

namespace pryx::async {

class JobThread {
 public:
  explicit JobThread(std::size_t max_queued = 64);
  ~JobThread();  // does what is queued, then joins
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  // False: the queue is full, and the job was not taken.
  [[nodiscard]] bool add(std::function<void()> job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pryx::async
