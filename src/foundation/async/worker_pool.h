// SPDX-License-Identifier: MIT
// WorkerPool: blocking work (file walks, hashing, keychain calls) away from the I/O thread. With zero threads
// jobs run inline on the loop: that is what the simulation uses. The queue is bounded; a full one refuses
// with kOverloaded.
#pragma once
#include <functional>
#include <memory>
#include <stop_token>
#include <type_traits>

#include "foundation/async/wait_list.h"

namespace pryx::async {

class WorkerPool {
 public:
  WorkerPool(EventLoop& loop, std::size_t threads, std::size_t max_queued = 1024);
  ~WorkerPool();  // finishes the running jobs; queued ones are dropped

  // Runs job(stop_token) -> Result<T> on a worker. When the caller is cancelled, a job that still waits for a
  // worker is dropped (kCancelled), because the ones before it may take long; a running one sees the token
  // raised and is waited for, because it may use what the caller owns. A job that can take long must look at
  // the token.
  template <class Job>
  [[nodiscard]] auto run(Job job) -> Task<std::invoke_result_t<Job&, std::stop_token>> {
    co_return co_await run_job(std::move(job), IfCancelled::kDropQueued);
  }
  // For work that belongs to an effect that happened already: it is done even when the caller was cancelled.
  template <class Job>
  [[nodiscard]] auto run_to_end(Job job) -> Task<std::invoke_result_t<Job&, std::stop_token>> {
    co_return co_await run_job(std::move(job), IfCancelled::kFinish);
  }

 private:
  enum class IfCancelled : std::uint8_t { kDropQueued, kFinish };
  enum class Ran : std::uint8_t { kYes, kNoRoom, kDropped };
  template <class Job>
  [[nodiscard]] auto run_job(Job job, IfCancelled if_cancelled)
      -> Task<std::invoke_result_t<Job&, std::stop_token>> {
    using Outcome = std::invoke_result_t<Job&, std::stop_token>;
    std::optional<Outcome> out;
    const Ran ran =
        co_await run_erased([&](std::stop_token stop) { out.emplace(job(std::move(stop))); }, if_cancelled);
    if (ran == Ran::kNoRoom)
      co_return fail(ErrorCode::kOverloaded, "too much background work is queued; try again later");
    if (ran == Ran::kDropped) co_return fail(ErrorCode::kCancelled, "cancelled before it began");
    co_return std::move(*out);
  }

  struct State;
  [[nodiscard]] Task<Ran> run_erased(std::function<void(std::stop_token)> job, IfCancelled if_cancelled);
  std::shared_ptr<State> state_;
};

}  // namespace pryx::async
