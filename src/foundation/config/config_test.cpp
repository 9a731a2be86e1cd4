// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "foundation/config/config_file.h"
#include "foundation/config/core_file.h"
#include "foundation/config/places.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::config {
namespace {

using platform::Environment;
using platform::testing::TemporaryDirectory;

constexpr uid_t kUser = 4242;  // has no /run/user directory

TEST(Places, PryxHomeHoldsEverything) {
  const Places places =
      find_places(Environment({{"PRYX_HOME", "/x/y/"}, {"XDG_CONFIG_HOME", "/c"}}), kUser).value();
  EXPECT_EQ(places.kind, PlacesKind::kPortable);
  EXPECT_EQ(places.config_file(), "/x/y/config/config.yaml");
  EXPECT_EQ(places.policy_file(), "/x/y/config/policy.yaml");
  EXPECT_EQ(places.master_key(), "/x/y/config/master.key");
  EXPECT_EQ(places.database(), "/x/y/data/pryx.db");
  EXPECT_EQ(places.key_record(), "/x/y/data/key.json");
  EXPECT_EQ(places.state, "/x/y/state");
  EXPECT_EQ(places.cache, "/x/y/cache");
  EXPECT_EQ(places.core_file(), "/x/y/run/core.json");
  EXPECT_EQ(places.socket(), "/x/y/run/pryx.sock");
}

TEST(Places, ARelativePryxHomeBecomesAbsolute) {
  const Places places = find_places(Environment({{"PRYX_HOME", "some/../home"}}), kUser).value();
  EXPECT_EQ(places.home, std::filesystem::current_path().string() + "/home");
}

TEST(Places, PryxHomeCountsForRootToo) {
  EXPECT_EQ(find_places(Environment({{"PRYX_HOME", "/x"}}), 0)->config, "/x/config");
  const Places system = find_places(Environment({{"HOME", "/root"}}), 0).value();
  EXPECT_EQ(system.kind, PlacesKind::kSystem);
  EXPECT_EQ(system.socket(), "/var/lib/pryx/run/pryx.sock");
}

TEST(Places, XdgDirectoriesAndTheirDefaults) {
  const Places plain = find_places(Environment({{"HOME", "/users/ada"}}), kUser).value();
  EXPECT_EQ(plain.kind, PlacesKind::kUser);
  EXPECT_EQ(plain.config, "/users/ada/.config/pryx");
  EXPECT_EQ(plain.data, "/users/ada/.local/share/pryx");
  EXPECT_EQ(plain.state, "/users/ada/.local/state/pryx");
  EXPECT_EQ(plain.cache, "/users/ada/.cache/pryx");
  EXPECT_EQ(plain.run, "/users/ada/.local/state/pryx/run");
  const Places set = find_places(Environment({{"HOME", "/users/ada"},
                                              {"XDG_CONFIG_HOME", "/c"},
                                              {"XDG_DATA_HOME", "relative"},
                                              {"XDG_RUNTIME_DIR", "/run/user/4242"}}),
                                 kUser)
                         .value();
  EXPECT_EQ(set.config, "/c/pryx");
  EXPECT_EQ(set.data, "/users/ada/.local/share/pryx") << "a relative value is ignored";
  EXPECT_EQ(set.run, "/run/user/4242/pryx");
}

TEST(Places, AreCreatedPrivate) {
  const TemporaryDirectory directory;
  const Places places = find_places(Environment({{"PRYX_HOME", directory / "home"}}), ::geteuid()).value();
  ASSERT_TRUE(create_places(places).has_value());
  ASSERT_TRUE(create_places(places).has_value());
  for (const std::string& path :
       {places.home, places.config, places.data, places.state, places.cache, places.run, places.agents()}) {
    EXPECT_EQ(platform::file_facts(path)->mode, 0700u) << path;
  }
}

TEST(Settings, EveryDefaultFitsItsOwnRule) {
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(parse_setting(setting, setting.default_value).has_value()) << setting.key;
    EXPECT_FALSE(setting.help.empty()) << setting.key;
    EXPECT_EQ(find_setting(setting.key), &setting);
  }
  EXPECT_EQ(find_setting("nothing"), nullptr);
}

