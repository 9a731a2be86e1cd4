// SPDX-License-Identifier: MIT
#include "charset.h"

#include <gtest/gtest.h>

namespace pryx::worker {
namespace {

std::string decode(std::string_view declared, std::string_view bytes, bool is_html = true) {
  Decoder decoder(detect_charset(declared, bytes, is_html));
  return decoder.to_utf8(bytes);
}

TEST(Charset, TheServersWordThenThePages) {
  EXPECT_EQ(decode("iso-8859-1", "caf\xE9 \x80"), "café €");
  EXPECT_EQ(decode("UTF-8", "caf\xC3\xA9"), "café");
  EXPECT_EQ(decode("", "<meta charset=windows-1251>\xCF"), "<meta charset=windows-1251>П");
  EXPECT_EQ(decode("", "<meta http-equiv=x content=\"text/html; charset=Shift_JIS\">\x82\xA0"),
            "<meta http-equiv=x content=\"text/html; charset=Shift_JIS\">あ");
  EXPECT_EQ(decode("utf-8", "<meta charset=windows-1251>\xCF"), "<meta charset=windows-1251>\xEF\xBF\xBD");
  EXPECT_EQ(decode("", "<meta charset=windows-1251>\xCF", false), "<meta charset=windows-1251>\xEF\xBF\xBD");
}

TEST(Charset, ByteOrderMarksWin) {
  EXPECT_EQ(decode("iso-8859-1",
                   "\xEF\xBB\xBF"
                   "caf\xC3\xA9"),
            "café");
  EXPECT_EQ(decode("", std::string_view("\xFF\xFE"
                                        "a\0\xE9\0",
                                        6)),
            "aé");
  EXPECT_EQ(decode("", std::string_view("\xFE\xFF\0a\0\xE9", 6)), "aé");
}

TEST(Charset, WhatNobodyKnowsIsReadAsUtf8) {
  EXPECT_EQ(decode("../../etc/passwd", "a\xE9"), "a\xEF\xBF\xBD");
  EXPECT_EQ(decode("utf-7", "+AGE-"), "+AGE-");
  EXPECT_EQ(decode("", "<meta charset=utf-16>a"), "<meta charset=utf-16>a");
  EXPECT_EQ(decode("shift_jis", "\x82"), "\xEF\xBF\xBD");  // cut in the middle
}

}  // namespace
}  // namespace pryx::worker
