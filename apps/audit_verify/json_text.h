// SPDX-License-Identifier: MIT
// Just enough JSON to take a line of an export apart: strict, bounded, and it keeps where each value stands
// in the text, because what is hashed is the text itself.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace audit_verify {

// The members of an object in their order: name and the value's own text. Nothing when the text is not one
// object in RFC 8785 form as far as it can be told without its meaning: no blanks, keys in strictly rising
// order.
using Members = std::vector<std::pair<std::string, std::string_view>>;
[[nodiscard]] std::optional<Members> members_of(std::string_view text);
[[nodiscard]] std::optional<std::string_view> find(const Members& members, std::string_view name);

// The values of an array.
[[nodiscard]] std::optional<std::vector<std::string_view>> items_of(std::string_view text);
// The characters of a string value. Nothing when it is no string.
[[nodiscard]] std::optional<std::string> text_of(std::string_view value);
// A whole number, 0 to 2^62, without sign or leading zeros.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view value);

}  // namespace audit_verify