TEST(Settings, ValuesAreCheckedByType) {
  EXPECT_FALSE(parse_setting(get_setting("tools.max_steps"), "0").has_value());
  EXPECT_FALSE(parse_setting(get_setting("tools.max_steps"), "1001").has_value());
  EXPECT_FALSE(parse_setting(get_setting("tools.max_steps"), "5x").has_value());
  EXPECT_FALSE(parse_setting(get_setting("tools.max_steps"), "").has_value());
  EXPECT_EQ(parse_setting(get_setting("tools.max_steps"), " 7 ").value(), json::value(7));
  EXPECT_FALSE(check_setting(get_setting("tools.max_steps"), json::value("7")).has_value());
  EXPECT_FALSE(parse_setting(get_setting("log.level"), "loud").has_value());
  EXPECT_FALSE(parse_setting(get_setting("approval.timeout"), "10ms").has_value());
  EXPECT_FALSE(parse_setting(get_setting("approval.timeout"), "8d").has_value());
  EXPECT_TRUE(parse_setting(get_setting("approval.timeout"), "90s").has_value());
  EXPECT_FALSE(parse_setting(get_setting("listen"), "").has_value());
}

TEST(Settings, AListHoldsSomething) {
  const Setting& ports = get_setting("provider.local_ports");
  EXPECT_TRUE(parse_setting(ports, "none").has_value());
  EXPECT_TRUE(parse_setting(ports, "1, 2,3").has_value());
  for (const char* text : {"", " ", ",", " , "}) EXPECT_FALSE(parse_setting(ports, text).has_value()) << text;
}

// What is refused is answered with what would be taken, of each type.
TEST(Settings, ARefusalSaysWhatIsAllowed) {
  struct Row {
    std::string_view key, text, allowed;
  };
  for (const Row& row : {Row{"log.level", "loud", "one of debug, info, warn, error"},
                         Row{"heartbeat.enabled", "yes", "true or false"},
                         Row{"tools.max_steps", "0", "a whole number from 1 to 1000"},
                         Row{"tools.max_steps", "many", "a whole number from 1 to 1000"},
                         Row{"undo.max_file_mib", "17", "a whole number of MiB from 1 to 16"},
                         Row{"approval.timeout", "10ms", "a duration such as 30s or 5m, from 1s to 7d"},
                         Row{"approval.timeout", "soon", "a duration such as 30s or 5m, from 1s to 7d"},
                         Row{"approval.timeout", "", "a duration such as 30s or 5m, from 1s to 7d"}}) {
    const auto refused = parse_setting(get_setting(row.key), row.text);
    ASSERT_FALSE(refused.has_value()) << row.key;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused.error().message,
              fmt::format("{}: '{}' is not allowed; give {}", row.key, row.text, row.allowed));
  }
}

TEST(Settings, ARefusalRepeatsNoFreeText) {
  for (const std::string_view key : {"model.fallbacks", "telemetry.otlp.headers"}) {
    const auto refused = parse_setting(get_setting(key), " , ,");
    ASSERT_FALSE(refused.has_value()) << key;
    EXPECT_EQ(refused.error().message, fmt::format("{}: give values with commas between, or 'none'", key));
  }
  EXPECT_TRUE(parse_setting(get_setting("model.fallbacks"), "a/b,")) << "a comma too many was never an error";
}

// A client that offers what describe_setting() says is never refused: both are the same facts.
TEST(Settings, WhatIsDescribedIsWhatIsTaken) {
  std::set<std::string> types;
  for (const Setting& setting : settings()) {
    const json::object described = describe_setting(setting);
    types.insert(json::string_or(described, "type"));
    std::vector<json::value> taken = {described.at("default")};
    if (described.at("choices").is_array())
      for (const json::value& choice : described.at("choices").as_array()) taken.push_back(choice);
    for (const char* limit : {"min", "max", "nothing"})
      if (!described.at(limit).is_null()) taken.push_back(described.at(limit));
    for (const json::value& value : taken)
      EXPECT_TRUE(check_setting(setting, value).has_value()) << setting.key << json::to_text(value);
    EXPECT_EQ(described.at("choices").is_array(), setting.type == SettingType::kChoice) << setting.key;
    if (!described.at("max").is_int64()) continue;
    EXPECT_FALSE(check_setting(setting, described.at("max").as_int64() + 1).has_value()) << setting.key;
    EXPECT_FALSE(check_setting(setting, described.at("min").as_int64() - 1).has_value()) << setting.key;
  }
  EXPECT_EQ(types,
            (std::set<std::string>{"boolean", "choice", "duration", "integer", "list", "size", "text"}));
  EXPECT_EQ(describe_setting(get_setting("undo.max_total_mib")).at("unit"), json::value("MiB"));
  EXPECT_EQ(describe_setting(get_setting("approval.timeout")).at("max"), json::value("7d"));
  EXPECT_EQ(describe_setting(get_setting("log.level")).at("needs_restart"), json::value(true));
}

