// SPDX-License-Identifier: MIT
#include "foundation/net/http_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <deque>

#include "foundation/base/log.h"
#include "foundation/net/address_rules.h"
#include "foundation/net/internal/connection.h"
#include "foundation/net/internal/response_format.h"
#include "foundation/net/internal/websocket_session.h"
#include "foundation/platform/files.h"

namespace pryx::net {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {
constexpr std::int64_t kRetryAfterMs = 1000;  // what is full now may have room in a moment

ErrorCode code_of(int status) {
  switch (status) {
    case 408:
      return ErrorCode::kTimeout;
    case 413:
    case 414:
    case 431:
      return ErrorCode::kTooLarge;
    case 429:
      return ErrorCode::kOverloaded;
    case 503:
      return ErrorCode::kUnavailable;
    case 501:
    case 505:
      return ErrorCode::kUnsupported;
    case 500:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kInvalidArgument;
  }
}
}  // namespace

Refusal make_refusal(int status, std::string_view detail, std::string path) {
  const bool comes_back = status == 429 || status == 503;
  return {status, {code_of(status), std::string(detail), comes_back ? kRetryAfterMs : -1}, std::move(path)};
}

namespace internal {

std::string_view ServerCore::date() {
  const WallTime now = loop.clock().wall();
  if (now.unix_ms / 1000 != date_second_) {
    date_second_ = now.unix_ms / 1000;
    date_ = format_date(now);
  }
  return date_;
}

namespace {
template <class T>
void insert_into(std::list<std::shared_ptr<T>>& list, const std::shared_ptr<T>& item) {
  item->place = list.insert(list.end(), item);
  item->is_listed = true;
}

template <class T>
void erase_from(std::list<std::shared_ptr<T>>& list, T& item) {
  item.slot.release();
  if (!std::exchange(item.is_listed, false)) return;
  const auto keep = *item.place;
  list.erase(item.place);
}
}  // namespace

void ServerCore::adopt(const std::shared_ptr<Connection>& connection) {
  insert_into(connections, connection);
}
void ServerCore::adopt(const std::shared_ptr<WebSocketSession>& session) { insert_into(sessions, session); }
void ServerCore::forget(Connection& connection) { erase_from(connections, connection); }
void ServerCore::forget(WebSocketSession& session) { erase_from(sessions, session); }

}  // namespace internal

namespace {

using internal::Connection;
using internal::ServerCore;
using internal::Socket;
using internal::WebSocketSession;
using platform::UniqueFd;

constexpr int kBacklog = 4096;              // the kernel cuts it to its own maximum
constexpr int kAcceptsPerTurn = 64;         // so that a burst of new peers does not starve the present ones
constexpr Duration kAcceptBackoff = 100ms;  // out of descriptors or memory: closing some needs a little time
constexpr Duration kStopGrace = 400ms;      // for cancelled handlers to say so to their peers
constexpr Duration kLinger = 1s;            // for a peer that is turned away to send its request and read why
constexpr std::size_t kMaxLingering = 64;   // of those at once; one more ends the oldest

std::string reason_of(int error) { return std::generic_category().message(error); }

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    const sockaddr_in in{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = v4, .sin_zero = {}};
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
    return address;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    in.sin6_addr = v6;
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
    return address;
  }
  return fail(ErrorCode::kInvalidArgument, "'{}' is no IP address to listen on; write one such as 127.0.0.1",
              text);
}

std::uint16_t port_of(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

Peer tcp_peer(const sockaddr_storage& storage) {
  Peer peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, text, sizeof text);
  }
  peer.address = text;
  return peer;
}

Peer unix_peer(int fd) {
  Peer peer;
  peer.transport = Peer::Transport::kUnix;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    peer.uid = credentials.uid;
    peer.pid = credentials.pid;
  }
  return peer;
}

bool is_out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

class Server final : public HttpServer {
 public:
  Server(async::RealEventLoop& loop, Handler& handler, const ServerLimits& limits)
      : core_(loop, handler, limits) {
    PRYX_CHECK(limits.unix_reserve < limits.max_connections);
  }

