// SPDX-License-Identifier: MIT
// The big list of naughty strings (npm's package of that name; `make deps` installs it) through everything of
// this folder that takes text.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "foundation/base/log.h"
#include "foundation/base/secret.h"
#include "foundation/base/text.h"

namespace pryx {
namespace {

constexpr const char* kList = PRYX_SOURCE_DIR "/tests/js/node_modules/big-list-of-naughty-strings/blns.json";

class NaughtyStrings : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(kList, std::ios::binary);
    ASSERT_TRUE(file.good()) << kList << " is missing; run `make deps`";
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto list = json::parse(text);
    ASSERT_TRUE(list) << list.error().message;
    for (const json::value& item : list->as_array())
      strings_.emplace_back(std::string_view(item.as_string()));
    ASSERT_GE(strings_.size(), 400u);
  }
  void TearDown() override { log::configure({}); }

  std::vector<std::string> strings_;
};

TEST_F(NaughtyStrings, AreTextAndStaySo) {
  for (const std::string& text : strings_) {
    ASSERT_TRUE(is_valid_utf8(text)) << text;
    ASSERT_EQ(to_valid_utf8(text), text);
    ASSERT_EQ(from_hex(to_hex(text)), text);
    ASSERT_EQ(from_base64(to_base64(text)), text);
    ASSERT_TRUE(glob_match("*", text)) << text;
    ASSERT_TRUE(equals_ignore_case(text, lower_ascii(text))) << text;
    ASSERT_LE(trim(text).size(), text.size());
    std::string joined;
    for (const std::string_view part : split(text, '/')) joined += std::string(part) + "/";
    ASSERT_EQ(joined, text + "/");
    for (std::size_t bytes = 0; bytes <= text.size(); ++bytes)
      ASSERT_TRUE(is_valid_utf8(utf8_prefix(text, bytes))) << text;
    ASSERT_TRUE(Secret(text).equals(text));
    ASSERT_EQ(edit_distance(text, text), 0u);
  }
}

TEST_F(NaughtyStrings, AreNoTimesDurationsOrIds) {
  for (const std::string& text : strings_) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
    EXPECT_FALSE(SessionId::parse(text)) << text;
    const auto duration = parse_duration(text);
    // Plain decimal numbers count as seconds.
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
    EXPECT_TRUE(is_number || !duration) << text;
    if (!duration) {
      EXPECT_TRUE(is_valid_utf8(duration.error().message)) << text;
    }
  }
}

TEST_F(NaughtyStrings, SurviveJsonAsValueAndKey) {
  json::array all;
  json::object keys;
  for (const std::string& text : strings_) {
    all.emplace_back(text);
    keys[text] = text;
    const json::value one = json::object{{text, text}};
    for (const std::string& written : {json::to_text(one), json::canonical(one)}) {
      const auto back = json::parse(written);
      ASSERT_TRUE(back) << written;
      ASSERT_EQ(*back, one) << written;
    }
    // The same text twice, plain and with every character escaped, is the same key.
    std::string escaped;
    for (const char c : text)
      escaped += static_cast<unsigned char>(c) < 0x80 ? fmt::format("\\u{:04x}", static_cast<unsigned>(c))
                                                      : std::string(1, c);
    const std::string plain = json::to_text(json::value(text));
    ASSERT_FALSE(json::parse("{" + plain + ":1,\"" + escaped + "\":2}")) << plain;
  }
  ASSERT_EQ(*json::parse(json::to_text(json::value(all))), json::value(all));
  ASSERT_EQ(*json::parse(json::canonical(json::value(keys))), json::value(keys));
}

TEST_F(NaughtyStrings, StayInsideOneLogLine) {
  std::string seen;
  for (const bool as_json : {true, false}) {
    log::configure({.json = as_json, .sink = [&](std::string_view line) { seen = line; }});
    for (const std::string& text : strings_) {
      log::warn("naughty", {{"text", text}});
      ASSERT_EQ(std::count(seen.begin(), seen.end(), '\n'), 1) << seen;
      ASSERT_EQ(seen.back(), '\n');
      ASSERT_TRUE(is_valid_utf8(seen)) << seen;
      if (as_json) {
        const auto line = json::parse_object(seen);
        ASSERT_TRUE(line) << seen;
        ASSERT_EQ(json::string_or(*line, "text"), utf8_prefix(text, 2048));
        continue;
      }
      for (std::size_t i = 0; i + 1 < seen.size(); ++i) {
        const auto c = static_cast<unsigned char>(seen[i]), next = static_cast<unsigned char>(seen[i + 1]);
        ASSERT_TRUE(c >= 0x20 && c != 0x7F) << seen;                     // C0 and DEL
        ASSERT_FALSE(c == 0xC2 && next >= 0x80 && next < 0xA0) << seen;  // C1
      }
    }
  }
}

TEST_F(NaughtyStrings, StayInsideAnErrorMessage) {
  for (const std::string& text : strings_) {
    const Error error = fail(ErrorCode::kInvalidArgument, "'{}' is refused", text).error();
    EXPECT_EQ(error.message, "'" + text + "' is refused");
  }
}

}  // namespace
}  // namespace pryx
