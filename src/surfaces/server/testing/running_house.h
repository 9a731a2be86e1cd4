// SPDX-License-Identifier: MIT
// The whole house behind a real HTTP server on loopback, with its loop on a thread of its own, and a
// WebSocket client for it.
#pragma once
#include <future>

#include "foundation/net/testing/raw_client.h"
#include "foundation/net/testing/running_server.h"
#include "surfaces/server/testing/house.h"

namespace pryx::server::testing {

class HouseHandler final : public net::Handler {
 public:
  explicit HouseHandler(async::EventLoop& loop) : house(loop, false) {}
  House house;
  bool leaves_unanswered = false;  // a handler with a bug
  async::Task<void> handle(net::Exchange& exchange) override {
    if (!leaves_unanswered) co_await house.api->handle(exchange);
  }
  std::optional<net::Response> screen(const net::Request& head) override { return house.api->screen(head); }
  std::optional<std::size_t> body_limit(const net::Request& head) const override {
    return house.api->body_limit(head);
  }
  net::Response refuse(const net::Refusal& refusal) override { return house.api->refuse(refusal); }
};

class RunningHouse {
 public:
  explicit RunningHouse(const net::ServerLimits& limits = {.idle_timeout = std::chrono::seconds(60)})
      : server_([](async::RealEventLoop& loop) { return std::make_unique<HouseHandler>(loop); }, limits),
        tasks_(server_.loop(), "running_house") {
    server_.on_loop([this] { house().api->set_tcp_port(server_.port()); });
    PRYX_CHECK(await(house().start()).has_value());
  }
  ~RunningHouse() {
    stop();
    server_.on_loop([this] { house().database->close(); });
  }
  RunningHouse(const RunningHouse&) = delete;
  RunningHouse& operator=(const RunningHouse&) = delete;

  [[nodiscard]] House& house() { return handler().house; }
  [[nodiscard]] HouseHandler& handler() { return server_.handler<HouseHandler>(); }
  [[nodiscard]] net::HttpServer& http() { return server_.server(); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::string authority() const { return fmt::format("127.0.0.1:{}", port()); }
  void on_loop(const std::function<void()>& work) { server_.on_loop(work); }
  void stop() {
    if (!std::exchange(stopped_, true)) await_end(house().stop());
  }
  void await_end(async::Task<void> task) {
    std::promise<void> done;
    server_.on_loop([&] { tasks_.spawn("await_end", finish(std::move(task), done)); });
    done.get_future().get();
  }
  // Runs the coroutine on the loop and gives its value to this thread.
  template <class T>
  [[nodiscard]] T await(async::Task<T> task) {
    std::promise<T> done;
    server_.on_loop([&] { tasks_.spawn("await", deliver<T>(std::move(task), done)); });
    return done.get_future().get();
  }
  [[nodiscard]] std::string new_token(Scopes scopes, std::string* id = nullptr) {
    json::object body{{"name", "test"}, {"scopes", scopes.to_text()}};
    const json::object made = call_as_owner("POST", "/api/v1/tokens", body);
    if (id != nullptr) *id = json::string_or(made, "id");
    return json::string_or(made, "token");
  }
  // Over the Unix socket, where the test's own user is the owner.
  json::object call_as_owner(std::string_view method, std::string_view path, const json::object& body = {});
  // Appends durable events as one commit each.
  void append(int count, std::string name = "task.run", SessionId session = {});

 private:
  static async::Task<void> finish(async::Task<void> task, std::promise<void>& done) {
    co_await std::move(task);
    done.set_value();
  }
  template <class T>
  static async::Task<void> deliver(async::Task<T> task, std::promise<T>& done) {
    T value = co_await std::move(task);
    done.set_value(std::move(value));
  }
  net::testing::RunningServer server_;
  async::TaskGroup tasks_;
  std::string socket_;
  bool stopped_ = false;
};

// A bus client that reads one message at a time.
class BusClient {
 public:
  BusClient(RunningHouse& house, const std::string& token, const std::string& query = {},
            const std::string& more_headers = {});
  [[nodiscard]] int status() const { return status_; }
  // The next message of this type and event (both may be empty: any); an empty object at the end of the
  // connection.
  json::object next(std::string_view type = {}, std::string_view event = {});
  void request(std::string_view event, json::object payload = {});
  // Sends and waits for the answer, response or error.
  json::object ask(std::string_view event, json::object payload = {});
  // Reads to the end and returns the close code.
  int close_code();

 private:
  net::testing::RawClient client_;
  int status_ = 0;
  int next_id_ = 1;
};

}  // namespace pryx::server::testing
