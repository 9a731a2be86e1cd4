// SPDX-License-Identifier: MIT
#include "foundation/net/address_rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace pryx::net {
namespace {

struct Range {
  std::string_view network;
  int bits;
};

// IANA special-purpose registries: everything that is not globally reachable, multicast and reserved space.
constexpr Range kPrivateV4[] = {
    {"0.0.0.0", 8},     {"10.0.0.0", 8},      {"100.64.0.0", 10},  {"127.0.0.0", 8},    {"169.254.0.0", 16},
    {"172.16.0.0", 12}, {"192.0.0.0", 24},    {"192.0.2.0", 24},   {"192.88.99.0", 24}, {"192.168.0.0", 16},
    {"198.18.0.0", 15}, {"198.51.100.0", 24}, {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4},
};
// Only 2000::/3 is global unicast; these parts of it are not.
constexpr Range kPrivateInsideGlobalV6[] = {{"2001::", 23}, {"2001:db8::", 32}, {"3fff::", 20}};

bool starts_with_bits(const std::uint8_t* address, const std::uint8_t* network, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(address, network, whole) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
  return (address[whole] & mask) == (network[whole] & mask);
}

template <std::size_t kCount>
bool in_any(const IpAddress& address, const Range (&ranges)[kCount]) {
  return std::ranges::any_of(ranges, [&](const Range& range) {
    const auto network = parse_ip(range.network);
    return starts_with_bits(address.bytes.data(), network->bytes.data(), range.bits);
  });
}

bool in_range(const IpAddress& address, std::string_view network, int bits) {
  return starts_with_bits(address.bytes.data(), parse_ip(network)->bytes.data(), bits);
}

IpAddress embedded_v4(const IpAddress& address, std::size_t at) {
  IpAddress inner;
  std::copy_n(address.bytes.begin() + static_cast<std::ptrdiff_t>(at), 4, inner.bytes.begin());
  return inner;
}

bool is_public_v6(const IpAddress& address) {
  if (const auto inner = find_inner_v4(address)) return is_public(*inner);
  return in_range(address, "2000::", 3) && !in_any(address, kPrivateInsideGlobalV6);
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  // inet_pton would stop at a NUL and never see what follows it.
  if (text.size() > INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);
  IpAddress out;
  if (inet_pton(AF_INET, copy.c_str(), out.bytes.data()) == 1) return out;
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) {
    out.is_v6 = true;
    return out;
  }
  return std::nullopt;
}

std::optional<IpAddress> from_sockaddr(const sockaddr& address) {
  IpAddress out;
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(out.bytes.data(), &v4.sin_addr, 4);
    return out;
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::memcpy(out.bytes.data(), &v6.sin6_addr, 16);
    out.is_v6 = true;
    return out;
  }
  return std::nullopt;
}

std::string to_text(const IpAddress& address) {
  char buffer[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), buffer, sizeof buffer);
  return buffer;
}

std::optional<IpAddress> find_inner_v4(const IpAddress& address) {
  if (!address.is_v6) return std::nullopt;
  if (in_range(address, "::ffff:0:0", 96) || in_range(address, "64:ff9b::", 96))
    return embedded_v4(address, 12);
  if (in_range(address, "2002::", 16)) return embedded_v4(address, 2);
  return std::nullopt;
}

bool is_public(const IpAddress& address) {
  return address.is_v6 ? is_public_v6(address) : !in_any(address, kPrivateV4);
}

bool is_loopback(const IpAddress& address) {
  if (!address.is_v6) return in_range(address, "127.0.0.0", 8);
  return in_range(address, "::1", 128) || in_range(address, "::ffff:127.0.0.0", 104);
}

std::string network_key(const IpAddress& address) {
  if (is_loopback(address)) return std::string(kLoopbackKey);
  if (!address.is_v6) return to_text(address);
  // Else all of IPv4 would be one network of IPv6.
  if (in_range(address, "::ffff:0:0", 96)) return to_text(embedded_v4(address, 12));
  constexpr std::ptrdiff_t kNetworkBytes = 8;
  IpAddress network = address;
  std::fill(network.bytes.begin() + kNetworkBytes, network.bytes.end(), std::uint8_t{0});
  return to_text(network);
}

}  // namespace pryx::net
