// SPDX-License-Identifier: MIT
#include "foundation/async/worker_pool.h"

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace pryx::async {

struct WorkerPool::State {
  explicit State(EventLoop& l) : loop(l) {}
  EventLoop& loop;
  std::size_t max_queued = 0;
  std::mutex mutex;
  std::condition_variable wake;
  std::list<std::shared_ptr<std::function<void()>>> queue;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    for (;;) {
      std::shared_ptr<std::function<void()>> job;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return stopping || !queue.empty(); });
        if (stopping) return;
        job = std::move(queue.front());
        queue.pop_front();
      }
      (*job)();
    }
  }

  // True when no worker had taken it.
  bool drop(const std::shared_ptr<std::function<void()>>& job) {
    const std::lock_guard lock(mutex);
    return queue.remove(job) > 0;
  }
};

WorkerPool::WorkerPool(EventLoop& loop, std::size_t threads, std::size_t max_queued)
    : state_(std::make_shared<State>(loop)) {
  state_->max_queued = max_queued;
  for (std::size_t i = 0; i < threads; ++i)
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

Task<WorkerPool::Ran> WorkerPool::run_erased(std::function<void(std::stop_token)> job,
                                             IfCancelled if_cancelled) {
  std::stop_source stop;
  if (state_->threads.empty()) {
    const bool cancelled = co_await is_cancelled();
    if (cancelled) stop.request_stop();
    job(stop.get_token());
    co_return Ran::kYes;
  }
  // Shared, because the completion that the worker posts may run after this coroutine's frame went away with
  // the loop.
  auto done = std::make_shared<OneShot<bool>>(state_->loop);
  const auto queued =
      std::make_shared<std::function<void()>>([&loop = state_->loop, done, &job, token = stop.get_token()] {
        job(token);
        loop.post([done] { done->set(true); });
      });
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping || state_->queue.size() >= state_->max_queued) co_return Ran::kNoRoom;
    state_->queue.push_back(queued);
  }
  state_->wake.notify_one();
  const auto end = co_await done->wait();
  if (!end) {
    stop.request_stop();
    if (if_cancelled == IfCancelled::kDropQueued && state_->drop(queued)) co_return Ran::kDropped;
    co_await done->wait_uncancellable();
  }
  co_return Ran::kYes;
}

}  // namespace pryx::async
