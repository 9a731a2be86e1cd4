// SPDX-License-Identifier: MIT
// FakeModel: a model server behind net::HttpClient. What it answers follows from the conversation alone (so
// that a repeated request gets the same answer); how badly it behaves follows from the seed. It also judges
// what it is sent.
#pragma once
#include "foundation/net/http_client.h"
#include "tests/sim/outside_world.h"

namespace pryx::sim {

// Tokens of its longest answer; a request for more is refused by any vendor.
inline constexpr std::int64_t kMostOutput = 2000;

class FakeModel final : public net::HttpClient {
 public:
  FakeModel(async::EventLoop& loop, OutsideWorld& world, std::uint64_t seed);
  // Percent of requests that go wrong.
  void set_trouble(std::uint64_t percent) { trouble_ = percent; }
  [[nodiscard]] async::Task<Result<std::unique_ptr<net::ClientResponse>>> start(
      net::ClientRequest request) override;
  [[nodiscard]] async::Task<void> stop() override { co_return; }

 private:
  struct Asked;
  enum class Trouble : std::uint8_t;
  [[nodiscard]] Asked read_request(const net::ClientRequest& request);
  [[nodiscard]] std::vector<std::string> compose(const Asked& asked) const;
  [[nodiscard]] async::Task<Result<std::unique_ptr<net::ClientResponse>>> answer(Asked asked, Trouble trouble,
                                                                                 Duration head_limit);

  async::EventLoop& loop_;
  OutsideWorld& world_;
  std::uint64_t seed_;
  Dice dice_;
  std::uint64_t trouble_ = 0;
};

}  // namespace pryx::sim
