// SPDX-License-Identifier: MIT
#include "surfaces/cli/listen_address.h"

#include <arpa/inet.h>

#include <charconv>

namespace pryx::cli {

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto malformed = [&] {
    return fail(ErrorCode::kInvalidArgument, "--listen: '{}' is not of the form 127.0.0.1:PORT or [::1]:PORT",
                text);
  };
  if (colon == std::string_view::npos) return malformed();
  std::string host(text.substr(0, colon));
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size()) return malformed();
  bool is_loopback = false;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    in6_addr v6{};
    if (::inet_pton(AF_INET6, host.c_str(), &v6) != 1) return malformed();
    is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
  } else {
    if (host == "localhost") host = "127.0.0.1";
    in_addr v4{};
    if (::inet_pton(AF_INET, host.c_str(), &v4) != 1) return malformed();
    is_loopback = (ntohl(v4.s_addr) >> 24) == 127;
  }
  if (!is_loopback) {
    return fail(
        ErrorCode::kInvalidArgument,
        "--listen: {} is no loopback address, and without TLS a token would cross the network in clear; "
        "listen on 127.0.0.1 and forward a port with ssh -L, or see: pryx docs remote",
        host);
  }
  return ListenAddress{std::move(host), port};
}

}  // namespace pryx::cli
