// SPDX-License-Identifier: MIT
// Small text functions that several modules need. Everything here is pure.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace pryx {

[[nodiscard]] bool is_valid_utf8(std::string_view text);
// Replaces each ill-formed sequence by U+FFFD, as the Unicode standard recommends (maximal subparts).
[[nodiscard]] std::string to_valid_utf8(std::string_view text);
// The longest prefix of at most `bytes` bytes that does not cut a code point. Never empty because of
// ill-formed bytes alone.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes);

[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view bytes);     // RFC 4648 section 4, padded
[[nodiscard]] std::string to_base64url(std::string_view bytes);  // RFC 4648 section 5, no padding
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string lower_ascii(std::string_view text);
[[nodiscard]] bool equals_ignore_case(std::string_view a, std::string_view b);  // ASCII
// '*' any run, '?' one character. Without recursion: at most pattern x text steps.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text);
// Edit distance for "did you mean"; both sides are cut at 64 bytes.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace pryx
