// SPDX-License-Identifier: MIT
// Whether and when a failed model request is tried again. Pure: the failure, the attempts so far and a random number go in, a
// decision comes out.
#pragma once
#include <cstdint>
#include <optional>

#include "foundation/base/clock.h"
#include "foundation/base/error.h"

namespace pryx::models {

enum class FailureClass : std::uint8_t {
  kPermanent,     // 400, 403, 404 and nonsense: the same request fails the same way
  kUnauthorized,  // 401: the key may have been replaced since
  kRateLimited,   // 429
  kServer,        // 5xx
  kNetwork,       // refused, cut, silent
};

// Counts failures by class, so that one 401 does not eat the budget of a flaky network.
struct RetryHistory {
  int unauthorized = 0;
  int rate_limited = 0;
  int server = 0;
  int network = 0;
};

struct RetryDecision {
  Duration delay{};
  bool refresh_key = false;
};

[[nodiscard]] FailureClass classify_status(int http_status);
[[nodiscard]] FailureClass classify(const Error& error);

// nullopt: give up. `jitter` is uniform in [0, 2^64); a delay the provider asked for is kept in full, jitter only adds to it.
// A Retry-After beyond kLongestWait gives up: the caller shows it instead of holding the turn.
[[nodiscard]] std::optional<RetryDecision> next_retry(FailureClass failure, RetryHistory& history, std::int64_t retry_after_ms, std::uint64_t jitter);

inline constexpr Duration kLongestWait = std::chrono::seconds(60);

}  // namespace pryx::models
