// SPDX-License-Identifier: MIT
#include "foundation/net/internal/peer_table.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace pryx::net::internal {
namespace {

using namespace std::chrono_literals;

MonotonicTime at(Duration since_start) { return {since_start}; }

TEST(PeerTable, AnAddressHasItsShareAndLeavesTheOthersTheirs) {
  PeerTable table({.max_connections = 2, .requests_per_second = 0});
  auto first = table.open("a");
  auto second = table.open("a");
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(table.open("a"));
  EXPECT_TRUE(table.open("b"));
  first->release();
  first->release();  // once is enough
  auto third = table.open("a");
  ASSERT_TRUE(third);
  EXPECT_FALSE(table.open("a"));
  PeerTable::Slot moved = std::move(*third);
  EXPECT_FALSE(table.open("a"));
  moved = PeerTable::Slot();
  EXPECT_TRUE(table.open("a"));
}

TEST(PeerTable, TheBucketRefillsByTheSecondAndIsOfTheAddress) {
  PeerTable table({.max_connections = 9, .requests_per_second = 5});
  auto one = table.open("a");
  auto two = table.open("a");
  auto other = table.open("b");
  MonotonicTime now = at(1h);
  const auto taken = [&](PeerTable::Slot& slot) {
    int count = 0;
    while (count < 1000 && slot.take_request(now)) ++count;
    return count;
  };
  EXPECT_EQ(taken(*one), 10);
  EXPECT_EQ(taken(*two), 0) << "another connection of the same address";
  EXPECT_EQ(taken(*other), 10);
  now = now + 1s;
  EXPECT_EQ(taken(*two), 5);
  now = now + 1h;
  EXPECT_EQ(taken(*one), 10);
  // Who leaves and comes back finds the bucket as it was.
  one->release();
  two->release();
  one = table.open("a");
  EXPECT_EQ(taken(*one), 0);
  // The control: no limit.
  table.set_limits({.max_connections = 9, .requests_per_second = 0});
  EXPECT_EQ(taken(*one), 1000);
}

TEST(PeerTable, APeerThatIsNotCountedIsNeverRefused) {
  PeerTable::Slot none;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(none.take_request(at(0s)));
}

TEST(PeerTable, StaysSmallHoweverManyAddressesCome) {
  PeerTable table({.max_connections = 1, .requests_per_second = 1});
  auto kept = table.open("kept");
  for (std::size_t i = 0; i < PeerTable::kMaxIdle * 3; ++i) {
    auto slot = table.open(fmt::format("{}", i));
    ASSERT_TRUE(slot);
  }
  EXPECT_EQ(table.size(), PeerTable::kMaxIdle + 1);
  EXPECT_FALSE(table.open("kept")) << "one with a connection is not forgotten";
}

TEST(PeerTable, AnAddressIsWhatItCannotChoose) {
  const auto key = [](int family, const char* text) {
    sockaddr_storage storage{};
    storage.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET)
      ::inet_pton(family, text, &reinterpret_cast<sockaddr_in&>(storage).sin_addr);
    else
      ::inet_pton(family, text, &reinterpret_cast<sockaddr_in6&>(storage).sin6_addr);
    return peer_key(storage);
  };
  EXPECT_EQ(key(AF_INET, "127.0.0.1"), key(AF_INET, "127.0.0.1"));
  EXPECT_NE(key(AF_INET, "127.0.0.1"), key(AF_INET, "127.0.0.2"));
  EXPECT_EQ(key(AF_INET6, "2001:db8::1"), key(AF_INET6, "2001:db8::2:1"));
  EXPECT_NE(key(AF_INET6, "2001:db8::1"), key(AF_INET6, "2001:db8:0:1::1"));
}

}  // namespace
}  // namespace pryx::net::internal
