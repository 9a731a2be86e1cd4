// SPDX-License-Identifier: MIT
#include "foundation/async/job_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace pryx::async {

struct JobThread::State {
  std::mutex mutex;
  std::condition_variable woken;
  std::deque<std::function<void()>> jobs;
  std::size_t max_queued = 0;
  bool ends = false;
  std::thread thread;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      woken.wait(lock, [this] { return ends || !jobs.empty(); });
      if (jobs.empty()) return;
      const std::function<void()> job = std::exchange(jobs.front(), nullptr);
      jobs.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }
};

JobThread::JobThread(std::size_t max_queued) : state_(std::make_unique<State>()) {
  state_->max_queued = max_queued;
}

JobThread::~JobThread() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ends = true;
  }
  state_->woken.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

bool JobThread::add(std::function<void()> job) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->ends || state_->jobs.size() >= state_->max_queued) return false;
    state_->jobs.push_back(std::move(job));
    if (!state_->thread.joinable()) state_->thread = std::thread([state = state_.get()] { state->work(); });
  }
  state_->woken.notify_one();
  return true;
}

}  // namespace pryx::async
