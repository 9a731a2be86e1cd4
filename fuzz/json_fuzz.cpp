// SPDX-License-Identifier: MIT
// JSON from strangers. A second reader, written from RFC 8259 alone, must give the same verdict and the same
// numbers; what is accepted survives both of our writers, and the canonical form is a fixed point.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/text.h"

using namespace pryx;

namespace {

constexpr std::size_t kMaxDepth = 16;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

class Reference {
 public:
  explicit Reference(std::string_view text) : text_(text) {}

  bool read() {
    if (!is_valid_utf8(text_)) return false;
    skip_space();
    if (!read_value(0)) return false;
    skip_space();
    return at_ == text_.size();
  }
  [[nodiscard]] const std::vector<double>& numbers() const { return numbers_; }
  [[nodiscard]] bool has_far_exponent() const { return far_exponent_; }
  [[nodiscard]] bool has_twin() const { return twin_; }

 private:
  [[nodiscard]] int peek() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::size_t take_digits() {
    std::size_t count = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at_) ++count;
    return count;
  }

  bool read_number() {
    const std::size_t begin = at_;
    (void)take('-');
    if (!take('0') && take_digits() == 0) return false;
    if (take('.') && take_digits() == 0) return false;
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (!take('+')) (void)take('-');
      const std::size_t digits = take_digits();
      if (digits == 0) return false;
      if (digits > 8) far_exponent_ = true;
    }
    numbers_.push_back(std::strtod(std::string(text_.substr(begin, at_ - begin)).c_str(), nullptr));
    return std::isfinite(numbers_.back());
  }

  bool read_hex(unsigned& out) {
    out = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const int c = peek() | 0x20;
      if (c >= '0' && c <= '9')
        out = out * 16 + static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f')
        out = out * 16 + static_cast<unsigned>(c - 'a' + 10);
      else
        return false;
      if (peek() < '0') return false;  // | 0x20 maps some controls onto digits
    }
    return true;
  }

  bool read_escape(std::u32string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    const int c = peek();
    ++at_;
    if (c != 'u') {
      const std::size_t known = c < 0 ? std::string_view::npos : kNames.find(static_cast<char>(c));
      if (known == std::string_view::npos) return false;
      out += static_cast<char32_t>(kValues[known]);
      return true;
    }
    unsigned first = 0, second = 0;
    if (!read_hex(first) || (first >= 0xDC00 && first <= 0xDFFF)) return false;
    if (first >= 0xD800 && first <= 0xDBFF) {
      if (!take('\\') || !take('u') || !read_hex(second) || second < 0xDC00 || second > 0xDFFF) return false;
      first = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    }
    out += static_cast<char32_t>(first);
    return true;
  }

  bool read_string(std::u32string& out) {
    if (!take('"')) return false;
    while (!take('"')) {
      const int c = peek();
      if (c < 0x20) return false;
      if (take('\\')) {
        if (!read_escape(out)) return false;
        continue;
      }
      const int more = c < 0x80 ? 0 : (c < 0xE0 ? 1 : (c < 0xF0 ? 2 : 3));  // valid UTF-8: see read()
      char32_t code = more == 0 ? static_cast<char32_t>(c) : static_cast<char32_t>(c & (0x3F >> more));
      for (int i = 0; i < more; ++i) code = code << 6 | (static_cast<unsigned char>(text_[++at_]) & 0x3Fu);
      ++at_;
      out += code;
    }
    return true;
  }

  bool read_members(std::size_t depth) {
    std::set<std::u32string> keys;
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      std::u32string key;
      if (!read_string(key)) return false;
      if (!keys.insert(key).second) twin_ = true;
      skip_space();
      if (!take(':')) return false;
      skip_space();
      if (!read_value(depth)) return false;
      skip_space();
    } while (take(','));
    return take('}');
  }

  bool read_items(std::size_t depth) {
    skip_space();
    if (take(']')) return true;
    do {
      skip_space();
      if (!read_value(depth)) return false;
      skip_space();
    } while (take(','));
    return take(']');
  }

  bool read_value(std::size_t depth) {
    std::u32string ignored;
    switch (peek()) {
      case '{':
        ++at_;
        return depth < kMaxDepth && read_members(depth + 1);
      case '[':
        ++at_;
        return depth < kMaxDepth && read_items(depth + 1);
      case '"':
        return read_string(ignored);
      case 't':
        return take_word("true");
      case 'f':
        return take_word("false");
      case 'n':
        return take_word("null");
      default:
        return read_number();
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<double> numbers_;
  bool far_exponent_ = false;
  bool twin_ = false;
};

void collect(const json::value& v, std::vector<double>& out) {
  if (v.is_number())
    out.push_back(v.is_double()  ? v.get_double()
                  : v.is_int64() ? static_cast<double>(v.get_int64())
                                 : static_cast<double>(v.get_uint64()));
  if (const auto* items = v.if_array()) {
    for (const auto& item : *items) collect(item, out);
  }
  if (const auto* members = v.if_object()) {
    for (const auto& member : *members) collect(member.value(), out);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Reference reference(text);
  const bool wanted = reference.read();
  const auto parsed = json::parse(text, {.max_depth = kMaxDepth});
  const auto unchecked = json::parse(text, {.max_depth = kMaxDepth, .twins = json::Twins::kUnchecked});
  if (!parsed) {
    require(!parsed.error().message.empty(), "a refusal says why");
    // An exponent of nine digits and more may be refused whatever number it makes.
    require(!wanted || reference.has_twin() || reference.has_far_exponent(),
            "what RFC 8259 allows is accepted");
    require(
        unchecked.has_value() == (wanted && !reference.has_far_exponent()) || reference.has_far_exponent(),
        "only twins are left unchecked");
    return 0;
  }
  require(wanted && !reference.has_twin(), "what RFC 8259 forbids is refused");
  require(unchecked && *unchecked == *parsed, "the check for twins changes no value");
  std::vector<double> numbers;
  collect(*parsed, numbers);
  require(numbers == reference.numbers(), "every number is the nearest double");

  const std::string written = json::to_text(*parsed);
  const auto again = json::parse(written);
  require(again && *again == *parsed, "what is written is read back equal");
  require(json::to_text(*again) == written, "writing is stable");
  const std::string canonical = json::canonical(*parsed);
  const auto from_canonical = json::parse(canonical);
  require(from_canonical && json::canonical(*from_canonical) == canonical,
          "the canonical form is a fixed point");
  require(json::canonical(*again) == canonical, "the canonical form does not depend on the spelling");
  require(canonical.size() <= written.size() + 25 * numbers.size(), "the canonical form is bounded");
  return 0;
}
