// SPDX-License-Identifier: MIT
// The canonical form (RFC 8785) by the specification's own data, and what the parser refuses.
#include "foundation/base/json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "foundation/base/testing/manual_clock.h"
#include "foundation/base/text.h"

namespace pryx::json {
namespace {

struct NumberSample {
  std::uint64_t bits;
  std::string_view text;
};

// RFC 8785 appendix B.
constexpr NumberSample kNumbers[] = {
    {0x0000000000000000, "0"},
    {0x8000000000000000, "0"},
    {0x0000000000000001, "5e-324"},
    {0x8000000000000001, "-5e-324"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0xffefffffffffffff, "-1.7976931348623157e+308"},
    {0x4340000000000000, "9007199254740992"},
    {0xc340000000000000, "-9007199254740992"},
    {0x4430000000000000, "295147905179352830000"},
    {0x44b52d02c7e14af5, "9.999999999999997e+22"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
    {0x444b1ae4d6e2ef4e, "999999999999999700000"},
    {0x444b1ae4d6e2ef4f, "999999999999999900000"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
    {0x3eb0c6f7a0b5ed8d, "0.000001"},
    {0x41b3de4355555553, "333333333.3333332"},
    {0x41b3de4355555554, "333333333.33333325"},
    {0x41b3de4355555555, "333333333.3333333"},
    {0x41b3de4355555556, "333333333.3333334"},
    {0x41b3de4355555557, "333333333.33333343"},
    {0xbecbf647612f3696, "-0.0000033333333333333333"},
    {0x43143ff3c1cb0959, "1424953923781206.2"},
};

TEST(JsonCanonical, WritesTheNumbersOfRfc8785) {
  for (const auto& [bits, text] : kNumbers) {
    EXPECT_EQ(canonical(value(std::bit_cast<double>(bits))), text);
    const auto back = parse(text);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(canonical(*back), text);
  }
}

// There is no JSON for them, and none comes in; from code they become null, as ECMAScript writes them.
TEST(JsonCanonical, WritesNoInfinity) {
  EXPECT_EQ(canonical(value(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(canonical(value(std::numeric_limits<double>::quiet_NaN())), "null");
}

TEST(JsonCanonical, NumbersReadBackAsTheSameDouble) {
  pryx::testing::SeededRandom random(20);
  for (int i = 0; i < 20'000; ++i) {
    const double number = std::bit_cast<double>(random.next_u64());
    if (!std::isfinite(number)) continue;
    const std::string text = canonical(value(number));
    double back = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_TRUE(error == std::errc{} && end == text.data() + text.size()) << text;
    ASSERT_EQ(back, number) << text;
    ASSERT_LE(text.size(), 25u) << text;  // -d.16 digits e-ddd, or 21 digits and a sign
  }
}

TEST(JsonCanonical, WritesIntegersInFull) {
  EXPECT_EQ(canonical(*parse("[9223372036854775807,-9223372036854775808,18446744073709551615]")),
            "[9223372036854775807,-9223372036854775808,18446744073709551615]");
  EXPECT_EQ(canonical(*parse("[1.0,1e0,-0,-0.0,10e-1]")), "[1,1,0,0,1]");
}

// RFC 8785 section 3.2.3.
TEST(JsonCanonical, SortsKeysByUtf16) {
  const auto v =
      parse(R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",)"
            R"("1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",)"
            R"("\u00f6":"Latin Small Letter O With Diaeresis"})");
  ASSERT_TRUE(v);
  EXPECT_EQ(
      canonical(*v),
      "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
      "\"\xC3\xB6\":\"Latin Small Letter O With Diaeresis\",\"\xE2\x82\xAC\":\"Euro Sign\","
      "\"\xF0\x9F\x98\x80\":\"Emoji: Grinning Face\",\"\xEF\xAC\xB3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

std::string encode(char32_t c) {
  std::string out;
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800)
    out = {static_cast<char>(0xC0 | c >> 6)};
  else if (c < 0x10000)
    out = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63))};
  else
    out = {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
           static_cast<char>(0x80 | (c >> 6 & 63))};
  return out + static_cast<char>(0x80 | (c & 63));
}

std::u16string to_utf16(const std::u32string& text) {
  std::u16string out;
  for (const char32_t c : text) {
    if (c < 0x10000) {
      out += static_cast<char16_t>(c);
    } else {
      out += static_cast<char16_t>(0xD800 + ((c - 0x10000) >> 10));
      out += static_cast<char16_t>(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return out;
}

TEST(JsonCanonical, SortsAnyKeysAsTheirUtf16Would) {
  constexpr char32_t kEdges[] = {'!',    '0',     'a',     0x7F,    0x80,    0x7FF,
                                 0x800,  0xCFFF,  0xD7FF,  0xE000,  0xEFFF,  0xF000,
                                 0xFFFF, 0x10000, 0x1F600, 0x3FFFF, 0x40000, 0x10FFFF};
  pryx::testing::SeededRandom random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::pair<std::u16string, std::string>> keys;
    object o;
    for (std::uint64_t i = random.below(6) + 2; i > 0; --i) {
      std::u32string key;
      std::string bytes;
      for (std::uint64_t j = random.below(4); j > 0; --j) key += kEdges[random.below(std::size(kEdges))];
      for (const char32_t c : key) bytes += encode(c);
      if (o.contains(bytes)) continue;
      o[bytes] = 1;
      keys.emplace_back(to_utf16(key), bytes);
    }
    std::sort(keys.begin(), keys.end());
    std::string expected = "{";
    for (const auto& [utf16, bytes] : keys) expected += (expected.size() > 1 ? ",\"" : "\"") + bytes + "\":1";
    ASSERT_EQ(canonical(o), expected + "}");
  }
}

TEST(JsonCanonical, EscapesWhatItMustAndNothingElse) {
  for (int c = 0; c < 0x80; ++c) {
    const std::string text(1, static_cast<char>(c));
    const std::string written = canonical(value(text));
    const auto back = parse(written);
    ASSERT_TRUE(back) << c;
    EXPECT_EQ(back->as_string(), text) << c;
    const bool is_short =
        std::string_view("\b\t\n\f\r\"\\").find(static_cast<char>(c)) != std::string_view::npos;
    EXPECT_EQ(written.size(), is_short ? 4u : (c < 0x20 ? 8u : 3u)) << written;
  }
}

TEST(JsonParse, FindsTwinsWhereverTheyAre) {
  for (const std::string_view text :
       {R"({"a":1,"a":1})", R"([[{"x":{"b":1,"c":2,"b":3}}]])", R"({"a":1,"\u0061":2})", R"({"":1,"":2})",
        R"({"\ud83d\ude00":1,"😀":2})", R"({"a":{"b":1},"a":{"b":1,"c":2}})", R"({"a":{"x":1,"x":2},"a":0})",
        R"({"\"":1,"\u0022":2})", R"({"\\":1,"\u005c":2})", R"({"a,":[],"a,":{}})"}) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find("appears twice"), std::string::npos) << parsed.error().message;
    EXPECT_TRUE(parse(text, {.twins = Twins::kUnchecked})) << text;
  }
  for (const std::string_view text :
       {R"({"a":1,"A":2,"b":{"a":1}})", R"(["a","a"])", R"({"a":"a","b":"a"})", R"({"a\"":1,"a":2})",
        R"({"k":"{\"a\":1,\"a\":2}"})", "{\"\xC3\xA9\":1,\"e\xCC\x81\":2}"}) {
    EXPECT_TRUE(parse(text)) << text;
  }
}

TEST(JsonParse, FindsOneTwinAmongMany) {
  std::string text = "{";
  for (int i = 0; i < 3000; ++i) text += fmt::format("\"key{}\":{{\"n\":{}}},", i * 7919 % 3000, i);
  EXPECT_TRUE(parse(text + "\"last\":0}"));
  const auto twin = parse(text + "\"key1234\":0}");
  ASSERT_FALSE(twin);
  EXPECT_EQ(twin.error().message, "not valid JSON: the key 'key1234' appears twice in one object");
}

TEST(JsonParse, DepthIsCountedTheSameForBoth) {
  const auto nested = [](int depth, std::string_view open, std::string_view close) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    text += "0";
    for (int i = 0; i < depth; ++i) text += close;
    return text;
  };
  for (const int limit : {1, 4, 64}) {
    const ParseLimits limits{.max_depth = static_cast<std::size_t>(limit)};
    EXPECT_TRUE(parse(nested(limit, "[", "]"), limits)) << limit;
    EXPECT_FALSE(parse(nested(limit + 1, "[", "]"), limits)) << limit;
    EXPECT_TRUE(parse(nested(limit, "{\"a\":", "}"), limits)) << limit;
    EXPECT_FALSE(parse(nested(limit + 1, "{\"a\":", "}"), limits)) << limit;
  }
}

// What came in at the border's limit is wrapped when it is stored, and must come back.
TEST(JsonParse, OwnTextMayBeDeeperThanWhatTheBorderTakes) {
  const std::string deepest = std::string(64, '[') + std::string(64, ']');
  const auto accepted = parse(deepest);
  ASSERT_TRUE(accepted);
  const std::string stored = to_text(array{object{{"arguments", *accepted}}});
  EXPECT_FALSE(parse(stored));
  EXPECT_TRUE(parse(stored, kOwnText));
}

TEST(JsonParse, ErrorsNameTheField) {
  const auto o =
      parse_object(R"({"text":7,"count":"7","half":0.5,"big":18446744073709551615,"flag":1,"none":null})");
  ASSERT_TRUE(o);
  EXPECT_EQ(find_string(*o, "text").error().message, "field 'text' must be a string");
  EXPECT_EQ(find_integer(*o, "count").error().message, "field 'count' must be a whole number");
  EXPECT_FALSE(find_integer(*o, "half"));
  EXPECT_FALSE(find_integer(*o, "big"));
  EXPECT_FALSE(find_bool(*o, "flag"));
  EXPECT_EQ(*find_string(*o, "none"), std::nullopt);
  EXPECT_EQ(get_string(*o, "none").error().message, "field 'none' is missing");
  EXPECT_EQ(integer_or(*o, "half", 3), 3);
}

}  // namespace
}  // namespace pryx::json
