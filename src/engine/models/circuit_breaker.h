// SPDX-License-Identifier: MIT
// CircuitBreaker: stops calling a provider that keeps failing. Closed until 5 failures in a row; then open;
// every 30 s one request may try (half-open), its end decides. Pure state machine, time is passed in.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "foundation/base/clock.h"

namespace pryx::models {

enum class BreakerState : std::uint8_t { kClosed, kOpen, kHalfOpen };
[[nodiscard]] std::string_view to_text(BreakerState state);

class CircuitBreaker {
 public:
  static constexpr int kFailuresToOpen = 5;
  static constexpr Duration kProbeInterval = std::chrono::seconds(30);

  // nullopt: go ahead and report the end with one of the three below; else how long to wait before asking
  // again.
  [[nodiscard]] std::optional<Duration> try_acquire(MonotonicTime now);
  void succeeded();
  void failed(MonotonicTime now);
  // The request ended without saying anything about the provider: it was cancelled.
  void abandoned();
  // Somebody waited for long enough, or knows that the provider is back: the next request may try.
  void expect_back();
  [[nodiscard]] BreakerState state() const { return state_; }

 private:
  BreakerState state_ = BreakerState::kClosed;
  int failures_ = 0;
  MonotonicTime next_probe_{};
};

}  // namespace pryx::models
