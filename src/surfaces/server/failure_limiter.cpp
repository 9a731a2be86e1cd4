// SPDX-License-Identifier: MIT
#include "surfaces/server/failure_limiter.h"

#include <fmt/format.h>

#include "foundation/net/address_rules.h"

namespace pryx::server {

std::string FailureLimiter::key_of(const net::Peer& peer) {
  if (peer.transport == net::Peer::Transport::kUnix) return fmt::format("unix:{}", peer.uid);
  if (peer.is_local) return fmt::format("tcp:{}", net::kLoopbackKey);
  const auto address = net::parse_ip(peer.address);
  return "tcp:" + (address ? net::network_key(*address) : std::string());
}

std::optional<Duration> FailureLimiter::note_failure(const std::string& key, MonotonicTime now) {
  if (failures_.size() >= kMaxKeys && !failures_.contains(key)) {
    auto oldest = failures_.begin();
    for (auto it = failures_.begin(); it != failures_.end(); ++it) {
      if (it->second.empty() || it->second.back() < oldest->second.back()) oldest = it;
    }
    failures_.erase(oldest);
  }
  std::deque<MonotonicTime>& times = failures_[key];
  while (!times.empty() && now - times.front() >= kWindow) times.pop_front();
  if (times.size() >= kMaxFailures) return kWindow - (now - times.front());
  times.push_back(now);
  return std::nullopt;
}

}  // namespace pryx::server
