// SPDX-License-Identifier: MIT
#include "foundation/net/own_addresses.h"

#include <ifaddrs.h>
#include <sys/socket.h>

namespace pryx::net {

bool is_own_address(const IpAddress& address) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return true;  // nobody can tell: treat it as ours
  // The kernel connects ::ffff:1.2.3.4 as 1.2.3.4, which is all that the list knows.
  const IpAddress inner = find_inner_v4(address).value_or(address);
  bool found = false;
  for (const ifaddrs* entry = list; entry != nullptr && !found; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const auto own = from_sockaddr(*entry->ifa_addr);
    found = own && (*own == address || *own == inner);
  }
  ::freeifaddrs(list);
  return found;
}

}  // namespace pryx::net
