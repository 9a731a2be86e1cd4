// SPDX-License-Identifier: MIT
#include "setting_lists.h"

#include <gtest/gtest.h>

namespace pryx::app {
namespace {

std::string problem(std::string_view yaml) {
  const auto file = read_config_file(yaml);
  return file ? std::string() : file.error().message;
}

TEST(SettingLists, AWrongValueIsNamedByLineKeyAndPlace) {
  EXPECT_TRUE(problem("log: {level: warn}\nprovider:\n  local_ports: 80, x9q, 90\n")
                  .starts_with("config.yaml line 3: provider.local_ports: value 2 "));
  EXPECT_TRUE(problem("model.fallbacks: a/b, c/d, nonsense\n")
                  .starts_with("config.yaml line 1: model.fallbacks: value 3: "));
  EXPECT_TRUE(problem("telemetry.otlp.headers: x-a=keychain:b, sk-secret\n")
                  .starts_with("config.yaml line 1: telemetry.otlp.headers: value 2 "));
  EXPECT_TRUE(problem("log: {level: warn}\nserver:\n  public_origin: http://pryx.example.net\n")
                  .starts_with("config.yaml line 3: server.public_origin: it must begin with https://"));
  EXPECT_EQ(problem("server.public_origin: https://pryx.example.net\n"), "");
}

// As the API says it of a file that does not count.
TEST(SettingLists, TheLineIsTakenApartFromTheReason) {
  const auto apart = [](std::string_view yaml) {
    const auto file = read_config_file(yaml);
    PRYX_CHECK(!file);
    return problem_of_config(file.error());
  };
  const server::FileProblem value = apart("log:\n  level: loud\n");
  EXPECT_EQ(value.line, 2);
  EXPECT_TRUE(value.message.starts_with("log.level")) << value.message;
  const server::FileProblem list = apart("provider:\n  local_ports: 80, x9q\n");
  EXPECT_EQ(list.line, 2);
  EXPECT_TRUE(list.message.starts_with("provider.local_ports: value 2 ")) << list.message;
  EXPECT_GT(apart("model:\n  default: [1, 2\n").line.value_or(0), 0);
  const server::FileProblem whole = apart("\xff");
  EXPECT_EQ(whole.line, std::nullopt);
  EXPECT_EQ(whole.message, "the text is no valid UTF-8");
}

// It may be a secret that was written to the wrong place.
TEST(SettingLists, AWrongValueIsNotRepeated) {
  for (const char* key :
       {"provider.local_ports", "model.fallbacks", "telemetry.otlp.headers", "server.public_origin"}) {
    const auto refused = check_list(key, "sk-secret");
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().message.find("sk-secret"), std::string::npos) << refused.error().message;
  }
}

TEST(SettingLists, EveryListMayEndWithACommaAndMayBeNone) {
  EXPECT_EQ(problem("provider.local_ports: '80, 90,'\nmodel.fallbacks: 'a/b,'\n"
                    "telemetry.otlp.headers: 'x-a=keychain:b,'\n"),
            "");
  for (const config::Setting& setting : config::settings()) {
    if (setting.type != config::SettingType::kList) continue;
    EXPECT_TRUE(check_list(setting.key, json::value(setting.default_value))) << setting.key;
    EXPECT_TRUE(check_list(setting.key, "none")) << setting.key;
    EXPECT_FALSE(check_list(setting.key, "!")) << setting.key << " is checked by nobody";
  }
}

TEST(SettingLists, WhatAnOlderReleaseStoredAndThisOneCannotReadIsPassedOver) {
  const auto kept =
      stored_layer({{"provider.local_ports", "80, x"}, {"model.fallbacks", "a/b"}, {"gone.setting", 1}});
  ASSERT_EQ(kept.values.size(), 1u);
  EXPECT_EQ(kept.values.begin()->first, "model.fallbacks");
}

}  // namespace
}  // namespace pryx::app
