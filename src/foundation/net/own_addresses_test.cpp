// SPDX-License-Identifier: MIT
#include "foundation/net/own_addresses.h"

#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

namespace pryx::net {
namespace {

std::vector<IpAddress> addresses_of_this_machine() {
  std::vector<IpAddress> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (const auto address = from_sockaddr(*entry->ifa_addr)) out.push_back(*address);
  }
  ::freeifaddrs(list);
  return out;
}

// The IPv6 address of `network` that has the IPv4 one from byte `at` on.
IpAddress carry(const IpAddress& v4, std::string_view network, int at) {
  IpAddress out = parse_ip(network).value_or(IpAddress{});
  std::copy_n(v4.bytes.begin(), 4, out.bytes.begin() + at);
  return out;
}

std::vector<IpAddress> forms_of(const IpAddress& address) {
  if (address.is_v6) return {address};
  return {address, carry(address, "::ffff:0:0", 12), carry(address, "64:ff9b::", 12),
          carry(address, "2002::", 2)};
}

TEST(OwnAddresses, EachFormOfOneIsIt) {
  const auto addresses = addresses_of_this_machine();
  ASSERT_FALSE(addresses.empty());
  for (const IpAddress& address : addresses) {
    for (const IpAddress& form : forms_of(address)) EXPECT_TRUE(is_own_address(form)) << to_text(form);
  }
}

TEST(OwnAddresses, NoFormOfAnotherOneIs) {
  for (const char* text : {"192.0.2.1", "2001:db8::1"}) {
    const auto address = parse_ip(text);
    ASSERT_TRUE(address) << text;
    for (const IpAddress& form : forms_of(*address)) EXPECT_FALSE(is_own_address(form)) << to_text(form);
  }
}

TEST(OwnAddresses, TheFormsAreThoseThatCarryOne) {
  const IpAddress v4 = parse_ip("192.0.2.1").value_or(IpAddress{});
  const auto forms = forms_of(v4);
  EXPECT_EQ(to_text(forms[1]), "::ffff:192.0.2.1");
  EXPECT_EQ(to_text(forms[2]), "64:ff9b::c000:201");
  EXPECT_EQ(to_text(forms[3]), "2002:c000:201::");
  for (std::size_t i = 1; i < forms.size(); ++i) EXPECT_EQ(find_inner_v4(forms[i]), v4) << i;
  EXPECT_FALSE(find_inner_v4(v4));
  EXPECT_FALSE(find_inner_v4(parse_ip("2606:4700::1111").value_or(IpAddress{})));
}

}  // namespace
}  // namespace pryx::net
