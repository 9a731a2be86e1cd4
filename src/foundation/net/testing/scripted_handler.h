// SPDX-License-Identifier: MIT
// A handler whose routes do what tests of the server need. Counters and promises are how a test sees what
// happened inside.
#pragma once
#include <atomic>
#include <set>
#include <stdexcept>
#include <string>

#include "foundation/base/text.h"
#include "foundation/net/http_server.h"

namespace pryx::net::testing {

class ScriptedHandler final : public Handler {
 public:
  explicit ScriptedHandler(async::RealEventLoop& loop) : loop_(loop), released_(loop) {}

  [[nodiscard]] std::optional<Response> screen(const Request& head) override {
    if (!head.headers.find("X-Refuse")) return std::nullopt;
    return Response{.status = 401, .headers = {}, .body = "refused by screen"};
  }

  [[nodiscard]] std::optional<std::size_t> body_limit(const Request& head) const override {
    if (head.path != "/roomy") return std::nullopt;
    return 200;
  }

  [[nodiscard]] Response refuse(const Refusal& refusal) override {
    Response response{.status = refusal.status, .headers = {}, .body = refusal.path};
    response.headers.add("X-Code", std::string(facts(refusal.error.code).name));
    if (refusal.error.retry_after_ms >= 0)
      response.headers.add("X-Retry-After-Ms", std::to_string(refusal.error.retry_after_ms));
    return response;
  }

  [[nodiscard]] async::Task<void> handle(Exchange& exchange) override {
    const std::string path = exchange.request().path;
    if (path == "/ws")
      co_await echo(exchange);
    else if (path == "/stream")
      co_await stream(exchange);
    else if (path == "/endless")
      co_await stream_endlessly(exchange);
    else if (path == "/wait")
      co_await wait_for_release(exchange);
    else if (path == "/throw")
      throw std::runtime_error("a handler with a bug");
    else if (path != "/nothing")
      co_await answer(exchange, path);
  }

  void broadcast(const std::shared_ptr<const std::string>& text) {
    for (const auto& socket : sockets_) socket->send(text);
  }
  void release() { released_.wake_all(); }

  static constexpr int kReplayed = 400;  // times 16 KiB: more than kernel buffers and a test's backlog hold

  std::atomic<int> handled = 0;
  std::atomic<int> waiting = 0;
  std::atomic<int> disconnects = 0;
  std::atomic<int> failed_writes = 0;
  std::atomic<int> closed_sockets = 0;

 private:
  async::Task<void> answer(Exchange& exchange, std::string path) {
    const Request& request = exchange.request();
    Response response;
    if (path == "/peer") {
      response.body =
          fmt::format("{} {} {} {}", request.peer.transport == Peer::Transport::kUnix ? "unix" : "tcp",
                      request.peer.address, request.peer.uid, request.peer.pid);
    } else if (path == "/big") {
      response.body.assign(std::strtoull(request.query.c_str(), nullptr, 10), 'b');
    } else if (path == "/split") {
      response.headers.add("X-Evil", "a\r\nSet-Cookie: b");
      response.headers.add("Content-Length", "999");
    } else if (path == "/empty") {
      response.status = 204;
      response.body = "never sent";
    } else {
      response.body = fmt::format("{} {}?{} {}", request.method, request.path, request.query, request.body);
    }
    const auto sent = co_await exchange.respond(std::move(response));
    if (!sent) ++failed_writes;
    ++handled;
  }

  async::Task<void> stream(Exchange& exchange) {
    const auto started = co_await exchange.start_stream(200, {});
    if (!started) co_return;
    for (int i = 0; i < 3; ++i) {
      const auto sent = co_await exchange.write(fmt::format("piece {};", i));
      if (!sent) co_return;
    }
    if (exchange.request().query == "cut") co_return;
    const auto finished = co_await exchange.finish();
    if (finished) ++handled;
  }

  async::Task<void> stream_endlessly(Exchange& exchange) {
    const auto started = co_await exchange.start_stream(200, {});
    if (!started) co_return;
    for (;;) {
      const auto sent = co_await exchange.write(std::string(64u << 10, 'e'));
      if (!sent) break;
      // A handler that never waits would keep the loop to itself.
      const auto rested = co_await async::sleep(loop_, std::chrono::microseconds(50));
      if (!rested) break;
    }
    ++failed_writes;
  }

  async::Task<void> wait_for_release(Exchange& exchange) {
    exchange.on_disconnect([this] {
      ++disconnects;
      released_.wake_all();
    });
    ++waiting;
    co_await released_.wait();
    --waiting;
    const auto sent = co_await exchange.respond(
        {.status = 200, .headers = {}, .body = exchange.is_peer_gone() ? "gone" : "here"});
    if (!sent) ++failed_writes;
  }

  async::Task<void> replay(std::shared_ptr<WebSocket> socket) {
    for (int i = 0; i < kReplayed; ++i) {
      if (!socket->send(std::make_shared<const std::string>(std::to_string(i) + std::string(16u << 10, '.'))))
        co_return;
      const auto room = co_await socket->wait_writable();
      if (!room) co_return;
    }
  }

  async::Task<void> echo(Exchange& exchange) {
    const auto socket = co_await exchange.accept_websocket();
    if (!socket) co_return;
    sockets_.insert(*socket);
    for (;;) {
      const auto message = co_await (*socket)->read();
      if (!message) break;
      if (*message == "close please")
        (*socket)->close(4001, "as asked");
      else if (*message == "all of it")
        co_await replay(*socket);
      else
        (*socket)->send(std::make_shared<const std::string>(*message));
    }
    sockets_.erase(*socket);
    ++closed_sockets;
  }

  async::RealEventLoop& loop_;
  async::WaitList released_;
  std::set<std::shared_ptr<WebSocket>> sockets_;
};

}  // namespace pryx::net::testing
