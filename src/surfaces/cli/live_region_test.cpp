// SPDX-License-Identifier: MIT
#include "surfaces/cli/live_region.h"

#include <gtest/gtest.h>

#include "foundation/base/testing/manual_clock.h"
#include "surfaces/cli/testing/screen.h"

namespace pryx::cli {
namespace {

using pryx::testing::SeededRandom;
using testing::Screen;

Frame frame_of(std::vector<std::string> lines, int row = 0, int column = 0) {
  Frame frame;
  for (std::string& line : lines) frame.lines.emplace_back(line);
  frame.cursor_row = row;
  frame.cursor_column = column;
  return frame;
}

TEST(LiveRegion, WritesOnlyTheCellsThatChange) {
  Screen screen(80, 10);
  LiveRegion region(ColourMode::kAnsi, 80);
  screen.feed(region.draw(frame_of({"> hello", "model · 1 s · 12 tokens"})));
  screen.reset_counts();
  screen.feed(region.draw(frame_of({"> hello", "model · 2 s · 12 tokens"})));
  EXPECT_EQ(screen.written(), 1);
  EXPECT_EQ(screen.erased(), 0);
  EXPECT_EQ(region.draw(frame_of({"> hello", "model · 2 s · 12 tokens"})), "");
  screen.feed(region.draw(frame_of({"> hello!", "model · 2 s · 12 tokens"}, 0, 8)));
  EXPECT_EQ(screen.text(), (std::vector<std::string>{"> hello!", "model · 2 s · 12 tokens"}));
  EXPECT_EQ(screen.cursor_row(), 0);
  EXPECT_EQ(screen.cursor_column(), 8);
  EXPECT_TRUE(screen.cursor_visible());
}

TEST(LiveRegion, PrintsFinishedLinesAboveOnce) {
  Screen screen(40, 5);
  LiveRegion region(ColourMode::kNone, 40);
  screen.feed(region.draw(frame_of({"live", "status"})));
  for (int i = 0; i < 20; ++i)
    screen.feed(region.draw(frame_of({"live", "status"}), {Line("line " + std::to_string(i))}));
  const auto text = screen.text();
  ASSERT_EQ(text.size(), 22u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(text[static_cast<std::size_t>(i)], "line " + std::to_string(i));
  EXPECT_EQ(text[20], "live");
  EXPECT_EQ(text[21], "status");
}

TEST(LiveRegion, WhatWasShownIsNotWrittenAgainWhenItIsFinished) {
  Screen screen(40, 8);
  LiveRegion region(ColourMode::kAnsi, 40);
  screen.feed(region.draw(frame_of({"one", "two", "status 1"}, 2)));
  screen.reset_counts();
  screen.feed(region.draw(frame_of({"status 2"}), {Line("one"), Line("two")}));
  EXPECT_EQ(screen.written(), 1);
  EXPECT_EQ(screen.erased(), 0);
  EXPECT_EQ(screen.text(), (std::vector<std::string>{"one", "two", "status 2"}));
}

TEST(LiveRegion, LongLinesAboveMayWrapByThemselves) {
  Screen screen(10, 6);
  LiveRegion region(ColourMode::kNone, 10);
  screen.feed(region.draw(frame_of({"footer one", "footer two"})));
  screen.feed(region.draw(frame_of({"x"}), {Line("0123456789abcdefghij"), Line("0123456789")}));
  EXPECT_EQ(screen.text(), (std::vector<std::string>{"0123456789", "abcdefghij", "0123456789", "x"}));
}

TEST(LiveRegion, ForeignTextCannotMoveTheCursor) {
  Screen screen(40, 6);
  LiveRegion region(ColourMode::kAnsi, 40);
  screen.feed(region.draw(frame_of({"\x1b[2Jevil\x1b]0;t\x07", "a\nb"}), {Line("\x1b[H\x1b[31mred")}));
  EXPECT_TRUE(screen.unknown().empty());
  EXPECT_EQ(screen.whole_screen_erasures(), 0);
  EXPECT_EQ(screen.text(),
            (std::vector<std::string>{"\\x1b[H\\x1b[31mred", "\\x1b[2Jevil\\x1b]0;t\\x07", "a\\nb"}));
}

TEST(LiveRegion, ClearLeavesNothing) {
  Screen screen(40, 6);
  LiveRegion region(ColourMode::kAnsi, 40);
  screen.feed(region.draw(frame_of({"a", "b", "c"}, 2, 1), {Line("kept")}));
  screen.feed(region.clear());
  EXPECT_EQ(screen.text(), (std::vector<std::string>{"kept"}));
  EXPECT_EQ(screen.cursor_row(), 1);
  EXPECT_EQ(screen.cursor_column(), 0);
}

// Whatever is drawn in whatever order, the screen shows scrollback plus the last frame.
TEST(LiveRegion, AlwaysShowsTheLastFrame) {
  static const std::vector<std::string> kWords = {
      "a", "bc", "日本", "👨‍👩‍👧", "e\u0301", " ", "word", "0123456789", "│"};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    Screen screen(24, 8);
    LiveRegion region(random.below(2) == 0 ? ColourMode::kAnsi : ColourMode::kNone, 24);
    std::vector<std::string> expected_above;
    for (int step = 0; step < 30; ++step) {
      Frame frame;
      std::vector<std::string> rows;
      for (std::uint64_t i = random.below(5); i > 0 || frame.lines.empty(); i -= i > 0 ? 1 : 0) {
        Line line;
        std::string text;
        int width = 0;
        for (std::uint64_t w = random.below(6); w > 0 && width < 12; --w) {
          const std::string& word = kWords[random.below(kWords.size())];
          line.add(word, random.below(2) == 0 ? kBold : kDim);
          text += word;
          width = width_of(line);
        }
        while (!text.empty() && text.back() == ' ') text.pop_back();
        frame.lines.push_back(line);
        rows.push_back(text);
      }
      frame.cursor_row = static_cast<int>(random.below(frame.lines.size()));
      frame.cursor_column = static_cast<int>(random.below(20));
      std::vector<Line> above;
      for (std::uint64_t i = random.below(3); i > 0; --i) {
        above.emplace_back("above " + std::to_string(random.below(100)));
        expected_above.push_back(above.back().text());
      }
      screen.feed(region.draw(frame, above));
      std::vector<std::string> expected = expected_above;
      expected.insert(expected.end(), rows.begin(), rows.end());
      while (!expected.empty() && expected.back().empty()) expected.pop_back();
      ASSERT_EQ(screen.text(), expected) << "seed " << seed << " step " << step;
      ASSERT_EQ(screen.cursor_row(), static_cast<int>(expected_above.size()) + frame.cursor_row);
      ASSERT_EQ(screen.cursor_column(), frame.cursor_column);
      ASSERT_TRUE(screen.unknown().empty());
    }
  }
}

}  // namespace
}  // namespace pryx::cli
