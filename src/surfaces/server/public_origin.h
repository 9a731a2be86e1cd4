// SPDX-License-Identifier: MIT
// The one origin besides loopback that the page may be opened under: that of a TLS terminator on this machine
// which forwards to the daemon (the setting server.public_origin). Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace pryx::server {

struct PublicOrigin {
  std::string host;  // as a browser writes it into Host: "pryx.example.net", "pryx.example.net:8443"
  [[nodiscard]] std::string text() const { return "https://" + host; }
};

// nullopt: "off". Taken only as a browser would write it, because requests are compared with it byte by byte.
// The error does not repeat the text.
[[nodiscard]] Result<std::optional<PublicOrigin>> parse_public_origin(std::string_view text);

}  // namespace pryx::server
