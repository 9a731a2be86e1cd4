// SPDX-License-Identifier: MIT
#include "engine/memory/memory_score.h"

#include <algorithm>
#include <cmath>

namespace pryx::memory {
namespace {

// What an entry keeps however old it is: a perfect match must not drown in fresh chatter.
constexpr double kDailyRest = 0.1;
constexpr double kLongtermRest = 0.6;

double rest_of(MemoryType type) {
  switch (type) {
    case MemoryType::kDaily:
      return kDailyRest;
    case MemoryType::kLongterm:
      return kLongtermRest;
    case MemoryType::kSession:
      return 1;
  }
  return 1;
}

}  // namespace

std::optional<Duration> half_life(MemoryType type) {
  switch (type) {
    case MemoryType::kDaily:
      return std::chrono::hours(24 * 3);
    case MemoryType::kLongterm:
      return std::chrono::hours(24 * 90);
    case MemoryType::kSession:
      return std::nullopt;
  }
  return std::nullopt;
}

double freshness(MemoryType type, Duration age) {
  const auto half = half_life(type);
  if (!half) return 1;
  const double halves =
      static_cast<double>(std::max(age, Duration{}).count()) / static_cast<double>(half->count());
  const double rest = rest_of(type);
  return rest + (1 - rest) * std::exp2(-halves);
}

double score(double fit, MemoryType type, Duration age) {
  return std::clamp(fit, 0.0, 1.0) * freshness(type, age);
}

}  // namespace pryx::memory
