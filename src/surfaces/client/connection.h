// SPDX-License-Identifier: MIT
// One blocking byte stream to the daemon: a Unix socket or loopback TCP. Every wait ends by a deadline or by
// the interrupt descriptor (a signal pipe), whichever comes first. One owner, one thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/platform/files.h"

namespace pryx::client {

// What every blocking call needs to know about time and signals.
struct Waiting {
  const Clock* clock = nullptr;  // must outlive the users of this value
  int interrupt_fd = -1;         // becomes readable when the person wants out; -1: never
};

enum class Readiness : std::uint8_t { kReady, kTimeout, kInterrupted };
// Waits until fd is readable (POLLIN) or writable (POLLOUT).
[[nodiscard]] Readiness wait_for_fd(int fd, short events, MonotonicTime deadline, const Waiting& waiting);

class Connection {
 public:
  // kUnavailable when nothing listens, kTimeout, kCancelled when interrupted.
  [[nodiscard]] static Result<Connection> open_unix(const std::string& socket_path, MonotonicTime deadline,
                                                    const Waiting& waiting);
  // `address` is a literal IP address or "localhost".
  [[nodiscard]] static Result<Connection> open_tcp(const std::string& address, std::uint16_t port,
                                                   MonotonicTime deadline, const Waiting& waiting);

  [[nodiscard]] Result<void> send_all(std::string_view bytes, MonotonicTime deadline, const Waiting& waiting);
  // At least one byte; an empty string is the peer's end.
  [[nodiscard]] Result<std::string> receive(MonotonicTime deadline, const Waiting& waiting);
  // What is there already, without waiting; nullopt when nothing is, an empty string at the peer's end.
  [[nodiscard]] Result<std::optional<std::string>> receive_available();
  // False when the peer closed an idle connection, or sent bytes that nobody asked for.
  [[nodiscard]] bool is_idle_and_open() const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Connection(platform::UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  [[nodiscard]] static Result<Connection> finish_connect(platform::UniqueFd fd, const void* address,
                                                         std::uint32_t length, std::string name,
                                                         MonotonicTime deadline, const Waiting& waiting);
  platform::UniqueFd fd_;
  std::string name_;  // for messages
};

}  // namespace pryx::client
