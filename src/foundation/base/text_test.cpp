// SPDX-License-Identifier: MIT
// UTF-8 against utf8proc and the Unicode standard's own tables, globs against a matcher that is plainly
// right.
#include "foundation/base/text.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <array>

#include "foundation/base/testing/manual_clock.h"

namespace pryx {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Length of the first code point by utf8proc, or 0.
std::size_t reference_length(std::string_view text) {
  utf8proc_int32_t code_point = 0;
  const auto n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                  static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  return n > 0 && code_point >= 0 ? static_cast<std::size_t>(n) : 0;
}

bool reference_is_valid(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = reference_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Whether some bytes behind it would make it one whole code point.
bool can_be_completed(const std::string& start) {
  if (start.size() > 3) return false;
  for (const char* next : {"\x80", "\x90", "\xA0", "\xBF"}) {
    const std::string longer = start + next;
    if (reference_length(longer) == longer.size() || can_be_completed(longer)) return true;
  }
  return false;
}

// "Maximal subpart" as the standard (section 3.9, D93b) words it, by trying.
std::string reference_repair(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t length = reference_length(text);
    if (length > 0) {
      out += text.substr(0, length);
    } else {
      out += kReplacement;
      for (length = 1; length < text.size() && can_be_completed(std::string(text.substr(0, length + 1)));
           ++length) {
      }
    }
    text.remove_prefix(length);
  }
  return out;
}

// One byte from each range in which well-formedness can turn.
constexpr std::array<unsigned char, 24> kBytes = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                                  0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
                                                  0xED, 0xEE, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5, 0xFF};

TEST(Utf8, AgreesWithUtf8procOnEverySequenceOfFour) {
  std::string text(4, '\0');
  for (const unsigned char a : kBytes) {
    for (const unsigned char b : kBytes) {
      for (const unsigned char c : kBytes) {
        for (const unsigned char d : kBytes) {
          text = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)};
          for (std::size_t size = 1; size <= 4; ++size) {
            const std::string_view part = std::string_view(text).substr(0, size);
            ASSERT_EQ(is_valid_utf8(part), reference_is_valid(part)) << to_hex(part);
          }
        }
      }
    }
  }
}

TEST(Utf8, AgreesWithUtf8procOnEveryCodePoint) {
  for (utf8proc_int32_t c = 0; c <= 0x110000; ++c) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const auto size = utf8proc_encode_char(c, bytes.data());
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                                static_cast<std::size_t>(std::max<utf8proc_ssize_t>(size, 0)));
    const bool is_scalar = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
    if (size > 0) {
      ASSERT_EQ(is_valid_utf8(text), is_scalar) << c;
    }
    if (is_scalar) {
      ASSERT_EQ(to_valid_utf8(text), text) << c;
    }
  }
}

TEST(Utf8, RepairsAsTheStandardRecommends) {
  const auto repaired = [](std::string_view hex) {
    std::string shown;
    std::string_view out = *from_hex(hex);
    const std::string kept = to_valid_utf8(*from_hex(hex));
    for (out = kept; !out.empty();) {
      const bool replaced = out.starts_with(kReplacement);
      shown += replaced ? '.' : out.front();
      out.remove_prefix(replaced ? kReplacement.size() : 1);
    }
    return shown;
  };
  // Unicode standard, tables 3-8 to 3-11: a dot is one U+FFFD.
  EXPECT_EQ(repaired("c0afe080bff0818241"), "........A");
  EXPECT_EQ(repaired("eda080edbfbfedaf41"), "........A");
  EXPECT_EQ(repaired("f4919293ff4180bf42"), ".....A..B");
  EXPECT_EQ(repaired("e180e2f09192f1bf41"), "....A");
}

TEST(Utf8, RepairsAnyBytesAsTheReferenceDoes) {
  testing::SeededRandom random(8);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(12); i > 0; --i)
      text += static_cast<char>(kBytes[random.below(kBytes.size())]);
    const std::string repaired = to_valid_utf8(text);
    ASSERT_EQ(repaired, reference_repair(text)) << to_hex(text);
    ASSERT_TRUE(is_valid_utf8(repaired)) << to_hex(text);
    ASSERT_EQ(to_valid_utf8(repaired), repaired) << to_hex(text);
  }
}

