// SPDX-License-Identifier: MIT
// Money as integer nano-USD, and tokens. What tokens cost is the model catalog's to say. Pure; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/json.h"
#include "foundation/base/result.h"

namespace pryx::trace {

using NanoUsd = std::int64_t;
inline constexpr NanoUsd kNanoPerUsd = 1'000'000'000;

struct Tokens {
  std::int64_t input = 0;  // everything that was read, cached or not
  std::int64_t output = 0;
  std::int64_t cached_input = 0;  // part of input
  std::int64_t cache_write = 0;   // part of input, apart from the cached
  std::int64_t reasoning = 0;     // part of output
  bool estimated = false;         // the provider did not say
  Tokens& operator+=(const Tokens& more);
  bool operator==(const Tokens&) const = default;
};

// A sum beyond what fits stays at the largest amount.
[[nodiscard]] NanoUsd add_money(NanoUsd a, NanoUsd b);

// "0.0132": no zeros at the end, at least two decimals.
[[nodiscard]] std::string money_text(NanoUsd nano);
// {"amount","currency"}, or null for an amount that nobody knows.
[[nodiscard]] json::value money_json(std::optional<NanoUsd> nano);
// "1", "0.05", "1.000000001": what a person or a body names as a limit; not negative, below a billion.
[[nodiscard]] Result<NanoUsd> parse_money(std::string_view text);

}  // namespace pryx::trace
