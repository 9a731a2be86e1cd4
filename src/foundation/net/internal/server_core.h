// SPDX-License-Identifier: MIT
// What the connections of one server share. Owned by the server; a connection uses it until it is closed, and
// every connection is closed before the server goes. I/O thread only.
#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <list>
#include <memory>
#include <vector>

#include "foundation/async/task_group.h"
#include "foundation/net/http_server.h"
#include "foundation/net/internal/peer_table.h"

namespace pryx::net::internal {

class Connection;
class WebSocketSession;

// One type for TCP and Unix: everything that is composed over a stream is instantiated once.
using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol>;

struct ServerCore {
  ServerCore(async::RealEventLoop& l, Handler& h, const ServerLimits& given)
      : loop(l),
        handler(h),
        limits(given),
        peers(given.per_address),
        tasks(l, "http_server"),
        scratch(64u << 10) {}

  [[nodiscard]] MonotonicTime now() const { return loop.clock().monotonic(); }
  [[nodiscard]] std::string_view date();  // valid until the next call

  void adopt(const std::shared_ptr<Connection>& connection);
  void adopt(const std::shared_ptr<WebSocketSession>& session);
  void forget(Connection& connection);
  void forget(WebSocketSession& session);
  [[nodiscard]] std::size_t open_count() const { return connections.size() + sessions.size(); }

  async::RealEventLoop& loop;
  Handler& handler;
  const ServerLimits limits;
  PeerTable peers;  // before the connections, which give their slots back
  async::TaskGroup tasks;
  std::list<std::shared_ptr<Connection>> connections;
  std::list<std::shared_ptr<WebSocketSession>> sessions;
  std::vector<char> scratch;  // every read lands here first, so an idle connection holds no buffer
  std::size_t buffered = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
  bool stopping = false;

 private:
  std::int64_t date_second_ = -1;
  std::string date_;
};

// One peer's part of the bytes that all connections hold together.
class BufferCharge {
 public:
  explicit BufferCharge(ServerCore& core) : core_(core) {}
  ~BufferCharge() { set(0); }
  BufferCharge(const BufferCharge&) = delete;
  BufferCharge& operator=(const BufferCharge&) = delete;
  // False when all together are over the limit; the bytes are counted all the same until they are given back.
  bool set(std::size_t bytes) {
    if (bytes == held_) return true;
    core_.buffered += bytes;
    core_.buffered -= held_;
    const bool grew = bytes > held_;
    held_ = bytes;
    return !grew || core_.buffered <= core_.limits.max_buffered_bytes;
  }

 private:
  ServerCore& core_;
  std::size_t held_ = 0;
};

}  // namespace pryx::net::internal
