// SPDX-License-Identifier: MIT
// Paths as the model writes them, and names as it reads them. The facts from here (inside or outside,
// normalised path) serve the policy only; what really keeps a call inside is platform::HeldDirectory. Pure;
// any thread.
#pragma once
#include <string>
#include <string_view>

#include "engine/tools/tool.h"
#include "foundation/base/result.h"

namespace pryx::tools::fs {

// File names are bytes, results are UTF-8. Bytes that are no UTF-8, control characters, invisible and
// direction-changing characters and the backslash itself are written \xHH (\\ for the backslash):
// decode_name(encode_name(n)) == n for every n.
[[nodiscard]] std::string encode_name(std::string_view bytes);
// A backslash that starts neither form stands for itself, because models write such names unescaped.
[[nodiscard]] std::string decode_name(std::string_view text);

struct WorkspacePath {
  std::string
      bytes;  // relative, no empty, "." or ".." part; "" is the workspace itself. Meaningless when outside.
  bool outside = false;  // absolute, or climbs out
};

inline constexpr std::size_t kMaxPathBytes = 4096;  // PATH_MAX

// Decodes and normalises by text alone. Fails on a NUL byte and on paths longer than the system can take.
[[nodiscard]] Result<WorkspacePath> parse_workspace_path(std::string_view text);

// What a call with this path argument touches; for Tool::touches().
[[nodiscard]] Result<Touches> touches_path(std::string_view text);

// How a path reads in results: encoded; "." for the workspace itself.
[[nodiscard]] std::string display_path(std::string_view bytes);
[[nodiscard]] std::string join_path(std::string_view folder, std::string_view name);

}  // namespace pryx::tools::fs
