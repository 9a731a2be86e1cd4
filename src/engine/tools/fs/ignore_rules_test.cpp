// SPDX-License-Identifier: MIT
#include "engine/tools/fs/ignore_rules.h"

#include <gtest/gtest.h>

namespace pryx::tools::fs {
namespace {

struct Case {
  std::string_view rules;
  std::string_view path;  // a trailing slash: a folder
  bool ignored;
};

bool is_ignored(std::string_view rules, std::string_view path) {
  IgnoreStack stack;
  stack.push(IgnoreRules::parse(rules), 0);
  // As in a walk: whatever lies below an ignored folder is never reached.
  const auto segments = split_path(path);
  for (std::size_t n = 1; n <= segments.size(); ++n) {
    const bool is_folder = n < segments.size() || path.ends_with('/');
    if (stack.is_ignored(PathSegments(segments).first(n), is_folder ? EntryKind::kFolder : EntryKind::kOther))
      return true;
  }
  return false;
}

// Each row was checked against `git check-ignore` 2.39.
constexpr Case kCases[] = {
    {"a.txt", "a.txt", true},
    {"a.txt", "b.txt", false},
    {"a.txt", "sub/a.txt", true},
    {"a.txt", "sub/deep/a.txt", true},
    {"a.txt", "a.txt/inside", true},
    {"/a.txt", "a.txt", true},
    {"/a.txt", "sub/a.txt", false},
    {"sub/a.txt", "sub/a.txt", true},
    {"sub/a.txt", "other/sub/a.txt", false},
    {"*.o", "main.o", true},
    {"*.o", "src/main.o", true},
    {"*.o", "main.cpp", false},
    {"*.o", ".o", true},
    {"build/", "build/", true},
    {"build/", "build", false},
    {"build/", "build/out.txt", true},
    {"build/", "src/build/out.txt", true},
    {"/build/", "src/build/out.txt", false},
    {"doc/*.txt", "doc/a.txt", true},
    {"doc/*.txt", "doc/sub/a.txt", false},
    {"doc/**/*.txt", "doc/a.txt", true},
    {"doc/**/*.txt", "doc/sub/deep/a.txt", true},
    {"**/logs", "logs", true},
    {"**/logs", "a/b/logs", true},
    {"**/logs/debug.log", "logs/debug.log", true},
    {"**/logs/debug.log", "x/logs/debug.log", true},
    {"**/logs/debug.log", "logs/x/debug.log", false},
    {"logs/**", "logs/debug.log", true},
    {"logs/**", "logs/a/b", true},
    {"logs/**", "logs", false},
    {"a/**/b", "a/b", true},
    {"a/**/b", "a/x/y/b", true},
    {"a/**/b", "a/xb", false},
    {"a**b", "axyb", true},
    {"a**b", "axyb/", true},
    {"x/a**b", "x/a/b", false},
    {"*.log\n!keep.log", "keep.log", false},
    {"*.log\n!keep.log", "other.log", true},
    {"!keep.log\n*.log", "keep.log", true},
    {"logs/\n!logs/keep.log", "logs/keep.log", true},
    {"logs/*\n!logs/keep.log", "logs/keep.log", false},
    {"# comment\na", "# comment", false},
    {"\\#a", "#a", true},
    {"\\!a", "!a", true},
    {"a   ", "a", true},
    {"a\\ ", "a ", true},
    {"a\\ ", "a", false},
    {"a\t", "a", false},
    {"a\r\nb\r\n", "a", true},
    {"a\r\nb\r\n", "b", true},
    {"\n\n/\n!\n", "a", false},
    {"file?.txt", "file1.txt", true},
    {"file?.txt", "file10.txt", false},
    {"file?.txt", "file/.txt", false},
    {"[abc].txt", "b.txt", true},
    {"[abc].txt", "d.txt", false},
    {"[a-c]x", "bx", true},
    {"[!a-c]x", "bx", false},
    {"[!a-c]x", "dx", true},
    {"[^a-c]x", "dx", true},
    {"[]-]x", "]x", true},
    {"[]-]x", "-x", true},
    {"[[:digit:]]x", "7x", true},
    {"[[:digit:]]x", "ax", false},
    {"[a", "[a", false},
    {"a\\", "a", false},
    {"a\\*b", "a*b", true},
    {"a\\*b", "axb", false},
    {"[\\]]x", "]x", true},
    {"*", "anything", true},
    {"*", "a/b", true},
    {"/*\n!/src/", "src/a", false},
    {"/*\n!/src/", "lib/a", true},
    {"**", "a/b", true},
    {"foo//bar", "foo/bar", false},
    {"\xEF\xBB\xBF"
     "a",
     "a", true},
    {"caf\xC3\xA9", "caf\xC3\xA9", true},
    {"\xFF*", "\xFFzz", true},
    {" a", "a", false},
    {" a", " a", true},
};

TEST(IgnoreRules, FollowTheTable) {
  static_assert(std::size(kCases) >= 40);
  for (const Case& c : kCases) {
    EXPECT_EQ(is_ignored(c.rules, c.path), c.ignored) << "rules [" << c.rules << "] path [" << c.path << "]";
  }
}

TEST(IgnoreRules, AnInnerFileOverridesAnOuterOne) {
  IgnoreStack stack;
  stack.push(IgnoreRules::parse("*.log\n"), 0);
  const std::size_t outer = stack.size();
  stack.push(IgnoreRules::parse("!keep.log\n/only-here\n"), 1);
  const auto ignored = [&](std::string_view path) {
    return stack.is_ignored(split_path(path), EntryKind::kOther);
  };
  EXPECT_FALSE(ignored("sub/keep.log"));
  EXPECT_TRUE(ignored("sub/other.log"));
  EXPECT_TRUE(ignored("sub/only-here"));
  EXPECT_FALSE(ignored("sub/deep/only-here"));
  stack.pop_to(outer);
  EXPECT_TRUE(ignored("sub/keep.log"));
  EXPECT_FALSE(ignored("sub/only-here"));
}

TEST(IgnoreRules, AreBounded) {
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "name" + std::to_string(i) + "\n";
  EXPECT_EQ(IgnoreRules::parse(many).size(), IgnoreRules::kMaxRules);
  EXPECT_TRUE(IgnoreRules::parse(std::string(IgnoreRules::kMaxLineBytes + 1, 'a')).empty());
}

// A backtracking matcher would need longer than the age of the universe.
TEST(IgnoreRules, HostilePatternsStayCheap) {
  std::string rules;
  for (int i = 0; i < 200; ++i) rules += "*a*b";
  rules += "c\n";
  for (int i = 0; i < 200; ++i) rules += "**/a*/";
  rules += "c\n";
  std::string path;
  for (int i = 0; i < 200; ++i) path += "aaaaaaaaab/";
  EXPECT_FALSE(is_ignored(rules, path + std::string(255, 'a')));
}

TEST(GlobFilter, UnderstandsBracesNegationAndBothBases) {
  const auto accepts = [](std::string_view glob, std::string_view path, std::size_t depth = 0) {
    return GlobFilter(glob).accepts(split_path(path), depth);
  };
  EXPECT_TRUE(accepts("", "a/b.cpp"));
  EXPECT_TRUE(accepts("*.cpp", "a/b.cpp"));
  EXPECT_FALSE(accepts("*.cpp", "a/b.h"));
  EXPECT_TRUE(accepts("*.{h,cpp}", "a/b.h"));
  EXPECT_TRUE(accepts("*.{h,c{pp,xx}}", "a/b.cxx"));
  EXPECT_FALSE(accepts("*.{h,cpp}", "a/b.c"));
  EXPECT_TRUE(accepts("a{b", "a{b"));
  EXPECT_FALSE(accepts("!*.min.js", "x.min.js"));
  EXPECT_TRUE(accepts("!*.min.js", "x.js"));
  EXPECT_TRUE(accepts("src/**/*.h", "src/a/b.h"));
  EXPECT_TRUE(accepts("./src/*.h", "src/b.h"));
  EXPECT_TRUE(accepts("sub/*.h", "src/sub/b.h", 1));      // written from the start folder
  EXPECT_TRUE(accepts("src/sub/*.h", "src/sub/b.h", 1));  // written from the workspace
  EXPECT_FALSE(accepts("sub/*.h", "src/sub/b.h", 0));
  std::string bomb;
  for (int i = 0; i < 30; ++i) bomb += "{a,b}";
  EXPECT_FALSE(accepts(bomb, "c"));
}

}  // namespace
}  // namespace pryx::tools::fs
