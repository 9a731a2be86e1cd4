// SPDX-License-Identifier: MIT
#include "foundation/base/image_type.h"

namespace pryx {
namespace {

// A number of `size` bytes; 0 when they are not there.
std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || bytes.size() - at < size) return 0;
  std::int64_t value = 0;
  for (const char c : bytes.substr(at, size)) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}
std::int64_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || bytes.size() - at < size) return 0;
  std::int64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// Segment by segment to the one that begins the picture.
ImageSize jpeg_size(std::string_view bytes) {
  std::size_t at = 2;
  while (at + 4 <= bytes.size() && bytes[at] == '\xFF') {
    const auto marker = static_cast<unsigned char>(bytes[at + 1]);
    if (marker == 0xFF) {  // padding
      ++at;
      continue;
    }
    const bool is_alone = marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7);
    if (is_alone) {
      at += 2;
      continue;
    }
    const bool is_frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame) return {big_endian(bytes, at + 7, 2), big_endian(bytes, at + 5, 2)};
    const std::int64_t length = big_endian(bytes, at + 2, 2);
    if (marker == 0xDA || marker == 0xD9 || length < 2) return {};
    at += 2 + static_cast<std::size_t>(length);
  }
  return {};
}

ImageSize webp_size(std::string_view bytes) {
  constexpr std::int64_t kFourteenBits = 0x3FFF;
  const std::string_view kind = bytes.substr(12, 4);
  if (kind == "VP8X" && bytes.size() >= 30)
    return {little_endian(bytes, 24, 3) + 1, little_endian(bytes, 27, 3) + 1};
  if (kind == "VP8L" && bytes.size() >= 25 && bytes[20] == '\x2F') {
    const std::int64_t both = little_endian(bytes, 21, 4);
    return {(both & kFourteenBits) + 1, ((both >> 14) & kFourteenBits) + 1};
  }
  if (kind == "VP8 " && bytes.size() >= 30 && bytes.substr(23, 3) == "\x9D\x01\x2A")
    return {little_endian(bytes, 26, 2) & kFourteenBits, little_endian(bytes, 28, 2) & kFourteenBits};
  return {};
}

}  // namespace

std::string_view image_type_of(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return "image/webp";
  return {};
}

std::optional<ImageSize> image_size_of(std::string_view bytes) {
  const std::string_view type = image_type_of(bytes);
  ImageSize size;
  if (type == "image/png" && bytes.size() >= 24 && bytes.substr(12, 4) == "IHDR")
    size = {big_endian(bytes, 16, 4), big_endian(bytes, 20, 4)};
  if (type == "image/jpeg") size = jpeg_size(bytes);
  if (type == "image/gif") size = {little_endian(bytes, 6, 2), little_endian(bytes, 8, 2)};
  if (type == "image/webp") size = webp_size(bytes);
  if (size.width <= 0 || size.height <= 0) return std::nullopt;
  return size;
}

std::string_view image_ending_of(std::string_view type) {
  return type == "image/jpeg" ? "jpg" : type.substr(type.find('/') + 1);
}

}  // namespace pryx
