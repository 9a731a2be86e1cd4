// SPDX-License-Identifier: MIT
// Is this text? From the first bytes of a file. Pure; any thread.
#pragma once
#include <string_view>

namespace pryx::tools::fs {

inline constexpr std::size_t kProbeBytes = 8192;

// A NUL byte, or more than a fifth of the bytes no UTF-8: a Latin-1 text stays text. `sample` may end in the
// middle of a character.
[[nodiscard]] bool looks_binary(std::string_view sample);
// "PNG image", "ELF program"… by the first bytes, "binary data" when nothing fits.
[[nodiscard]] std::string_view guess_binary_type(std::string_view sample);

}  // namespace pryx::tools::fs
