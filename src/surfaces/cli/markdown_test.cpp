// SPDX-License-Identifier: MIT
#include "surfaces/cli/markdown.h"

#include <gtest/gtest.h>

#include <fstream>

#include "foundation/base/testing/manual_clock.h"

namespace pryx::cli {
namespace {

using pryx::testing::SeededRandom;

std::string text_of(const std::vector<Line>& lines) {
  std::string out;
  for (const Line& line : lines) out += encode(line, ColourMode::kNone) + "\n";
  return out;
}

std::string shown(std::string_view source, int columns = 40) {
  return text_of(render_markdown(source, columns));
}

TEST(Markdown, RendersHeadingsParagraphsAndEmphasis) {
  EXPECT_EQ(shown("# Title\nSome *text* with **weight** and `code`.\nNext line.\n\nSecond."),
            "Title\n\nSome text with weight and code. Next\nline.\n\nSecond.\n");
  const auto lines = render_markdown("**bold** `code` ~~gone~~", 80);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].spans[0].style.bold);
  EXPECT_EQ(encode(lines[0], ColourMode::kAnsi), "\x1b[1mbold\x1b[0m \x1b[36mcode\x1b[0m \x1b[9mgone\x1b[0m");
}

TEST(Markdown, RendersLists) {
  EXPECT_EQ(shown("- one\n- two\n  - inner\n  - more\n- three that is long enough to be wrapped somewhere\n"),
            "• one\n• two\n  • inner\n  • more\n• three that is long enough to be\n  wrapped somewhere\n");
  EXPECT_EQ(shown("3. c\n3. d\n3. e\n\nafter"), "3. c\n4. d\n5. e\n\nafter\n");
  EXPECT_EQ(shown("- a\n\n- b"), "• a\n\n• b\n");
  EXPECT_EQ(shown("- [ ] open\n- [x] done"), "☐ open\n☑ done\n");
  EXPECT_EQ(shown("text\n- item\n\n  more of it\n"), "text\n\n• item\n\n  more of it\n");
}

TEST(Markdown, RendersCodeWithoutTouchingIt) {
  EXPECT_EQ(shown("```py\ndef f():\n    return *x*\n\n# no heading\n```\nafter"),
            "  def f():\n      return *x*\n\n  # no heading\n\nafter\n");
  EXPECT_EQ(shown("before\n~~~\na ``` b\n~~~"), "before\n\n  a ``` b\n");
  EXPECT_EQ(shown("- item\n  ```\n  x = 1\n  ```\n- next"), "• item\n    x = 1\n• next\n");
}

TEST(Markdown, RendersTablesAsWideAsTheyFit) {
  EXPECT_EQ(shown("| name | size |\n|:--|--:|\n| a.txt | 12 |\n| long name | 3 |"),
            "name      │ size\n──────────┼─────\na.txt     │   12\nlong name │    3\n");
  EXPECT_EQ(shown("| a | b |\n|---|---|\n| one two three four | five six seven |", 20),
            "a        │ b\n─────────┼──────────\none two  │ five six\nthree    │ seven\nfour     │\n");
}

TEST(Markdown, AlwaysShowsWhereALinkLeads) {
  EXPECT_EQ(shown("[docs](http://a.b) <http://c.d> http://e.f", 80),
            "docs (http://a.b) http://c.d http://e.f\n");
  EXPECT_EQ(shown("[http://good](http://evil)", 80), "http://good (http://evil)\n");
  EXPECT_EQ(shown("![pic](x.png)", 80), "[image: pic] (x.png)\n");
}

TEST(Markdown, QuotesRulesEntitiesAndHtml) {
  EXPECT_EQ(shown("> said\n> so\n\n---\n\n&lt;b&gt; &#65; <script>x</script>"),
            "│ said so\n\n────────────────────────────────────────\n\n<b> A <script>x</script>\n");
}

TEST(Markdown, ControlCharactersStayVisible) {
  EXPECT_EQ(shown("a &#27;[31m `\x1b[2J`"), "a &#27;[31m \\x1b[2J\n");
}

const std::vector<std::string_view> kDocuments = {
    "# T\n\npara one\nstill one\n\n- a\n- b\n\n  deep\n- c\n\n1. x\n2. y\n\n```\ncode\n\nmore\n```\n> q\n\n| "
    "a | b |\n|--|--|\n| 1 | 2 |\n\nend",
    "no newline at all",
    "- list\ntext right after\n\n\n\npara",
    "Title\n=====\n\ntext\n\n***\n",
    "```\nnever closed\nline",
    "1) a\n2) b\n- c\n- d\n"};

TEST(Markdown, StreamingGivesTheSameLinesAsAtOnce) {
  SeededRandom random(7);
  for (std::string_view document : kDocuments) {
    const std::string expected = shown(document, 30);
    for (int round = 0; round < 50; ++round) {
      MarkdownStream stream(30);
      std::vector<Line> out;
      for (std::size_t at = 0; at < document.size();) {
        const std::size_t length = 1 + random.below(6);
        auto lines = stream.feed(document.substr(at, length));
        out.insert(out.end(), lines.begin(), lines.end());
        at += length;
        (void)stream.preview();
      }
      auto rest = stream.finish();
      out.insert(out.end(), rest.begin(), rest.end());
      ASSERT_EQ(text_of(out), expected) << document;
    }
  }
}

TEST(Markdown, AFinishedBlockIsGivenOutAtOnce) {
  MarkdownStream stream(40);
  EXPECT_EQ(text_of(stream.feed("# Head\n")), "Head\n");
  EXPECT_EQ(text_of(stream.feed("para")), "");
  EXPECT_EQ(text_of(stream.preview()), "\npara\n");
  EXPECT_EQ(text_of(stream.feed(" one\n\n")), "\npara one\n");
  EXPECT_EQ(text_of(stream.feed("- a\n")), "");
  EXPECT_EQ(text_of(stream.feed("- b\n")), "\n• a\n");
  EXPECT_EQ(text_of(stream.feed("\n```\nx\n")), "• b\n\n  x\n") << "lines of code are final as they come";
}

TEST(Markdown, HugeAndHostileInputStaysBounded) {
  EXPECT_FALSE(render_markdown(std::string(200'000, '['), 80).empty());
  (void)render_markdown(std::string(20'000, '>'), 80);
  std::string nested;
  for (int i = 0; i < 2000; ++i) nested += std::string(static_cast<std::size_t>(i), ' ') + "- x\n";
  (void)render_markdown(nested, 80);
}

}  // namespace
}  // namespace pryx::cli
