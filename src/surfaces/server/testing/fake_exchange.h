// SPDX-License-Identifier: MIT
// One exchange without a socket: what a handler answers ends up in strings. And a fixture that sends requests
// the way the server does, screened first, on a virtual loop.
#pragma once
#include <gtest/gtest.h>

#include <deque>

#include "foundation/async/testing/virtual_loop.h"
#include "surfaces/server/testing/house.h"

namespace pryx::server::testing {

class FakeExchange final : public net::Exchange {
 public:
  explicit FakeExchange(net::Request request) : request_(std::move(request)) {}
  std::optional<net::Response> response;  // respond()
  int stream_status = 0;                  // start_stream()
  net::Headers stream_headers;
  std::string streamed;
  bool finished = false;
  std::function<void(const std::string& bytes)> on_write;

  [[nodiscard]] const net::Request& request() const override { return request_; }
  async::Task<Result<void>> respond(net::Response given) override {
    response = std::move(given);
    if (gone_) co_return fail(ErrorCode::kUnavailable, "the peer is gone");
    co_return Result<void>{};
  }
  async::Task<Result<void>> start_stream(int status, net::Headers headers) override {
    stream_status = status;
    stream_headers = std::move(headers);
    co_return Result<void>{};
  }
  async::Task<Result<void>> write(std::string bytes) override {
    if (gone_) co_return fail(ErrorCode::kUnavailable, "the peer is gone");
    streamed += bytes;
    if (on_write) on_write(bytes);
    co_return Result<void>{};
  }
  async::Task<Result<void>> finish() override {
    finished = !gone_;
    if (gone_) co_return fail(ErrorCode::kUnavailable, "the peer is gone");
    co_return Result<void>{};
  }
  async::Task<Result<std::shared_ptr<net::WebSocket>>> accept_websocket() override {
    co_return fail(ErrorCode::kUnavailable, "no sockets here");
  }
  [[nodiscard]] bool is_peer_gone() const override { return gone_; }
  void on_disconnect(std::function<void()> callback) override { on_disconnect_ = std::move(callback); }
  void disconnect() {
    gone_ = true;
    if (const auto run = std::exchange(on_disconnect_, nullptr)) run();
  }

 private:
  net::Request request_;
  bool gone_ = false;
  std::function<void()> on_disconnect_;
};

struct Answer {
  int status = 0;
  net::Headers headers;
  std::string body;
  json::object json;
};

inline net::Peer unix_peer(std::uint32_t uid = House::kOwnUid) {
  return {net::Peer::Transport::kUnix, "", uid, 4711};
}
inline net::Peer tcp_peer(std::string address = "127.0.0.1") {
  return {net::Peer::Transport::kTcp, std::move(address)};
}

// As the owner over the Unix socket; tests change what they are about.
inline net::Request make_request(std::string method, std::string_view target,
                                 const json::object* body = nullptr) {
  net::Request request;
  request.method = std::move(method);
  const std::size_t question = target.find('?');
  request.path = net::percent_decode(target.substr(0, question), false);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  request.peer = unix_peer();
  request.headers.add("Host", "localhost");
  if (body != nullptr) request.body = json::to_text(*body);
  return request;
}

class ApiFixture : public ::testing::Test {
 protected:
  ApiFixture() { PRYX_CHECK(async::testing::run(loop, house.start()).has_value()); }
  ~ApiFixture() override {
    async::TaskGroup group(loop, "stop");
    group.spawn("stop", house.stop());
    loop.run_until_idle();
  }
  Answer send(net::Request request) {
    Answer answer;
    if (auto veto = house.api->screen(request)) return to_answer(std::move(*veto));
    FakeExchange exchange(std::move(request));
    async::TaskGroup group(loop, "request");
    group.spawn("handle", house.api->handle(exchange));
    loop.run_until_idle();
    if (exchange.response) return to_answer(std::move(*exchange.response));
    answer.status = exchange.stream_status;
    answer.headers = exchange.stream_headers;
    answer.body = exchange.streamed;
    return answer;
  }
  // Like send(), but time stands still: what waits for a deadline goes on waiting.
  Answer send_now(net::Request request) {
    if (auto veto = house.api->screen(request)) return to_answer(std::move(*veto));
    FakeExchange exchange(std::move(request));
    async::TaskGroup group(loop, "request");
    group.spawn("handle", house.api->handle(exchange));
    while (loop.poll()) {
    }
    PRYX_CHECK(exchange.response.has_value());
    return to_answer(std::move(*exchange.response));
  }
  Answer get(std::string_view target) { return send(make_request("GET", target)); }
  Answer post(std::string_view target, const json::object& body = {}) {
    return send(make_request("POST", target, &body));
  }
  Answer put(std::string_view target, const json::object& body) {
    return send(make_request("PUT", target, &body));
  }
  Answer patch(std::string_view target, const json::object& body) {
    return send(make_request("PATCH", target, &body));
  }
  Answer remove(std::string_view target) { return send(make_request("DELETE", target)); }
  std::string new_session() { return json::string_or(post("/api/v1/sessions").json, "id"); }
  std::string new_token(std::string scopes, json::object more = {}) {
    more["name"] = "test";
    more["scopes"] = scopes;
    return json::string_or(post("/api/v1/tokens", more).json, "token");
  }
  static Answer to_answer(net::Response response) {
    Answer answer{response.status, std::move(response.headers), std::move(response.body), {}};
    if (auto parsed = json::parse_object(answer.body)) answer.json = std::move(*parsed);
    return answer;
  }

  async::testing::VirtualLoop loop;
  House house{loop, true};
};

}  // namespace pryx::server::testing
