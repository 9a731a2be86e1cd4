// SPDX-License-Identifier: MIT
// Addresses of mail: found at their sign, then read to both sides.
#include <algorithm>

#include "foundation/base/text.h"
#include "trust/redaction/internal/scan.h"

namespace pryx::redaction {
namespace {

constexpr std::size_t kLongestLocal = 64;
constexpr std::size_t kLongestDomain = 253;
constexpr std::string_view kSigns[] = {"@", "%40", "&#64;", "&#x40;", " [at] ", "[at]", " (at) "};

// Ideographs have no spaces between words, so they end a name that is written in letters.
bool is_foreign_letter(std::string_view text, std::size_t lead) {
  const auto c = static_cast<unsigned char>(text[lead]);
  return c >= 0xC3 && c <= 0xDF;  // U+00C0 to U+07FF: two bytes; NBSP and signs below U+00C0 have C2
}

bool is_local(char c) { return is_alnum(c) || std::string_view("._%+'~-").contains(c); }

std::size_t local_begin(std::string_view text, std::size_t end) {
  std::size_t begin = end;
  while (begin > 0 && end - begin < kLongestLocal) {
    const auto c = static_cast<unsigned char>(text[begin - 1]);
    if (is_local(text[begin - 1])) {
      --begin;
    } else if (c >= 0x80 && c < 0xC0 && begin >= 2 && is_foreign_letter(text, begin - 2)) {
      begin -= 2;
    } else {
      break;
    }
  }
  // A name of ideographs alone. E2 leads dashes, quotes and signs.
  while (begin == end || static_cast<unsigned char>(text[begin]) >= 0xE3) {
    const bool is_ideograph =
        begin >= 3 && end - begin < kLongestLocal && static_cast<unsigned char>(text[begin - 3]) >= 0xE3 &&
        static_cast<unsigned char>(text[begin - 3]) < 0xF0 && !text.substr(begin - 3).starts_with("\xE3\x80");
    if (!is_ideograph) break;
    begin -= 3;
  }
  // A quoted name: "anna example"@…
  if (begin == end && begin > 0 && text[begin - 1] == '"') {
    const std::size_t from = begin - std::min(begin, kLongestLocal + 2);
    const std::size_t quote = text.substr(from, begin - 1 - from).rfind('"');
    if (quote != text.npos && !text.substr(from + quote, begin - from - quote).contains('\n'))
      return from + quote;
  }
  while (begin < end && std::string_view(".'~").contains(text[begin])) ++begin;
  return begin;
}

// Where the last label ends that can end a domain; `begin` when there is none.
std::size_t domain_end(std::string_view text, std::size_t begin) {
  if (char_at(text, begin) == '[') {
    const std::size_t close = text.substr(begin, 64).find(']');
    const bool is_address =
        close != text.npos && close > 2 &&
        text.substr(begin + 1, close - 1).find_first_not_of("0123456789abcdefABCDEFIPv.:") == text.npos;
    return is_address ? begin + close + 1 : begin;
  }
  std::size_t end = begin;
  std::size_t label = begin;
  std::size_t labels = 0;
  std::size_t best = begin;
  while (end - begin < kLongestDomain) {
    const char c = char_at(text, end);
    const bool is_foreign =
        static_cast<unsigned char>(c) >= 0x80 && end < text.size() &&
        (end > label ? static_cast<unsigned char>(text[label]) >= 0x80 || is_foreign_letter(text, end) ||
                           static_cast<unsigned char>(c) < 0xC0
                     : true);
    if (is_alnum(c) || c == '-' || c == '_' || is_foreign) {
      ++end;
      continue;
    }
    const std::string_view last = text.substr(label, end - label);
    if (last.empty() || last.front() == '-') break;
    ++labels;
    const bool is_top =
        last.size() >= 2 && (last.starts_with("xn--") || std::ranges::none_of(last, [](char d) {
                               return is_digit(d) || d == '_' || d == '-';
                             }));
    if (labels > 1 && is_top) best = end;
    if (c != '.') break;
    label = ++end;
  }
  return best;
}

// What has an @ and a dot and is no mailbox: services, scaled pictures, versions of packages, clones.
bool is_other(std::string_view text, std::string_view local, std::string_view domain, std::size_t end) {
  static constexpr std::string_view kNoTop[] = {
      "service", "socket", "timer", "target", "mount", "slice", "scope", "path", "png",
      "jpg",     "jpeg",   "gif",   "svg",    "webp",  "ico",   "css",   "scss", "html",
      "js",      "mjs",    "cjs",   "jsx",    "tsx",   "ts",    "json",  "yaml", "yml",
      "toml",    "lock",   "txt",   "log",    "conf",  "tgz",   "tar",   "gz",   "tar.gz"};
  const std::size_t dot = domain.rfind('.');
  if (dot == domain.npos) return false;
  const std::string top = lower_ascii(domain.substr(dot + 1));
  if (std::ranges::find(kNoTop, std::string_view(top)) != std::end(kNoTop)) return true;
  const std::string_view first = domain.substr(0, domain.find('.'));
  if (std::ranges::all_of(first, is_digit) && is_digit(char_at(domain, first.size() + 1)))
    return true;  // 1.2.0-beta.rc
  if (first.size() <= 3 && first.ends_with('x') &&
      std::ranges::all_of(first.substr(0, first.size() - 1), is_digit))
    return true;
  const bool is_clone =
      local == "git" || local == "hg" || local == "svn" || local == "gitea" || local == "forgejo";
  return is_clone && (char_at(text, end) == ':' || char_at(text, end) == '/');
}

void scan_sign(Scan& scan, std::string_view sign) {
  const std::string_view text = scan.plain();
  for (std::size_t at = text.find(sign); at != text.npos; at = text.find(sign, at + sign.size())) {
    const std::size_t begin = local_begin(text, at);
    const std::size_t host = at + sign.size();
    const std::size_t end = domain_end(text, host);
    if (begin == at || end == host) continue;
    if (!is_other(text, text.substr(begin, at - begin), text.substr(host, end - host), end))
      scan.add(begin, end, Kind::kEmail);
  }
}

}  // namespace

void scan_emails(Scan& scan) {
  if (!scan.wants(Kind::kEmail)) return;
  for (const std::string_view sign : kSigns) scan_sign(scan, sign);
}

}  // namespace pryx::redaction
