// SPDX-License-Identifier: MIT
#include "trust/sandbox/git_config.h"

#include <gtest/gtest.h>

#include "foundation/base/result.h"

namespace pryx::sandbox {
namespace {

std::string only(std::string_view text) {
  std::string out;
  for (const GitSetting& s : read_git_config(text))
    out += fmt::format("{}{}{}.{}=<{}>\n", s.section, s.subsection.empty() ? "" : "/", s.subsection, s.key,
                       s.value);
  return out;
}

TEST(GitConfig, IsReadAsGitReadsIt) {
  EXPECT_EQ(only("[Core]\n\thooksPath = tools/hooks\n"), "core.hookspath=<tools/hooks>\n");
  EXPECT_EQ(only("[core] HooksPath=a ; why\n"), "core.hookspath=<a>\n");
  EXPECT_EQ(only("\xEF\xBB\xBF[core]\r\n\thooksPath = a b  \r\nbare\r\n"),
            "core.hookspath=<a b>\ncore.bare=<>\n");
  EXPECT_EQ(only("[core]\nhooksPath = \"a # b \" # c\n"), "core.hookspath=<a # b >\n");
  EXPECT_EQ(only("[core]\nhooksPath = to\\\nols\n"), "core.hookspath=<tools>\n");
  EXPECT_EQ(only("[core]\nhooksPath = a\\\\b\\\"c\\t\n"), "core.hookspath=<a\\b\"c\t>\n");
  EXPECT_EQ(only("[filter \"a \\\"b\"]\nclean = x"), "filter/a \"b.clean=<x>\n");
  EXPECT_EQ(only("[Filter.Old]\nclean = x"), "filter/old.clean=<x>\n");
  EXPECT_EQ(only("[includeIf \"gitdir:~/x/\"]\npath = y"), "includeif/gitdir:~/x/.path=<y>\n");
}

TEST(GitConfig, WhatGitWouldRefuseIsSkippedAndTheRestIsRead) {
  EXPECT_EQ(only("[core\n= x\n[\"\n[core]\n!\nhooksPath = a\n"), "core.hookspath=<a>\n");
  EXPECT_EQ(only("[core]\nhooksPath"), "core.hookspath=<>\n");
  EXPECT_EQ(only("[core]\nhooksPath = \"a"), "core.hookspath=<a>\n");
  EXPECT_EQ(only("[core]\nhooksPath = a\\"), "core.hookspath=<a>\n");
  std::string many = "[a]\n";
  for (int i = 0; i < 20'000; ++i) many += "k=v\n";
  EXPECT_EQ(read_git_config(many).size(), kMaxGitSettings);
  EXPECT_TRUE(read_git_config(std::string(kMaxGitConfigBytes, ' ') + "[a]\nb=c").empty());
}

}  // namespace
}  // namespace pryx::sandbox
