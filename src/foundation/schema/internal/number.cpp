// SPDX-License-Identifier: MIT
#include "foundation/schema/internal/number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>

namespace pryx::schema::internal {
namespace {

using boost::json::kind;
using Wide = unsigned __int128;

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

// digits * 10^exponent; the sign does not matter for divisibility.
struct Decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
};

Decimal decimal_of(const json::value& v) {
  if (v.is_int64()) {
    const std::int64_t i = v.get_int64();
    return {i < 0 ? 0 - static_cast<std::uint64_t>(i) : static_cast<std::uint64_t>(i), 0};
  }
  if (v.is_uint64()) return {v.get_uint64(), 0};
  char buffer[40];
  const double d = std::fabs(v.get_double());
  const char* end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific).ptr;
  Decimal out;
  const char* at = buffer;
  bool fraction = false;
  for (; at != end && *at != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    out.digits = out.digits * 10 + static_cast<std::uint64_t>(*at - '0');  // at most 17 digits
    if (fraction) --out.exponent;
  }
  int exponent = 0;
  if (at != end) std::from_chars(at + (at[1] == '+' ? 2 : 1), end, exponent);
  out.exponent += exponent;
  return out;
}

std::uint64_t power_of_ten_modulo(int exponent, std::uint64_t modulus) {
  Wide result = 1 % modulus, base = 10 % modulus;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = result * base % modulus;
    base = base * base % modulus;
  }
  return static_cast<std::uint64_t>(result);
}

template <class Integer>
std::partial_ordering compare_with_double(Integer i, double d) {
  if (std::isnan(d)) return std::partial_ordering::unordered;
  if (d >= (std::is_signed_v<Integer> ? kTwo63 : kTwo64)) return std::partial_ordering::less;
  if (d < (std::is_signed_v<Integer> ? -kTwo63 : 0.0)) return std::partial_ordering::greater;
  const double whole = std::floor(d);
  const auto floor = static_cast<Integer>(whole);
  if (i != floor) return i < floor ? std::partial_ordering::less : std::partial_ordering::greater;
  return d > whole ? std::partial_ordering::less : std::partial_ordering::equivalent;
}

std::partial_ordering reversed(std::partial_ordering order) { return 0 <=> order; }

std::uint64_t mix(std::uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

std::uint64_t hash_number(const json::value& v) {
  // Integers hash by value whatever their representation, so that 1 and 1.0 meet.
  if (v.is_int64()) return mix(static_cast<std::uint64_t>(v.get_int64()));
  if (v.is_uint64()) return mix(v.get_uint64());
  const double d = v.get_double();
  if (d == std::floor(d) && d >= -kTwo63 && d < kTwo63)
    return mix(static_cast<std::uint64_t>(static_cast<std::int64_t>(d)));
  if (d == std::floor(d) && d >= kTwo63 && d < kTwo64) return mix(static_cast<std::uint64_t>(d));
  return mix(std::hash<double>{}(d));
}

std::uint64_t hash_text(std::string_view text) {
  return mix(std::hash<std::string_view>{}(text) + 0x9e3779b97f4a7c15ULL);
}

bool take(std::uint64_t& steps, std::uint64_t count = 1) {
  if (steps < count) {
    steps = 0;
    return false;
  }
  steps -= count;
  return true;
}

constexpr int kMaxDepth =
    512;  // JSON is parsed with far less; this bounds the stack for values that were built otherwise

bool equal_at(const json::value& a, const json::value& b, std::uint64_t& steps, int depth) {
  if (depth > kMaxDepth) steps = 0;
  if (!take(steps)) return false;
  if (a.is_number() && b.is_number()) return compare(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case kind::bool_:
      return a.get_bool() == b.get_bool();
    case kind::string:
      return take(steps, a.get_string().size() / 64) && a.get_string() == b.get_string();
    case kind::array: {
      const json::array &x = a.get_array(), &y = b.get_array();
      if (x.size() != y.size()) return false;
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (!equal_at(x[i], y[i], steps, depth + 1)) return false;
      }
      return true;
    }
    case kind::object: {
      const json::object &x = a.get_object(), &y = b.get_object();
      if (x.size() != y.size()) return false;
      for (const auto& member : x) {
        const json::value* other = y.if_contains(member.key());
        if (other == nullptr || !equal_at(member.value(), *other, steps, depth + 1)) return false;
      }
      return true;
    }
    default:
      return true;  // null; numbers were compared above
  }
}

std::uint64_t hash_at(const json::value& v, std::uint64_t& steps, int depth) {
  if (depth > kMaxDepth) steps = 0;
  if (!take(steps)) return 0;
  if (v.is_number()) return hash_number(v);
  switch (v.kind()) {
    case kind::bool_:
      return v.get_bool() ? 0x5bd1e995u : 0x1b873593u;
    case kind::string:
      return take(steps, v.get_string().size() / 64) ? hash_text(v.get_string()) : 0;
    case kind::array: {
      std::uint64_t h = 0xa1a1a1a1;
      for (const json::value& item : v.get_array()) h = mix(h * 31 + hash_at(item, steps, depth + 1));
      return h;
    }
    case kind::object: {
      std::uint64_t h = 0x0b0b0b0b;  // a sum, so that the order of members does not count
      for (const auto& member : v.get_object())
        h += mix(hash_text(member.key()) ^ hash_at(member.value(), steps, depth + 1));
      return h;
    }
    default:
      return 0x6e756c6c;
  }
}

}  // namespace

bool is_integer(const json::value& number) {
  if (number.is_int64() || number.is_uint64()) return true;
  return number.is_double() && std::isfinite(number.get_double()) &&
         std::floor(number.get_double()) == number.get_double();
}

std::partial_ordering compare(const json::value& a, const json::value& b) {
  if (a.is_double()) {
    if (b.is_double()) return a.get_double() <=> b.get_double();
    return reversed(compare(b, a));
  }
  if (b.is_double())
    return a.is_int64() ? compare_with_double(a.get_int64(), b.get_double())
                        : compare_with_double(a.get_uint64(), b.get_double());
  if (a.is_int64() && b.is_int64()) return a.get_int64() <=> b.get_int64();
  if (a.is_uint64() && b.is_uint64()) return a.get_uint64() <=> b.get_uint64();
  if (a.is_int64()) {
    if (a.get_int64() < 0) return std::partial_ordering::less;
    return static_cast<std::uint64_t>(a.get_int64()) <=> b.get_uint64();
  }
  return reversed(compare(b, a));
}

bool is_multiple(const json::value& number, const json::value& divisor) {
  if (number.is_double() && !std::isfinite(number.get_double())) return false;
  const Decimal a = decimal_of(number), b = decimal_of(divisor);
  if (a.digits == 0) return true;
  if (a.exponent >= b.exponent) {
    const std::uint64_t scale = power_of_ten_modulo(a.exponent - b.exponent, b.digits);
    return static_cast<Wide>(a.digits % b.digits) * scale % b.digits == 0;
  }
  Wide scaled = b.digits;
  for (int i = a.exponent; i < b.exponent; ++i) {
    scaled *= 10;
    if (scaled > a.digits) return false;
  }
  return a.digits % static_cast<std::uint64_t>(scaled) == 0;
}

bool equal(const json::value& a, const json::value& b, std::uint64_t& steps) {
  return equal_at(a, b, steps, 0);
}
std::uint64_t hash(const json::value& v, std::uint64_t& steps) { return hash_at(v, steps, 0); }

}  // namespace pryx::schema::internal
