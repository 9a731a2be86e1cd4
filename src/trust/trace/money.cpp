// SPDX-License-Identifier: MIT
#include "trust/trace/money.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::trace {
namespace {

constexpr std::size_t kDecimals = 9;
constexpr std::size_t kMaxWholeDigits = 9;

bool is_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Tokens& Tokens::operator+=(const Tokens& more) {
  input += more.input;
  output += more.output;
  cached_input += more.cached_input;
  cache_write += more.cache_write;
  reasoning += more.reasoning;
  estimated = estimated || more.estimated;
  return *this;
}

NanoUsd add_money(NanoUsd a, NanoUsd b) {
  NanoUsd out = 0;
  if (__builtin_add_overflow(a, b, &out)) return INT64_MAX;
  return out;
}

std::string money_text(NanoUsd nano) {
  std::string text = fmt::format("{}.{:09}", nano / kNanoPerUsd, nano % kNanoPerUsd);
  const std::size_t shortest = text.find('.') + 3;
  while (text.size() > shortest && text.back() == '0') text.pop_back();
  return text;
}

json::value money_json(std::optional<NanoUsd> nano) {
  if (!nano) return nullptr;
  return json::object{{"amount", money_text(*nano)}, {"currency", "USD"}};
}

Result<NanoUsd> parse_money(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  const bool is_shaped = !(whole.empty() && part.empty()) && whole.size() <= kMaxWholeDigits &&
                         part.size() <= kDecimals && is_digits(whole) && is_digits(part) &&
                         !(point != std::string_view::npos && part.empty());
  if (!is_shaped)
    return fail(ErrorCode::kInvalidArgument, "'{}' is no amount of USD; write it like 0.50",
                utf8_prefix(text, 40));
  NanoUsd nano = 0;
  for (const char c : whole) nano = nano * 10 + (c - '0');
  for (std::size_t i = 0; i < kDecimals; ++i) nano = nano * 10 + (i < part.size() ? part[i] - '0' : 0);
  return nano;
}

}  // namespace pryx::trace
