// SPDX-License-Identifier: MIT
#include "foundation/net/internal/peer_table.h"

#include <sys/socket.h>

#include <algorithm>

#include "foundation/net/address_rules.h"

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
  ++open_count_;
  return Slot(this, &entry);
}

void PeerTable::give_back(Entry& entry) {
  --open_count_;
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
  const auto address = from_sockaddr(reinterpret_cast<const sockaddr&>(from));
  return address ? network_key(*address) : std::string();
}

}  // namespace pryx::net::internal
