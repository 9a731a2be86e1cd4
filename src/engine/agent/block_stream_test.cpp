// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/agent/block_stream.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;

std::string words(std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += "word ";
  return out.substr(0, bytes);
}
std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '\r') out += c;
  }
  return out;
}
std::vector<std::string> stream(std::string_view text, std::size_t piece, BlockLimits limits = {}) {
  BlockCutter cutter(limits);
  std::vector<std::string> blocks;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    for (std::string& block : cutter.add(text.substr(at, piece))) blocks.push_back(std::move(block));
  }
  for (std::string& block : cutter.finish()) blocks.push_back(std::move(block));
  return blocks;
}
bool has_whole_fences(std::string_view block) {
  int marks = 0;
  for (const std::string_view line : split(block, '\n')) marks += line.starts_with("```") ? 1 : 0;
  return marks % 2 == 0;
}

TEST(BlockStream, ShortTextIsOneBlock) {
  EXPECT_EQ(stream("hello", 2), std::vector<std::string>{"hello"});
  EXPECT_TRUE(stream("", 1).empty());
  EXPECT_TRUE(stream(" \n\n", 1).empty());
}

TEST(BlockStream, BreaksWhereAReaderPauses) {
  const std::string paragraph = words(600) + "\n\n" + words(300);
  EXPECT_EQ(find_break(paragraph, {}, false), 602u);
  const std::string line = words(700) + "\n" + words(1500);
  EXPECT_EQ(find_break(line, {}, false), 701u);
  const std::string sentence = std::string(800, 'x') + ". " + std::string(1500, 'y');
  EXPECT_EQ(find_break(sentence, {}, false), 802u);
  const std::string word = std::string(900, 'x') + " " + std::string(1500, 'y');
  EXPECT_EQ(find_break(word, {}, false), 901u);
  EXPECT_EQ(find_break(std::string(3000, 'x'), {}, false), 2000u);
  // The better kind of place wins over the later one.
  const std::string both = words(600) + "\n\n" + words(700) + "\n" + words(1500);
  EXPECT_EQ(find_break(both, {}, false), 602u);
  EXPECT_EQ(find_break(words(499), {}, false), std::nullopt);
  EXPECT_EQ(find_break(words(1500), {}, false), std::nullopt) << "it may still find a better place";
}

TEST(BlockStream, FencedCodeIsNeverSplit) {
  std::string code = "```cpp\n";
  for (int i = 0; i < 60; ++i) code += fmt::format("int value_{} = {};\n\n", i, i);
  code += "```\n";
  const std::string text = words(700) + "\n\n" + code + "\n" + words(800) + "\n\n" + code + words(400);
  for (const std::size_t piece : {1u, 7u, 100u, 5000u}) {
    const auto blocks = stream(text, piece);
    std::string all;
    for (const std::string& block : blocks) {
      EXPECT_TRUE(has_whole_fences(block)) << block;
      all += block;
    }
    EXPECT_EQ(without_blanks(all), without_blanks(text));
    EXPECT_GT(blocks.size(), 2u);
  }
  // Also one that is longer than a block may be, and one that never ends.
  std::string long_code = "~~~\n" + words(5000) + "\n\n" + words(500) + "\n~~~\n";
  EXPECT_EQ(stream("before\n\n" + long_code + "after", 50).size(), 3u);
  EXPECT_EQ(stream("```\n" + words(5000), 100).size(), 1u);
}

TEST(BlockStream, AFenceOverTheOtherSidesLimitBecomesSeveralWholeOnes) {
  std::string code = "```py\n";
  for (int i = 0; i < 400; ++i) code += fmt::format("x{} = {}\n", i, i);
  code += "```";
  const auto blocks = stream(code, 64, {.min = 500, .max = 2000, .hard_max = 1500});
  ASSERT_GT(blocks.size(), 2u);
  std::string lines;
  for (const std::string& block : blocks) {
    EXPECT_LE(block.size(), 1500u);
    EXPECT_TRUE(block.starts_with("```py\n") && block.ends_with("\n```")) << block;
    lines += block.substr(6, block.size() - 10) + "\n";
  }
  EXPECT_EQ(without_blanks(lines), without_blanks(code.substr(6, code.size() - 9)));
}

TEST(BlockStream, MarksThatAreNoFences) {
  // Indented code, code in a line, and a shorter mark inside of a longer one.
  EXPECT_EQ(find_break(words(600) + "\n    ```\n\n" + words(100), {}, false), 610u);
  EXPECT_EQ(find_break(words(600) + "\n```x``` y\n\n" + words(100), {}, false), 612u);
  const std::string nested = "````\n" + words(300) + "\n```\n\n" + words(400) + "\n````\n\n" + words(100);
  EXPECT_EQ(find_break(nested, {}, false), nested.size() - 100);
}

TEST(BlockStream, CodePointsStayWhole) {
  std::string text;
  while (text.size() < 9000) text += "漢";
  std::string all;
  for (const std::string& block : stream(text, 1000)) {
    EXPECT_TRUE(is_valid_utf8(block));
    EXPECT_LE(block.size(), 2000u);
    all += block;
  }
  EXPECT_EQ(all, text);
}

TEST(Coalescer, GathersUntilLongEnoughOrSilent) {
  Coalescer coalescer;
  const MonotonicTime t0{};
  EXPECT_TRUE(coalescer.add(words(500), t0).empty());
  EXPECT_EQ(coalescer.due_at(), t0 + 200ms);
  EXPECT_FALSE(coalescer.take_idle(t0 + 199ms));
  EXPECT_TRUE(coalescer.add(words(600), t0 + 150ms).empty());
  EXPECT_FALSE(coalescer.take_idle(t0 + 200ms)) << "something came meanwhile";
  const auto idle = coalescer.take_idle(t0 + 350ms);
  ASSERT_TRUE(idle);
  EXPECT_EQ(idle->size(), 1102u);
  EXPECT_FALSE(coalescer.due_at());
  EXPECT_TRUE(coalescer.add(words(1000), t0).empty());
  EXPECT_EQ(coalescer.add(words(600), t0).size(), 1u) << "long enough";
  EXPECT_TRUE(coalescer.add(words(1400), t0).empty());
  const auto two = coalescer.add(words(1900), t0);
  ASSERT_EQ(two.size(), 2u) << "together they are too long";
  EXPECT_EQ(two[0].size(), 1400u);
  EXPECT_FALSE(coalescer.finish());
}

}  // namespace
}  // namespace pryx::agent
