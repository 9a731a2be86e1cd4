// SPDX-License-Identifier: MIT
// ULID layout: 48 bits of Unix milliseconds, 80 random bits, Crockford base 32 (github.com/ulid/spec).
#include "foundation/base/ids.h"

namespace pryx {
namespace {
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}

bool is_ulid_with_prefix(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() != prefix.size() + 26) return false;
  text.remove_prefix(prefix.size());
  if (text.front() > '7') return false;  // 26 * 5 bits are two more than 128
  return text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::string IdSource::make_text(std::string_view prefix) {
  const std::int64_t now = clock_.wall().unix_ms;
  if (now > last_ms_) {
    last_ms_ = now;
    high_ = random_.next_u64() & 0x7fff;  // top bit free, so that counting up cannot overflow
    low_ = random_.next_u64();
  } else if (++low_ == 0) {
    ++high_;
  }
  std::string text(prefix);
  const auto ms = static_cast<std::uint64_t>(last_ms_);
  for (int shift = 45; shift >= 0; shift -= 5) text += kAlphabet[(ms >> shift) & 31];
  const unsigned __int128 rest = (static_cast<unsigned __int128>(high_ & 0xffff) << 64) | low_;
  for (int shift = 75; shift >= 0; shift -= 5)
    text += kAlphabet[static_cast<std::size_t>(rest >> shift) & 31];
  return text;
}

}  // namespace pryx
