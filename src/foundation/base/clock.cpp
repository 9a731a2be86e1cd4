// SPDX-License-Identifier: MIT
#include "foundation/base/clock.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "foundation/base/text.h"

namespace pryx {

std::uint64_t Random::next_u64() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
  PRYX_CHECK(bound > 0);
  const std::uint64_t limit =
      UINT64_MAX - UINT64_MAX % bound;  // reject the tail, so that no value is favoured
  for (;;) {
    const std::uint64_t value = next_u64();
    if (value < limit) return value % bound;
  }
}

std::string to_rfc3339(WallTime time) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds{time.unix_ms}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const auto ms = (at - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                     ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

namespace {
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  out = value;
  text.remove_prefix(digits);
  return true;
}
bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || (text.front() != wanted && text.front() != (wanted | 0x20))) return false;
  text.remove_prefix(1);
  return true;
}
}  // namespace

Result<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const std::string_view whole = text;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0, offset_minutes = 0;
  bool ok = take_number(text, 4, y) && take_char(text, '-') && take_number(text, 2, mo) &&
            take_char(text, '-') && take_number(text, 2, d) && take_char(text, 'T') &&
            take_number(text, 2, h) && take_char(text, ':') && take_number(text, 2, mi) &&
            take_char(text, ':') && take_number(text, 2, s);
  if (ok && take_char(text, '.')) {
    int scale = 100, seen = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      ms += (text.front() - '0') * scale;
      scale /= 10;
      ++seen;
      text.remove_prefix(1);
    }
    ok = seen > 0;
  }
  if (ok && !take_char(text, 'Z')) {
    const int sign = take_char(text, '+') ? 1 : (take_char(text, '-') ? -1 : 0);
    int oh = 0, om = 0;
    ok = sign != 0 && take_number(text, 2, oh) && take_char(text, ':') && take_number(text, 2, om) &&
         oh < 24 && om < 60;
    offset_minutes = sign * (oh * 60 + om);
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!ok || !text.empty() || !date.ok() || h > 23 || mi > 59 || s > 60) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is no RFC 3339 time such as 2026-11-21T07:36:32Z",
                utf8_prefix(whole, 64));
  }
  const auto at = sys_days{date} + hours{h} + minutes{mi - offset_minutes} + seconds{s} + milliseconds{ms};
  return WallTime{duration_cast<milliseconds>(at.time_since_epoch()).count()};
}

Result<Duration> parse_duration(std::string_view text) {
  // The digits are cut out first: from_chars by itself also takes signs, exponents, "inf" and "nan".
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, digits), unit = text.substr(digits);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool is_number = error == std::errc{} && end == number.data() + number.size() &&
                         number.front() != '.' && number.back() != '.';
  double scale = 0;
  if (unit == "ms") scale = 1e6;
  if (unit == "s" || unit.empty()) scale = 1e9;
  if (unit == "m" || unit == "min") scale = 60e9;
  if (unit == "h") scale = 3600e9;
  if (unit == "d") scale = 86400e9;
  if (!is_number || scale == 0 || value * scale > 9e18) {
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is no duration; write for example 250ms, 30s, 5m, 2h or 7d", utf8_prefix(text, 64));
  }
  return Duration{static_cast<std::int64_t>(value * scale)};
}

std::string format_duration(Duration duration) {
  const double ms = static_cast<double>(duration.count()) / 1e6;
  if (ms < 1000) return fmt::format("{:.0f}ms", ms);
  if (ms < 120'000) return fmt::format("{:.1f}s", ms / 1000);
  if (ms < 7'200'000) return fmt::format("{:.0f}m", ms / 60'000);
  if (ms < 172'800'000) return fmt::format("{:.1f}h", ms / 3'600'000);
  return fmt::format("{:.0f}d", ms / 86'400'000);
}

}  // namespace pryx
