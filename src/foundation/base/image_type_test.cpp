// SPDX-License-Identifier: MIT
#include "foundation/base/image_type.h"

#include <gtest/gtest.h>

#include <string>

namespace pryx {
namespace {
using namespace std::string_literals;

// A head of 640 by 480 pixels in each form, and nothing behind it.
const std::string kPng = "\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR\0\0\x02\x80\0\0\x01\xE0\x08\x02\0\0\0"s;
const std::string kGif = "GIF89a\x80\x02\xE0\x01\0\0\0"s;
const std::string kJpeg =
    "\xFF\xD8\xFF\xE0\0\x04JF\xFF\xFF\xFE\0\x03x\xFF\xC4\0\x02\xFF\xC2\0\x11\x08\x01\xE0\x02\x80\x03"s;
const std::string kWebpLossy = "RIFF\x20\0\0\0WEBPVP8 \x14\0\0\0\x10\x20\x30\x9D\x01\x2A\x80\x02\xE0\x01"s;
// 14 bits each, less one: 639 | 479 << 14.
const std::string kWebpLossless = "RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2F\x7F\xC2\x77\0\0\0\0"s;
const std::string kWebpExtended = "RIFF\x20\0\0\0WEBPVP8X\x0A\0\0\0\x10\0\0\0\x7F\x02\0\xDF\x01\0"s;

TEST(ImageType, TheSizeIsThatOfTheHead) {
  for (const std::string& image : {kPng, kGif, kJpeg, kWebpLossy, kWebpLossless, kWebpExtended}) {
    EXPECT_EQ(image_size_of(image), (ImageSize{640, 480})) << image_type_of(image) << " of " << image.size();
    EXPECT_EQ(image_size_of(image + std::string(100, 'x')), (ImageSize{640, 480})) << image_type_of(image);
  }
}

TEST(ImageType, AHeadThatIsCutOrEmptyHasNoSize) {
  for (const std::string& image : {kPng, kGif, kJpeg, kWebpLossy, kWebpLossless, kWebpExtended}) {
    bool was_known = false;
    for (std::size_t size = 0; size <= image.size(); ++size) {
      const bool is_known = image_size_of(image.substr(0, size)).has_value();
      EXPECT_TRUE(is_known || !was_known) << size << " of " << image_type_of(image);
      was_known = is_known;
    }
    EXPECT_TRUE(was_known);
  }
  EXPECT_FALSE(image_size_of("GIF89a\0\0\0\0\0\0\0"s));
  EXPECT_FALSE(image_size_of("\xFF\xD8\xFF\xC4\0\0\0\0"s)) << "a segment of no length is none";
  EXPECT_FALSE(image_size_of("\xFF\xD8\xFF\xDA\0\x02\xFF\xC2\0\x11\x08\x01\xE0\x02\x80\x03"s))
      << "what follows is the picture";
  EXPECT_FALSE(image_size_of("<svg width=\"640\" height=\"480\"/>"));
}

}  // namespace
}  // namespace pryx
