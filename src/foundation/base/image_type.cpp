// SPDX-License-Identifier: MIT
#include "foundation/base/image_type.h"

namespace pryx {

std::string_view image_type_of(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return "image/webp";
  return {};
}

std::string_view image_ending_of(std::string_view type) {
  return type == "image/jpeg" ? "jpg" : type.substr(type.find('/') + 1);
}

}  // namespace pryx
