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

TEST(PeerTable, CountsTheConnectionsOfAllAddresses) {
  PeerTable table({.max_connections = 2, .requests_per_second = 0});
  auto one = table.open("a");
  auto two = table.open("a");
  auto other = table.open("b");
  EXPECT_FALSE(table.open("a"));
  EXPECT_EQ(table.open_count(), 3u) << "one that was refused is none";
  PeerTable::Slot moved = std::move(*one);
  EXPECT_EQ(table.open_count(), 3u);
  moved.release();
  two->release();
  EXPECT_EQ(table.open_count(), 1u);
  other->release();
  other->release();
  EXPECT_EQ(table.open_count(), 0u);
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
  // A local process may come from any address of loopback, so all of them are one.
  const std::string loopback = key(AF_INET, "127.0.0.1");
  for (const char* text : {"127.0.0.1", "127.0.0.2", "127.255.255.254"})
    EXPECT_EQ(key(AF_INET, text), loopback) << text;
  for (const char* text : {"::1", "::ffff:127.0.0.1", "::ffff:127.9.9.9"})
    EXPECT_EQ(key(AF_INET6, text), loopback) << text;
  for (const char* text : {"126.255.255.255", "128.0.0.1", "10.0.0.1", "192.0.2.1"})
    EXPECT_NE(key(AF_INET, text), loopback) << text;
  for (const char* text : {"::", "::2", "::ffff:10.0.0.1", "::ffff:128.0.0.1", "::127.0.0.1", "fe80::1"})
    EXPECT_NE(key(AF_INET6, text), loopback) << text;
  EXPECT_NE(key(AF_INET, "192.0.2.1"), key(AF_INET, "192.0.2.2"));
  EXPECT_EQ(key(AF_INET6, "::ffff:192.0.2.1"), key(AF_INET, "192.0.2.1"));
  EXPECT_EQ(key(AF_INET6, "2001:db8::1"), key(AF_INET6, "2001:db8::2:1"));
  EXPECT_NE(key(AF_INET6, "2001:db8::1"), key(AF_INET6, "2001:db8:0:1::1"));
}

}  // namespace
}  // namespace pryx::net::internal
