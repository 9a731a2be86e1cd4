// SPDX-License-Identifier: MIT
#include "json_text.h"

#include <charconv>

namespace audit_verify {
namespace {

constexpr int kMaxDepth = 100;

// Walks over one value; every function leaves `at_` behind what it accepted.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] std::size_t at() const { return at_; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool skip_value(int depth);
  bool skip_string();

 private:
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  [[nodiscard]] bool is_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  bool skip_digits() {
    if (!is_digit()) return false;
    while (is_digit()) ++at_;
    return true;
  }
  bool skip_number();
  bool skip_container(char open, int depth);

  std::string_view text_;
  std::size_t at_ = 0;
};

bool Scanner::skip_string() {
  if (!take('"')) return false;
  while (at_ < text_.size()) {
    const auto c = static_cast<unsigned char>(text_[at_++]);
    if (c == '"') return true;
    if (c < 0x20) return false;
    if (c != '\\') continue;
    if (at_ >= text_.size()) return false;
    const char escape = text_[at_++];
    if (escape == 'u') {
      for (int i = 0; i < 4; ++i, ++at_) {
        const bool is_hex = at_ < text_.size() && ((text_[at_] >= '0' && text_[at_] <= '9') ||
                                                   (text_[at_] >= 'a' && text_[at_] <= 'f'));
        if (!is_hex) return false;
      }
    } else if (std::string_view("\"\\bfnrt").find(escape) == std::string_view::npos) {
      return false;
    }
  }
  return false;
}

bool Scanner::skip_number() {
  (void)take('-');
  if (!take('0') && !skip_digits()) return false;
  if (take('.') && !skip_digits()) return false;
  if (take('e')) {
    if (!take('+')) (void)take('-');
    if (!skip_digits()) return false;
  }
  return true;
}

bool Scanner::skip_container(char open, int depth) {
  const char close = open == '{' ? '}' : ']';
  if (!take(open)) return false;
  if (take(close)) return true;
  do {
    if (open == '{' && (!skip_string() || !take(':'))) return false;
    if (!skip_value(depth + 1)) return false;
  } while (take(','));
  return take(close);
}

bool Scanner::skip_value(int depth) {
  if (depth > kMaxDepth || at_ >= text_.size()) return false;
  switch (text_[at_]) {
    case '{':
    case '[':
      return skip_container(text_[at_], depth);
    case '"':
      return skip_string();
    case 't':
      return take_word("true");
    case 'f':
      return take_word("false");
    case 'n':
      return take_word("null");
    default:
      return skip_number();
  }
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

}  // namespace

std::optional<Members> members_of(std::string_view text) {
  Scanner scan(text);
  Members out;
  if (!scan.take('{')) return std::nullopt;
  if (scan.take('}')) return scan.at_end() ? std::optional(std::move(out)) : std::nullopt;
  do {
    const std::size_t key = scan.at();
    if (!scan.skip_string()) return std::nullopt;
    auto name = text_of(text.substr(key, scan.at() - key));
    if (!name || (!out.empty() && *name <= out.back().first) || !scan.take(':')) return std::nullopt;
    const std::size_t value = scan.at();
    if (!scan.skip_value(0)) return std::nullopt;
    out.emplace_back(std::move(*name), text.substr(value, scan.at() - value));
  } while (scan.take(','));
  if (!scan.take('}') || !scan.at_end()) return std::nullopt;
  return out;
}

std::optional<std::string_view> find(const Members& members, std::string_view name) {
  for (const auto& [key, value] : members)
    if (key == name) return value;
  return std::nullopt;
}

std::optional<std::vector<std::string_view>> items_of(std::string_view text) {
  Scanner scan(text);
  std::vector<std::string_view> out;
  if (!scan.take('[')) return std::nullopt;
  if (scan.take(']')) return scan.at_end() ? std::optional(std::move(out)) : std::nullopt;
  do {
    const std::size_t value = scan.at();
    if (!scan.skip_value(0)) return std::nullopt;
    out.push_back(text.substr(value, scan.at() - value));
  } while (scan.take(','));
  if (!scan.take(']') || !scan.at_end()) return std::nullopt;
  return out;
}

std::optional<std::string> text_of(std::string_view value) {
  Scanner scan(value);
  if (!scan.skip_string() || !scan.at_end()) return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] != '\\') {
      out += value[i];
      continue;
    }
    const char escape = value[++i];
    if (escape == 'u') {
      std::uint32_t c = 0;
      (void)std::from_chars(value.data() + i + 1, value.data() + i + 5, c, 16);
      append_utf8(out, c);
      i += 4;
      continue;
    }
    constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
    const std::size_t at = kFrom.find(escape);
    out += at == std::string_view::npos ? escape : kTo[at];
  }
  return out;
}

std::optional<std::uint64_t> number_of(std::string_view value) {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
  const bool is_one_form = value == "0" || (!value.empty() && value[0] >= '1' && value[0] <= '9');
  if (error != std::errc() || end != value.data() + value.size() || !is_one_form || n > (1ULL << 62))
    return std::nullopt;
  return n;
}

}  // namespace audit_verify
