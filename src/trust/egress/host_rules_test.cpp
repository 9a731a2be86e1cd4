// SPDX-License-Identifier: MIT
#include "trust/egress/host_rules.h"

#include <gtest/gtest.h>

namespace pryx::egress {
namespace {

HostRules rules(std::vector<std::string> entries) {
  auto parsed = HostRules::parse({std::move(entries)});
  EXPECT_TRUE(parsed) << parsed.error().message;
  return *parsed;
}
bool permits(const HostRules& r, const char* host, std::uint16_t port = 443) {
  const auto parsed = net::parse_host(host);
  return parsed && r.permits(*parsed, port);
}
bool peer(const HostRules& r, const char* host, std::uint16_t port, const char* address) {
  const auto ip = *net::parse_ip(address);
  return r.permits_peer(*net::parse_host(host), port, ip, net::is_public(ip));
}

TEST(HostRules, ExactWildcardAndPort) {
  const HostRules r = rules({"Api.Example.com", "*.cdn.example", "db.example:5432"});
  EXPECT_TRUE(permits(r, "api.example.com"));
  EXPECT_TRUE(permits(r, "API.example.COM.", 80));
  EXPECT_FALSE(permits(r, "api.example.com", 8080));
  EXPECT_FALSE(permits(r, "x.api.example.com"));
  EXPECT_FALSE(permits(r, "api.example.com.evil.example"));
  EXPECT_TRUE(permits(r, "a.b.cdn.example"));
  EXPECT_FALSE(permits(r, "cdn.example"));
  EXPECT_FALSE(permits(r, "xcdn.example"));
  EXPECT_TRUE(permits(r, "db.example", 5432));
  EXPECT_FALSE(permits(r, "db.example", 443));
  EXPECT_FALSE(permits(rules({}), "a.example"));
}

TEST(HostRules, PrivatePeersNeedTheirAddressNamed) {
  const HostRules r =
      rules({"10.0.0.7:80", "nas.lan=192.168.1.5", "localhost:8080", "api.example.com", "[::1]:99"});
  EXPECT_TRUE(peer(r, "10.0.0.7", 80, "10.0.0.7"));
  EXPECT_FALSE(peer(r, "10.0.0.7", 80, "10.0.0.8"));
  EXPECT_TRUE(peer(r, "nas.lan", 443, "192.168.1.5"));
  EXPECT_FALSE(peer(r, "nas.lan", 443, "192.168.1.6"));
  EXPECT_FALSE(peer(r, "nas.lan", 443, "8.8.8.8"));
  EXPECT_TRUE(peer(r, "localhost", 8080, "127.0.0.1"));
  EXPECT_TRUE(peer(r, "localhost", 8080, "::1"));
  EXPECT_FALSE(peer(r, "localhost", 8080, "8.8.8.8"));
  EXPECT_FALSE(peer(r, "api.example.com", 443, "127.0.0.1"));
  EXPECT_TRUE(peer(r, "api.example.com", 443, "8.8.8.8"));
  EXPECT_TRUE(peer(r, "[::1]", 99, "::1"));
}

TEST(HostRules, OneBadEntryRefusesTheList) {
  for (const char* bad :
       {"", "*", "*.com", "*.", "a b", "http://a.example", "a.example/x", "*.10.0.0.1", "a.*.example",
        "nas.lan=nas", "*.lan.example=10.0.0.1", "127.1", "10.0.0.1=10.0.0.2", "a.example:0"})
    EXPECT_FALSE(HostRules::parse({{"good.example", bad}})) << bad;
}

TEST(RateGate, BothBucketsCountAndRefill) {
  RateGate gate({{2, 1}, {3, 1}});
  MonotonicTime now{std::chrono::seconds(100)};
  EXPECT_FALSE(gate.take("p", "a", now));
  EXPECT_FALSE(gate.take("p", "a", now));
  const auto wait = gate.take("p", "a", now);
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->wait, std::chrono::seconds(1));
  EXPECT_FALSE(gate.take("p", "b", now));  // the third of the principal
  EXPECT_TRUE(gate.take("p", "c", now));
  EXPECT_FALSE(gate.take("q", "a", now));  // somebody else
  EXPECT_FALSE(gate.take("p", "a", now + std::chrono::seconds(1)));
}

// What is kept of refusals is bounded by what was let through, however many hosts are named.
TEST(RateGate, TellsTheFirstRefusalOfARow) {
  RateGate gate({{2, 1}, {3, 1}});
  MonotonicTime now{std::chrono::seconds(100)};
  EXPECT_FALSE(gate.take("p", "a", now));
  EXPECT_FALSE(gate.take("p", "a", now));
  EXPECT_TRUE(gate.take("p", "a", now)->is_first) << "of the host";
  EXPECT_FALSE(gate.take("p", "a", now)->is_first);
  EXPECT_FALSE(gate.take("p", "b", now));
  EXPECT_TRUE(gate.take("p", "c", now)->is_first) << "of the principal";
  for (const char* host : {"a", "b", "c", "d"}) EXPECT_FALSE(gate.take("p", host, now)->is_first) << host;
  now = now + std::chrono::seconds(1);
  EXPECT_FALSE(gate.take("p", "d", now));
  EXPECT_TRUE(gate.take("p", "e", now)->is_first) << "one went out meanwhile";
}

}  // namespace
}  // namespace pryx::egress
