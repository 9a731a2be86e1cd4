// SPDX-License-Identifier: MIT
#include "engine/tools/fs/text_diff.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

TEST(TextDiff, ShowsAChangeWithItsContext) {
  const TextDiff diff = diff_texts("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n");
  EXPECT_EQ(diff.text, "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  EXPECT_TRUE(diff.whole);
  EXPECT_EQ(diff.added, 1u);
  EXPECT_EQ(diff.removed, 1u);
}

TEST(TextDiff, EdgesReadAsTheFormatHasThem) {
  EXPECT_EQ(diff_texts("a\n", "a\n").text, "");
  EXPECT_EQ(diff_texts("", "a\n").text, "@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(diff_texts("a\n", "").text, "@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(diff_texts("a\n", "a").text, "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n");
  EXPECT_EQ(diff_texts("a\n", "a\r\n").text, "@@ -1 +1 @@\n-a\n+a\r\n");
  EXPECT_EQ(diff_texts("a\nc\n", "a\nb\nc\n").text, "@@ -1,2 +1,3 @@\n a\n+b\n c\n");
}

TEST(TextDiff, FarChangesHaveTheirOwnHunks) {
  std::string before, after;
  for (int i = 0; i < 40; ++i) {
    before += fmt::format("{}\n", i);
    after += i == 5 || i == 30 ? "x\n" : fmt::format("{}\n", i);
  }
  const TextDiff diff = diff_texts(before, after);
  EXPECT_NE(diff.text.find("@@ -3,7 +3,7 @@"), std::string::npos) << diff.text;
  EXPECT_NE(diff.text.find("@@ -28,7 +28,7 @@"), std::string::npos) << diff.text;
}

TEST(TextDiff, WhatIsLeftOutIsSaid) {
  std::string long_text;
  for (int i = 0; i < 20'000; ++i) long_text += fmt::format("line {}\n", i);
  const TextDiff cut = diff_texts("", long_text);
  EXPECT_FALSE(cut.whole);
  EXPECT_LE(cut.text.size(), DiffLimits{}.max_bytes + 100);
  EXPECT_NE(cut.text.find("0 lines removed, 20000 added"), std::string::npos);
  EXPECT_FALSE(diff_texts("", std::string(10'000, 'x')).whole);
  const TextDiff latin = diff_texts("", "caf\xE9\n");
  EXPECT_FALSE(latin.whole);
  EXPECT_TRUE(is_valid_utf8(latin.text));
}

// The hunks, applied to the old text, must give the new one.
std::string patched(std::string_view before, std::string_view diff) {
  std::vector<std::string> old_lines, out;
  for (std::string_view rest = before; !rest.empty();) {
    const std::size_t length = std::min(rest.find('\n'), rest.size() - 1) + 1;
    old_lines.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  std::size_t at = 0;
  std::vector<std::string_view> lines = split(diff, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const std::string_view line : lines) {
    if (line.starts_with("@@")) {
      unsigned long start = 0, count = 1;
      const std::string text(line.substr(4));
      const int read = std::sscanf(text.c_str(), "%lu,%lu", &start, &count);
      if (read < 2) count = 1;
      const std::size_t first = count == 0 ? start : start - 1;
      while (at < first) out.push_back(old_lines.at(at++));
    } else if (line.starts_with('\\')) {
      if (!out.empty() && out.back().ends_with('\n') && at >= old_lines.size()) out.back().pop_back();
    } else if (line.starts_with('+')) {
      out.push_back(std::string(line.substr(1)) + "\n");
    } else if (line.starts_with('-')) {
      ++at;
    } else {
      out.push_back(old_lines.at(at++));
    }
  }
  while (at < old_lines.size()) out.push_back(old_lines[at++]);
  std::string text;
  for (const std::string& line : out) text += line;
  return text;
}

TEST(TextDiff, AppliedToTheOldTextItGivesTheNewOne) {
  std::mt19937_64 random(5);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  for (int round = 0; round < 3'000; ++round) {
    std::string before, after;
    const auto lines = below(30);
    for (std::uint64_t i = 0; i < lines; ++i) {
      const std::string line = fmt::format("{}\n", below(6));
      if (below(5) != 0) before += line;
      if (below(5) != 0) after += line;
      if (below(8) == 0) after += fmt::format("n{}\n", below(3));
    }
    const TextDiff diff = diff_texts(before, after, {.context = static_cast<std::size_t>(below(4))});
    ASSERT_TRUE(diff.whole);
    ASSERT_EQ(patched(before, diff.text), after) << before << "---\n" << after << "---\n" << diff.text;
    ASSERT_EQ(diff.text.empty(), before == after);
  }
}

TEST(TextDiff, TwoLongDifferentTextsEndSoon) {
  std::string before, after;
  for (int i = 0; i < 60'000; ++i) {
    before += fmt::format("a{}\n", i);
    after += fmt::format("b{}\n", i);
  }
  const TextDiff diff = diff_texts(before, after);
  EXPECT_EQ(diff.removed, 60'000u);
  EXPECT_EQ(diff.added, 60'000u);
}

}  // namespace
}  // namespace pryx::tools::fs
