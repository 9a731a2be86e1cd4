// SPDX-License-Identifier: MIT
#include "surfaces/cli/local_servers.h"

#include <gtest/gtest.h>

namespace pryx::cli {
namespace {

std::vector<std::string> names(std::string_view text) {
  return read_model_names(json::parse_object(text).value());
}

TEST(LocalServers, NamesAreReadInBothForms) {
  EXPECT_EQ(names(R"({"models":[{"name":"qwen3:8b"},{"name":"llama3.2"}]})"),
            (std::vector<std::string>{"qwen3:8b", "llama3.2"}));
  EXPECT_EQ(names(R"({"object":"list","data":[{"id":"local-model"}]})"),
            std::vector<std::string>{"local-model"});
}

TEST(LocalServers, AnythingElseIsNoModelServer) {
  for (const char* text :
       {R"({})", R"({"models":7})", R"({"data":["x",{"id":7},{}]})", R"({"models":[{"name":""}]})"})
    EXPECT_TRUE(names(text).empty()) << text;
  EXPECT_TRUE(names(R"({"data":[{"id":")" + std::string(300, 'x') + R"("}]})").empty());
}

}  // namespace
}  // namespace pryx::cli
