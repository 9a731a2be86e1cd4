// SPDX-License-Identifier: MIT
#include "surfaces/client/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "foundation/platform/socket_path.h"

namespace pryx::client {
namespace {

constexpr std::size_t kReadBytes = 64u << 10;

std::unexpected<Error> not_ready(Readiness why, std::string_view name) {
  if (why == Readiness::kInterrupted) return fail(ErrorCode::kCancelled, "interrupted");
  return fail(ErrorCode::kTimeout, "the daemon at {} did not answer in time", name);
}

Error connect_error(const std::string& name, int number) {
  if (number == EACCES || number == EPERM) {
    return {ErrorCode::kForbidden,
            fmt::format("cannot connect to the daemon at {}: {}", name, platform::describe_errno(number)),
            -1};
  }
  return {ErrorCode::kUnavailable,
          fmt::format("cannot reach the daemon at {}: {}", name, platform::describe_errno(number)), -1};
}

}  // namespace

Readiness wait_for_fd(int fd, short events, MonotonicTime deadline, const Waiting& waiting) {
  while (true) {
    const Duration left = deadline - waiting.clock->monotonic();
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const int timeout =
        milliseconds <= 0 ? 0 : static_cast<int>(std::min<std::int64_t>(milliseconds, 60'000));
    pollfd fds[2] = {{fd, events, 0}, {waiting.interrupt_fd, POLLIN, 0}};
    const int count = ::poll(fds, 2, timeout);
    if (count < 0 && errno != EINTR) return Readiness::kReady;  // the call that follows names the error
    if (count > 0) {
      if (fds[1].revents != 0) return Readiness::kInterrupted;
      if (fds[0].revents != 0) return Readiness::kReady;
    }
    if (count == 0 && milliseconds <= 60'000) return Readiness::kTimeout;
  }
}

Result<Connection> Connection::finish_connect(platform::UniqueFd fd, const void* address,
                                              std::uint32_t length, std::string name, MonotonicTime deadline,
                                              const Waiting& waiting) {
  if (::connect(fd.get(), static_cast<const sockaddr*>(address), length) != 0) {
    // A Unix socket with a full backlog says EAGAIN; nothing tells when it drains, so that counts as not
    // reachable.
    if (errno != EINPROGRESS && errno != EINTR) return fail(connect_error(name, errno));
    const Readiness readiness = wait_for_fd(fd.get(), POLLOUT, deadline, waiting);
    if (readiness != Readiness::kReady) return not_ready(readiness, name);
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return fail(connect_error(name, error));
  }
  return Connection(std::move(fd), std::move(name));
}

Result<Connection> Connection::open_unix(const std::string& socket_path, MonotonicTime deadline,
                                         const Waiting& waiting) {
  const std::size_t slash = socket_path.rfind('/');
  if (slash == std::string::npos)
    return fail(ErrorCode::kInvalidArgument, "'{}' is no absolute socket path", socket_path);
  auto place = platform::SocketPath::make(socket_path.substr(0, slash == 0 ? 1 : slash),
                                          socket_path.substr(slash + 1));
  if (!place)
    return fail(ErrorCode::kUnavailable, "cannot reach the daemon at {}: {}", socket_path,
                place.error().message);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, place->address().c_str(), place->address().size() + 1);
  platform::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(platform::system_error("make a socket", errno));
  return finish_connect(std::move(fd), &address, sizeof(address), socket_path, deadline, waiting);
}

Result<Connection> Connection::open_tcp(const std::string& host, std::uint16_t port, MonotonicTime deadline,
                                        const Waiting& waiting) {
  const std::string literal = host == "localhost" ? "127.0.0.1" : host;
  const std::string name = literal.find(':') == std::string::npos ? fmt::format("{}:{}", literal, port)
                                                                  : fmt::format("[{}]:{}", literal, port);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const bool is_v4 = ::inet_pton(AF_INET, literal.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && ::inet_pton(AF_INET6, literal.c_str(), &v6.sin6_addr) != 1) {
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is no literal IP address; write 127.0.0.1, ::1 or localhost", host);
  }
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  platform::UniqueFd fd(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(platform::system_error("make a socket", errno));
  const int on = 1;
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (is_v4) return finish_connect(std::move(fd), &v4, sizeof(v4), name, deadline, waiting);
  return finish_connect(std::move(fd), &v6, sizeof(v6), name, deadline, waiting);
}

Result<void> Connection::send_all(std::string_view bytes, MonotonicTime deadline, const Waiting& waiting) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) {
      return fail(ErrorCode::kUnavailable, "lost the daemon at {}: {}", name_,
                  platform::describe_errno(errno));
    }
    const Readiness readiness = wait_for_fd(fd_.get(), POLLOUT, deadline, waiting);
    if (readiness != Readiness::kReady) return not_ready(readiness, name_);
  }
  return {};
}

Result<std::optional<std::string>> Connection::receive_available() {
  std::string bytes(kReadBytes, '\0');
  while (true) {
    const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (count >= 0) {
      bytes.resize(static_cast<std::size_t>(count));
      return bytes;
    }
    if (errno == EAGAIN) return std::optional<std::string>{};
    if (errno != EINTR)
      return fail(ErrorCode::kUnavailable, "lost the daemon at {}: {}", name_,
                  platform::describe_errno(errno));
  }
}

Result<std::string> Connection::receive(MonotonicTime deadline, const Waiting& waiting) {
  while (true) {
    PRYX_TRY(std::optional<std::string> bytes, receive_available());
    if (bytes) return std::move(*bytes);
    const Readiness readiness = wait_for_fd(fd_.get(), POLLIN, deadline, waiting);
    if (readiness != Readiness::kReady) return not_ready(readiness, name_);
  }
}

bool Connection::is_idle_and_open() const {
  pollfd fd{fd_.get(), POLLIN, 0};
  return ::poll(&fd, 1, 0) == 0;
}

}  // namespace pryx::client
