// SPDX-License-Identifier: MIT
// A clock that moves only when told to, and a generator that repeats from a seed. For tests and the
// simulation.
#pragma once
#include <cstdint>
#include <span>

#include "foundation/base/clock.h"

namespace pryx::testing {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic() const override { return now_; }
  [[nodiscard]] WallTime wall() const override { return wall_start_ + now_.since_start; }
  void advance(Duration duration) { now_ = now_ + duration; }

 private:
  MonotonicTime now_{};
  WallTime wall_start_{1'790'000'000'000};
};

// splitmix64: every seed gives an independent, repeatable sequence.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i % 8 == 0) word_ = next();
      out[i] = static_cast<std::uint8_t>(word_ >> (i % 8 * 8));
    }
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
  std::uint64_t word_ = 0;
};

}  // namespace pryx::testing
