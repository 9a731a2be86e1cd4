// SPDX-License-Identifier: MIT
#include "foundation/net/internal/peer_table.h"

#include <netinet/in.h>

#include <algorithm>

namespace pryx::net::internal {

std::optional<PeerTable::Slot> PeerTable::open(std::string key) {
  const auto [found, is_new] = entries_.try_emplace(std::move(key));
  Entry& entry = found->second;
  if (is_new) {
    entry.key = &found->first;
    entry.idle_place = idle_.insert(idle_.end(), &entry);
  }
  if (entry.open >= limits_.max_connections) return std::nullopt;
  if (entry.open++ == 0) idle_.erase(entry.idle_place);
  return Slot(this, &entry);
}

void PeerTable::give_back(Entry& entry) {
  if (--entry.open > 0) return;
  entry.idle_place = idle_.insert(idle_.end(), &entry);
  if (idle_.size() <= kMaxIdle) return;
  const std::string oldest = *idle_.front()->key;
  idle_.pop_front();
  entries_.erase(oldest);
}

void PeerTable::Slot::release() {
  Entry* entry = std::exchange(entry_, nullptr);
  PeerTable* table = std::exchange(table_, nullptr);
  if (entry != nullptr) table->give_back(*entry);
}

bool PeerTable::Slot::take_request(MonotonicTime now) {
  if (entry_ == nullptr || table_->limits_.requests_per_second == 0) return true;
  const Duration each = Duration(std::chrono::seconds(1)) / table_->limits_.requests_per_second;
  const MonotonicTime due = std::max(entry_->due, now) + each;
  if (due - now > kBurst) return false;
  entry_->due = due;
  return true;
}

std::string peer_key(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET6) {
    constexpr std::size_t kNetworkBytes = 8;
    const auto& address = reinterpret_cast<const sockaddr_in6&>(from).sin6_addr;
    return {reinterpret_cast<const char*>(address.s6_addr), kNetworkBytes};
  }
  const auto& address = reinterpret_cast<const sockaddr_in&>(from).sin_addr;
  return {reinterpret_cast<const char*>(&address), sizeof address};
}

}  // namespace pryx::net::internal
