// SPDX-License-Identifier: MIT
// What completion is told of models: at once, and not old for long.
#include <gtest/gtest.h>

#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using namespace std::chrono_literals;

class KnownModels : public testing::ApiFixture {
 protected:
  void put_provider(std::string name, std::string address) {
    ASSERT_TRUE(house.models.put_provider(models::ProviderConfig{
        .name = std::move(name), .kind = "openai", .base_url = std::move(address), .key_secret_name = {}}));
  }
  // Without a moment passing, except for what is asked meanwhile.
  std::size_t known(const std::string& provider) {
    const auto answer =
        send_now(testing::make_request("GET", "/api/v1/models?known=true&provider=" + provider));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json.at("items").as_array().size();
  }
};

TEST_F(KnownModels, AServerOfThisMachineIsAskedAgainAfterAMinute) {
  put_provider("home", "http://127.0.0.1:9/v1");
  std::string& list = house.network.bodies["http://127.0.0.1:9/v1/models"];
  list = R"({"data":[{"id":"one"}]})";
  EXPECT_EQ(known("home"), 0u) << "nobody is waited for";
  EXPECT_EQ(known("home"), 1u);
  list = R"({"data":[{"id":"one"},{"id":"two"}]})";
  EXPECT_EQ(known("home"), 1u);
  EXPECT_EQ(house.network.requests, 1);
  loop.manual_clock().advance(61s);
  EXPECT_EQ(known("home"), 1u);
  EXPECT_EQ(known("home"), 2u);
  EXPECT_EQ(house.network.requests, 2);
  // It ended since: what it had stays, and it is looked for again.
  house.network.bodies.clear();
  loop.manual_clock().advance(61s);
  EXPECT_EQ(known("home"), 2u);
  EXPECT_EQ(known("home"), 2u);
  EXPECT_EQ(house.network.requests, 4);
}

TEST_F(KnownModels, NobodyElseIsAskedByTheWay) {
  put_provider("far", "http://192.168.1.5:11434/v1");
  house.network.bodies["http://192.168.1.5:11434/v1/models"] = R"({"data":[{"id":"one"}]})";
  EXPECT_EQ(known("far"), 0u);
  EXPECT_EQ(known("far"), 0u);
  EXPECT_EQ(house.network.requests, 0);
  EXPECT_EQ(send_now(testing::make_request("GET", "/api/v1/models?provider=far")).status, 200);
  EXPECT_EQ(known("far"), 1u);
  loop.manual_clock().advance(61s);
  EXPECT_EQ(known("far"), 1u);
  EXPECT_EQ(house.network.requests, 1);
}

}  // namespace
}  // namespace pryx::server