  [[nodiscard]] Result<std::uint16_t> listen_tcp(std::string address, std::uint16_t port) override;
  [[nodiscard]] Result<void> listen_unix(int listening_fd) override;
  [[nodiscard]] ServerStats stats() const override {
    return {core_.open_count(), core_.sessions.size(), core_.requests, core_.refused};
  }
  void set_peer_limits(PeerLimits limits) override { core_.peers.set_limits(limits); }
  [[nodiscard]] async::Task<void> stop() override;

 private:
  struct Listener {
    Listener(asio::io_context& context, int fd, Peer::Transport t, bool loopback)
        : descriptor(context, fd), transport(t), is_loopback(loopback) {}
    asio::posix::stream_descriptor descriptor;
    Peer::Transport transport;
    bool is_loopback;  // only this machine reaches it
    async::EventLoop::TimerId backoff = 0;
  };

  void add_listener(int fd, Peer::Transport transport, bool is_loopback);
  void wait_acceptable(const std::shared_ptr<Listener>& listener);
  void accept_some(const std::shared_ptr<Listener>& listener);
  void pause_accepting(const std::shared_ptr<Listener>& listener, int error);
  void turn_away(UniqueFd fd, int status, std::string_view detail);
  void end_lingering();
  void admit(int accepted, const Listener& listener, const sockaddr_storage& from);
  void close_all();

  ServerCore core_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  struct Lingering {
    UniqueFd fd;
    MonotonicTime until;
  };
  std::deque<Lingering> lingering_;  // the oldest first
  async::EventLoop::TimerId linger_timer_ = 0;
  MonotonicTime last_trouble_{-1h};
};

Result<std::uint16_t> Server::listen_tcp(std::string address, std::uint16_t port) {
  PRYX_TRY(Address at, parse_address(address, port));
  UniqueFd fd(::socket(at.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0)
    return fail(ErrorCode::kUnavailable, "open a socket for {}: {}", address, reason_of(errno));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (at.storage.ss_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at.storage), at.size) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    const ErrorCode code = error == EADDRINUSE ? ErrorCode::kConflict : ErrorCode::kUnavailable;
    return fail(code, "listen on {} port {}: {}; choose another port", address, port, reason_of(error));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return fail(ErrorCode::kUnavailable, "read the bound port of {}: {}", address, reason_of(errno));
  }
  const auto ip = from_sockaddr(reinterpret_cast<const sockaddr&>(bound));
  add_listener(fd.release(), Peer::Transport::kTcp, ip && is_loopback(*ip));
  return port_of(bound);
}

Result<void> Server::listen_unix(int listening_fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(listening_fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    return fail(ErrorCode::kInvalidArgument, "descriptor {} is no listening socket", listening_fd);
  }
  add_listener(listening_fd, Peer::Transport::kUnix, false);
  return {};
}

void Server::add_listener(int fd, Peer::Transport transport, bool is_loopback) {
  listeners_.push_back(std::make_shared<Listener>(core_.loop.context(), fd, transport, is_loopback));
  // A descriptor that blocks would stop the whole loop when a peer leaves between readiness and accept.
  boost::system::error_code ignored;
  listeners_.back()->descriptor.native_non_blocking(true, ignored);
  wait_acceptable(listeners_.back());
}

void Server::wait_acceptable(const std::shared_ptr<Listener>& listener) {
  listener->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                  [this, listener](const boost::system::error_code& error) {
                                    if (error || !listener->descriptor.is_open())
                                      return;  // the listener was closed; the server may be gone
                                    accept_some(listener);
                                  });
}

void Server::accept_some(const std::shared_ptr<Listener>& listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    UniqueFd fd(::accept4(listener->descriptor.native_handle(), reinterpret_cast<sockaddr*>(&from), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.get() >= 0) {
      admit(fd.release(), *listener, from);
      continue;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) break;
    if (is_out_of_resources(error)) return pause_accepting(listener, error);
    // Everything else concerns the one connection that failed (accept(2), "Error handling").
  }
  wait_acceptable(listener);
}

void Server::pause_accepting(const std::shared_ptr<Listener>& listener, int error) {
  if (core_.now() - last_trouble_ > 60s) {
    log::warn("http.accept_paused", {{"reason", reason_of(error)}, {"connections", core_.open_count()}});
  }
  last_trouble_ = core_.now();
  listener->backoff = core_.loop.call_after(kAcceptBackoff, [this, listener] {
    listener->backoff = 0;
    wait_acceptable(listener);
  });
}

