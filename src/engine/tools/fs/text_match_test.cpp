// SPDX-License-Identifier: MIT
#include "engine/tools/fs/text_match.h"

#include <gtest/gtest.h>

namespace pryx::tools::fs {
namespace {

std::string replaced(std::string_view text, std::string from, std::string to, HowMany how = HowMany::kOne) {
  const auto out = replace_text(text, std::move(from), std::move(to), how);
  return out ? out->text : "! " + out.error().message;
}

void expect_refused(std::string_view text, std::string from, std::string_view words) {
  const std::string out = replaced(text, std::move(from), "x");
  EXPECT_TRUE(out.starts_with("! ")) << out;
  EXPECT_NE(out.find(words), std::string::npos) << out;
}

TEST(TextMatch, ReplacesOnePlaceOrAll) {
  EXPECT_EQ(replaced("a b c", "b", "x"), "a x c");
  EXPECT_EQ(replaced("b b", "b", "bb", HowMany::kAll), "bb bb");
  EXPECT_EQ(replaced("aaa", "aa", "x", HowMany::kAll), "xa");
  EXPECT_EQ(replaced("a\n", "a\n", ""), "");
  EXPECT_EQ(replaced("no end", "end", "end\n"), "no end\n");
}

TEST(TextMatch, KeepsCrlf) {
  EXPECT_EQ(replaced("a\r\nb\r\nc\r\n", "a\nb", "x\ny"), "x\r\ny\r\nc\r\n");
  EXPECT_EQ(replaced("a\r\nb\r\n", "b", "1\n2"), "a\r\n1\r\n2\r\n");
  EXPECT_EQ(replaced("a\r\nb\n", "b", "1\n2"), "a\r\n1\n2\n") << "mixed line ends are left as they are";
}

TEST(TextMatch, SaysWhyNot) {
  expect_refused("a", "", "old_text is empty");
  expect_refused("one\ntwo\n", "three", "0 matches");
  expect_refused("x\nx\ny\nx\n", "x", "3 times (lines 1, 2, 4)");
  expect_refused("if (a) {\n\tb();\n}\n", "if (a) {\n  b();\n}", "line 1, with other white space");
  expect_refused("a\nHello World\n", "hello world", "Line 2 has it in other upper and lower case");
  expect_refused("a\nfirst\nsecond\n", "first\nthird", "first line is at line 2");
}

}  // namespace
}  // namespace pryx::tools::fs
