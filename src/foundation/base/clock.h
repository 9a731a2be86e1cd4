// SPDX-License-Identifier: MIT
// Time and chance as interfaces: the daemon gets the real ones from apps/, the simulation a virtual clock and
// a seed.
#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace pryx {

using Duration = std::chrono::nanoseconds;

// Monotonic: for time-outs and durations only.
struct MonotonicTime {
  Duration since_start{};
  auto operator<=>(const MonotonicTime&) const = default;
  MonotonicTime operator+(Duration d) const { return {since_start + d}; }
  Duration operator-(MonotonicTime other) const { return since_start - other.since_start; }
};

// Wall time in milliseconds since the Unix epoch, UTC: the unit of every *_at column.
struct WallTime {
  std::int64_t unix_ms = 0;
  auto operator<=>(const WallTime&) const = default;
  WallTime operator+(Duration d) const {
    return {unix_ms + std::chrono::duration_cast<std::chrono::milliseconds>(d).count()};
  }
};

// Implementations are callable from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual MonotonicTime monotonic() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
};

// Implementations are callable from any thread. The real one is a cryptographic generator.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
  std::uint64_t next_u64();
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound); bound > 0
};

// RFC 3339 in UTC with milliseconds, "2026-11-21T07:36:32.123Z".
[[nodiscard]] std::string to_rfc3339(WallTime time);
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);
// "250ms", "1.5s", "30s", "5m", "2h", "7d" (a bare number counts as seconds).
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace pryx
