// SPDX-License-Identifier: MIT
#include "foundation/net/url.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "foundation/base/text.h"

namespace pryx::net {
namespace {

constexpr std::size_t kMaxNameBytes = 253;
constexpr std::size_t kMaxLabelBytes = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_label_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

// Some libraries take a name whose last label is a number for an address in an old form; nobody may have to
// guess which.
bool ends_in_number(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (std::ranges::all_of(last, is_digit)) return true;
  return last.size() >= 2 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X') &&
         std::ranges::all_of(last.substr(2), is_hex);
}

IpAddress without_mapping(const IpAddress& address) {
  const auto prefix = parse_ip("::ffff:0:0");
  if (!address.is_v6 || !std::equal(address.bytes.begin(), address.bytes.begin() + 12, prefix->bytes.begin()))
    return address;
  IpAddress out;
  std::copy_n(address.bytes.begin() + 12, 4, out.bytes.begin());
  return out;
}

Host numeric(const IpAddress& address) {
  const IpAddress plain = without_mapping(address);
  return {to_text(plain), plain};
}

Result<void> check_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes)
    return fail(ErrorCode::kInvalidArgument, "the host name is empty or over {} characters", kMaxNameBytes);
  for (const std::string_view label : split(name, '.')) {
    if (label.empty() || label.size() > kMaxLabelBytes)
      return fail(ErrorCode::kInvalidArgument, "a part of the host name is empty or over {} characters",
                  kMaxLabelBytes);
    if (!std::ranges::all_of(label, is_label_char) || label.front() == '-' || label.back() == '-')
      return fail(
          ErrorCode::kInvalidArgument,
          "the host name may hold only letters, digits, '-', '_' and '.'; write an international name "
          "in its xn-- form");
  }
  return {};
}

Result<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const bool plain =
      !text.empty() && text.size() <= 5 && std::ranges::all_of(text, is_digit) && text[0] != '0';
  if (plain) std::from_chars(text.data(), text.data() + text.size(), port);
  if (port == 0 || port > 65535)
    return fail(ErrorCode::kInvalidArgument, "the port must be a number from 1 to 65535");
  return static_cast<std::uint16_t>(port);
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

// The characters that a path or query may hold; what people paste beyond them is escaped, what could be read
// in two ways is refused.
Result<std::string> canonical_part(std::string_view text) {
  constexpr std::string_view kEscaped = "\"<>^`{|}[]";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '\\')
      return fail(ErrorCode::kInvalidArgument,
                  "a URL holds no spaces, control characters or backslashes; percent-encode them");
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
        return fail(ErrorCode::kInvalidArgument, "a '%' in a URL needs two hexadecimal digits behind it");
      if (text.substr(i + 1, 2) == "00")
        return fail(ErrorCode::kInvalidArgument, "a URL holds no NUL, also no escaped one");
      out += c;
    } else if (byte >= 0x80 || kEscaped.find(c) != std::string_view::npos) {
      append_escaped(out, c);
    } else {
      out += c;
    }
  }
  return out;
}

enum class Segment : std::uint8_t { kOrdinary, kDot, kDotDot };

Segment kind_of(std::string_view segment) {
  std::string plain;
  for (std::size_t i = 0; i < segment.size() && plain.size() < 3; ++i) {
    if (segment[i] == '%' && segment.size() - i >= 3 && segment[i + 1] == '2' &&
        (segment[i + 2] == 'e' || segment[i + 2] == 'E')) {
      plain += '.';
      i += 2;
    } else {
      plain += segment[i];
    }
  }
  if (plain == ".") return Segment::kDot;
  return plain == ".." ? Segment::kDotDot : Segment::kOrdinary;
}

std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> segments = split(path.substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool is_last = i + 1 == segments.size();
    const Segment kind = kind_of(segments[i]);
    if (kind == Segment::kDotDot && !kept.empty()) kept.pop_back();
    if (kind == Segment::kOrdinary)
      kept.push_back(segments[i]);
    else if (is_last)
      kept.emplace_back();
  }
  std::string out;
  for (const std::string_view segment : kept) {
    out += '/';
    out += segment;
  }
  return out.empty() ? "/" : out;
}

