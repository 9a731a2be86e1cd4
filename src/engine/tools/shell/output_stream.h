// SPDX-License-Identifier: MIT
// The two streams that a command writes. A value.
#pragma once
#include <cstdint>
#include <string_view>

namespace pryx::tools::shell {

enum class OutputStream : std::uint8_t { kOutput, kErrorOutput };
[[nodiscard]] constexpr std::string_view to_text(OutputStream stream) {
  return stream == OutputStream::kOutput ? "stdout" : "stderr";
}

}  // namespace pryx::tools::shell
