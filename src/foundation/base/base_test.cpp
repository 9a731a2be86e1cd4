// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "foundation/base/log.h"
#include "foundation/base/secret.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/base/text.h"

namespace pryx {
namespace {

TEST(Json, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_FALSE(json::parse(R"({"a":1,"a":2})"));
  EXPECT_FALSE(json::parse("{\"a\":1,\"\\u0061\":2}"));
  EXPECT_TRUE(json::parse(R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})"));
  EXPECT_FALSE(json::parse("[1,]"));
  EXPECT_FALSE(json::parse("\"\xff\""));
  EXPECT_FALSE(json::parse("[1] 2"));
  EXPECT_FALSE(json::parse(""));
}

TEST(Json, DepthAndSizeAreBounded) {
  EXPECT_TRUE(json::parse(std::string(60, '[') + std::string(60, ']')));
  EXPECT_FALSE(json::parse(std::string(100'000, '[')));
  EXPECT_EQ(json::parse("[1,2,3]", {.max_bytes = 3}).error().code, ErrorCode::kTooLarge);
}

// The example of RFC 8785 section 3.2.3 and values of its appendix B.
TEST(Json, CanonicalFollowsRfc8785) {
  const auto v = json::parse(
      R"({"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]})");
  ASSERT_TRUE(v);
  EXPECT_EQ(json::canonical(*v),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  EXPECT_EQ(json::canonical(json::value(1e21)), "1e+21");
  EXPECT_EQ(json::canonical(json::value(1e20)), "100000000000000000000");
  EXPECT_EQ(json::canonical(json::value(-0.0)), "0");
}

TEST(Ids, SortByCreationWithinOneMillisecond) {
  testing::ManualClock clock;
  testing::SeededRandom random(1);
  IdSource ids(clock, random);
  std::string last;
  for (int i = 0; i < 1000; ++i) {
    const auto id = ids.make<SessionId>();
    EXPECT_LT(last, id.str());
    EXPECT_TRUE(SessionId::parse(id.str()));
    EXPECT_FALSE(TurnId::parse(id.str()));
    last = id.str();
  }
}

TEST(Clock, Rfc3339RoundTrip) {
  const auto t = parse_rfc3339("2026-11-21T07:36:32.123Z");
  ASSERT_TRUE(t);
  EXPECT_EQ(to_rfc3339(*t), "2026-11-21T07:36:32.123Z");
  EXPECT_EQ(parse_rfc3339("2026-11-21T08:36:32.123+01:00")->unix_ms, t->unix_ms);
  EXPECT_FALSE(parse_rfc3339("2026-02-30T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("yesterday"));
  EXPECT_EQ(*parse_duration("250ms"), std::chrono::milliseconds(250));
  EXPECT_FALSE(parse_duration("soon"));
}

TEST(Text, Utf8) {
  EXPECT_TRUE(is_valid_utf8("h\xC3\xA9"));
  EXPECT_FALSE(is_valid_utf8("\xC0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
  EXPECT_EQ(to_valid_utf8("a\xF0\x9F\x92z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(utf8_prefix("h\xC3\xA9", 2), "h");
}

TEST(Text, EncodingsRoundTrip) {
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(*from_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(*from_hex(to_hex(std::string_view("\0\xff", 2))), std::string("\0\xff", 2));
  EXPECT_TRUE(glob_match("fs.*", "fs.read"));
  EXPECT_FALSE(glob_match("fs.*", "shell.exec"));
  EXPECT_EQ(edit_distance("sesion", "session"), 1u);
}

TEST(Log, WritesOneJsonLineAndEscapesControls) {
  std::string seen;
  log::configure({.sink = [&](std::string_view line) { seen += line; }});
  log::info("turn.started", {{"turn_id", "trn_1"}, {"attempt", 2}, {"note", "a\x1b[2Jb\n"}});
  log::configure({});
  EXPECT_EQ(seen,
            "{\"level\":\"info\",\"event\":\"turn.started\",\"turn_id\":\"trn_1\",\"attempt\":2,\"note\":"
            "\"a\\u001b[2Jb\\n\"}\n");
}

TEST(Secret, CannotBeFormattedOrLogged) {
  static_assert(!std::is_constructible_v<log::Field, std::string_view, Secret>);
  static_assert(!fmt::is_formattable<Secret>::value);
  Secret a("hunter2");
  Secret b(std::move(a));
  EXPECT_TRUE(a.empty());
  EXPECT_TRUE(b.equals("hunter2"));
}

}  // namespace
}  // namespace pryx
