// SPDX-License-Identifier: MIT
// The least that a load generator needs: non-blocking sockets on epoll, HTTP/1.1 framing good enough for our
// own two servers. It shares no code with the daemon, so that a fast path there cannot flatter itself here.
// Single thread.
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

[[noreturn]] inline void die(const std::string& what) {
  std::fprintf(stderr, "bench: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

inline int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

inline void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) continue;
    if (n <= 0) die("send");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

// Length of the first complete HTTP message at the start of `bytes`, or 0. Bodies by Content-Length or
// chunked.
inline size_t complete_message(std::string_view bytes) {
  const size_t head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  std::string lower(bytes.substr(0, head));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower.find("transfer-encoding: chunked") != std::string::npos) {
    size_t at = head + 4;
    for (;;) {
      const size_t line = bytes.find("\r\n", at);
      if (line == std::string_view::npos) return 0;
      const size_t size = std::strtoul(std::string(bytes.substr(at, line - at)).c_str(), nullptr, 16);
      at = line + 2 + size + 2;
      if (at > bytes.size()) return 0;
      if (size == 0) return at;
    }
  }
  const size_t field = lower.find("content-length:");
  const size_t length =
      field == std::string::npos ? 0 : std::strtoul(lower.c_str() + field + 15, nullptr, 10);
  return head + 4 + length <= bytes.size() ? head + 4 + length : 0;
}

// Blocking exchange on one connection.
inline std::string exchange(int fd, const std::string& request) {
  send_all(fd, request);
  std::string in;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) die("recv");
    in.append(buffer, static_cast<size_t>(n));
    if (const size_t whole = complete_message(in)) return in.substr(0, whole);
  }
}

inline std::string post(const std::string& path, int port, const std::string& token,
                        const std::string& body) {
  std::string out = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                    "\r\nContent-Type: application/json\r\n";
  if (!token.empty()) out += "Authorization: Bearer " + token + "\r\n";
  return out + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline std::string get(const std::string& path, int port, const std::string& token) {
  return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nAuthorization: Bearer " + token + "\r\n\r\n";
}

inline double percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<size_t>(p / 100 * static_cast<double>(values.size())))];
}

// Keeps `lanes` connections busy until `total` exchanges are done; returns the milliseconds of each.
inline std::vector<double> drive(int port, size_t lanes, size_t total,
                                 const std::function<std::string(size_t)>& request,
                                 const std::function<void(std::string_view)>& check, double& seconds) {
  struct Lane {
    int fd = -1;
    double started = 0;
    std::string in;
  };
  std::vector<Lane> open(lanes);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<double> took;
  size_t sent = 0;
  const double begun = now_ms();
  for (size_t i = 0; i < lanes; ++i) {
    open[i].fd = connect_to(port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, open[i].fd, &event);
    if (sent < total) {
      open[i].started = now_ms();
      send_all(open[i].fd, request(sent++));
    }
  }
  char buffer[65536];
  while (took.size() < total) {
    epoll_event events[256];
    const int n = ::epoll_wait(epoll, events, 256, 30'000);
    if (n <= 0) die("no answer for 30 s");
    for (int e = 0; e < n; ++e) {
      Lane& lane = open[events[e].data.u64];
      const ssize_t got = ::recv(lane.fd, buffer, sizeof buffer, 0);
      if (got <= 0) die("connection closed by the server");
      lane.in.append(buffer, static_cast<size_t>(got));
      const size_t whole = complete_message(lane.in);
      if (whole == 0) continue;
      took.push_back(now_ms() - lane.started);
      check(std::string_view(lane.in).substr(0, whole));
      lane.in.erase(0, whole);
      if (sent < total) {
        lane.started = now_ms();
        send_all(lane.fd, request(sent++));
      }
    }
  }
  seconds = (now_ms() - begun) / 1000;
  for (Lane& lane : open) ::close(lane.fd);
  ::close(epoll);
  return took;
}

}  // namespace bench
