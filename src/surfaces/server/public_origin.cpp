// SPDX-License-Identifier: MIT
#include "surfaces/server/public_origin.h"

#include "foundation/net/url.h"

namespace pryx::server {
namespace {

constexpr std::string_view kScheme = "https://";

// Names of this machine are answered to anyway, over http; under https they would be two origins of one Host.
bool is_this_machine(const net::Host& host) {
  if (host.address) return net::is_loopback(*host.address);
  return host.name == "localhost" || host.name.ends_with(".localhost");
}

}  // namespace

Result<std::optional<PublicOrigin>> parse_public_origin(std::string_view text) {
  if (text == "off") return std::optional<PublicOrigin>();
  if (text.starts_with("http://"))
    return fail(ErrorCode::kInvalidArgument,
                "it must begin with https://; over http the session cookie would cross the network in clear");
  if (!text.starts_with(kScheme))
    return fail(ErrorCode::kInvalidArgument, "give an origin such as https://pryx.example.net, or 'off'");
  const auto url = net::parse_url(text);
  if (!url) return fail(ErrorCode::kInvalidArgument, "{}", url.error().message);
  std::string host = url->port == url->default_port() ? url->host.text() : url->origin();
  if (text.substr(kScheme.size()) != host)
    return fail(ErrorCode::kInvalidArgument,
                "write it as a browser sends it: https:// and the host in lower case, with its port unless "
                "that is 443, and nothing behind it");
  if (is_this_machine(url->host))
    return fail(ErrorCode::kInvalidArgument,
                "names of this machine are answered to anyway; name the host that others reach it by");
  return PublicOrigin{std::move(host)};
}

}  // namespace pryx::server
