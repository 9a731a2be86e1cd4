// SPDX-License-Identifier: MIT
#include "engine/models/circuit_breaker.h"

#include <algorithm>

namespace pryx::models {

std::string_view to_text(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return "closed";
    case BreakerState::kOpen:
      return "open";
    case BreakerState::kHalfOpen:
      return "half_open";
  }
  return "unknown";
}

std::optional<Duration> CircuitBreaker::try_acquire(MonotonicTime now) {
  if (state_ == BreakerState::kClosed) return std::nullopt;
  // A probe that never reported back does not block the provider for ever: after another interval the next
  // one may go.
  if (now < next_probe_) return next_probe_ - now;
  state_ = BreakerState::kHalfOpen;
  next_probe_ = now + kProbeInterval;
  return std::nullopt;
}

void CircuitBreaker::succeeded() {
  state_ = BreakerState::kClosed;
  failures_ = 0;
}

void CircuitBreaker::failed(MonotonicTime now) {
  ++failures_;
  if (state_ == BreakerState::kClosed && failures_ < kFailuresToOpen) return;
  // Requests that were on their way when the breaker opened do not move the next probe.
  if (state_ != BreakerState::kOpen) next_probe_ = now + kProbeInterval;
  state_ = BreakerState::kOpen;
}

void CircuitBreaker::abandoned() {
  if (state_ != BreakerState::kHalfOpen) return;
  state_ = BreakerState::kOpen;
  next_probe_ = {};  // nothing was learnt: the next request may probe
}

// A probe that is under way is waited for.
void CircuitBreaker::expect_back() {
  if (state_ == BreakerState::kOpen) next_probe_ = {};
}

}  // namespace pryx::models
