// SPDX-License-Identifier: MIT
#include "engine/tools/http/call.h"

#include <algorithm>

#include "foundation/base/clock.h"
#include "foundation/base/text.h"

namespace pryx::tools::http {
namespace {

constexpr std::string_view kSecretMark = "secret:";
constexpr Duration kLongest = std::chrono::minutes(5);

bool is_token(std::string_view text) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOther.find(c) != std::string_view::npos;
  });
}

// "secret:name" and "Bearer secret:name"; nothing else of a value is looked at.
void read_secret_reference(Field& field) {
  std::string_view value = field.value;
  std::string_view prefix;
  if (const std::size_t space = value.find(' ');
      space != std::string_view::npos && !value.starts_with(kSecretMark)) {
    prefix = value.substr(0, space + 1);
    value.remove_prefix(space + 1);
  }
  if (!value.starts_with(kSecretMark) || value.size() == kSecretMark.size() ||
      value.find(' ') != std::string_view::npos)
    return;
  std::string name(value.substr(kSecretMark.size()));
  field.prefix = prefix;
  field.secret_name = std::move(name);
  field.value.clear();
}

Result<Field> read_field(std::string_view name, const json::value& value) {
  if (!is_token(name))
    return fail(ErrorCode::kInvalidArgument, "'{}' is no HTTP field name",
                to_valid_utf8(utf8_prefix(name, 64)));
  if (!value.is_string())
    return fail(ErrorCode::kInvalidArgument, "the value of the field {} must be text", name);
  Field field{std::string(name), {}, std::string(value.as_string()), {}};
  if (!is_field_value(field.value))
    return fail(ErrorCode::kInvalidArgument, "the field {} holds a line end or control character", name);
  read_secret_reference(field);
  return field;
}

Result<Duration> read_timeout(const json::object& arguments) {
  const json::value* value = json::find(arguments, "timeout");
  if (value == nullptr) return std::chrono::seconds(30);
  PRYX_TRY(const std::int64_t seconds, json::get_integer(arguments, "timeout"));
  return std::clamp<Duration>(std::chrono::seconds(seconds), std::chrono::seconds(1), kLongest);
}

}  // namespace

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

std::string Field::text() const { return secret_name.empty() ? value : prefix + "secret:" + secret_name; }

bool Call::uses_secret() const {
  return std::ranges::any_of(fields, [](const Field& f) { return !f.secret_name.empty(); });
}

std::vector<std::string> Call::allowed() const {
  // Both ordinary ports, so that a site may move a caller from http to https.
  if (!uses_secret() && (url.port == 80 || url.port == 443)) return {url.host.text()};
  return {url.origin()};
}

std::string Call::one_line() const {
  std::string line = fmt::format("{} {}", method, url.text());
  std::string names;
  for (const Field& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  std::string more;
  if (!names.empty()) more = "fields " + names;
  if (!body.empty()) more += fmt::format("{}body {} bytes", more.empty() ? "" : "; ", body.size());
  return more.empty() ? line : line + " (" + more + ")";
}

std::string Call::preview() const {
  std::string out = fmt::format("{} {}\n", method, url.text());
  for (const Field& field : fields) out += field.name + ": " + field.text() + "\n";
  if (!body.empty()) out += "\n" + body;
  return out;
}

Result<Call> read_call(const json::object& arguments) {
  Call call;
  call.method = json::string_or(arguments, "method", "GET");
  std::ranges::transform(call.method, call.method.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  PRYX_TRY(const std::string url, json::get_string(arguments, "url"));
  PRYX_TRY(call.url, net::parse_url(url));
  if (const json::value* headers = json::find(arguments, "headers")) {
    if (!headers->is_object()) return fail(ErrorCode::kInvalidArgument, "headers must be an object");
    for (const auto& [name, value] : headers->as_object()) {
      PRYX_TRY(Field field, read_field({name.data(), name.size()}, value));
      const bool twin = std::ranges::any_of(
          call.fields, [&](const Field& f) { return equals_ignore_case(f.name, field.name); });
      if (twin) return fail(ErrorCode::kInvalidArgument, "the field {} stands there twice", field.name);
      call.fields.push_back(std::move(field));
    }
  }
  call.body = json::string_or(arguments, "body");
  if (call.is_safe() && !call.body.empty())
    return fail(ErrorCode::kInvalidArgument, "{} has no body; use another method", call.method);
  PRYX_TRY(call.timeout, read_timeout(arguments));
  const std::string format = json::string_or(arguments, "format", "text");
  call.format = format == "raw" ? Format::kRaw : format == "json" ? Format::kJson : Format::kText;
  return call;
}

}  // namespace pryx::tools::http
