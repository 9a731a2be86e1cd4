// SPDX-License-Identifier: MIT
#include "surfaces/cli/terminal_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace pryx::cli {
namespace {

constexpr char32_t kZeroWidthNonJoiner = 0x200C;
constexpr char32_t kZeroWidthJoiner = 0x200D;
// Scripts stack at most three or four marks; more only paints over neighbouring lines.
constexpr int kMaxMarks = 6;

bool is_pictograph(char32_t c) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->boundclass ==
         UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

bool is_variation_selector(char32_t c) { return c == 0xFE0E || c == 0xFE0F; }
bool is_skin_tone(char32_t c) { return c >= 0x1F3FB && c <= 0x1F3FF; }

// Arabic, Syriac, Thaana, N'Ko, Mongolian and the scripts of India, where joiners change how letters look.
bool is_joining_script(char32_t c) {
  return (c >= 0x0620 && c <= 0x08FF) || (c >= 0x0900 && c <= 0x0DFF) || (c >= 0x1820 && c <= 0x18AA) ||
         (c >= 0xFB50 && c <= 0xFDFF) || (c >= 0xFE70 && c <= 0xFEFC);
}

enum class Kind { kPlain, kMark, kUnsafe };

Kind kind_of(char32_t c) {
  // Fillers that are letters by category and show nothing.
  if (c == 0x115F || c == 0x1160 || c == 0x3164 || c == 0xFFA0 || c == 0x17B4 || c == 0x17B5 || c == 0x034F)
    return Kind::kUnsafe;
  if ((c >= 0x180B && c <= 0x180F) || (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0000 && c <= 0xE0FFF))
    return Kind::kUnsafe;
  if (c >= 0xFFF0 && c <= 0xFFFB) return Kind::kUnsafe;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return Kind::kUnsafe;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
      return Kind::kMark;
    default:
      return Kind::kPlain;
  }
}

void append_utf8(char32_t c, std::string& out) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
}

// ASCII controls as bytes, everything else as a code point.
void append_escape(char32_t c, std::string& out) {
  if (c < 0x80) {
    out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(c));
  } else {
    out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c));
  }
}

// Bytes of the sequence that starts with this one; 0 when none does.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

}  // namespace

std::string TextSanitizer::feed(std::string_view piece) {
  std::string joined;
  if (!partial_.empty()) {
    joined = std::exchange(partial_, {});
    joined.append(piece);
    piece = joined;
  }
  std::string out;
  out.reserve(piece.size() + 16);
  while (!piece.empty()) {
    utf8proc_int32_t code_point = -1;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(piece.data());
    const auto taken = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(piece.size()), &code_point);
    if (taken > 0) {
      take(static_cast<char32_t>(code_point), out);
      piece.remove_prefix(static_cast<std::size_t>(taken));
      continue;
    }
    const std::size_t wanted = sequence_length(static_cast<unsigned char>(piece.front()));
    bool may_continue = wanted > piece.size();
    for (std::size_t i = 1; may_continue && i < piece.size(); ++i) {
      may_continue = (static_cast<unsigned char>(piece[i]) & 0xC0u) == 0x80u;
    }
    if (may_continue) {
      partial_.assign(piece);
      break;
    }
    take_invalid(piece.substr(0, 1), out);
    piece.remove_prefix(1);
  }
  return out;
}

std::string TextSanitizer::finish() {
  std::string out;
  const std::string rest = std::exchange(partial_, {});
  for (char byte : rest) take_invalid({&byte, 1}, out);
  release_held(0, out);
  previous_ = 0;
  marks_ = 0;
  return out;
}

void TextSanitizer::take_invalid(std::string_view bytes, std::string& out) {
  release_held(0, out);
  for (unsigned char byte : bytes) out += fmt::format("\\x{:02x}", byte);
  previous_ = 'x';
  marks_ = 0;
}

