// SPDX-License-Identifier: MIT
#include "egress_keeper.h"

#include <unistd.h>

#include "foundation/net/own_addresses.h"

namespace pryx::app {
namespace {

// The helpers lie beside this program.
std::string beside_this_program(const std::string& name) {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  const std::string own(path, length > 0 ? static_cast<std::size_t>(length) : 0);
  return own.substr(0, own.rfind('/') + 1) + name;
}

}  // namespace

EgressKeeper::EgressKeeper(const Parts& parts)
    : log_(parts.database, parts.audit, parts.loop.clock()), secrets_(parts.vault) {
  egress::BrokerOptions options;
  options.socket_directory = parts.run_directory + "/egress";
  options.is_own_service = [port = own_port_](const net::IpAddress& address, std::uint16_t to) {
    return *port != 0 && to == *port && (!net::is_public(address) || net::is_own_address(address));
  };
  broker_ = egress::make_broker(parts.loop, parts.client, log_, std::move(options));
  pages_ = tools::http::make_page_reader(parts.pool, beside_this_program("pryx-worker"));
}

Result<void> EgressKeeper::add_tools(tools::Registry& registry) {
  return registry.add(std::make_unique<tools::http::HttpRequestTool>(*broker_, *pages_, &secrets_));
}

}  // namespace pryx::app
