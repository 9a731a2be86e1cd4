// SPDX-License-Identifier: MIT
#include "foundation/schema/ecma_pattern.h"

#include <re2/re2.h>

#include <array>
#include <optional>
#include <utility>

#include "foundation/base/text.h"

namespace pryx::schema {
namespace {

constexpr std::size_t kMaxPatternBytes = 8192;
constexpr std::int64_t kMaxProgramBytes =
    4 << 20;  // RE2 refuses what compiles to more, and keeps its cache below it
constexpr char32_t kLastCodePoint = 0x10FFFF;

// ECMA-262 white space and line ends; RE2's \s knows only ASCII.
constexpr std::string_view kSpaces =
    R"(\x{9}-\x{D}\x{20}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF})";
constexpr std::string_view kNoSpaces =
    R"(\x{0}-\x{8}\x{E}-\x{1F}\x{21}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027}\x{202A}-\x{202E})"
    R"(\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{FEFE}\x{FF00}-\x{10FFFF})";

// Long names of general categories; RE2 knows the short ones and the scripts.
constexpr std::array<std::pair<std::string_view, std::string_view>, 42> kCategories = {{
    {"Letter", "L"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Other", "C"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Surrogate", "Cs"},
    {"Private_Use", "Co"},
    {"Any", "Any"},
    {"L", "L"},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void append_literal(std::string& out, char32_t c) {
  if (c < 0x80 && (is_letter(static_cast<char>(c)) || is_digit(static_cast<char>(c)) || c == '_'))
    out += static_cast<char>(c);
  else
    out += fmt::format("\\x{{{:X}}}", static_cast<std::uint32_t>(c));
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : text_(pattern) {}

  Result<std::string> run() {
    int open_groups = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      switch (c) {
        case '\\':
          PRYX_TRY_VOID(escape());
          break;
        case '[':
          PRYX_TRY_VOID(char_class());
          break;
        case '(':
          PRYX_TRY_VOID(group());
          ++open_groups;
          break;
        case ')':
          if (--open_groups < 0) return refuse("')' without '('");
          out_ += text_[at_++];
          break;
        case '.':
          out_ += R"([^\n\r\x{2028}\x{2029}])";
          ++at_;
          break;
        case '{':
          brace();
          break;
        case '*':
        case '+':
        case '?':
        case '|':
        case '^':
        case '$':
          out_ += c;
          ++at_;
          break;
        default:
          append_literal(out_, next_code_point());
      }
    }
    if (open_groups != 0) return refuse("'(' without ')'");
    return std::move(out_);
  }

 private:
  // A member of a character class: one code point, or a set that cannot bound a range.
  struct Member {
    std::optional<char32_t> point;
    std::string set;
  };

  std::unexpected<Error> refuse(std::string_view why) const {
    return fail(ErrorCode::kUnsupported, "pattern '{}': {}", utf8_prefix(text_, 120), why);
  }

  bool has(std::string_view ahead) const { return text_.substr(at_).starts_with(ahead); }

  char32_t next_code_point() {
    const auto lead = static_cast<unsigned char>(text_[at_++]);
    if (lead < 0x80) return lead;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    char32_t c = lead & (0x3Fu >> more);
    for (int i = 0; i < more; ++i) c = (c << 6) | (static_cast<unsigned char>(text_[at_++]) & 0x3Fu);
    return c;
  }

  Result<> group() {
    ++at_;
    if (!has("?")) {
      out_ += "(?:";  // nobody reads the captures
      return {};
    }
    if (has("?=") || has("?!")) return refuse("look-ahead is not supported");
    if (has("?<=") || has("?<!")) return refuse("look-behind is not supported");
    if (has("?:")) {
      at_ += 2;
    } else if (has("?<")) {
      const std::size_t end = text_.find('>', at_);
      if (end == std::string_view::npos || end == at_ + 2) return refuse("a group's name is malformed");
      at_ = end + 1;
    } else {
      return refuse("'(?' with something else than ':', '=', '!' or '<' is not ECMA-262");
    }
    out_ += "(?:";
    return {};
  }

  void brace() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    const bool has_minimum = end > at_ + 1;
    if (has_minimum && end < text_.size() && text_[end] == ',') {
      ++end;
      while (end < text_.size() && is_digit(text_[end])) ++end;
    }
    if (has_minimum && end < text_.size() && text_[end] == '}') {
      out_ += text_.substr(at_, end + 1 - at_);
      at_ = end + 1;
      return;
    }
    append_literal(out_, next_code_point());
  }

  Result<> escape() {
    if (at_ + 1 >= text_.size()) return refuse("ends with a single '\\'");
    const char c = text_[at_ + 1];
    if (c == 'b' || c == 'B') {
      out_ += text_.substr(at_, 2);
      at_ += 2;
      return {};
    }
    if (c >= '1' && c <= '9') return refuse("back-references are not supported");
    if (c == 'k') return refuse("back-references are not supported");
    PRYX_TRY(const Member member, escaped_member());
    if (member.point)
      append_literal(out_, *member.point);
    else
      out_ += "[" + member.set + "]";
    return {};
  }

  // Reads `\…` with the meaning that it has both inside and outside of a class.
  Result<Member> escaped_member() {
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    at_ += 2;
    switch (c) {
      case 'd':
      case 'D':
      case 'w':
      case 'W':
        return Member{std::nullopt, std::string("\\") + c};
      case 's':
        return Member{std::nullopt, std::string(kSpaces)};
      case 'S':
        return Member{std::nullopt, std::string(kNoSpaces)};
      case 'p':
      case 'P':
        return property(c);
      case 'n':
        return Member{U'\n', {}};
      case 'r':
        return Member{U'\r', {}};
      case 't':
        return Member{U'\t', {}};
      case 'f':
        return Member{U'\f', {}};
      case 'v':
        return Member{U'\v', {}};
      case '0':
        if (at_ < text_.size() && is_digit(text_[at_])) return refuse("octal escapes are not supported");
        return Member{U'\0', {}};
      case 'c':
        if (at_ >= text_.size() || !is_letter(text_[at_])) return refuse("'\\c' needs a letter");
        return Member{static_cast<char32_t>(text_[at_++] & 0x1F), {}};
      case 'x':
        return code_unit(2);
      case 'u':
        return unicode_escape();
      default:
        break;
    }
    if (is_letter(c) || is_digit(c) || c == '\0')
      return refuse(fmt::format("'\\{}' is not ECMA-262", c == '\0' ? ' ' : c));
    --at_;  // any other character stands for itself
    return Member{next_code_point(), {}};
  }

  Result<Member> code_unit(std::size_t digits) {
    PRYX_TRY(const char32_t c, hex(digits));
    return Member{c, {}};
  }

  Result<char32_t> hex(std::size_t digits) {
    char32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at_) {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      const bool alpha = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!is_digit(c) && !alpha) return refuse("'\\x' needs two and '\\u' four hexadecimal digits");
      value = value * 16 + static_cast<char32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
  }

