// SPDX-License-Identifier: MIT
#include "foundation/net/internal/response_format.h"

#include <algorithm>
#include <chrono>

#include "foundation/base/text.h"

namespace pryx::net::internal {

namespace {

bool is_server_owned(std::string_view name) {
  switch (name.size()) {
    case 4:
      return equals_ignore_case(name, "date");
    case 10:
      return equals_ignore_case(name, "connection");
    case 14:
      return equals_ignore_case(name, "content-length");
    case 17:
      return equals_ignore_case(name, "transfer-encoding");
    default:
      return false;
  }
}

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f && c != ':'; });
}

// A line end in a value would let data write headers of its own.
void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back((byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c);
  }
}

}  // namespace

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string format_head(int status, const Headers& headers, const HeadOptions& options) {
  std::string out;
  std::size_t estimate = 160;
  for (const auto& [name, value] : headers.all()) estimate += name.size() + value.size() + 4;
  out.reserve(estimate);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", status, reason_phrase(status),
                 options.date);
  for (const auto& [name, value] : headers.all()) {
    if (is_server_owned(name) || !is_name(name)) continue;
    out.append(name).append(": ");
    append_value(out, value);
    out.append("\r\n");
  }
  if (status_has_body(status)) {
    if (options.framing == BodyFraming::kLength)
      fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", options.body_bytes);
    if (options.framing == BodyFraming::kChunked) out.append("Transfer-Encoding: chunked\r\n");
  }
  if (options.close) out.append("Connection: close\r\n");
  out.append("\r\n");
  return out;
}

std::string format_date(WallTime time) {
  using namespace std::chrono;
  static constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_seconds at{seconds(time.unix_ms / 1000)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(at - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace pryx::net::internal
