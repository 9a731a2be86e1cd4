// SPDX-License-Identifier: MIT
// Outbound HTTP(S). The interface is what the simulation replaces; the real one is libcurl multi on the loop,
// with names resolved by c-ares, loaded when the first request is made. I/O thread only.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "foundation/async/event_loop.h"
#include "foundation/net/address_rules.h"
#include "foundation/net/http_types.h"

namespace pryx::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;  // may hold credentials: never logged
  std::string body;
  Duration connect_timeout = std::chrono::seconds(10);  // DNS, TCP and TLS together
  Duration head_timeout = std::chrono::seconds(120);    // until the response head
  std::size_t max_body_bytes = 64u << 20;
  bool allow_private_addresses =
      true;  // the checked peer may be loopback or a private network (a local model server)
  // When set it decides instead, for each address that a name has and again for the one that is connected;
  // the connection is made for this request and never kept.
  std::function<bool(const IpAddress&)> allow_peer;
  // "host:port" that the caller has checked; the request is refused when libcurl reads another from the URL.
  std::string expected_origin;
};

// A response whose body arrives in pieces. Destroying it cancels the transfer at once, upstream included.
class ClientResponse {
 public:
  virtual ~ClientResponse() = default;
  [[nodiscard]] virtual int status() const = 0;
  [[nodiscard]] virtual const Headers& headers() const = 0;
  [[nodiscard]] virtual std::string peer() const { return {}; }  // the connected address, once the head came
  // The next piece; nullopt at the proper end; kUnavailable when the connection was cut before it; kTimeout
  // when nothing came for `idle_limit`; kCancelled at once when the calling task is cancelled.
  [[nodiscard]] virtual async::Task<Result<std::optional<std::string>>> read(Duration idle_limit) = 0;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Sends and waits for the response head (any status is a success here). Cancelling the calling task aborts
  // within milliseconds, also while a DNS server is silent. Redirects are not followed. kUnavailable: nobody
  // is there, or the connection broke. kCheckFailed: somebody is, but with a certificate that does not fit,
  // or no HTTP server: the same again ends the same. kOverloaded: this process lacks descriptors or memory.
  [[nodiscard]] virtual async::Task<Result<std::unique_ptr<ClientResponse>>> start(ClientRequest request) = 0;
  [[nodiscard]] virtual async::Task<void> stop() = 0;
};

struct ClientOptions {
  std::string dns_servers;  // "127.0.0.1:5353,…" for tests; empty: the system's
  std::string ca_file;      // empty: the system's
  std::string user_agent = "pryx/" PRYX_VERSION;
  std::size_t max_connections_per_host = 64;
};

[[nodiscard]] std::unique_ptr<HttpClient> make_http_client(async::RealEventLoop& loop,
                                                           ClientOptions options = {});

}  // namespace pryx::net
