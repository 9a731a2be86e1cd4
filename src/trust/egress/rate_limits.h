// SPDX-License-Identifier: MIT
// Token buckets: how often a principal may send, to one host and altogether. Pure but for the time it is
// given. I/O thread only.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "foundation/base/clock.h"

namespace pryx::egress {

struct Rate {
  double burst = 0;
  double per_second = 0;
};
struct RateLimits {
  Rate host{60, 2};  // a page with its pictures at once, then two a second
  Rate principal{300, 10};
};

struct RateRefusal {
  Duration wait{};  // until there is one again
  // Since something was last taken from a bucket that is empty: who keeps a record of these alone has at most
  // one more than of what was let through.
  bool is_first = false;
};

class RateGate {
 public:
  explicit RateGate(RateLimits limits) : limits_(limits) {}
  // Takes one from both buckets; else nothing is taken.
  [[nodiscard]] std::optional<RateRefusal> take(const std::string& principal, const std::string& host,
                                                MonotonicTime now);

 private:
  struct Bucket {
    double tokens = 0;
    MonotonicTime filled_at;
    bool has_refused = false;  // since something was taken from it
  };
  Bucket& bucket(const std::string& key, const Rate& rate, MonotonicTime now);
  void forget_full(MonotonicTime now);

  RateLimits limits_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace pryx::egress
