// SPDX-License-Identifier: MIT
// An allow-list as values: which hosts, and which connected peers. Pure; any thread.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foundation/net/url.h"
#include "trust/egress/broker.h"

namespace pryx::egress {

class HostRules {
 public:
  // One bad entry refuses the whole list: half a list would be another list.
  [[nodiscard]] static Result<HostRules> parse(const AllowList& list);
  [[nodiscard]] bool permits(const net::Host& host, std::uint16_t port) const;
  // May the connection for this host end at this address?
  [[nodiscard]] bool permits_peer(const net::Host& host, std::uint16_t port, const net::IpAddress& peer,
                                  bool peer_is_public) const;
  [[nodiscard]] std::string describe() const;  // for messages

 private:
  struct Entry {
    bool is_wildcard = false;  // host.name is the domain below which names match
    net::Host host;
    std::optional<std::uint16_t> port;
    std::optional<net::IpAddress> private_address;
  };
  [[nodiscard]] static Result<Entry> parse_entry(std::string_view text);
  [[nodiscard]] static bool matches(const Entry& entry, const net::Host& host, std::uint16_t port);

  std::vector<Entry> entries_;
  std::string text_;
};

}  // namespace pryx::egress
