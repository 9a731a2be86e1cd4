// SPDX-License-Identifier: MIT
#include "foundation/net/address_rules.h"

#include <gtest/gtest.h>

namespace pryx::net {
namespace {

struct Row {
  const char* address;
  bool is_public;
};

TEST(AddressRules, WhatIsPublic) {
  constexpr Row kRows[] = {
      {"8.8.8.8", true},
      {"1.1.1.1", true},
      {"172.15.255.255", true},
      {"172.32.0.1", true},
      {"100.63.255.255", true},
      {"100.128.0.1", true},
      {"0.0.0.0", false},
      {"10.1.2.3", false},
      {"100.64.0.1", false},
      {"127.0.0.1", false},
      {"127.255.255.254", false},
      {"169.254.169.254", false},
      {"172.16.0.1", false},
      {"172.31.255.255", false},
      {"192.168.1.1", false},
      {"198.18.0.1", false},
      {"224.0.0.1", false},
      {"255.255.255.255", false},
      {"192.0.2.7", false},
      {"2606:4700::1111", true},
      {"2a00:1450::1", true},
      {"::", false},
      {"::1", false},
      {"fe80::1", false},
      {"fc00::1", false},
      {"fd12:3456::1", false},
      {"ff02::1", false},
      {"2001:db8::1", false},
      {"2001::1", false},
      {"::ffff:127.0.0.1", false},
      {"::ffff:8.8.8.8", true},
      {"::ffff:10.0.0.1", false},
      {"64:ff9b::7f00:1", false},
      {"64:ff9b::808:808", true},
      {"2002:7f00:1::", false},
      {"2002:0808:0808::", true},
      {"::127.0.0.1", false},
      {"64:ff9b:1::1", false},
      {"100::1", false},
      {"fec0::1", false},
  };
  for (const Row& row : kRows) {
    const auto address = parse_ip(row.address);
    ASSERT_TRUE(address) << row.address;
    EXPECT_EQ(is_public(*address), row.is_public) << row.address;
  }
}

TEST(AddressRules, ParsesOnlyTheFullForms) {
  EXPECT_EQ(to_text(*parse_ip("::ffff:1.2.3.4")), "::ffff:1.2.3.4");
  for (const char* bad : {"", "1.2.3", "0x7f.1", "127.1", "[::1]", "fe80::1%eth0", "localhost", "1.2.3.4 "})
    EXPECT_FALSE(parse_ip(bad)) << bad;
}

}  // namespace
}  // namespace pryx::net
