// SPDX-License-Identifier: MIT
// The head of a request to the egress proxy. One strict reading: the host comes from the request line alone,
// framing that could be read in two ways is refused, and what is passed on is written anew from this value.
// Pure; fuzzed by fuzz/proxy_head_fuzz.cpp.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "foundation/net/http_types.h"
#include "foundation/net/url.h"

namespace pryx::egress {

struct ProxyHead {
  bool is_connect = false;
  std::string method;
  net::Url url;                // CONNECT: only host and port are meant
  net::Headers headers;        // end-to-end fields only, without Host and framing
  std::size_t head_bytes = 0;  // as it came
  std::size_t body_bytes = 0;
};

inline constexpr std::size_t kMaxProxyHead = 16u << 10;

// `head` is everything up to and including the empty line. Errors are kInvalidArgument.
[[nodiscard]] Result<ProxyHead> parse_proxy_head(std::string_view head);

}  // namespace pryx::egress
