// SPDX-License-Identifier: MIT
#include "charset.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "foundation/base/text.h"

namespace pryx::worker {
namespace {

constexpr std::size_t kSniffed = 2048;
const iconv_t kNone = reinterpret_cast<iconv_t>(-1);

// What pages write, and what iconv calls it. Latin-1 means Windows-1252 on the web.
constexpr std::pair<std::string_view, const char*> kLabels[] = {
    {"iso-8859-1", "CP1252"},     {"latin1", "CP1252"},           {"us-ascii", "CP1252"},
    {"ascii", "CP1252"},          {"windows-1252", "CP1252"},     {"cp1252", "CP1252"},
    {"iso-8859-2", "ISO-8859-2"}, {"latin2", "ISO-8859-2"},       {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-7", "ISO-8859-7"}, {"iso-8859-9", "ISO-8859-9"},   {"iso-8859-15", "ISO-8859-15"},
    {"latin9", "ISO-8859-15"},    {"windows-1250", "CP1250"},     {"windows-1251", "CP1251"},
    {"cp1251", "CP1251"},         {"windows-1253", "CP1253"},     {"windows-1254", "CP1254"},
    {"windows-1255", "CP1255"},   {"windows-1256", "CP1256"},     {"windows-1257", "CP1257"},
    {"windows-1258", "CP1258"},   {"koi8-r", "KOI8-R"},           {"koi8-u", "KOI8-U"},
    {"shift_jis", "CP932"},       {"shift-jis", "CP932"},         {"sjis", "CP932"},
    {"euc-jp", "EUC-JP"},         {"iso-2022-jp", "ISO-2022-JP"}, {"gbk", "GB18030"},
    {"gb2312", "GB18030"},        {"gb18030", "GB18030"},         {"big5", "BIG5"},
    {"euc-kr", "CP949"},          {"utf-16", "UTF-16LE"},         {"utf-16le", "UTF-16LE"},
    {"utf-16be", "UTF-16BE"},
};

const char* find_label(std::string_view label) {
  const std::string lower = lower_ascii(trim(label));
  const auto* found =
      std::ranges::find(kLabels, std::string_view(lower), [](const auto& l) { return l.first; });
  return found == std::end(kLabels) ? nullptr : found->second;
}
bool is_utf8_label(std::string_view label) {
  const std::string lower = lower_ascii(trim(label));
  return lower == "utf-8" || lower == "utf8";
}

// The value of the first `charset=` in the head of a page: that of <meta charset> and of its older form.
std::string_view charset_in_page(std::string_view document) {
  const std::string head = lower_ascii(document.substr(0, kSniffed));
  std::size_t at = head.find("charset");
  while (at != std::string::npos) {
    std::size_t begin = at + 7;
    while (begin < head.size() && head[begin] == ' ') ++begin;
    if (begin < head.size() && head[begin] == '=') {
      ++begin;
      while (begin < head.size() && (head[begin] == ' ' || head[begin] == '"' || head[begin] == '\''))
        ++begin;
      const std::size_t end = std::min(head.find_first_of(" \"'>;/", begin), head.size());
      return document.substr(begin, end - begin);
    }
    at = head.find("charset", at + 7);
  }
  return {};
}

}  // namespace

std::string detect_charset(std::string_view declared, std::string_view document, bool is_html) {
  if (document.starts_with("\xEF\xBB\xBF")) return {};
  if (document.starts_with("\xFF\xFE")) return "UTF-16LE";
  if (document.starts_with("\xFE\xFF")) return "UTF-16BE";
  if (is_utf8_label(declared)) return {};
  if (const char* known = find_label(declared)) return known;
  if (!is_html) return {};
  const std::string_view own = charset_in_page(document);
  const char* known = find_label(own);
  // A page that can be searched byte by byte is not in UTF-16, whatever it says.
  if (known == nullptr || std::string_view(known).starts_with("UTF-16")) return {};
  return known;
}

Decoder::Decoder(const std::string& charset)
    : encoder_(charset.empty() ? kNone : ::iconv_open("UTF-8", charset.c_str())) {
  if (encoder_ == kNone) return;
  // Some tables are loaded with the first character only.
  (void)to_utf8("a");
}
Decoder::~Decoder() {
  if (encoder_ != kNone) ::iconv_close(encoder_);
}

std::string Decoder::to_utf8(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (encoder_ == kNone) return to_valid_utf8(bytes);
  ::iconv(encoder_, nullptr, nullptr, nullptr, nullptr);
  std::string out;
  char* in = const_cast<char*>(bytes.data());  // iconv's old signature; it only reads
  std::size_t left = bytes.size();
  std::array<char, 16384> buffer;
  while (left > 0) {
    char* to = buffer.data();
    std::size_t room = buffer.size();
    const std::size_t result = ::iconv(encoder_, &in, &left, &to, &room);
    out.append(buffer.data(), buffer.size() - room);
    if (result != static_cast<std::size_t>(-1)) break;
    if (errno == E2BIG) continue;
    out += "\xEF\xBF\xBD";
    if (errno != EILSEQ) break;  // cut in the middle of a character
    ++in;
    --left;
  }
  if (out.starts_with("\xEF\xBB\xBF")) out.erase(0, 3);
  return to_valid_utf8(out);
}

}  // namespace pryx::worker
