// SPDX-License-Identifier: MIT
#include "trust/vault/secret_hosts.h"

#include <gtest/gtest.h>

namespace pryx::vault {
namespace {

bool may(std::vector<std::string> hosts, std::string_view url) {
  const auto read = read_secret_hosts(hosts);
  EXPECT_TRUE(read);
  const auto to = net::parse_url(url);
  EXPECT_TRUE(to) << url;
  return read && to && may_receive(split_secret_hosts(join_secret_hosts(*read)), *to);
}

TEST(SecretHosts, OnlyTheHostsThatAreNamed) {
  EXPECT_TRUE(may({"API.example.com."}, "https://api.example.com/x"));
  EXPECT_TRUE(may({"api.example.com:8443"}, "https://api.example.com:8443/"));
  EXPECT_TRUE(may({"other.org", "api.example.com:443"}, "https://api.example.com/"));
  EXPECT_TRUE(may({"[::1]:9"}, "http://[::1]:9/"));
  EXPECT_FALSE(may({}, "https://api.example.com/"));
  EXPECT_FALSE(may({"api.example.com"}, "https://api.example.com:8443/"));
  EXPECT_FALSE(may({"api.example.com"}, "https://api.example.com.evil.org/"));
  EXPECT_FALSE(may({"api.example.com"}, "https://evil.org/api.example.com"));
  EXPECT_FALSE(may({"example.com"}, "https://api.example.com/"));
  EXPECT_FALSE(may({"api.example.com:8443"}, "https://api.example.com/"));
}

TEST(SecretHosts, WhatIsNoHostIsRefused) {
  for (const char* text : {"", "https://a.b", "a b", "user@host", "*.example.com", "a/b", "0x7f.1"})
    EXPECT_FALSE(read_secret_hosts({text})) << text;
  EXPECT_FALSE(read_secret_hosts(std::vector<std::string>(kMaxSecretHosts + 1, "a.org")));
  EXPECT_EQ(read_secret_hosts({"b.org", "a.org", "A.org"}).value(),
            (std::vector<std::string>{"a.org", "b.org"}));
}

}  // namespace
}  // namespace pryx::vault