// Closing over bytes that nobody read resets the connection, and a reset takes the answer away from a peer
// that has not read it yet. So the connection stays for a moment after our side of it has ended (RFC
// 9112, 9.6).
void Server::turn_away(UniqueFd fd, int status, std::string_view detail) {
  ++core_.refused;
  const Response response = core_.handler.refuse(make_refusal(status, detail));
  const std::string answer =
      internal::format_head(response.status, response.headers,
                            {.body_bytes = response.body.size(), .close = true, .date = core_.date()}) +
      response.body;
  (void)!::recv(fd.get(), core_.scratch.data(), core_.scratch.size(), MSG_DONTWAIT);
  (void)!::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(fd.get(), SHUT_WR);
  if (lingering_.size() >= kMaxLingering) lingering_.pop_front();
  lingering_.push_back({std::move(fd), core_.now() + kLinger});
  if (linger_timer_ == 0) linger_timer_ = core_.loop.call_after(kLinger, [this] { end_lingering(); });
}

void Server::end_lingering() {
  linger_timer_ = 0;
  while (!lingering_.empty() && lingering_.front().until <= core_.now()) lingering_.pop_front();
  if (lingering_.empty()) return;
  linger_timer_ = core_.loop.call_after(lingering_.front().until - core_.now(), [this] { end_lingering(); });
}

void Server::admit(int accepted, const Listener& listener, const sockaddr_storage& from) {
  UniqueFd fd(accepted);
  const bool is_tcp = listener.transport == Peer::Transport::kTcp;
  const std::size_t most = core_.limits.max_connections;
  internal::PeerTable::Slot slot;
  if (is_tcp) {
    // From a loopback listener's peer any address of this machine may be heard, and it has its choice.
    auto given =
        core_.peers.open(listener.is_loopback ? std::string(kLoopbackKey) : internal::peer_key(from));
    if (!given) return turn_away(std::move(fd), 429, "too many connections from this address; close some");
    slot = std::move(*given);
  }
  const bool is_reserved = is_tcp && core_.peers.open_count() > most - core_.limits.unix_reserve;
  if (is_reserved || core_.open_count() >= most)
    return turn_away(std::move(fd), 503, "too many connections; try again later");
  Peer peer = is_tcp ? tcp_peer(from) : unix_peer(fd.get());
  peer.is_local = listener.is_loopback;
  if (is_tcp) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Socket socket(core_.loop.context());
  const asio::generic::stream_protocol protocol(is_tcp ? from.ss_family : AF_UNIX, is_tcp ? IPPROTO_TCP : 0);
  boost::system::error_code error;
  socket.assign(protocol, fd.get(), error);
  if (error) return;
  (void)fd.release();
  const auto connection = std::make_shared<Connection>(core_, std::move(socket), std::move(peer));
  connection->slot = std::move(slot);
  core_.adopt(connection);
  connection->start();
}

void Server::close_all() {
  while (!core_.connections.empty()) {
    const auto connection = core_.connections.front();
    connection->close();
  }
  while (!core_.sessions.empty()) {
    const auto session = core_.sessions.front();
    session->abort();
  }
}

async::Task<void> Server::stop() {
  core_.stopping = true;
  for (const auto& listener : listeners_) {
    if (listener->backoff != 0) core_.loop.cancel_timer(listener->backoff);
    boost::system::error_code ignored;
    listener->descriptor.close(ignored);
  }
  listeners_.clear();
  if (linger_timer_ != 0) core_.loop.cancel_timer(linger_timer_);
  lingering_.clear();
  const auto connections = core_.connections;
  for (const auto& connection : connections) connection->begin_stop();
  const auto sessions = core_.sessions;
  for (const auto& session : sessions) session->close(1001, "the server is stopping");
  const auto timer = core_.loop.call_after(kStopGrace, [this] { close_all(); });
  co_await core_.tasks.stop();
  core_.loop.cancel_timer(timer);
  close_all();
}

}  // namespace

std::unique_ptr<HttpServer> make_http_server(async::RealEventLoop& loop, Handler& handler,
                                             ServerLimits limits) {
  return std::make_unique<Server>(loop, handler, limits);
}

}  // namespace pryx::net
