// SPDX-License-Identifier: MIT
#include "trust/egress/host_rules.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::egress {
namespace {

constexpr std::size_t kMostEntries = 1000;

bool is_localhost(const net::Host& host) {
  return host.name == "localhost" || host.name.ends_with(".localhost");
}

}  // namespace

Result<HostRules::Entry> HostRules::parse_entry(std::string_view text) {
  Entry entry;
  std::string_view host = text;
  if (const std::size_t equals = host.find('='); equals != std::string_view::npos) {
    PRYX_TRY(const net::Host address, net::parse_host(host.substr(equals + 1)));
    if (!address.address)
      return fail(ErrorCode::kInvalidArgument, "behind the '=' of an allow-list entry stands an address");
    entry.private_address = address.address;
    host = host.substr(0, equals);
  }
  if (host.starts_with("*.")) {
    entry.is_wildcard = true;
    host.remove_prefix(2);
  }
  PRYX_TRY(net::HostPort at, net::parse_host_port(host));
  entry.host = std::move(at.host);
  entry.port = at.port;
  const bool has_domain = !entry.host.address && entry.host.name.find('.') != std::string::npos;
  if (entry.is_wildcard && (!has_domain || entry.private_address))
    return fail(ErrorCode::kInvalidArgument,
                "'*.' needs a domain with at least one dot behind it, and no address");
  if (entry.host.address && entry.private_address)
    return fail(ErrorCode::kInvalidArgument, "an address in an allow-list stands alone");
  return entry;
}

Result<HostRules> HostRules::parse(const AllowList& list) {
  HostRules rules;
  if (list.entries.size() > kMostEntries)
    return fail(ErrorCode::kTooLarge, "an allow-list has at most {} entries", kMostEntries);
  for (const std::string& text : list.entries) {
    auto entry = parse_entry(text);
    if (!entry) {
      return fail(entry.error().code, "allow-list entry '{}': {}", to_valid_utf8(utf8_prefix(text, 64)),
                  entry.error().message);
    }
    rules.text_ += (rules.text_.empty() ? "" : ", ") + text;
    rules.entries_.push_back(std::move(*entry));
  }
  if (rules.text_.empty()) rules.text_ = "none";
  return rules;
}

bool HostRules::matches(const Entry& entry, const net::Host& host, std::uint16_t port) {
  const bool port_fits = entry.port ? *entry.port == port : port == 80 || port == 443;
  if (!port_fits) return false;
  if (!entry.is_wildcard) return entry.host == host;
  return !host.address && host.name.size() > entry.host.name.size() + 1 &&
         host.name.ends_with("." + entry.host.name);
}

bool HostRules::permits(const net::Host& host, std::uint16_t port) const {
  return std::ranges::any_of(entries_, [&](const Entry& e) { return matches(e, host, port); });
}

bool HostRules::permits_peer(const net::Host& host, std::uint16_t port, const net::IpAddress& peer,
                             bool peer_is_public) const {
  if (host.address && *host.address != peer) return false;
  return std::ranges::any_of(entries_, [&](const Entry& e) {
    if (!matches(e, host, port)) return false;
    if (e.private_address) return *e.private_address == peer;
    if (is_localhost(host)) return !e.is_wildcard && is_loopback(peer);
    return peer_is_public || host.address.has_value();
  });
}

std::string HostRules::describe() const { return text_; }

}  // namespace pryx::egress
