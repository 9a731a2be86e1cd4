// SPDX-License-Identifier: MIT
// Counts failed credentials by what a client cannot choose (its transport, and its network as
// net::network_key() says, so that all of this machine's TCP peers are one) over a sliding minute. Valid
// credentials are never counted and never refused here, so a noisy neighbour cannot lock the owner out. Pure
// but for the times handed in.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/net/http_types.h"

namespace pryx::server {

class FailureLimiter {
 public:
  static constexpr std::size_t kMaxFailures = 10;
  static constexpr Duration kWindow = std::chrono::minutes(1);
  static constexpr std::size_t kMaxKeys =
      4096;  // addresses remembered; the one silent for longest goes first

  [[nodiscard]] static std::string key_of(const net::Peer& peer);
  // Notes one failure. nullopt: answer it as such; else it is one too many, and the wait until the next is
  // looked at.
  [[nodiscard]] std::optional<Duration> note_failure(const std::string& key, MonotonicTime now);

 private:
  std::map<std::string, std::deque<MonotonicTime>> failures_;
};

}  // namespace pryx::server
