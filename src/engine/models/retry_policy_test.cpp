// SPDX-License-Identifier: MIT
#include "engine/models/retry_policy.h"

#include <gtest/gtest.h>

#include "engine/models/circuit_breaker.h"

namespace pryx::models {
namespace {
using namespace std::chrono_literals;

std::vector<std::int64_t> delays(Error error, std::uint64_t jitter = 0) {
  RetryHistory history;
  std::vector<std::int64_t> out;
  while (const auto retry = next_retry(error, history, jitter)) {
    out.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(retry->delay).count());
    if (out.size() > 100) break;
  }
  return out;
}

TEST(RetryPolicy, TableByStatus) {
  const auto by_status = [](int status) { return delays(Error{code_for_status(status), "", -1}); };
  const std::vector<std::int64_t> none;
  const std::vector<std::int64_t> server{500, 1000, 2000};
  for (const int status : {400, 402, 403, 404, 409, 413, 422}) EXPECT_EQ(by_status(status), none) << status;
  EXPECT_EQ(by_status(401), (std::vector<std::int64_t>{0}));
  EXPECT_EQ(by_status(429), (std::vector<std::int64_t>{1000, 2000, 4000, 8000, 16000, 32000, 60000}));
  for (const int status : {500, 502, 503, 529}) EXPECT_EQ(by_status(status), server) << status;
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kTimeout})
    EXPECT_EQ(delays(Error{code, "", -1}).size(), 5u);
  EXPECT_EQ(delays(Error{ErrorCode::kCancelled, "", -1}), none);
}

TEST(RetryPolicy, RefreshesTheKeyOnce) {
  RetryHistory history;
  const Error refused{ErrorCode::kUnauthenticated, "", -1};
  const auto first = next_retry(refused, history, 0);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->refresh_key);
  EXPECT_FALSE(next_retry(refused, history, 0));
}

TEST(RetryPolicy, RetryAfterIsHonouredUpToAMinute) {
  EXPECT_EQ(delays(Error{ErrorCode::kOverloaded, "", 5000}).at(0), 5000);
  EXPECT_EQ(delays(Error{ErrorCode::kOverloaded, "", 100}).at(0), 1000);
  EXPECT_EQ(delays(Error{ErrorCode::kProvider, "", 3000}), (std::vector<std::int64_t>{3000, 3000, 3000}));
  EXPECT_TRUE(delays(Error{ErrorCode::kOverloaded, "", 61'000}).empty());
}

TEST(RetryPolicy, JitterOnlyAdds) {
  EXPECT_EQ(delays(Error{ErrorCode::kOverloaded, "", 4000}, UINT64_MAX).at(0), 4999);
  EXPECT_EQ(delays(Error{ErrorCode::kOverloaded, "", 4000}, std::uint64_t{1} << 63).at(0), 4500);
}

TEST(RetryPolicy, WhoeverWaitsForLongAsksEveryFiveMinutesAtLeast) {
  const auto pause_of = [](std::int64_t retry_after_ms, int pauses, std::uint64_t jitter = 0) {
    return pause_before_asking_again(Error{ErrorCode::kUnavailable, "", retry_after_ms}, pauses, jitter);
  };
  std::vector<Duration> pauses;
  for (int i = 0; i < 7; ++i) pauses.push_back(pause_of(-1, i));
  EXPECT_EQ(pauses, (std::vector<Duration>{15s, 30s, 1min, 2min, 4min, 5min, 5min}));
  EXPECT_EQ(pause_of(-1, 1000), 5min);
  EXPECT_EQ(pause_of(3'600'000, 0), 1h);
  EXPECT_EQ(pause_of(3'600'000, 0, std::uint64_t{1} << 63), 67min + 30s);
  EXPECT_EQ(pause_of(INT64_MAX, 0), 30 * 24h);
}

MonotonicTime at(Duration time) { return MonotonicTime{time}; }

TEST(CircuitBreaker, OpensAfterFiveInARow) {
  CircuitBreaker breaker;
  for (int i = 0; i < 4; ++i) breaker.failed(at(0s));
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
  breaker.succeeded();
  for (int i = 0; i < 4; ++i) breaker.failed(at(1s));
  EXPECT_FALSE(breaker.try_acquire(at(1s)));
  breaker.failed(at(2s));
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
  EXPECT_EQ(breaker.try_acquire(at(2s)), std::optional<Duration>(30s));
}

TEST(CircuitBreaker, OneProbeEachHalfMinute) {
  CircuitBreaker breaker;
  for (int i = 0; i < 5; ++i) breaker.failed(at(0s));
  EXPECT_TRUE(breaker.try_acquire(at(29s)));
  EXPECT_FALSE(breaker.try_acquire(at(30s)));
  EXPECT_EQ(breaker.state(), BreakerState::kHalfOpen);
  EXPECT_TRUE(breaker.try_acquire(at(31s)));
  breaker.failed(at(32s));
  EXPECT_EQ(breaker.state(), BreakerState::kOpen);
  EXPECT_TRUE(breaker.try_acquire(at(61s)));
  EXPECT_FALSE(breaker.try_acquire(at(62s)));
  breaker.succeeded();
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
  EXPECT_FALSE(breaker.try_acquire(at(62s)));
}

TEST(CircuitBreaker, ACancelledProbeLetsTheNextOneGo) {
  CircuitBreaker breaker;
  for (int i = 0; i < 5; ++i) breaker.failed(at(0s));
  EXPECT_FALSE(breaker.try_acquire(at(30s)));
  breaker.abandoned();
  EXPECT_FALSE(breaker.try_acquire(at(31s)));
}

TEST(CircuitBreaker, WhoeverExpectsItBackMayProbeAtOnce) {
  CircuitBreaker breaker;
  for (int i = 0; i < 5; ++i) breaker.failed(at(0s));
  EXPECT_TRUE(breaker.try_acquire(at(1s)));  // the control
  breaker.expect_back();
  EXPECT_FALSE(breaker.try_acquire(at(1s)));
  // One at a time all the same.
  breaker.expect_back();
  EXPECT_TRUE(breaker.try_acquire(at(2s)));
  breaker.failed(at(2s));
  EXPECT_TRUE(breaker.try_acquire(at(3s)));
}

TEST(CircuitBreaker, LateFailuresDoNotDelayTheProbe) {
  CircuitBreaker breaker;
  for (int i = 0; i < 5; ++i) breaker.failed(at(0s));
  breaker.failed(at(20s));
  EXPECT_FALSE(breaker.try_acquire(at(30s)));
}

}  // namespace
}  // namespace pryx::models
