// SPDX-License-Identifier: MIT
// What each network address may take of one server: its share of the connections, and a bucket of requests
// that refills by the second. The table is bounded: of addresses without a connection it remembers the ones
// that left last. Pure but for the times handed in; I/O thread only.
#pragma once
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "foundation/base/clock.h"
#include "foundation/net/http_server.h"

struct sockaddr_storage;

namespace pryx::net::internal {

class PeerTable {
  struct Entry;

 public:
  static constexpr Duration kBurst = std::chrono::seconds(2);  // what may come at once, in time of the rate
  static constexpr std::size_t kMaxIdle = 4096;                // addresses without a connection

  explicit PeerTable(PeerLimits limits) : limits_(limits) {}
  PeerTable(const PeerTable&) = delete;
  PeerTable& operator=(const PeerTable&) = delete;

  // One connection of an address, given back when it is released. The table must outlive what is not.
  class Slot {
   public:
    Slot() = default;  // of a peer that is not counted
    ~Slot() { release(); }
    Slot(Slot&& other) noexcept
        : table_(std::exchange(other.table_, nullptr)), entry_(std::exchange(other.entry_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      if (this == &other) return *this;
      release();
      table_ = std::exchange(other.table_, nullptr);
      entry_ = std::exchange(other.entry_, nullptr);
      return *this;
    }
    void release();
    // Whether a request may be looked at; one that may not costs the address nothing.
    [[nodiscard]] bool take_request(MonotonicTime now);

   private:
    friend class PeerTable;
    Slot(PeerTable* table, Entry* entry) : table_(table), entry_(entry) {}
    PeerTable* table_ = nullptr;
    Entry* entry_ = nullptr;
  };

  // nullopt: the address has its share already.
  [[nodiscard]] std::optional<Slot> open(std::string key);
  void set_limits(PeerLimits limits) { limits_ = limits; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t open_count() const { return open_count_; }  // connections of all addresses

 private:
  struct Entry {
    const std::string* key = nullptr;
    std::size_t open = 0;
    MonotonicTime due;  // when the bucket is full again
    std::list<Entry*>::iterator idle_place;
  };
  void give_back(Entry& entry);

  PeerLimits limits_;
  std::size_t open_count_ = 0;
  std::unordered_map<std::string, Entry> entries_;  // whose elements stay where they are
  std::list<Entry*> idle_;                          // the one that left first is in front
};

// By what a peer cannot choose freely, see network_key(). Peers of an unknown family are one.
[[nodiscard]] std::string peer_key(const sockaddr_storage& from);

}  // namespace pryx::net::internal