TEST(Layers, DescribeHasEverySettingWithItsValueAndOrigin) {
  Layer database{Origin::kDatabase, {}};
  ASSERT_TRUE(database.set("tools.max_steps", "9", "settings").has_value());
  const json::array items = Config({database}).describe();
  ASSERT_EQ(items.size(), settings().size());
  for (const json::value& item : items) {
    const json::object& one = item.as_object();
    const bool changed = json::string_or(one, "key") == "tools.max_steps";
    EXPECT_EQ(json::string_or(one, "origin"), changed ? "database" : "default");
    EXPECT_EQ(one.at("value") == one.at("default"), !changed) << json::to_text(item);
    if (changed) EXPECT_EQ(one.at("value"), json::value(9));
  }
}

TEST(Layers, StrongerOriginsWinInAnyOrder) {
  Layer file{Origin::kFile, {}}, database{Origin::kDatabase, {}}, flag{Origin::kFlag, {}};
  ASSERT_TRUE(file.set("listen", "a:1", "config.yaml:1").has_value());
  ASSERT_TRUE(file.set("log.level", "warn", "config.yaml:2").has_value());
  ASSERT_TRUE(database.set("listen", "b:2", "database").has_value());
  ASSERT_TRUE(flag.set("listen", "c:3", "--listen").has_value());
  const Layer environment = environment_layer(Environment({{"PRYX_LOG_LEVEL", "debug"}})).value();
  std::vector<Layer> layers = {file, database, environment, flag};
  std::ranges::sort(layers, {}, &Layer::origin);
  do {
    const Config config(layers);
    EXPECT_EQ(config.text("listen"), "c:3");
    EXPECT_EQ(config.find("listen")->origin, Origin::kFlag);
    EXPECT_EQ(config.find("listen")->source, "--listen");
    EXPECT_EQ(config.text("log.level"), "debug");
    EXPECT_EQ(config.find("log.level")->source, "PRYX_LOG_LEVEL");
    EXPECT_EQ(config.integer("tools.max_steps"), 50);
    EXPECT_EQ(config.find("tools.max_steps")->origin, Origin::kDefault);
    EXPECT_EQ(config.duration("approval.timeout"), std::chrono::minutes(5));
  } while (std::ranges::next_permutation(layers, {}, &Layer::origin).found);
}

TEST(Layers, UnknownKeysAndBadVariablesAreErrors) {
  Layer layer;
  const auto set = layer.set("log.levle", "info", "--set");
  ASSERT_FALSE(set.has_value());
  EXPECT_EQ(set.error().code, ErrorCode::kNotFound);
  EXPECT_NE(set.error().message.find("did you mean 'log.level'"), std::string::npos);
  const auto environment = environment_layer(Environment({{"PRYX_LOG_LEVEL", "loud"}}));
  ASSERT_FALSE(environment.has_value());
  EXPECT_NE(environment.error().message.find("PRYX_LOG_LEVEL"), std::string::npos);
}

TEST(ConfigFile, ReadsNestedAndDottedKeysWithTheirLines) {
  const auto file =
      parse_config_file(
          "# comment\nlisten: 127.0.0.1:0\nlog:\n  level: debug\ntools.max_steps: 9\napproval:\n")
          .value();
  EXPECT_TRUE(file.warnings.empty());
  ASSERT_EQ(file.layer.values.size(), 3u);
  EXPECT_EQ(file.layer.values.at("listen").source, "config.yaml:2");
  EXPECT_EQ(file.layer.values.at("log.level").source, "config.yaml:4");
  EXPECT_EQ(file.layer.values.at("log.level").value, json::value("debug"));
  EXPECT_EQ(file.layer.values.at("tools.max_steps").value, json::value(9));
  EXPECT_EQ(Config({file.layer}).text("log.level"), "debug");
}

TEST(ConfigFile, EmptyFilesAreFine) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "{}", "listen:\n"}) {
    const auto file = parse_config_file(text);
    ASSERT_TRUE(file.has_value()) << text;
    EXPECT_TRUE(file->layer.values.empty()) << text;
  }
}

