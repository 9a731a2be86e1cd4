// SPDX-License-Identifier: MIT
#include "surfaces/cli/terminal_text.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "foundation/base/testing/manual_clock.h"
#include "foundation/base/text.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

using pryx::testing::SeededRandom;

// What must never be in output, judged without the code under test.
bool has_only_printable(std::string_view text) {
  if (!is_valid_utf8(text)) return false;
  char32_t previous = 0;
  while (!text.empty()) {
    utf8proc_int32_t c = -1;
    text.remove_prefix(
        static_cast<std::size_t>(utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                  static_cast<utf8proc_ssize_t>(text.size()), &c)));
    const bool is_control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0);
    const bool is_bidi = (c >= 0x200E && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
                         (c >= 0x2066 && c <= 0x2069) || c == 0x061C;
    const bool is_hidden = c == 0x200B || c == 0x2060 || c == 0xFEFF || c == 0x00AD ||
                           (c >= 0xE0000 && c <= 0xE007F) || c == 0x2028 || c == 0x2029;
    const bool is_lone_joiner = (c == 0x200C || c == 0x200D) && (previous < 0x80);
    if (is_control || is_bidi || is_hidden || is_lone_joiner) return false;
    previous = static_cast<char32_t>(c);
  }
  return true;
}

TEST(TerminalText, EscapesEveryControlSequence) {
  EXPECT_EQ(sanitize("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m");
  EXPECT_EQ(sanitize("\x1b]52;c;ZXZpbA==\x07"), "\\x1b]52;c;ZXZpbA==\\x07");
  EXPECT_EQ(sanitize("\x1b]8;;http://evil\x1b\\text"), "\\x1b]8;;http://evil\\x1b\\text");
  EXPECT_EQ(sanitize("\x1bPq#0\x1b\\"), "\\x1bPq#0\\x1b\\");
  EXPECT_EQ(sanitize("a\bb\x7f\x05"), "a\\x08b\\x7f\\x05");
  EXPECT_EQ(sanitize("\xC2\x9B"
                     "31m"),
            "\\u{9b}31m");
  EXPECT_EQ(sanitize("\x9b"
                     "31m"),
            "\\x9b31m");
  EXPECT_EQ(sanitize("safe\rrm -rf"), "safe\\x0drm -rf");
  EXPECT_EQ(sanitize("a\r\nb\n\tc"), "a\nb\n\tc");
}

TEST(TerminalText, ShowsBidiZeroWidthAndInvalidBytes) {
  EXPECT_EQ(sanitize("a\u202Eb\u2066c"), "a\\u{202e}b\\u{2066}c");
  EXPECT_EQ(sanitize("pass\u200Bword\uFEFF"), "pass\\u{200b}word\\u{feff}");
  EXPECT_EQ(sanitize("a\u200Db"), "a\\u{200d}b");
  EXPECT_EQ(sanitize("\xF0\x9F\x98"), "\\xf0\\x9f\\x98");
  EXPECT_EQ(sanitize("\xC0\xAF"), "\\xc0\\xaf");
  EXPECT_EQ(sanitize("\xED\xA0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(sanitize("x\U000E0041y"), "x\\u{e0041}y");
  EXPECT_EQ(sanitize("\u0301x"), "\\u{301}x") << "a mark must not land on what we printed before";
}

TEST(TerminalText, LeavesOrdinaryTextAlone) {
  for (std::string_view text :
       {"plain", "naïve café", "日本語テキスト", "שלום", "مرحبا", "नमस्ते", "क्‍ष", "می‌خواهم",
        "👨‍👩‍👧 👍🏽 🏳️‍🌈 1️⃣ ❤️", "C:\\dir\\x1b", "→ ✓ │"}) {
    EXPECT_EQ(sanitize(text), text);
  }
}

TEST(TerminalText, BoundsStackedMarks) {
  std::string zalgo = "e";
  for (int i = 0; i < 100; ++i) zalgo += "\u0301";
  const std::string shown = sanitize(zalgo);
  EXPECT_NE(shown.find("\\u{301}"), std::string::npos);
  EXPECT_TRUE(has_only_printable(shown));
}

TEST(TerminalText, OneLineHasNoBreaks) { EXPECT_EQ(sanitize_line("a\nb\tc\r\n"), "a\\nb c\\n"); }

std::string random_bytes(SeededRandom& random) {
  static constexpr std::string_view kPieces[] = {
      "\x1b[",  "\x1b]",      "\x1bP",      "\x9b", "\u202e",   "\u200d", "\u200c", "\ufe0f",
      "\u0301", "\U0001F468", "a",          " ",    "\n",       "\t",     "\r",     "\\",
      "\\x1b",  "\\u{41}",    "x",          "u{",   "\xF0\x9F", "\xC2",   "1",      "क",
      "\u094D", "日",         "\U000E0041", "{",    "}"};
  std::string out;
  for (std::uint64_t i = random.below(24); i > 0; --i) {
    if (random.below(3) == 0) {
      out.push_back(static_cast<char>(random.below(256)));
    } else {
      out += kPieces[random.below(std::size(kPieces))];
    }
  }
  return out;
}

TEST(TerminalText, HoldsItsPropertiesOnRandomBytes) {
  SeededRandom random(20);
  for (int i = 0; i < 20'000; ++i) {
    const std::string bytes = random_bytes(random);
    const std::string shown = sanitize(bytes);
    ASSERT_TRUE(has_only_printable(shown)) << to_hex(bytes);
    ASSERT_EQ(sanitize(shown), shown) << to_hex(bytes);
    const std::string exact = sanitize(bytes, Exactness::kExact);
    ASSERT_TRUE(has_only_printable(exact)) << to_hex(bytes);
    ASSERT_EQ(restore_exact(exact), bytes) << to_hex(bytes);
    ASSERT_EQ(sanitize(exact), exact) << "a card's text must survive the console: " << to_hex(bytes);
    TextSanitizer stream;
    std::string pieces;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t length = 1 + random.below(4);
      pieces += stream.feed(std::string_view(bytes).substr(at, length));
      at += length;
    }
    pieces += stream.finish();
    ASSERT_EQ(pieces, shown) << to_hex(bytes);
  }
}

TEST(TextWidth, CountsWhatAPersonSees) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("日本"), 4);
  EXPECT_EQ(display_width("e\u0301"), 1);
  EXPECT_EQ(display_width("👨‍👩‍👧"), 2);
  EXPECT_EQ(display_width("🇩🇪🇫🇷"), 4);
  EXPECT_EQ(display_width("❤️"), 2);
  EXPECT_EQ(first_cluster("👍🏽!").text, "👍🏽");
  EXPECT_EQ(last_cluster("a👍🏽").text, "👍🏽");
  EXPECT_EQ(last_cluster("a\nb").text, "b");
}

TEST(TextWidth, NeverCutsACluster) {
  EXPECT_EQ(prefix_of_width("日本語", 3), "日");
  EXPECT_EQ(truncate_to_width("日本語", 5), "日本…");
  EXPECT_EQ(truncate_to_width("abc", 3), "abc");
  EXPECT_EQ(expand_tabs("a\tb"), "a   b");
}

TEST(TextWidth, WrapsAtBlanksAndKeepsEveryWord) {
  EXPECT_EQ(wrap_text("the quick brown fox", 10), (std::vector<std::string>{"the quick", "brown fox"}));
  EXPECT_EQ(wrap_text("abcdefghijkl", 5), (std::vector<std::string>{"abcde", "fghij", "kl"}));
  EXPECT_EQ(wrap_text("a\n\nb", 5), (std::vector<std::string>{"a", "", "b"}));
  SeededRandom random(4);
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = sanitize(random_bytes(random));
    const int columns = 2 + static_cast<int>(random.below(20));
    for (const std::string& line : wrap_text(text, columns))
      ASSERT_LE(display_width(line), columns) << to_hex(text);
  }
}

}  // namespace
}  // namespace pryx::cli
