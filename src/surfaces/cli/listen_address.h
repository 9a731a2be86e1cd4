// SPDX-License-Identifier: MIT
// The value of `serve --listen`. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace pryx::cli {

struct ListenAddress {
  std::string address;  // literal, without brackets
  std::uint16_t port = 0;
};

// "127.0.0.1:7799", "[::1]:0", "localhost:7799". Anything but loopback is refused: there is no TLS to protect
// a token.
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace pryx::cli
