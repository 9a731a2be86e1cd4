// SPDX-License-Identifier: MIT
// One Markdown block (with everything inside it) as styled lines, through md4c. Pure.
#pragma once
#include <string_view>
#include <vector>

#include "surfaces/cli/styled.h"

namespace pryx::cli {

inline constexpr Style kCodeStyle{.colour = Colour::kCyan};
inline constexpr std::string_view kCodeIndent = "  ";

// `ordinal` replaces the number of the first item when the block is an ordered list; 0: as written.
[[nodiscard]] std::vector<Line> render_block(std::string_view source, int columns, unsigned ordinal = 0);

}  // namespace pryx::cli
