// SPDX-License-Identifier: MIT
// IP addresses as values and the rule which of them belong to the public internet. Pure.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace pryx::net {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 uses the first four
  bool is_v6 = false;
  auto operator<=>(const IpAddress&) const = default;
};

// "10.0.0.1", "::1"; no brackets, no zone, no shorthand forms of IPv4.
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);
[[nodiscard]] std::optional<IpAddress> from_sockaddr(const sockaddr& address);
[[nodiscard]] std::string to_text(const IpAddress& address);

// The IPv4 address that a packet to such an IPv6 one ends at: mapped, NAT64, 6to4.
[[nodiscard]] std::optional<IpAddress> find_inner_v4(const IpAddress& address);

// False for loopback, private, link-local, unique-local, shared (CGNAT), multicast, unspecified,
// documentation and reserved ranges, and for every IPv6 form that carries such an IPv4 address inside
// (mapped, compatible, NAT64, 6to4, Teredo).
[[nodiscard]] bool is_public(const IpAddress& address);

// 127/8 (also as an IPv6-mapped address) and ::1.
[[nodiscard]] bool is_loopback(const IpAddress& address);

// Limits by address count peers with the same key as one: what a peer can choose freely must not give it
// another share. All of loopback is one, because every local process may come from any address in it; of
// IPv6 the network of one subscriber (/64) is one.
inline constexpr std::string_view kLoopbackKey = "loopback";
[[nodiscard]] std::string network_key(const IpAddress& address);

}  // namespace pryx::net
