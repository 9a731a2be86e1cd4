// SPDX-License-Identifier: MIT
// Which kind of image some bytes are, by their first ones and never by a name or a header, and how large it
// is. Only kinds that cannot hold scripts or references: SVG is none of them. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace pryx {

// "image/png"; empty: none of the kinds that models see and pages show.
[[nodiscard]] std::string_view image_type_of(std::string_view bytes);
struct ImageSize {
  std::int64_t width = 0;  // in pixels, as the file says; both over 0
  std::int64_t height = 0;
  bool operator==(const ImageSize&) const = default;
};
// nullopt: none of these kinds, or no size where it should be. Nothing is decoded, so it may be a lie.
[[nodiscard]] std::optional<ImageSize> image_size_of(std::string_view bytes);
// "png" for "image/png", as files are named.
[[nodiscard]] std::string_view image_ending_of(std::string_view type);

}  // namespace pryx
