// SPDX-License-Identifier: MIT
#include "engine/tools/fs/line_search.h"

#include <gtest/gtest.h>

#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

std::vector<std::size_t> numbers(std::string_view pattern, std::string_view text,
                                 LinePatternOptions options = {}, std::size_t limit = 1000) {
  const auto compiled = LinePattern::compile(pattern, options);
  EXPECT_TRUE(compiled) << pattern;
  std::vector<std::size_t> out;
  if (!compiled) return out;
  for (const LineMatch& match : find_lines(*compiled, text, limit, [] { return false; }))
    out.push_back(match.number);
  return out;
}
using Numbers = std::vector<std::size_t>;
constexpr LinePatternOptions kRegex{true, true};
constexpr LinePatternOptions kAnyCase{false, false};

TEST(LineSearch, LiteralsAreTakenAsTheyAre) {
  EXPECT_EQ(numbers("a.c", "abc\na.c\n"), Numbers{2});
  EXPECT_EQ(numbers("f(x", "f(x)\ng\n"), Numbers{1});
  EXPECT_EQ(numbers("abc", "ABC\nabc\n"), Numbers{2});
  EXPECT_EQ(numbers("abc", "ABC\nabc\n", kAnyCase), (Numbers{1, 2}));
  EXPECT_EQ(numbers("a", "a a a\nb\na"), (Numbers{1, 3}));
  EXPECT_EQ(numbers("a", ""), Numbers{});
}

TEST(LineSearch, AnchorsMeanTheLine) {
  EXPECT_EQ(numbers("^b", "ab\nb\nbb", kRegex), (Numbers{2, 3}));
  EXPECT_EQ(numbers("b$", "ab\nba\nb", kRegex), (Numbers{1, 3}));
  EXPECT_EQ(numbers("^$", "a\n\nb\n\n", kRegex), (Numbers{2, 4}));
  EXPECT_EQ(numbers("\\Ab", "ab\nb\n", kRegex), Numbers{2});
  EXPECT_EQ(numbers("b\\z", "ab\nba\n", kRegex), Numbers{1});
  EXPECT_EQ(numbers("(?-m:^b)", "a\nb\n", kRegex), Numbers{2});
  EXPECT_EQ(numbers("x*", "a\nb\n", kRegex), (Numbers{1, 2}));
}

TEST(LineSearch, NothingMatchesAcrossALineBreak) {
  EXPECT_EQ(numbers("a\\sb", "a\nb\na b\n", kRegex), Numbers{3});
  EXPECT_EQ(numbers("a[^x]b", "a\nb\nayb\n", kRegex), Numbers{3});
  EXPECT_EQ(numbers("(?s)a.b", "a\nb\nayb\n", kRegex), Numbers{3});
  EXPECT_FALSE(LinePattern::compile("a\nb", {}));
}

TEST(LineSearch, BadPatternsAreExplained) {
  for (const std::string_view bad : {"a(b", "a)b", "*a", "[z-a]", "a(?=b)", "(a)\\1", "a{2,1}", "\\", "(?P<n",
                                     "((a{1000}){1000}){1000}"}) {
    const auto pattern = LinePattern::compile(bad, kRegex);
    ASSERT_FALSE(pattern) << bad;
    EXPECT_EQ(pattern.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(pattern.error().message.find("RE2"), std::string::npos);
    EXPECT_TRUE(LinePattern::compile(bad, {}));  // as plain text each is fine
  }
}

// Ordinary engines need exponential time for these.
TEST(LineSearch, HostilePatternsAreLinear) {
  const std::string text = std::string(200'000, 'x') + "\n";
  EXPECT_EQ(numbers("(x+x+)+y", text, kRegex), Numbers{});
  EXPECT_EQ(numbers("(a|aa)+$", std::string(100'000, 'a') + "b", kRegex), Numbers{});
}

TEST(LineSearch, WindowsChangeNothing) {
  std::string text;
  Numbers expected;
  for (std::size_t i = 1; i <= 120'000; ++i) {
    const bool hit = i % 997 == 0 || i == 1 || i == 120'000;
    text += hit ? "some words and a needle here\n" : "hay hay hay hay hay\n";
    if (hit) expected.push_back(i);
  }
  EXPECT_EQ(numbers("needle", text), expected);
  EXPECT_EQ(numbers("nee(d|t)le here$", text, kRegex), expected);
}

TEST(LineSearch, StopsAtTheLimitAndWhenTold) {
  EXPECT_EQ(numbers("a", "a\na\na\n", {}, 2), (Numbers{1, 2}));
  const auto pattern = LinePattern::compile("a", {});
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(find_lines(*pattern, "a\n", 10, [] { return true; }).empty());
}

std::string shown(std::string_view pattern, std::string_view text, std::size_t context) {
  const auto compiled = LinePattern::compile(pattern, {});
  return format_lines("f", text, find_lines(*compiled, text, 100, [] { return false; }), context);
}

TEST(LineSearch, PrintsMatchesAndContext) {
  EXPECT_EQ(shown("b", "a\nb\nc\n", 0), "f:2:b\n");
  EXPECT_EQ(shown("b", "a\nb\nc\n", 1), "f-1-a\nf:2:b\nf-3-c\n");
  EXPECT_EQ(shown("b", "b\n1\nb\n", 1), "f:1:b\nf-2-1\nf:3:b\n");
  EXPECT_EQ(shown("b", "b\n1\n2\n3\n4\nb", 1), "f:1:b\nf-2-1\n--\nf-5-4\nf:6:b\n");
  EXPECT_EQ(shown("b", "b\n1\n2\nb", 1), "f:1:b\nf-2-1\nf-3-2\nf:4:b\n");
  EXPECT_EQ(shown("b", "b", 5), "f:1:b\n");
  EXPECT_EQ(shown("b", "b\r\n", 0), "f:1:b\n");
  EXPECT_EQ(shown("b", "\n\nb\n\n", 9), "f-1-\nf-2-\nf:3:b\nf-4-\n");
}

TEST(LineSearch, LongLinesAreTrimmedAroundTheMatch) {
  const std::string text = std::string(5000, 'x') + "needle" + std::string(5000, 'y') + "\n";
  const std::string line = shown("needle", text, 0);
  EXPECT_LT(line.size(), kMaxShownLineBytes + 20);
  EXPECT_NE(line.find("xneedley"), std::string::npos);
  EXPECT_TRUE(line.starts_with("f:1:…x"));
  EXPECT_TRUE(line.ends_with("y…\n"));
  std::string accents;
  for (int i = 0; i < 1000; ++i) accents += "\xC3\xA9";
  for (std::size_t shift = 0; shift < 4; ++shift) {
    EXPECT_TRUE(is_valid_utf8(shown("needle", std::string(shift, 'x') + accents + "needle" + accents, 0)));
  }
  EXPECT_TRUE(is_valid_utf8(shown("a",
                                  "\xFF\xFF"
                                  "a\x80\n",
                                  0)));
  const std::string at_end = std::string(5000, 'x') + "needle";
  EXPECT_TRUE(shown("needle", at_end, 0).ends_with("xneedle\n"));
}

}  // namespace
}  // namespace pryx::tools::fs
