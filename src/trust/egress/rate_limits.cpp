// SPDX-License-Identifier: MIT
#include "trust/egress/rate_limits.h"

#include <algorithm>
#include <utility>

namespace pryx::egress {
namespace {
constexpr std::size_t kMostBuckets = 4096;
constexpr Duration kSurelyFull = std::chrono::hours(1);

double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
}  // namespace

RateGate::Bucket& RateGate::bucket(const std::string& key, const Rate& rate, MonotonicTime now) {
  const auto [found, made] = buckets_.try_emplace(key, Bucket{.tokens = rate.burst, .filled_at = now});
  Bucket& b = found->second;
  b.tokens = std::min(rate.burst, b.tokens + seconds(now - b.filled_at) * rate.per_second);
  b.filled_at = now;
  return b;
}

void RateGate::forget_full(MonotonicTime now) {
  if (buckets_.size() < kMostBuckets) return;
  std::erase_if(buckets_, [now](const auto& entry) { return now - entry.second.filled_at > kSurelyFull; });
}

std::optional<RateRefusal> RateGate::take(const std::string& principal, const std::string& host,
                                          MonotonicTime now) {
  forget_full(now);
  Bucket& all = bucket(principal, limits_.principal, now);
  Bucket& one = bucket(principal + '\n' + host, limits_.host, now);
  const auto wait = [](const Bucket& b, const Rate& rate) {
    return b.tokens >= 1 ? 0.0 : (1 - b.tokens) / std::max(rate.per_second, 1e-9);
  };
  const double longest = std::max(wait(all, limits_.principal), wait(one, limits_.host));
  if (longest > 0) {
    const double bounded = std::min(longest, 86'400.0);
    // The principal's own counts first: it may name a host without a bucket in each request.
    Bucket& empty = all.tokens < 1 ? all : one;
    return RateRefusal{.wait = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(bounded)),
                       .is_first = !std::exchange(empty.has_refused, true)};
  }
  for (Bucket* bucket : {&all, &one}) {
    bucket->tokens -= 1;
    bucket->has_refused = false;
  }
  return std::nullopt;
}

}  // namespace pryx::egress
