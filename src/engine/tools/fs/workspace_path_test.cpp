// SPDX-License-Identifier: MIT
#include "engine/tools/fs/workspace_path.h"

#include <gtest/gtest.h>

#include "foundation/base/testing/manual_clock.h"
#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

TEST(WorkspacePath, NormalisesByTextAlone) {
  struct Case {
    std::string_view text;
    std::string_view bytes;
    bool outside;
  };
  constexpr Case kCases[] = {
      {"", "", false},
      {".", "", false},
      {"./", "", false},
      {"a", "a", false},
      {"a/", "a", false},
      {"./a//b/.", "a/b", false},
      {"a/../b", "b", false},
      {"a/..", "", false},
      {"a/b/../../c", "c", false},
      {"...", "...", false},
      {"..a", "..a", false},
      {"~", "~", false},
      {"~/x", "~/x", false},
      {"..", "", true},
      {"../a", "a", true},
      {"a/../..", "", true},
      {"a/../../a", "a", true},
      {"/", "", true},
      {"/etc/passwd", "etc/passwd", true},
      {"//a", "a", true},
      {"a b", "a b", false},
      {"\\x2e\\x2e", "", true},
      {"\\x2fetc", "etc", true},
      {"a\\xff", "a\xFF", false},
      {"a\\\\b", "a\\b", false},
      {"C:\\temp", "C:\\temp", false},
  };
  for (const Case& c : kCases) {
    const auto path = parse_workspace_path(c.text);
    ASSERT_TRUE(path) << c.text;
    EXPECT_EQ(path->outside, c.outside) << c.text;
    EXPECT_EQ(path->bytes, c.bytes) << c.text;
  }
}

TEST(WorkspacePath, RefusesWhatNoFileCanBeCalled) {
  EXPECT_FALSE(parse_workspace_path(std::string_view("a\0b", 3)));
  EXPECT_FALSE(parse_workspace_path("a\\x00b"));
  EXPECT_FALSE(parse_workspace_path(std::string(kMaxPathBytes + 1, 'a')));
  EXPECT_TRUE(parse_workspace_path(std::string(kMaxPathBytes, 'a')));
}

TEST(WorkspacePath, TouchesNameOneFileInOneSpelling) {
  const auto a = touches_path("a/./\\x62/../caf\xC3\xA9\\x0a");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->workspace_paths, std::vector<std::string>{"a/caf\xC3\xA9\\x0a"});
  EXPECT_FALSE(a->outside_workspace);
  const auto b = touches_path("../x");
  ASSERT_TRUE(b);
  EXPECT_TRUE(b->outside_workspace);
  EXPECT_TRUE(b->workspace_paths.empty());
}

TEST(NameCodec, ShowsWhatWouldHide) {
  EXPECT_EQ(encode_name("plain name.txt"), "plain name.txt");
  EXPECT_EQ(encode_name("caf\xC3\xA9 \xF0\x9F\x98\x80"), "caf\xC3\xA9 \xF0\x9F\x98\x80");
  EXPECT_EQ(encode_name("a\nb"), "a\\x0ab");
  EXPECT_EQ(encode_name("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(encode_name("\xFF\xFE"), "\\xff\\xfe");
  EXPECT_EQ(encode_name("a\\b"), "a\\\\b");
  EXPECT_EQ(encode_name("gpj.\xE2\x80\xAE"
                        "exe"),
            "gpj.\\xe2\\x80\\xaeexe");  // right-to-left override
  EXPECT_EQ(encode_name("a\xE2\x80\x8B"
                        "b"),
            "a\\xe2\\x80\\x8bb");  // zero width space
  EXPECT_EQ(encode_name("\xC2\x9B"
                        "31m"),
            "\\xc2\\x9b31m");  // 8-bit CSI
}

TEST(NameCodec, LosesNothingAndIsAlwaysUtf8) {
  pryx::testing::SeededRandom random(7);
  constexpr std::string_view kSpice = "\\x41\\\\/\n\xE2\x80\xAE\xC3\xA9\xFF\x80 ab";
  for (int round = 0; round < 20'000; ++round) {
    std::string name;
    for (std::uint64_t n = random.below(12); n > 0; --n) {
      const bool any_byte = random.below(2) == 0;
      name += any_byte ? static_cast<char>(random.below(256)) : kSpice[random.below(kSpice.size())];
    }
    const std::string shown = encode_name(name);
    ASSERT_TRUE(is_valid_utf8(shown));
    ASSERT_EQ(decode_name(shown), name);
  }
}

}  // namespace
}  // namespace pryx::tools::fs
