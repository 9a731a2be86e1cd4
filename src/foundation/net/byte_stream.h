// SPDX-License-Identifier: MIT
// Plain byte streams for what is no HTTP server and no HTTP client: the egress proxy. Descriptors are watched
// by one PollSet. Every wait is bounded and cancellable; a stream may be read and written at the same time,
// each by one coroutine. I/O thread only.
#pragma once
#include <memory>
#include <string>

#include "foundation/async/event_loop.h"
#include "foundation/net/address_rules.h"

namespace pryx::net {

class ByteStream {
 public:
  virtual ~ByteStream() = default;  // closes; nobody may be waiting in it
  // At most `most` bytes; empty at the end. kTimeout, kCancelled, or kUnavailable when it broke.
  [[nodiscard]] virtual async::Task<Result<std::string>> read(std::size_t most, Duration limit) = 0;
  // All of it.
  [[nodiscard]] virtual async::Task<Result<void>> write(std::string bytes, Duration limit) = 0;
  virtual void finish_writing() = 0;  // the other side reads to its end
  virtual void close() = 0;           // whoever waits gets kUnavailable
  // Who the kernel says is connected; nothing for a Unix socket.
  [[nodiscard]] virtual std::optional<IpAddress> peer() const = 0;
};

class StreamListener {
 public:
  virtual ~StreamListener() = default;
  [[nodiscard]] virtual async::Task<Result<std::shared_ptr<ByteStream>>> accept() = 0;
  virtual void close() = 0;
};

class StreamHub {
 public:
  explicit StreamHub(async::RealEventLoop& loop);
  ~StreamHub();
  StreamHub(const StreamHub&) = delete;
  StreamHub& operator=(const StreamHub&) = delete;

  [[nodiscard]] async::Task<Result<std::shared_ptr<ByteStream>>> connect_tcp(IpAddress address,
                                                                             std::uint16_t port,
                                                                             Duration limit);
  // Takes over a listening non-blocking socket.
  [[nodiscard]] std::shared_ptr<StreamListener> listen(int fd);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pryx::net
