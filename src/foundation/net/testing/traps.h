// SPDX-License-Identifier: MIT
// Who is reached? A DNS server that answers as told, traps on loopback that count who connects, a client of a
// Unix socket, and a loop on a thread of its own for tests that ask such questions with blocking calls.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "foundation/net/testing/real_loop.h"

namespace pryx::net::testing {

// Answers A questions with what `script` says, time to live 0, and every other with nothing.
class ScriptedDns {
 public:
  using Script = std::function<std::vector<std::string>(const std::string& name, int question)>;
  explicit ScriptedDns(Script script)
      : script_(std::move(script)), fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    PRYX_CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    server_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { answer_all(); });
  }
  ~ScriptedDns() {
    stop_ = true;
    thread_.join();
    close(fd_);
  }
  ScriptedDns(const ScriptedDns&) = delete;
  ScriptedDns& operator=(const ScriptedDns&) = delete;
  [[nodiscard]] const std::string& server() const { return server_; }
  [[nodiscard]] std::set<std::string> names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }

 private:
  void answer_all() {
    while (!stop_) {
      pollfd waiting{fd_, POLLIN, 0};
      if (poll(&waiting, 1, 20) != 1) continue;
      std::uint8_t packet[2048];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = recvfrom(fd_, packet, 512, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 17) continue;
      std::size_t end = 12;
      std::string name;
      while (packet[end] != 0) {
        name +=
            (name.empty() ? "" : ".") + std::string(reinterpret_cast<char*>(packet + end + 1), packet[end]);
        end += packet[end] + std::size_t{1};
      }
      end += 5;
      const bool wants_a = packet[end - 3] == 1;
      std::vector<std::string> addresses;
      {
        const std::lock_guard lock(mutex_);
        names_.insert(name);
        if (wants_a) addresses = script_(name, questions_++);
      }
      packet[2] = 0x81;
      packet[3] = 0x80;
      packet[7] = static_cast<std::uint8_t>(addresses.size());
      packet[9] = packet[11] = 0;
      for (const std::string& text : addresses) {
        std::uint8_t answer[] = {0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0};
        inet_pton(AF_INET, text.c_str(), answer + 12);
        std::memcpy(packet + end, answer, sizeof answer);
        end += sizeof answer;
      }
      sendto(fd_, packet, end, 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  Script script_;
  int fd_;
  std::string server_;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::set<std::string> names_;
  int questions_ = 0;
  std::thread thread_;
};

// Counts connections on one address; answers each with `answer` (of the request's head) and closes.
class Trap {
 public:
  using Answer = std::function<std::string(const std::string& head)>;
  // Port 0: any free one.
  explicit Trap(const std::string& address, std::uint16_t port = 0, Answer answer = {})
      : answer_(std::move(answer)) {
    const bool v6 = address.find(':') != std::string::npos;
    fd_ = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &v4.sin_addr);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    inet_pton(AF_INET6, address.c_str(), &six.sin6_addr);
    const bool bound = v6 ? bind(fd_, reinterpret_cast<sockaddr*>(&six), sizeof six) == 0
                          : bind(fd_, reinterpret_cast<sockaddr*>(&v4), sizeof v4) == 0;
    is_open_ = bound && listen(fd_, 256) == 0;
    if (!is_open_) return;
    socklen_t size = sizeof v4;
    if (!v6) getsockname(fd_, reinterpret_cast<sockaddr*>(&v4), &size);
    port_ = v6 ? port : ntohs(v4.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~Trap() {
    shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    close(fd_);
  }
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::vector<std::string> heads() const {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      std::string head;
      char buffer[4096];
      while (head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        head.append(buffer, static_cast<std::size_t>(got));
      }
      {
        const std::lock_guard lock(mutex_);
        heads_.push_back(head);
      }
      const std::string text = answer_ ? answer_(head) : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      (void)!send(fd, text.data(), text.size(), MSG_NOSIGNAL);
      close(fd);
    }
  }
  Answer answer_;
  int fd_ = -1;
  bool is_open_ = false;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::thread thread_;
};

// A client of a proxy socket: sends all of it and reads to the end.
inline std::string talk(const std::string& path, std::string_view bytes, bool half_close = false) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  std::string out;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (half_close) shutdown(fd, SHUT_WR);
    char buffer[4096];
    for (;;) {
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      out.append(buffer, static_cast<std::size_t>(got));
    }
  }
  close(fd);
  return out;
}

class LoopThread {
 public:
  LoopThread() : thread_([this] { real_.loop.run(); }) {}
  ~LoopThread() {
    real_.loop.stop();
    thread_.join();
  }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  [[nodiscard]] async::RealEventLoop& loop() { return real_.loop; }
  // Runs it on the loop and waits.
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    real_.loop.post([&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }

 private:
  RealLoop real_;
  std::thread thread_;
};

}  // namespace pryx::net::testing
