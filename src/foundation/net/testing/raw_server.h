// SPDX-License-Identifier: MIT
// A server on a raw loopback socket for tests of clients: each connection runs a script on its own thread,
// which may answer anything, also what no HTTP server would. A request has been read before the script runs;
// keep-alive loops are the script's business.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace pryx::net::testing {

class RawConnection {
 public:
  explicit RawConnection(int fd) : fd_(fd) {}
  // One request: head and a body of Content-Length. Empty when the peer closed.
  [[nodiscard]] std::string read_request() {
    for (;;) {
      const std::size_t head = bytes_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t at = bytes_.find("Content-Length: ");
        const std::size_t length = at < head ? std::strtoull(bytes_.c_str() + at + 16, nullptr, 10) : 0;
        if (bytes_.size() >= head + 4 + length) {
          std::string request = bytes_.substr(0, head + 4 + length);
          bytes_.erase(0, head + 4 + length);
          return request;
        }
      }
      if (!receive()) return {};
    }
  }
  bool write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool write_chunk(std::string_view text) const {
    char size[32];
    (void)snprintf(size, sizeof size, "%zx\r\n", text.size());
    return write(std::string(size) + std::string(text) + "\r\n");
  }
  void wait_until_peer_closes() {
    while (receive()) {
    }
  }
  // A pause that ends early when the peer goes.
  [[nodiscard]] bool peer_closes_within(int milliseconds) const {
    pollfd waiting{fd_, POLLRDHUP, 0};
    return poll(&waiting, 1, milliseconds) != 0;
  }

 private:
  bool receive() {
    char buffer[16384];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    bytes_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  int fd_;
  std::string bytes_;
};

class RawServer {
 public:
  using Script = std::function<void(RawConnection& connection, const std::string& request)>;

  explicit RawServer(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 256) != 0)
      std::abort();
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~RawServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd] {
        RawConnection connection(fd);
        const std::string request = connection.read_request();
        if (!request.empty()) script_(connection, request);
        shutdown(fd, SHUT_RDWR);
        {
          const std::lock_guard guard(mutex_);
          std::erase(open_, fd);
        }
        close(fd);
      });
    }
  }

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
};

}  // namespace pryx::net::testing
