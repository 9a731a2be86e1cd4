// SPDX-License-Identifier: MIT
// JSON at the borders: bounded parsing, canonical form for hashes (RFC 8785), and typed access with errors
// that name the field.
#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace pryx::json {

using boost::json::array;
using boost::json::object;
using boost::json::value;

enum class Twins : std::uint8_t { kRefused, kUnchecked };

struct ParseLimits {
  std::size_t max_bytes = 10u << 20;
  std::size_t max_depth = 64;
  Twins twins = Twins::kRefused;  // a key that an object has twice
};

// For text that to_text() or canonical() wrote: it has no twins, and it is what was accepted before plus our
// own wrapping, so a limit as tight as the one at the border would lose it.
inline constexpr ParseLimits kOwnText{.max_bytes = 256u << 20, .max_depth = 256, .twins = Twins::kUnchecked};

// Strict RFC 8259: no comments, no trailing commas, valid UTF-8 only, duplicate keys and numbers beyond a
// double refused.
[[nodiscard]] Result<value> parse(std::string_view text, ParseLimits limits = {});
[[nodiscard]] Result<object> parse_object(std::string_view text, ParseLimits limits = {});

[[nodiscard]] std::string to_text(const value& v);
[[nodiscard]] std::string to_text(const object& v);
// RFC 8785: keys by UTF-16 order, ECMAScript numbers, no spaces. Integers beyond 2^53 are written in full.
[[nodiscard]] std::string canonical(const value& v);
// One string as canonical() writes it.
void append_quoted(std::string& out, std::string_view text);

// Field access. find_* gives nullptr/nullopt when the field is absent or null, and fails on another type.
[[nodiscard]] const value* find(const object& o, std::string_view key);
[[nodiscard]] Result<std::optional<std::string>> find_string(const object& o, std::string_view key);
[[nodiscard]] Result<std::optional<std::int64_t>> find_integer(const object& o, std::string_view key);
[[nodiscard]] Result<std::optional<bool>> find_bool(const object& o, std::string_view key);
[[nodiscard]] Result<std::string> get_string(const object& o, std::string_view key);
[[nodiscard]] Result<std::int64_t> get_integer(const object& o, std::string_view key);
// Lenient readers for documents we wrote ourselves.
[[nodiscard]] std::string string_or(const object& o, std::string_view key, std::string_view fallback = {});
[[nodiscard]] std::int64_t integer_or(const object& o, std::string_view key, std::int64_t fallback);

}  // namespace pryx::json
