// SPDX-License-Identifier: MIT
// What a reader sees is held against zbar in tests/e2e/qr_test.py; here is what can be said without one.
#include "surfaces/qr/qr_code.h"

#include <gtest/gtest.h>

namespace pryx::qr {
namespace {

Code made(std::string_view text) {
  auto code = encode(text);
  EXPECT_TRUE(code.has_value());
  return code ? std::move(*code) : Code(0, {});
}

TEST(QrCode, HasItsFinderPatterns) {
  const Code code = made("http://127.0.0.1:7799/#code=a.b");
  EXPECT_EQ((code.size() - 17) % 4, 0);
  for (const auto [left, top] : {std::pair{0, 0}, {code.size() - 7, 0}, {0, code.size() - 7}}) {
    for (int i = 0; i < 7; ++i) {
      EXPECT_TRUE(code.is_dark(left + i, top) && code.is_dark(left, top + i)) << left << ',' << top;
    }
    EXPECT_FALSE(code.is_dark(left + 1, top + 1));
    EXPECT_TRUE(code.is_dark(left + 3, top + 3));
  }
  EXPECT_FALSE(code.is_dark(-1, 0));
  EXPECT_FALSE(code.is_dark(0, code.size()));
}

TEST(QrCode, BoundsItsText) {
  EXPECT_EQ(encode("").error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(encode(std::string(kMaxText, '\xff')).has_value());
  EXPECT_EQ(encode(std::string(kMaxText + 1, 'x')).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(encode(std::string_view("\0\0", 2)).has_value());
}

TEST(QrCode, ItsTextStaysOutOfTheDrawing) {
  const std::string svg = to_svg(made("\"/><script>alert(1)</script>"));
  EXPECT_TRUE(svg.starts_with("<svg "));
  for (const char* piece : {"script", "alert", "href", "style"})
    EXPECT_EQ(svg.find(piece), std::string::npos);
}

TEST(QrCode, DrawsEachModuleOnce) {
  const Code code = made("harbour");
  const std::size_t rows = static_cast<std::size_t>(code.size() + 2 * kQuietZone + 1) / 2;
  const auto dark = to_half_blocks(code, Ink::kDark);
  const auto light = to_half_blocks(code, Ink::kLight);
  ASSERT_EQ(dark.size(), rows);
  ASSERT_EQ(light.size(), rows);
  EXPECT_EQ(dark.front().find_first_not_of(' '), std::string::npos) << "the quiet zone has no ink";
  EXPECT_EQ(light.front().find(' '), std::string::npos);
  EXPECT_NE(dark[2], light[2]);
}

}  // namespace
}  // namespace pryx::qr
