// SPDX-License-Identifier: MIT
// What is suggested for model servers that were found on this machine.
#include <gtest/gtest.h>

#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::Answer;
using testing::ApiFixture;

class FoundServers : public ApiFixture {
 protected:
  void find(std::string name, std::string base_url) {
    house.providers.local.servers.push_back({.server = "vllm",
                                             .kind = "openai",
                                             .name = std::move(name),
                                             .base_url = std::move(base_url),
                                             .version = {},
                                             .models = {}});
  }
  std::vector<std::string> suggested() {
    const Answer answer = get("/api/v1/providers/local");
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> names;
    for (const json::value& item : answer.json.at("items").as_array())
      names.push_back(json::string_or(item.as_object(), "name"));
    return names;
  }
};

TEST_F(FoundServers, AreCalledWhatTheyAreWhileThatIsFree) {
  find("vllm", "http://127.0.0.1:8000/v1");
  find("vllm-2", "http://127.0.0.1:8080/v1");
  EXPECT_EQ(suggested(), (std::vector<std::string>{"vllm", "vllm-2"}));
}

TEST_F(FoundServers, NeverGetTheNameOfAProviderThatSpeaksToAnother) {
  house.providers.configs["vllm"] = {.name = "vllm",
                                     .kind = "openai",
                                     .base_url = "https://models.example.com/v1",
                                     .key_secret_name = "provider/vllm"};
  find("vllm", "http://127.0.0.1:8000/v1");
  find("fake", "http://127.0.0.1:8080/v1");  // what the house's own model is called
  EXPECT_EQ(suggested(), (std::vector<std::string>{"vllm-2", "fake-2"}));
}

TEST_F(FoundServers, GetNamesThatAreDifferentFromEachOther) {
  house.providers.configs["vllm"] = {.name = "vllm", .kind = "openai", .base_url = {}, .key_secret_name = {}};
  find("vllm", "http://127.0.0.1:8000/v1");
  find("vllm-2", "http://127.0.0.1:8080/v1");
  EXPECT_EQ(suggested(), (std::vector<std::string>{"vllm-2", "vllm-2-2"}));
}

}  // namespace
}  // namespace pryx::server
