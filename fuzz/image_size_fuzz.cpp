// SPDX-License-Identifier: MIT
// The size that an image's head tells is one of pixels, of a known kind, and what follows does not change it.
#include <cstdlib>
#include <string>

#include "foundation/base/image_type.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kMost = 0xFFFF'FFFF;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto found = pryx::image_size_of(bytes);
  if (!found) return 0;
  if (found->width <= 0 || found->height <= 0 || found->width > kMost || found->height > kMost) std::abort();
  if (pryx::image_type_of(bytes).empty()) std::abort();
  if (pryx::image_size_of(bytes + std::string(16, '\xFF')) != found) std::abort();
  return 0;
}
