// SPDX-License-Identifier: MIT
// Numbers as JSON Schema sees them: mathematical values, so that 1 and 1.0 are one number, 2^63 is not
// rounded and 0.0075 is a multiple of 0.0001. Pure.
#pragma once
#include <compare>
#include <cstdint>

#include "foundation/base/json.h"

namespace pryx::schema::internal {

[[nodiscard]] bool is_integer(const json::value& number);
// Exact, also between integers and doubles. Both are numbers.
[[nodiscard]] std::partial_ordering compare(const json::value& a, const json::value& b);
// Exact on the shortest decimal form of both. `divisor` is greater than zero.
[[nodiscard]] bool is_multiple(const json::value& number, const json::value& divisor);

// Deep equality with numbers by value and members in any order, and a hash that agrees with it. Every visited
// value takes one step; with no step left both give up (false, 0).
[[nodiscard]] bool equal(const json::value& a, const json::value& b, std::uint64_t& steps);
[[nodiscard]] std::uint64_t hash(const json::value& v, std::uint64_t& steps);

}  // namespace pryx::schema::internal