TEST(Utf8, PrefixCutsOnlyBetweenCodePoints) {
  const std::string text = "a\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80z";
  for (std::size_t bytes = 0; bytes <= text.size() + 1; ++bytes) {
    const std::string_view prefix = utf8_prefix(text, bytes);
    ASSERT_LE(prefix.size(), bytes);
    ASSERT_TRUE(text.starts_with(prefix));
    ASSERT_TRUE(is_valid_utf8(prefix)) << bytes;
    if (prefix.size() < text.size()) {
      ASSERT_GT(prefix.size() + reference_length(std::string_view(text).substr(prefix.size())), bytes)
          << bytes;
    }
  }
}

// Stray continuation bytes must not make a bounded excerpt vanish.
TEST(Utf8, PrefixKeepsWhatIsNoTextAnyway) {
  EXPECT_EQ(utf8_prefix(std::string(5000, '\x80'), 2048).size(), 2048u);
  EXPECT_EQ(utf8_prefix("\x80\x80", 1), "\x80");
  EXPECT_EQ(utf8_prefix("\x80", 0), "");
}

std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(reference_length(text), 1);
    out.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

bool naive_match(std::span<const std::string> pattern, std::span<const std::string> text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == "*") {
    for (std::size_t skip = 0; skip <= text.size(); ++skip) {
      if (naive_match(pattern.subspan(1), text.subspan(skip))) return true;
    }
    return false;
  }
  return !text.empty() && (pattern.front() == "?" || pattern.front() == text.front()) &&
         naive_match(pattern.subspan(1), text.subspan(1));
}

TEST(Glob, AgreesWithTheNaiveMatcher) {
  constexpr std::array<std::string_view, 7> kPattern = {
      "*", "?", "a", "b", "/", "\xC3\xA9", "\xF0\x9F\x98\x80"};
  constexpr std::array<std::string_view, 7> kText = {"a",   "a", "b", "/", "\xC3\xA9", "\xF0\x9F\x98\x80",
                                                     "\x80"};
  testing::SeededRandom random(5);
  int matches = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string pattern, text;
    for (std::uint64_t i = random.below(7); i > 0; --i) pattern += kPattern[random.below(kPattern.size())];
    for (std::uint64_t i = random.below(7); i > 0; --i) text += kText[random.below(kText.size())];
    const bool expected = naive_match(characters(pattern), characters(text));
    ASSERT_EQ(glob_match(pattern, text), expected) << pattern << " on " << to_hex(text);
    matches += expected;
  }
  EXPECT_GT(matches, 3000);  // else the samples prove nothing
}

TEST(Glob, DoesNotExplode) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(20'000, 'a')));
  EXPECT_TRUE(glob_match(pattern, std::string(20'000, 'a')));
}

TEST(Encodings, RoundTripAnyBytes) {
  testing::SeededRandom random(6);
  for (std::size_t size = 0; size < 300; ++size) {
    std::vector<std::uint8_t> bytes(size);
    random.fill(bytes);
    const std::string text(bytes.begin(), bytes.end());
    ASSERT_EQ(from_hex(to_hex(text)), text);
    ASSERT_EQ(from_base64(to_base64(text)), text);
    ASSERT_EQ(from_base64(to_base64url(text)), text);
    ASSERT_EQ(to_base64url(text).find_first_of("+/="), std::string::npos);
  }
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
  EXPECT_FALSE(from_base64("a b"));
}

TEST(EditDistance, IsAMetricOnSmallWords) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  testing::SeededRandom random(7);
  const auto word = [&] {
    std::string out;
    for (std::uint64_t i = random.below(6); i > 0; --i) out += static_cast<char>('a' + random.below(3));
    return out;
  };
  for (int round = 0; round < 5000; ++round) {
    const std::string a = word(), b = word(), c = word();
    ASSERT_EQ(edit_distance(a, b), edit_distance(b, a));
    ASSERT_EQ(edit_distance(a, b) == 0, a == b);
    ASSERT_LE(edit_distance(a, c), edit_distance(a, b) + edit_distance(b, c));
  }
}

TEST(Text, SplitAndTrim) {
  EXPECT_EQ(split("", ',').size(), 1u);
  EXPECT_EQ(split(",a,", ','), (std::vector<std::string_view>{"", "a", ""}));
  EXPECT_EQ(trim(" \t\r\n a b \f\v"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_TRUE(equals_ignore_case("HoSt", "hOsT"));
  EXPECT_FALSE(equals_ignore_case("K", "\xE2\x84\xAA"));  // KELVIN SIGN: no letter of ours
}

}  // namespace
}  // namespace pryx