Result<std::string> canonical_target(std::string_view text) {
  const std::size_t question = text.find('?');
  PRYX_TRY(std::string path, canonical_part(text.substr(0, question)));
  if (path.empty()) path = "/";
  std::string out = without_dot_segments(path);
  if (question == std::string_view::npos) return out;
  PRYX_TRY(const std::string query, canonical_part(text.substr(question + 1)));
  return query.empty() ? out : out + "?" + query;  // libcurl drops the mark of an empty query
}

// "//authority/target" behind the scheme.
Result<Url> parse_behind_scheme(bool is_https, std::string_view rest) {
  Url url;
  url.is_https = is_https;
  rest.remove_prefix(2);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument,
                "a URL may not carry a user name or password; use an Authorization header");
  PRYX_TRY(HostPort at, parse_host_port(authority));
  url.host = std::move(at.host);
  url.port = at.port.value_or(url.default_port());
  PRYX_TRY(url.target, canonical_target(rest.substr(end)));
  return url;
}

}  // namespace

std::string Host::text() const { return address && address->is_v6 ? "[" + name + "]" : name; }

std::string Url::origin() const { return fmt::format("{}:{}", host.text(), port); }

std::string Url::text() const {
  const std::string at = port == default_port() ? host.text() : origin();
  return fmt::format("{}://{}{}", is_https ? "https" : "http", at, target);
}

std::string_view Url::path() const { return std::string_view(target).substr(0, target.find('?')); }

Result<Host> parse_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']') && text.size() > 2) {
    const auto address = parse_ip(text.substr(1, text.size() - 2));
    if (!address || !address->is_v6)
      return fail(ErrorCode::kInvalidArgument, "what stands in brackets is no IPv6 address");
    return numeric(*address);
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  PRYX_TRY_VOID(check_name(text));
  if (!ends_in_number(text)) return Host{lower_ascii(text), std::nullopt};
  const auto address = parse_ip(text);
  if (!address || address->is_v6)
    return fail(ErrorCode::kInvalidArgument,
                "a numeric host must be written as four decimal numbers, like 192.0.2.1");
  return numeric(*address);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  HostPort out;
  PRYX_TRY(out.host, parse_host(text.substr(0, colon)));
  if (colon != std::string_view::npos) {
    PRYX_TRY(out.port, parse_port(text.substr(colon + 1)));
  }
  return out;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes)
    return fail(ErrorCode::kInvalidArgument, "the URL is over {} bytes", kMaxUrlBytes);
  if (!is_valid_utf8(text)) return fail(ErrorCode::kInvalidArgument, "the URL is not valid UTF-8");
  const std::size_t fragment = text.find('#');
  // Also what is never sent must be clean: people are shown the whole of it.
  if (fragment != std::string_view::npos) {
    PRYX_TRY_VOID(canonical_part(text.substr(fragment + 1)));
    text = text.substr(0, fragment);
  }
  const std::size_t colon = text.find("://");
  const std::string scheme = lower_ascii(text.substr(0, std::min(colon, text.size())));
  if (colon == std::string_view::npos || (scheme != "http" && scheme != "https"))
    return fail(ErrorCode::kInvalidArgument, "a URL must begin with http:// or https://");
  return parse_behind_scheme(scheme == "https", text.substr(colon + 1));
}

Result<Url> resolve_reference(const Url& base, std::string_view reference) {
  if (reference.size() > kMaxUrlBytes || !is_valid_utf8(reference))
    return fail(ErrorCode::kInvalidArgument, "the address is too long or not valid UTF-8");
  reference = reference.substr(0, reference.find('#'));
  // A colon before any '/' or '?' ends a scheme.
  const std::size_t stop = std::min(reference.find_first_of("/?"), reference.size());
  if (reference.substr(0, stop).find(':') != std::string_view::npos) return parse_url(reference);
  if (reference.starts_with("//")) return parse_behind_scheme(base.is_https, reference);
  Url out = base;
  if (reference.empty()) return out;
  std::string target(reference);
  if (reference.starts_with('?')) {
    target = std::string(base.path()) + target;
  } else if (!reference.starts_with('/')) {
    target = std::string(base.path().substr(0, base.path().rfind('/') + 1)) + target;
  }
  PRYX_TRY(out.target, canonical_target(target));
  if (out.target.size() > kMaxUrlBytes)
    return fail(ErrorCode::kInvalidArgument, "the URL is over {} bytes", kMaxUrlBytes);
  return out;
}

}  // namespace pryx::net
