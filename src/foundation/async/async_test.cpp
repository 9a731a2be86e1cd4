// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "foundation/async/job_thread.h"
#include "foundation/async/task_group.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/async/worker_pool.h"

namespace pryx::async {
namespace {
using namespace std::chrono_literals;
using testing::VirtualLoop;

Task<void> record_sleep(EventLoop& loop, Duration d, std::vector<int>& log, int id) {
  const auto r = co_await sleep(loop, d);
  log.push_back(r ? id : -id);
}

TEST(Async, TimersFireInOrderWithoutWaiting) {
  VirtualLoop loop;
  TaskGroup group(loop, "t");
  std::vector<int> log;
  group.spawn("a", record_sleep(loop, 2h, log, 1));
  group.spawn("b", record_sleep(loop, 1h, log, 2));
  loop.run_until_idle();
  EXPECT_EQ(log, (std::vector<int>{2, 1}));
  EXPECT_EQ(loop.clock().monotonic().since_start, 2h);
}

Task<void> sleeps_twice(EventLoop& loop, std::vector<int>& log) {
  const auto first = co_await sleep(loop, 1h);
  log.push_back(first ? 1 : -1);
  const auto second = co_await sleep(loop, 1h);
  log.push_back(second ? 2 : -2);
}

TEST(Async, CancellationIsStickyAndAValue) {
  VirtualLoop loop;
  TaskGroup group(loop, "t");
  std::vector<int> log;
  const auto id = group.spawn("a", sleeps_twice(loop, log));
  loop.poll();
  group.cancel(id);
  loop.run_until_idle();
  EXPECT_EQ(log, (std::vector<int>{-1, -2}));
  EXPECT_EQ(group.size(), 0u);
  EXPECT_EQ(loop.clock().monotonic().since_start, 0s);
}

// Cancelled while it waits for something uncancellable: the next cancellable wait notices.
Task<void> works_then_sleeps(EventLoop& loop, OneShot<bool>& gate, std::vector<int>& log) {
  co_await gate.wait_uncancellable();
  const auto r = co_await sleep(loop, 1h);
  log.push_back(r ? 1 : -1);
}

TEST(Async, CancellationDuringUncancellableWorkIsNotLost) {
  VirtualLoop loop;
  TaskGroup group(loop, "t");
  OneShot<bool> gate(loop);
  std::vector<int> log;
  const auto id = group.spawn("a", works_then_sleeps(loop, gate, log));
  loop.poll();
  group.cancel(id);
  loop.poll();
  EXPECT_TRUE(log.empty());
  gate.set(true);
  loop.run_until_idle();
  EXPECT_EQ(log, (std::vector<int>{-1}));
}

Task<Result<int>> slow(EventLoop& loop, Duration d) {
  PRYX_CO_TRY_VOID(co_await sleep(loop, d));
  co_return 7;
}

Task<Result<int>> limited(EventLoop& loop, Duration work, Duration limit) {
  co_return co_await with_timeout(loop, slow(loop, work), limit, "do the thing");
}

TEST(Async, WithTimeout) {
  VirtualLoop loop;
  const auto fast = testing::run(loop, limited(loop, 1s, 2s));
  ASSERT_TRUE(fast);
  EXPECT_EQ(*fast, 7);
  const auto late = testing::run(loop, limited(loop, 3s, 2s));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(late.error().message, "do the thing: no answer within 2.0s");
}

Task<void> run_limited(EventLoop& loop, std::optional<Result<int>>& out) {
  auto result = co_await with_timeout(loop, slow(loop, 1h), 2h, "x");
  out.emplace(std::move(result));
}

TEST(Async, CancellingTheParentCancelsTheLimitedChild) {
  VirtualLoop loop;
  TaskGroup group(loop, "t");
  std::optional<Result<int>> out;
  const auto id = group.spawn("a", run_limited(loop, out));
  loop.poll();
  group.cancel(id);
  loop.run_until_idle();
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->error().code, ErrorCode::kCancelled);
  EXPECT_EQ(loop.clock().monotonic().since_start, 0s);
}

Task<void> note(std::vector<int>& log) {
  log.push_back(1);
  co_return;
}
Task<void> spawns(TaskGroup& group, std::vector<int>& log) {
  group.spawn("inner", note(log));
  log.push_back(2);
  co_return;
}

TEST(Async, ATaskNeverStartsInsideSpawn) {
  VirtualLoop loop;
  TaskGroup group(loop, "t");
  std::vector<int> log;
  group.spawn("outer", spawns(group, log));
  loop.run_until_idle();
  EXPECT_EQ(log, (std::vector<int>{2, 1}));
}

struct SystemlikeClock : Clock {
  [[nodiscard]] MonotonicTime monotonic() const override {
    return {std::chrono::steady_clock::now().time_since_epoch()};
  }
  [[nodiscard]] WallTime wall() const override { return {}; }
};

Task<void> use_pool(WorkerPool& pool, RealEventLoop& loop, std::vector<std::thread::id>& seen) {
  const auto r = co_await pool.run([&](const std::stop_token&) -> Result<int> {
    seen.push_back(std::this_thread::get_id());
    return 1;
  });
  if (r) seen.push_back(std::this_thread::get_id());
  loop.stop();
}

TEST(Async, PoolRunsElsewhereAndReturnsToTheLoop) {
  SystemlikeClock clock;
  RealEventLoop loop(clock);
  WorkerPool pool(loop, 1);
  TaskGroup group(loop, "t");
  std::vector<std::thread::id> seen;
  group.spawn("a", use_pool(pool, loop, seen));
  loop.run();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_NE(seen[0], seen[1]);
  EXPECT_EQ(seen[1], std::this_thread::get_id());
}

Task<void> long_job(WorkerPool& pool, RealEventLoop& loop, std::function<void()> started, bool& saw_stop) {
  const auto r = co_await pool.run([&](const std::stop_token& stop) -> Result<int> {
    loop.post(started);
    while (!stop.stop_requested()) std::this_thread::yield();
    saw_stop = true;
    return 1;
  });
  (void)r;
  loop.stop();
}

TEST(Async, CancellingThePoolsCallerRaisesTheStopToken) {
  SystemlikeClock clock;
  RealEventLoop loop(clock);
  WorkerPool pool(loop, 1);
  TaskGroup group(loop, "t");
  bool saw_stop = false;
  TaskGroup::TaskId id = 0;
  id = group.spawn("a", long_job(pool, loop, [&] { group.cancel(id); }, saw_stop));
  loop.run();
  EXPECT_TRUE(saw_stop);
}

Task<void> stop_when_alone(TaskGroup& group, RealEventLoop& loop) {
  while (group.size() > 1) co_await sleep(loop, 1ms);
  loop.stop();
}

Task<void> hold_worker(WorkerPool& pool, std::atomic<bool>& release) {
  const auto r = co_await pool.run([&](const std::stop_token&) -> Result<int> {
    while (!release) std::this_thread::yield();
    return 1;
  });
  (void)r;
}

Task<void> run_behind(WorkerPool& pool, std::atomic<bool>& release, bool to_end, std::string& log) {
  const auto job = [&](const std::stop_token&) -> Result<int> { return 1; };
  Result<int> r = fail(ErrorCode::kInternal, "not run");
  if (to_end)
    r = co_await pool.run_to_end(job);
  else
    r = co_await pool.run(job);
  log += r ? "ran " : "dropped ";
  log += release ? "late" : "at once";
  release = true;
}

std::string cancel_behind_a_busy_worker(bool to_end) {
  SystemlikeClock clock;
  RealEventLoop loop(clock);
  WorkerPool pool(loop, 1);
  TaskGroup group(loop, "t");
  std::atomic<bool> release = false;
  std::string log;
  group.spawn("busy", hold_worker(pool, release));
  const auto id = group.spawn("behind", run_behind(pool, release, to_end, log));
  loop.call_after(1ms, [&] { group.cancel(id); });
  if (to_end) loop.call_after(2ms, [&] { release = true; });
  group.spawn("stop", stop_when_alone(group, loop));
  loop.run();
  return log;
}

TEST(Async, ACancelledCallerDoesNotWaitForAWorker) {
  EXPECT_EQ(cancel_behind_a_busy_worker(false), "dropped at once");
}

TEST(Async, WorkThatMustBeDoneIsDoneAllTheSame) { EXPECT_EQ(cancel_behind_a_busy_worker(true), "ran late"); }

TEST(JobThread, DoesWhatWasQueuedInOrderAndRefusesWhatIsTooMuch) {
  std::vector<int> done;
  std::mutex gate;
  {
    JobThread jobs(2);
    std::unique_lock held(gate);
    std::atomic<bool> began = false;
    ASSERT_TRUE(jobs.add([&] {
      began = true;
      began.notify_one();
      const std::lock_guard wait(gate);
      done.push_back(1);
    }));
    began.wait(false);
    EXPECT_TRUE(jobs.add([&] { done.push_back(2); }));
    EXPECT_TRUE(jobs.add([&] { done.push_back(3); }));
    EXPECT_FALSE(jobs.add([&] { done.push_back(4); }));
    held.unlock();
  }
  EXPECT_EQ(done, (std::vector{1, 2, 3}));
}

}  // namespace
}  // namespace pryx::async