TEST(ConfigFile, UnknownKeysAreWarnedAboutNeverFatal) {
  const auto file =
      parse_config_file("lisen: x\nfuture:\n  deep: [1, 2]\nlog:\n  colour: red\n  level: warn\n").value();
  ASSERT_EQ(file.warnings.size(), 3u);
  EXPECT_EQ(file.warnings[0].line, 1);
  EXPECT_NE(file.warnings[0].text.find("did you mean 'listen'"), std::string::npos);
  EXPECT_EQ(file.warnings[1].line, 2);
  EXPECT_EQ(file.warnings[2].line, 5);
  EXPECT_NE(file.warnings[2].text.find("log.colour"), std::string::npos);
  EXPECT_EQ(file.layer.values.size(), 1u);
}

TEST(ConfigFile, ABadValueMakesTheFileInvalidAndNamesTheLine) {
  struct Row {
    const char* text;
    const char* line;
  };
  for (const Row& row :
       {Row{"listen: a:1\nlog:\n  level: loud\n", "line 3"}, Row{"tools:\n  max_steps: many\n", "line 2"},
        Row{"log: info\n", "line 1"}, Row{"- listen\n", "line 1"}, Row{"listen: [1]\n", "line 1"},
        Row{"log.level: info\nlog:\n  level: warn\n", "line 3"}, Row{"listen: a\nlisten: b\n", "line 2"},
        Row{"a: 'open\n", "line "}}) {
    const auto file = parse_config_file(row.text);
    ASSERT_FALSE(file.has_value()) << row.text;
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(file.error().message.find(row.line), std::string::npos) << file.error().message;
    EXPECT_NE(file.error().message.find("config.yaml"), std::string::npos) << file.error().message;
  }
}

class CoreFileTest : public ::testing::Test {
 protected:
  CoreFileTest() { PRYX_CHECK(create_places(places_).has_value()); }
  TemporaryDirectory directory_;
  Places places_ = find_places(Environment({{"PRYX_HOME", directory_ / "home"}}), ::geteuid()).value();
  CoreRecord record_ =
      describe_this_core("0.1.0", "http://127.0.0.1:7799", places_.socket(), WallTime{1'790'000'000'123});
};

TEST_F(CoreFileTest, RoundTripsAndFindsThisProcess) {
  EXPECT_FALSE(find_running_core(places_).has_value());
  ASSERT_TRUE(write_core_file(places_, record_).has_value());
  EXPECT_EQ(find_running_core(places_), record_);
  EXPECT_EQ(platform::file_facts(places_.core_file())->mode, 0600u);
  ASSERT_TRUE(remove_core_file(places_).has_value());
  EXPECT_FALSE(platform::exists(places_.core_file()));
}

TEST_F(CoreFileTest, WithoutTcpTheUrlIsNull) {
  record_.url.clear();
  EXPECT_TRUE(to_json(record_).at("url").is_null());
  EXPECT_EQ(parse_core_record(json::to_text(to_json(record_))).value(), record_);
}

TEST_F(CoreFileTest, StaleFilesAreRecognised) {
  CoreRecord reused = record_;
  reused.process.start_ticks += 1;
  ASSERT_TRUE(write_core_file(places_, reused).has_value());
  EXPECT_FALSE(find_running_core(places_).has_value()) << "the pid was reused";
  CoreRecord rebooted = record_;
  rebooted.boot = "another boot";
  ASSERT_TRUE(write_core_file(places_, rebooted).has_value());
  EXPECT_FALSE(find_running_core(places_).has_value()) << "the machine was restarted";
  for (const char* text : {"", "{", "{}", "[]", R"({"pid":0})", R"({"pid":"1","version":""})"}) {
    ASSERT_TRUE(platform::atomic_write_file(places_.core_file(), text, 0600).has_value());
    EXPECT_FALSE(find_running_core(places_).has_value()) << text;
  }
}

TEST_F(CoreFileTest, AFileOfAnotherRunningProcessIsLeftAlone) {
  record_.process = platform::identify_process(::getppid()).value();
  ASSERT_TRUE(write_core_file(places_, record_).has_value());
  ASSERT_TRUE(remove_core_file(places_).has_value());
  EXPECT_TRUE(find_running_core(places_).has_value());
}

}  // namespace
}  // namespace pryx::config
