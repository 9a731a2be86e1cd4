// SPDX-License-Identifier: MIT
// The addresses that this machine answers on: a public one among them still reaches services that were meant
// for its own network. So does each IPv6 form that carries one of its IPv4 addresses. Any thread.
#pragma once
#include "foundation/net/address_rules.h"

namespace pryx::net {

[[nodiscard]] bool is_own_address(const IpAddress& address);

}  // namespace pryx::net
