// SPDX-License-Identifier: MIT
// What fetch and the proxies share: who may go where, how often, and the record of it. For broker.cpp and
// proxy.cpp only. I/O thread only.
#pragma once
#include <memory>
#include <string>

#include "foundation/async/task_group.h"
#include "foundation/net/byte_stream.h"
#include "foundation/net/dns_resolver.h"
#include "trust/egress/broker.h"
#include "trust/egress/host_rules.h"

namespace pryx::egress {

struct BrokerCore {
  BrokerCore(async::RealEventLoop& l, net::HttpClient& c, RequestLog& r, BrokerOptions o);

  [[nodiscard]] MonotonicTime now() const { return loop.clock().monotonic(); }
  // Decides on host, port and rate, and writes the record: durable before anything is sent, the name's DNS
  // question included. The number of the row is in the record.
  [[nodiscard]] async::Task<Result<RequestRecord>> admit(Sender sender,
                                                         std::shared_ptr<const HostRules> rules, net::Url url,
                                                         std::string method);
  // The rule for connected peers; outlives the core.
  [[nodiscard]] std::function<bool(const net::IpAddress&)> peer_rule(std::shared_ptr<const HostRules> rules,
                                                                     const net::Url& url) const;
  [[nodiscard]] async::Task<Result<void>> finish(RequestRecord record, Result<void> outcome);

  async::RealEventLoop& loop;
  net::HttpClient& client;
  RequestLog& log;
  BrokerOptions options;
  RateGate rates;
  net::DnsResolver resolver;
  net::StreamHub hub;
  async::TaskGroup tasks;
  std::uint64_t next_proxy = 1;
  bool stopping = false;
};

// What a name resolves to but may not be connected to, for the message.
[[nodiscard]] Error forbidden_peer(const net::Url& url);

[[nodiscard]] Result<std::unique_ptr<ProxySocket>> open_proxy_socket(const std::shared_ptr<BrokerCore>& core,
                                                                     Sender sender, HostRules rules,
                                                                     Limits limits);

}  // namespace pryx::egress
