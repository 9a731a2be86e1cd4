// SPDX-License-Identifier: MIT
// Which kind of image some bytes are, by their first ones and never by a name or a header. Only kinds that
// cannot hold scripts or references: SVG is none of them. Pure.
#pragma once
#include <string_view>

namespace pryx {

// "image/png"; empty: none of the kinds that models see and pages show.
[[nodiscard]] std::string_view image_type_of(std::string_view bytes);
// "png" for "image/png", as files are named.
[[nodiscard]] std::string_view image_ending_of(std::string_view type);

}  // namespace pryx
