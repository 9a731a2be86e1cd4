// SPDX-License-Identifier: MIT
// Whether and when a failed model request is tried again. Pure: the failure, the attempts so far and a random
// number go in, a decision comes out.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/error.h"

namespace pryx::models {

enum class FailureClass : std::uint8_t {
  kPermanent,     // 400, 403, 404, …: the same request fails the same way
  kUnauthorized,  // 401: the key may have been replaced since
  kRateLimited,   // 429
  kServer,        // 5xx, and answers that make no sense
  kNetwork,       // refused, cut, silent
};

[[nodiscard]] ErrorCode code_for_status(int http_status);
[[nodiscard]] FailureClass classify(ErrorCode code);
[[nodiscard]] std::string_view describe(FailureClass failure);  // "rate limited", for a person

// Counts retries by class, so that one 401 does not eat what a flaky network may need.
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

inline constexpr Duration kLongestWait = std::chrono::seconds(60);

// nullopt: give up. `jitter` is uniform in [0, 2^64) and adds up to a quarter of the delay, so that clients
// that failed together do not return together; what the provider asked for is kept in full. A Retry-After
// beyond kLongestWait gives up: the caller shows it instead of holding the turn.
[[nodiscard]] std::optional<RetryDecision> next_retry(const Error& error, RetryHistory& history,
                                                      std::uint64_t jitter);

// After all retries: how long whoever can wait pauses before the model is asked anew, when that was done
// `pauses` times already. 15 s, doubled up to 5 min, and never less than the provider asked for.
[[nodiscard]] Duration pause_before_asking_again(const Error& error, int pauses, std::uint64_t jitter);

}  // namespace pryx::models
