// SPDX-License-Identifier: MIT
#include "foundation/base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace pryx::json {
namespace {

// The escape of a character, empty when it stands for itself.
std::string_view short_escape(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return {};
  }
}

// Run by run between escapes: nearly every text is one run.
void write_string(std::string& out, std::string_view text) {
  const auto stands_for_itself = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
  };
  out += '"';
  while (!text.empty()) {
    const auto end = std::ranges::find_if_not(text, stands_for_itself);
    const auto run = static_cast<std::size_t>(end - text.begin());
    out += text.substr(0, run);
    text.remove_prefix(run);
    if (text.empty()) break;
    const std::string_view escape = short_escape(text.front());
    if (escape.empty())
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(text.front()));
    else
      out += escape;
    text.remove_prefix(1);
  }
  out += '"';
}

// ECMAScript Number::toString (ECMA-262 section 6.1.6.1.20) from the shortest digits that round-trip.
std::string ecmascript_number(double number) {
  if (number == 0) return "0";
  if (!std::isfinite(number)) return "null";
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, std::fabs(number), std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (c != '.') digits += c;
  }
  int exponent = 0;
  std::string_view exponent_text = text.substr(e + 1);
  if (exponent_text.front() == '+') exponent_text.remove_prefix(1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  const int n = exponent + 1, k = static_cast<int>(digits.size());
  std::string out = number < 0 ? "-" : "";
  if (k <= n && n <= 21) return out + digits + std::string(static_cast<std::size_t>(n - k), '0');
  if (0 < n && n <= 21)
    return out + digits.substr(0, static_cast<std::size_t>(n)) + "." +
           digits.substr(static_cast<std::size_t>(n));
  if (-6 < n && n <= 0) return out + "0." + std::string(static_cast<std::size_t>(-n), '0') + digits;
  out += digits.substr(0, 1);
  if (k > 1) out += "." + digits.substr(1);
  return out + fmt::format("e{}{}", exponent < 0 ? "-" : "+", std::abs(exponent));
}

// UTF-16 order differs from byte order only where surrogates are involved: U+E000..U+FFFF sort after U+10000
// and above.
bool utf16_less(std::string_view a, std::string_view b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
  const auto rank = [](unsigned char c) {
    return c >= 0xF0 ? 0xEDu : (c >= 0xEE ? c + 2u : static_cast<unsigned>(c));
  };
  const auto p = static_cast<unsigned char>(*x), q = static_cast<unsigned char>(*y);
  if (rank(p) != rank(q)) return rank(p) < rank(q);
  return p < q;
}

void write_canonical(std::string& out, const value& v) {
  switch (v.kind()) {
    case boost::json::kind::null:
      out += "null";
      return;
    case boost::json::kind::bool_:
      out += v.get_bool() ? "true" : "false";
      return;
    case boost::json::kind::int64:
      out += fmt::format("{}", v.get_int64());
      return;
    case boost::json::kind::uint64:
      out += fmt::format("{}", v.get_uint64());
      return;
    case boost::json::kind::double_:
      out += ecmascript_number(v.get_double());
      return;
    case boost::json::kind::string:
      write_string(out, v.get_string());
      return;
    case boost::json::kind::array: {
      out += '[';
      bool first = true;
      for (const value& item : v.get_array()) {
        if (!first) out += ',';
        first = false;
        write_canonical(out, item);
      }
      out += ']';
      return;
    }
    case boost::json::kind::object: {
      std::vector<const boost::json::key_value_pair*> members;
      for (const auto& member : v.get_object()) members.push_back(&member);
      std::sort(members.begin(), members.end(),
                [](const auto* a, const auto* b) { return utf16_less(a->key(), b->key()); });
      out += '{';
      bool first = true;
      for (const auto* member : members) {
        if (!first) out += ',';
        first = false;
        write_string(out, member->key());
        out += ':';
        write_canonical(out, member->value());
      }
      out += '}';
      return;
    }
  }
}

}  // namespace

std::string to_text(const value& v) { return boost::json::serialize(v); }
std::string to_text(const object& v) { return boost::json::serialize(v); }

void append_quoted(std::string& out, std::string_view text) { write_string(out, text); }

std::string canonical(const value& v) {
  std::string out;
  write_canonical(out, v);
  return out;
}

const value* find(const object& o, std::string_view key) {
  const value* v = o.if_contains(key);
  return v == nullptr || v->is_null() ? nullptr : v;
}

Result<std::optional<std::string>> find_string(const object& o, std::string_view key) {
  const value* v = find(o, key);
  if (v == nullptr) return std::nullopt;
  if (!v->is_string()) return fail(ErrorCode::kInvalidArgument, "field '{}' must be a string", key);
  return std::string(v->get_string());
}

Result<std::optional<std::int64_t>> find_integer(const object& o, std::string_view key) {
  const value* v = find(o, key);
  if (v == nullptr) return std::nullopt;
  boost::system::error_code error;
  const auto number = v->to_number<std::int64_t>(error);
  if (!v->is_number() || error)
    return fail(ErrorCode::kInvalidArgument, "field '{}' must be a whole number", key);
  return number;
}

Result<std::optional<bool>> find_bool(const object& o, std::string_view key) {
  const value* v = find(o, key);
  if (v == nullptr) return std::nullopt;
  if (!v->is_bool()) return fail(ErrorCode::kInvalidArgument, "field '{}' must be true or false", key);
  return v->get_bool();
}

Result<std::string> get_string(const object& o, std::string_view key) {
  PRYX_TRY(auto text, find_string(o, key));
  if (!text) return fail(ErrorCode::kInvalidArgument, "field '{}' is missing", key);
  return std::move(*text);
}

Result<std::int64_t> get_integer(const object& o, std::string_view key) {
  PRYX_TRY(auto number, find_integer(o, key));
  if (!number) return fail(ErrorCode::kInvalidArgument, "field '{}' is missing", key);
  return *number;
}

std::string string_or(const object& o, std::string_view key, std::string_view fallback) {
  const value* v = find(o, key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string(fallback);
}

std::int64_t integer_or(const object& o, std::string_view key, std::int64_t fallback) {
  const auto number = find_integer(o, key);
  return number && *number ? **number : fallback;
}

}  // namespace pryx::json
