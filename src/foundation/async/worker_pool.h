// SPDX-License-Identifier: MIT
// WorkerPool: blocking work (file walks, hashing, keychain calls) away from the I/O thread. With zero threads jobs run inline on the
// loop: that is what the simulation uses. The queue is bounded; a full one refuses with kOverloaded.
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

  // Runs job(stop_token) -> Result<T> on a worker. When the caller is cancelled, the token is raised and the job is still waited for,
  // because it may use what the caller owns; a job that can take long must look at the token.
  template <class Job>
  [[nodiscard]] auto run(Job job) -> Task<std::invoke_result_t<Job&, std::stop_token>> {
    using Outcome = std::invoke_result_t<Job&, std::stop_token>;
    std::optional<Outcome> out;
    const bool accepted = co_await run_erased([&](std::stop_token stop) { out.emplace(job(std::move(stop))); });
    if (!accepted) co_return fail(ErrorCode::kOverloaded, "too much background work is queued; try again later");
    co_return std::move(*out);
  }

 private:
  struct State;
  [[nodiscard]] Task<bool> run_erased(std::function<void(std::stop_token)> job);
  std::shared_ptr<State> state_;
};

}  // namespace pryx::async