// Decides what becomes of the character that waited for this one.
void TextSanitizer::release_held(char32_t next, std::string& out) {
  const char32_t held = std::exchange(held_, 0);
  if (held == 0) return;
  if (held == '\\') {
    // A literal backslash that would read as one of our escapes is escaped itself, so that the shown text has
    // one meaning only.
    if (next == 'x' || next == 'u') {
      append_escape('\\', out);
    } else {
      out.push_back('\\');
    }
    previous_ = '\\';
    return;
  }
  if (held == '\r') {
    if (next == '\n') return;
    append_escape('\r', out);
    previous_ = '}';
    marks_ = 0;
    return;
  }
  const bool emoji =
      held == kZeroWidthJoiner &&
      (is_pictograph(previous_) || is_variation_selector(previous_) || is_skin_tone(previous_)) &&
      is_pictograph(next);
  if (emoji || (is_joining_script(previous_) && is_joining_script(next))) {
    append_utf8(held, out);
  } else {
    append_escape(held, out);
    previous_ = '}';
    marks_ = 0;
  }
}

void TextSanitizer::emit(char32_t c, std::string& out) {
  append_utf8(c, out);
  previous_ = c;
}

void TextSanitizer::take(char32_t c, std::string& out) {
  release_held(c, out);
  if (c == '\n' || c == '\t') {
    out.push_back(static_cast<char>(c));
    previous_ = 0;
    marks_ = 0;
    return;
  }
  if (exactness_ == Exactness::kExact && c == '\\') {
    held_ = c;
    return;
  }
  if (exactness_ == Exactness::kReadable) {
    if (c == '\r' || c == kZeroWidthJoiner || c == kZeroWidthNonJoiner) {
      held_ = c;
      return;
    }
    if (is_variation_selector(c) && (is_pictograph(previous_) || previous_ == '#' || previous_ == '*' ||
                                     (previous_ >= '0' && previous_ <= '9'))) {
      emit(c, out);
      return;
    }
  }
  switch (kind_of(c)) {
    case Kind::kPlain:
      marks_ = 0;
      emit(c, out);
      return;
    case Kind::kMark:
      // A mark needs something of the same text to sit on, else it changes what we print before it.
      if (previous_ != 0 && previous_ != ' ' && marks_ < kMaxMarks) {
        ++marks_;
        emit(c, out);
        return;
      }
      break;
    case Kind::kUnsafe:
      break;
  }
  append_escape(c, out);
  previous_ = '}';
  marks_ = 0;
}

std::string sanitize(std::string_view foreign, Exactness exactness) {
  TextSanitizer sanitizer(exactness);
  std::string out = sanitizer.feed(foreign);
  out += sanitizer.finish();
  return out;
}

std::string sanitize_line(std::string_view foreign) {
  std::string out;
  for (char c : sanitize(foreign)) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c == '\t' ? ' ' : c);
    }
  }
  return out;
}

std::string restore_exact(std::string_view shown) {
  std::string out;
  while (!shown.empty()) {
    std::uint32_t value = 0;
    std::size_t used = 0;
    const auto digit = [](char c) -> std::optional<std::uint32_t> {
      if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
      if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a' + 10);
      return std::nullopt;
    };
    if (shown.size() >= 4 && shown.starts_with("\\x") && digit(shown[2]) && digit(shown[3])) {
      out.push_back(static_cast<char>(*digit(shown[2]) * 16 + *digit(shown[3])));
      shown.remove_prefix(4);
      continue;
    }
    if (shown.starts_with("\\u{")) {
      for (std::size_t i = 3; i < shown.size() && i < 10; ++i) {
        if (shown[i] == '}') used = i + 1;
        if (used != 0 || !digit(shown[i])) break;
        value = value * 16 + *digit(shown[i]);
      }
    }
    if (used != 0) {
      append_utf8(value, out);
      shown.remove_prefix(used);
    } else {
      out.push_back(shown.front());
      shown.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace pryx::cli
