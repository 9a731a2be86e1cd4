// SPDX-License-Identifier: MIT
// HTTP/1.1 and WebSocket server on loopback TCP and a Unix socket. I/O thread only. The server owns its
// connections; a handler gets one exchange at a time and must finish it. Limits are counted per connection
// and in total; a slow peer costs only itself.
#pragma once
#include <memory>
#include <string>

#include "foundation/async/event_loop.h"
#include "foundation/net/http_types.h"

namespace pryx::net {

// Of one network address: IPv6 by its /64, all of loopback together, and whoever comes to a loopback address
// belongs to it. Peers of a Unix socket have no address and are not counted.
struct PeerLimits {
  std::size_t max_connections = 10'000;
  std::uint32_t requests_per_second = 20'000;  // twice as many at once; 0: no limit
};

// Connections that only peers of the Unix socket may take: however many come over TCP, from however many
// addresses, the owner gets in.
inline constexpr std::size_t kUnixReserve = 500;

struct ServerLimits {
  // As many as one address may have, and the reserve.
  std::size_t max_connections = 10'000 + kUnixReserve;
  std::size_t unix_reserve = kUnixReserve;  // of max_connections, and less than it
  PeerLimits per_address;
  std::size_t max_header_bytes = 32u << 10;
  std::size_t max_body_bytes = 10u << 20;       // also the largest WebSocket message
  std::size_t max_buffered_bytes = 256u << 20;  // request bytes of all connections together
  Duration header_timeout =
      std::chrono::seconds(10);  // from the first byte of a request to its last header byte
  Duration body_timeout = std::chrono::seconds(60);
  Duration idle_timeout = std::chrono::seconds(75);  // keep-alive
  // A WebSocket peer gets a ping when it was silent for half of this, and is dropped at the end of it.
  Duration websocket_idle_timeout = std::chrono::seconds(60);
  Duration write_timeout = std::chrono::seconds(30);  // a peer that reads nothing for so long is dropped
  std::size_t max_socket_backlog_bytes =
      4u << 20;  // queued, unsent WebSocket bytes of one peer; over it the peer is dropped
};

// An open WebSocket. send() never waits: it queues and the connection drops a consumer whose backlog passes
// the limit.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // The next text message; kUnavailable when the peer is gone, kCancelled when the caller is.
  [[nodiscard]] virtual async::Task<Result<std::string>> read() = 0;
  // Shared so that one event to a thousand clients is one buffer. False when the peer is gone or was dropped
  // as too slow.
  virtual bool send(std::shared_ptr<const std::string> text) = 0;
  // Until little is queued, so that whoever has much to say at once (a replay) goes at the peer's pace. A
  // peer that takes nothing for write_timeout is dropped, which ends the wait: kUnavailable. kCancelled when
  // the caller is.
  [[nodiscard]] virtual async::Task<Result<void>> wait_writable() = 0;
  virtual void close(std::uint16_t code, std::string reason) = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
};

// One request being answered. Exactly one of respond(), start_stream() or accept_websocket() is called.
class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual const Request& request() const = 0;
  // True when all bytes were handed to the kernel: the receipt for pull deliveries.
  [[nodiscard]] virtual async::Task<Result<void>> respond(Response response) = 0;
  // Chunked response; then write() any number of times and finish(). write() waits while the peer is slow, at
  // most write_timeout.
  [[nodiscard]] virtual async::Task<Result<void>> start_stream(int status, Headers headers) = 0;
  [[nodiscard]] virtual async::Task<Result<void>> write(std::string bytes) = 0;
  [[nodiscard]] virtual async::Task<Result<void>> finish() = 0;
  [[nodiscard]] virtual async::Task<Result<std::shared_ptr<WebSocket>>> accept_websocket() = 0;
  // True once the peer closed its side or vanished; streams poll it, and on_disconnect runs at most once.
  [[nodiscard]] virtual bool is_peer_gone() const = 0;
  virtual void on_disconnect(std::function<void()> callback) = 0;
};

// A connection or request that the server turns away before a handler saw it (it is malformed, too large, too
// slow, one too many), or that the handler left without an answer.
struct Refusal {
  int status = 0;
  Error error;       // its words are fixed texts of the server; retry_after_ms where coming back helps
  std::string path;  // of the request; empty when it was not read so far
};
// With the code that fits the status.
[[nodiscard]] Refusal make_refusal(int status, std::string_view detail, std::string path = {});

class Handler {
 public:
  virtual ~Handler() = default;
  // Runs once per request. When it returns without an answer, the server answers 500.
  [[nodiscard]] virtual async::Task<void> handle(Exchange& exchange) = 0;
  // An early veto with headers only, before any body is read or buffered (Host, Origin, credentials, limits).
  // nullopt: go on.
  [[nodiscard]] virtual std::optional<Response> screen(const Request& head) = 0;
  // How much longer than the server's limit the body of a request that passed screen() may be; nullopt: not
  // at all. Asked before any of the body is read, and only about one that may be longer.
  [[nodiscard]] virtual std::optional<std::size_t> body_limit(const Request& /*head*/) const {
    return std::nullopt;
  }
  // The answer to what the server refuses by itself, with the status of the refusal. Runs on the I/O thread
  // between two reads, so it must neither throw nor take long.
  [[nodiscard]] virtual Response refuse(const Refusal& refusal) = 0;
};

struct ServerStats {
  std::size_t connections = 0;
  std::size_t websockets = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;
  // Binds and starts accepting. Port 0 takes any free one; the bound port is returned. kConflict when the
  // port is taken.
  [[nodiscard]] virtual Result<std::uint16_t> listen_tcp(std::string address, std::uint16_t port) = 0;
  // Takes over an already bound and listening Unix socket (foundation/platform binds relative to a held
  // directory).
  [[nodiscard]] virtual Result<void> listen_unix(int listening_fd) = 0;
  [[nodiscard]] virtual ServerStats stats() const = 0;
  // From the next connection or request on.
  virtual void set_peer_limits(PeerLimits limits) = 0;
  // Stops accepting, cancels the handlers, closes every connection, returns when all are gone.
  [[nodiscard]] virtual async::Task<void> stop() = 0;
};

// The loop must be a RealEventLoop; handler must outlive the server.
[[nodiscard]] std::unique_ptr<HttpServer> make_http_server(async::RealEventLoop& loop, Handler& handler,
                                                           ServerLimits limits = {});

}  // namespace pryx::net
