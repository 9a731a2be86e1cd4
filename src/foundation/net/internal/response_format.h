// SPDX-License-Identifier: MIT
// Response heads as bytes. Pure; framing fields belong to the server, so a handler cannot contradict the
// bytes that follow.
#pragma once
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/net/http_types.h"

namespace pryx::net::internal {

enum class BodyFraming : std::uint8_t {
  kLength,  // Content-Length
  kChunked,
  kUntilClose,  // a stream to an HTTP/1.0 peer
};

struct HeadOptions {
  BodyFraming framing = BodyFraming::kLength;
  std::size_t body_bytes = 0;
  bool close = false;
  std::string_view date;
};

// A status of 1xx, 204 or 304 has no body, whatever the handler gave.
[[nodiscard]] bool status_has_body(int status);
[[nodiscard]] std::string format_head(int status, const Headers& headers, const HeadOptions& options);
[[nodiscard]] std::string format_date(WallTime time);  // "Sun, 06 Nov 1994 08:49:37 GMT"

}  // namespace pryx::net::internal
