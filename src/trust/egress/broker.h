// SPDX-License-Identifier: MIT
// The one way out: every byte that a tool or a sandboxed program sends to the network passes the broker. It
// allows by host, resolves names itself, checks the connected peer, re-checks each redirect, counts bytes and
// requests, and leaves a line in the record for each. I/O thread only.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foundation/async/event_loop.h"
#include "foundation/async/task.h"
#include "foundation/base/ids.h"
#include "foundation/net/address_rules.h"
#include "foundation/net/http_client.h"
#include "trust/egress/rate_limits.h"
#include "trust/egress/request_log.h"
#include "trust/principals/principal.h"

namespace pryx::egress {

// Who sends, for the record and the limits.
struct Sender {
  Principal principal;
  SessionId session;
  TurnId turn;
  StepId step;
  std::string tool;
};

// What may be reached. A host is exact ("api.example.com", "10.0.0.7", "[::1]") or "*." and a domain; an
// optional ":port" narrows it, without one it means 80 and 443. Addresses outside the public internet are
// refused unless an entry names that very address: as host ("10.0.0.7"), behind the name
// ("nas.lan=10.0.0.7"), or as "localhost", which is this machine by definition. A name alone never opens a
// private address: whoever owns the name chooses where it points.
struct AllowList {
  std::vector<std::string> entries;
};

struct Limits {
  std::size_t request_bytes = 8u << 20;
  std::size_t response_bytes = 16u << 20;
  int redirects = 5;
  Duration time = std::chrono::seconds(60);  // of a fetch; silence on a connection of a proxy
};

struct FetchRequest {
  std::string method = "GET";
  std::string url;
  net::Headers headers;
  std::string body;
  AllowList allowed;
  Limits limits;
};

struct Hop {
  std::string url;
  int status = 0;
  std::string peer;      // the address that was really connected
  bool is_near = false;  // that peer is this machine or its network, not the public internet
};

struct FetchResponse {
  int status = 0;
  net::Headers headers;
  std::string body;
  bool truncated = false;
  std::vector<Hop> hops;  // the last one answered
  // Why the last redirect was not followed: out of the list, to a forbidden peer, down to http, too many
  // requests. The answer is that of the server that redirects, because its effect has happened.
  std::string refused_redirect;
};

// A proxy on a Unix socket for one sandboxed run; closing it ends every connection through it. It speaks
// CONNECT and absolute-form http:// requests, one for each connection. Limits count over all connections,
// with heads and with bodies that are still on their way; one body outside a tunnel has at most what a fetch
// may send.
class ProxySocket {
 public:
  virtual ~ProxySocket() = default;
  [[nodiscard]] virtual const std::string& path() const = 0;
};

// Whether an error of Broker::fetch() says that nothing was sent.
[[nodiscard]] bool says_nothing_was_sent(ErrorCode code);

class Broker {
 public:
  virtual ~Broker() = default;
  // kDenied: not on the list, or a forbidden peer. kOverloaded: a rate limit, or no descriptor for it.
  // kTooLarge: the request. kStorage: the record could not be written.
  // Once a server has answered with a redirect, a next hop that is not sent is no error: refused_redirect.
  [[nodiscard]] virtual async::Task<Result<FetchResponse>> fetch(Sender sender, FetchRequest request) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<ProxySocket>> open_proxy(Sender sender, AllowList allowed,
                                                                        Limits limits) = 0;
  [[nodiscard]] virtual async::Task<void> stop() = 0;
};

struct BrokerOptions {
  std::string socket_directory;  // private, for proxy sockets; made when needed
  std::string dns_servers;       // as in net::ClientOptions; empty: the system's
  RateLimits rates;
  // What belongs to the public internet; empty: net::is_public and no address of this machine.
  std::function<bool(const net::IpAddress&)> is_public;
  // Pryx's own listening socket, which no entry opens.
  std::function<bool(const net::IpAddress&, std::uint16_t)> is_own_service;
};

[[nodiscard]] std::unique_ptr<Broker> make_broker(async::RealEventLoop& loop, net::HttpClient& client,
                                                  RequestLog& log, BrokerOptions options = {});

}  // namespace pryx::egress