  Result<Member> unicode_escape() {
    if (has("{")) {
      const std::size_t end = text_.find('}', at_);
      if (end == std::string_view::npos || end - at_ < 2 || end - at_ > 7)
        return refuse("'\\u{' is malformed");
      ++at_;
      PRYX_TRY(const char32_t c, hex(end - at_));
      ++at_;
      if (c > kLastCodePoint) return refuse("'\\u{' names no code point");
      return Member{c, {}};
    }
    PRYX_TRY(const char32_t high, hex(4));
    if (high < 0xD800 || high > 0xDFFF) return Member{high, {}};
    if (high > 0xDBFF || !has("\\u")) return refuse("half a surrogate pair matches no character");
    at_ += 2;
    PRYX_TRY(const char32_t low, hex(4));
    if (low < 0xDC00 || low > 0xDFFF) return refuse("half a surrogate pair matches no character");
    return Member{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), {}};
  }

  Result<Member> property(char p) {
    const std::size_t end = text_.find('}', at_);
    if (!has("{") || end == std::string_view::npos) return refuse("'\\p' needs a property name in braces");
    std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    for (const std::string_view prefix : {"General_Category=", "gc=", "Script=", "sc="}) {
      if (!name.starts_with(prefix)) continue;
      name.remove_prefix(prefix.size());
      break;
    }
    for (const auto& [long_name, short_name] : kCategories) {
      if (name == long_name) name = short_name;
    }
    for (const char c : name) {
      if (!is_letter(c) && c != '_') return refuse("the property in '\\p{}' is not supported");
    }
    if (name.empty()) return refuse("the property in '\\p{}' is not supported");
    return Member{std::nullopt, fmt::format("\\{}{{{}}}", p, name)};
  }

