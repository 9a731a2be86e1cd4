// SPDX-License-Identifier: MIT
// A way out that leads nowhere: it answers with what a test put there.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "foundation/async/event_loop.h"
#include "trust/egress/broker.h"

namespace pryx::server::testing {

class FakeBroker final : public egress::Broker {
 public:
  std::map<std::string, std::string> bodies;  // by URL; others are kUnavailable
  std::vector<std::string> asked;
  async::EventLoop* slow = nullptr;  // answers after a second of this loop
  async::Task<Result<egress::FetchResponse>> fetch(egress::Sender, egress::FetchRequest request) override {
    asked.push_back(request.url);
    if (slow != nullptr) {
      const auto slept = co_await async::sleep(*slow, std::chrono::seconds(1));
      if (!slept) co_return std::unexpected(slept.error());
    }
    const auto found = bodies.find(request.url);
    if (found == bodies.end()) co_return fail(ErrorCode::kUnavailable, "there is no network here");
    egress::FetchResponse response;
    response.status = 200;
    response.body = found->second;
    co_return response;
  }
  Result<std::unique_ptr<egress::ProxySocket>> open_proxy(egress::Sender, egress::AllowList,
                                                          egress::Limits) override {
    return fail(ErrorCode::kUnsupported, "there is no network here");
  }
  async::Task<void> stop() override { co_return; }
};

}  // namespace pryx::server::testing
