// SPDX-License-Identifier: MIT
// A real server on loopback and on a Unix socket, its loop on a thread of its own, so that a test can talk to
// it with blocking sockets.
#pragma once
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <string>
#include <thread>

#include "foundation/net/http_server.h"
#include "foundation/net/testing/real_loop.h"

namespace pryx::net::testing {

class RunningServer {
 public:
  using MakeHandler = std::function<std::unique_ptr<Handler>(async::RealEventLoop&)>;

  RunningServer(const MakeHandler& make_handler, const ServerLimits& limits)
      : handler_(make_handler(real_.loop)) {
    server_ = make_http_server(real_.loop, *handler_, limits);
    const auto bound = server_->listen_tcp("127.0.0.1", 0);
    PRYX_CHECK(bound.has_value());
    port_ = *bound;
    thread_ = std::thread([this] { real_.loop.run(); });
  }
  ~RunningServer() {
    stop();
    real_.loop.stop();
    thread_.join();
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  // An abstract socket leaves nothing on the disk.
  [[nodiscard]] std::string listen_unix() {
    const std::string name = fmt::format("pryx-test-{}-{}", ::getpid(), port_);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), address.sun_path + 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    PRYX_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(fd, 64) == 0);
    on_loop([&] { PRYX_CHECK(server_->listen_unix(fd).has_value()); });
    return name;
  }

  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    real_.loop.post([&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }
  void stop() {
    std::promise<void> done;
    on_loop([&] { tasks_.spawn("stop", stop_server(*server_, done)); });
    done.get_future().get();
    on_loop([] {});  // the task itself is gone by then
  }
  [[nodiscard]] ServerStats stats() {
    ServerStats stats;
    on_loop([&] { stats = server_->stats(); });
    return stats;
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] HttpServer& server() { return *server_; }
  [[nodiscard]] async::RealEventLoop& loop() { return real_.loop; }
  template <class T>
  [[nodiscard]] T& handler() {
    return static_cast<T&>(*handler_);
  }

 private:
  static async::Task<void> stop_server(HttpServer& server, std::promise<void>& done) {
    co_await server.stop();
    done.set_value();
  }

  RealLoop real_;
  std::unique_ptr<Handler> handler_;
  std::unique_ptr<HttpServer> server_;
  async::TaskGroup tasks_{real_.loop, "running_server"};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace pryx::net::testing