  Result<Member> class_member() {
    if (text_[at_] != '\\') return Member{next_code_point(), {}};
    if (at_ + 1 < text_.size() && text_[at_ + 1] == 'b') {
      at_ += 2;
      return Member{U'\b', {}};
    }
    return escaped_member();
  }

  void append_member(std::string& set, const Member& member) const {
    if (member.point)
      append_literal(set, *member.point);
    else
      set += member.set;
  }

  Result<> char_class() {
    ++at_;
    const bool negated = has("^");
    if (negated) ++at_;
    std::string set;
    while (!has("]")) {
      if (at_ >= text_.size()) return refuse("'[' without ']'");
      PRYX_TRY(const Member first, class_member());
      const bool range = has("-") && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
      if (!range) {
        append_member(set, first);
        continue;
      }
      ++at_;
      PRYX_TRY(const Member last, class_member());
      if (first.point && last.point) {
        if (*first.point > *last.point) return refuse("a range in '[…]' is out of order");
        append_literal(set, *first.point);
        set += '-';
        append_literal(set, *last.point);
      } else {  // "[\w-.]": the hyphen is a character
        append_member(set, first);
        set += "\\x{2D}";
        append_member(set, last);
      }
    }
    ++at_;
    if (set.empty())
      out_ += negated ? R"([\x{0}-\x{10FFFF}])" : R"([^\x{0}-\x{10FFFF}])";
    else
      out_ += (negated ? "[^" : "[") + set + "]";
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> translate_ecma_pattern(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return fail(ErrorCode::kTooLarge, "a pattern of {} bytes is over the limit of {}", pattern.size(),
                kMaxPatternBytes);
  }
  if (!is_valid_utf8(pattern)) return fail(ErrorCode::kInvalidArgument, "a pattern must be valid UTF-8");
  return Translator(pattern).run();
}

EcmaPattern::EcmaPattern(std::string source, std::unique_ptr<re2::RE2> program)
    : source_(std::move(source)), program_(std::move(program)), program_size_(program_->ProgramSize()) {}
EcmaPattern::EcmaPattern(EcmaPattern&&) noexcept = default;
EcmaPattern& EcmaPattern::operator=(EcmaPattern&&) noexcept = default;
EcmaPattern::~EcmaPattern() = default;

Result<EcmaPattern> EcmaPattern::compile(std::string_view pattern) {
  PRYX_TRY(const std::string text, translate_ecma_pattern(pattern));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxProgramBytes);
  auto program = std::make_unique<re2::RE2>(text, options);
  if (!program->ok()) {
    return fail(ErrorCode::kUnsupported, "pattern '{}': {}", utf8_prefix(pattern, 120),
                utf8_prefix(program->error(), 120));
  }
  return EcmaPattern(std::string(pattern), std::move(program));
}

bool EcmaPattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *program_);
}

}  // namespace pryx::schema
