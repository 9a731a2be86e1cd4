// SPDX-License-Identifier: MIT
// Url: the one strict reading of http and https addresses. What it accepts it brings into one canonical form,
// and only that form is decided on, shown to people and handed to the network, so no second parser can read
// another host from it (tests and fuzz/url_fuzz.cpp hold libcurl against it). Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/net/address_rules.h"

namespace pryx::net {

// The host of a URL, a CONNECT line or an allow-list entry: a DNS name in lower case without its trailing
// dot, or an address. Mapped IPv6 forms of an IPv4 address become that IPv4 address.
struct Host {
  std::string name;                        // "api.example.com", "10.0.0.7", "::1"
  std::optional<IpAddress> address;        // set when it is numeric
  [[nodiscard]] std::string text() const;  // as it stands in a URL: IPv6 in brackets
  bool operator==(const Host&) const = default;
};

struct Url {
  bool is_https = false;
  Host host;
  std::uint16_t port = 0;
  std::string target;                        // "/path?query" without dot segments; never empty
  [[nodiscard]] std::string text() const;    // canonical; the default port is left out
  [[nodiscard]] std::string origin() const;  // "host:port", IPv6 in brackets
  [[nodiscard]] std::string_view path() const;
  [[nodiscard]] std::uint16_t default_port() const { return is_https ? 443 : 80; }
  bool operator==(const Url&) const = default;
};

inline constexpr std::size_t kMaxUrlBytes = 8192;

// Refused: other schemes, user names, white space, control characters, backslashes, non-ASCII or escaped
// hosts, zones, and numeric hosts that are not four decimal numbers ("0x7f.1", "2130706433", "127.1").
// The error does not repeat the URL: it may carry credentials.
[[nodiscard]] Result<Url> parse_url(std::string_view text);
// What a Location field means, seen from where it came.
[[nodiscard]] Result<Url> resolve_reference(const Url& base, std::string_view reference);
[[nodiscard]] Result<Host> parse_host(std::string_view text);  // IPv6 in brackets
struct HostPort {
  Host host;
  std::optional<std::uint16_t> port;
  bool operator==(const HostPort&) const = default;
};
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

}  // namespace pryx::net
