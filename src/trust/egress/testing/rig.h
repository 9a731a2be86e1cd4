// SPDX-License-Identifier: MIT
// A broker with its loop on a thread of its own. What a test asserts is who was reached (the traps of
// foundation/net/testing), never what a URL looks like.
#pragma once
#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "foundation/net/testing/traps.h"
#include "foundation/platform/testing/temporary_directory.h"
#include "trust/egress/broker.h"

namespace pryx::egress::testing {

using net::testing::ScriptedDns;
using net::testing::talk;
using net::testing::Trap;

// I/O thread only, but for `fails`.
class MemoryLog final : public RequestLog {
 public:
  async::Task<Result<std::int64_t>> begin(RequestRecord record) override {
    if (fails) co_return fail(ErrorCode::kStorage, "the disk is full");
    record.number = static_cast<std::int64_t>(records.size()) + 1;
    records.push_back(record);
    co_return record.number;
  }
  async::Task<Result<void>> end(RequestRecord record) override {
    records.at(static_cast<std::size_t>(record.number - 1)) = record;
    co_return Result<void>{};
  }
  std::vector<RequestRecord> records;
  std::atomic<bool> fails = false;
};

class Rig {
 public:
  explicit Rig(BrokerOptions options = {}) {
    if (options.socket_directory.empty()) options.socket_directory = directory_.path() + "/egress";
    thread_.on_loop([&] {
      client_ = net::make_http_client(thread_.loop(), {.dns_servers = options.dns_servers});
      broker_ = make_broker(thread_.loop(), *client_, log_, std::move(options));
    });
  }
  ~Rig() {
    std::promise<void> done;
    thread_.on_loop([&] { tasks_.spawn("stop", stop(done)); });
    done.get_future().get();
    thread_.on_loop([&] {
      broker_.reset();
      client_.reset();
    });
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  [[nodiscard]] Result<FetchResponse> fetch(FetchRequest request) {
    std::promise<Result<FetchResponse>> done;
    thread_.on_loop([&] { tasks_.spawn("fetch", fetch_into(std::move(request), done)); });
    return done.get_future().get();
  }
  [[nodiscard]] Result<FetchResponse> get(std::string url, std::vector<std::string> allowed) {
    FetchRequest request;
    request.url = std::move(url);
    request.allowed.entries = std::move(allowed);
    request.limits.time = std::chrono::seconds(5);
    return fetch(std::move(request));
  }
  [[nodiscard]] Result<std::unique_ptr<ProxySocket>> open_proxy(std::vector<std::string> allowed,
                                                                Limits limits = {}) {
    std::optional<Result<std::unique_ptr<ProxySocket>>> out;
    thread_.on_loop([&] { out.emplace(broker_->open_proxy(sender(), {std::move(allowed)}, limits)); });
    return std::move(*out);
  }
  void close_proxy(std::unique_ptr<ProxySocket>& proxy) {
    thread_.on_loop([&] { proxy.reset(); });
  }
  [[nodiscard]] std::vector<RequestRecord> records() {
    std::vector<RequestRecord> out;
    thread_.on_loop([&] { out = log_.records; });
    return out;
  }
  void break_log() { log_.fails = true; }
  static Sender sender() {
    return {owner(), SessionId("ses_1"), TurnId("trn_1"), StepId("stp_1"), "test.tool"};
  }

 private:
  async::Task<void> fetch_into(FetchRequest request, std::promise<Result<FetchResponse>>& done) {
    auto response = co_await broker_->fetch(sender(), std::move(request));
    done.set_value(std::move(response));
  }
  async::Task<void> stop(std::promise<void>& done) {
    co_await broker_->stop();
    co_await client_->stop();
    done.set_value();
  }
  platform::testing::TemporaryDirectory directory_;
  MemoryLog log_;
  net::testing::LoopThread thread_;
  async::TaskGroup tasks_{thread_.loop(), "rig"};
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<Broker> broker_;
};

}  // namespace pryx::egress::testing
