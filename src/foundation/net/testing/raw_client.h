// SPDX-License-Identifier: MIT
// A blocking client on a raw socket for tests of servers: sends any bytes, also what no HTTP client would,
// and reads answers and WebSocket frames one by one. Every wait ends after ten seconds, so a test that fails
// does not hang.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pryx::net::testing {

struct RawResponse {
  int status = 0;  // 0: the connection ended without one
  std::string head;
  std::string body;
  [[nodiscard]] bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

struct RawFrame {
  int opcode = -1;  // -1: the connection ended
  std::string payload;
  [[nodiscard]] int close_code() const {
    return payload.size() < 2
               ? 0
               : static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
  }
};

class RawClient {
 public:
  // `from`: the address of this machine that it comes from.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0, const char* from = nullptr) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    limit_waits();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (from != nullptr && ::inet_pton(AF_INET, from, &address.sin_addr) == 1)
      (void)::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  explicit RawClient(const std::string& abstract_name) {
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    limit_waits();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    abstract_name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + abstract_name.size());
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0;
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        connected_(other.connected_),
        was_reset_(other.was_reset_),
        bytes_(std::move(other.bytes_)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool is_connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void close_sending_half() const { ::shutdown(fd_, SHUT_WR); }
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  [[nodiscard]] bool is_readable(int within_ms) const {
    pollfd poll{fd_, POLLIN, 0};
    return !bytes_.empty() || ::poll(&poll, 1, within_ms) > 0;
  }

  // One answer; interim ones (1xx but 101) count. `no_body` for the answer to a HEAD.
  RawResponse read_response(bool no_body = false) {
    RawResponse response;
    while (bytes_.find("\r\n\r\n") == std::string::npos) {
      if (!receive()) return response;
    }
    const std::size_t end = bytes_.find("\r\n\r\n") + 4;
    response.head = bytes_.substr(0, end);
    bytes_.erase(0, end);
    response.status = std::atoi(response.head.c_str() + 9);
    const std::size_t length = response.head.find("Content-Length: ");
    if (no_body) return response;
    if (length != std::string::npos) {
      response.body = take(std::strtoull(response.head.c_str() + length + 16, nullptr, 10));
    } else if (response.has("Transfer-Encoding: chunked")) {
      while (auto chunk = read_chunk()) {
        if (chunk->empty()) break;
        response.body += *chunk;
      }
    }
    return response;
  }
  // Of a chunked body: "" is its proper end, nullopt a cut connection.
  std::optional<std::string> read_chunk() {
    while (bytes_.find("\r\n") == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    const std::size_t end = bytes_.find("\r\n");
    const std::size_t size = std::strtoull(bytes_.substr(0, end).c_str(), nullptr, 16);
    bytes_.erase(0, end + 2);
    std::string chunk = take(size + 2);
    if (chunk.size() != size + 2) return std::nullopt;
    chunk.resize(size);
    return chunk;
  }
  // A connection that was reset can lose what its client has not read yet.
  [[nodiscard]] bool was_reset() const { return was_reset_; }
  // True when the peer closes without another byte.
  bool ends() { return bytes_.empty() && !receive(); }
  std::string read_all() {
    while (receive()) {
    }
    return std::exchange(bytes_, {});
  }

  bool open_websocket(const std::string& path) {
    send("GET " + path +
         " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    return read_response(true).status == 101;
  }
  static std::string frame(int first_byte, std::string_view payload) {
    std::string out(1, static_cast<char>(first_byte));
    const std::size_t size = payload.size();
    if (size < 126) {
      out.push_back(static_cast<char>(0x80 | size));
    } else if (size < 65536) {
      out.push_back(static_cast<char>(0x80 | 126));
      for (int shift = 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift));
    } else {
      out.push_back(static_cast<char>(0x80 | 127));
      for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift));
    }
    out.append(4, '\0');  // a mask of zeros leaves the payload readable
    return out.append(payload);
  }
  bool send_text(std::string_view text) const { return send(frame(0x81, text)); }
  RawFrame read_frame() {
    RawFrame result;
    const std::string head = take(2);
    if (head.size() < 2) return result;
    std::size_t size = static_cast<unsigned char>(head[1]) & 0x7f;
    if (size >= 126) {
      std::size_t wide = 0;
      for (const char c : take(size == 126 ? 2 : 8)) wide = wide * 256 + static_cast<unsigned char>(c);
      size = wide;
    }
    result.payload = take(size);
    if (result.payload.size() == size) result.opcode = head[0] & 0x0f;
    return result;
  }

 private:
  void limit_waits() const {
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  std::string take(std::size_t size) {
    while (bytes_.size() < size && receive()) {
    }
    std::string out = bytes_.substr(0, size);
    bytes_.erase(0, out.size());
    return out;
  }
  bool receive() {
    char buffer[65536];
    const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
    if (count < 0 && errno == ECONNRESET) was_reset_ = true;
    if (count <= 0) return false;
    bytes_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  bool was_reset_ = false;
  std::string bytes_;
};

}  // namespace pryx::net::testing
