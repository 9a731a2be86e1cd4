// SPDX-License-Identifier: MIT
// Line ends of a text, so that a change keeps those that a file has. Pure; any thread.
#pragma once
#include <string>
#include <string_view>

namespace pryx::tools::fs {

// Every line ends in "\r\n", and there is at least one.
[[nodiscard]] bool has_only_crlf(std::string_view text);
[[nodiscard]] bool has_bare_lf(std::string_view text);
// "\n" that no "\r" precedes becomes "\r\n".
[[nodiscard]] std::string to_crlf(std::string_view text);

}  // namespace pryx::tools::fs
