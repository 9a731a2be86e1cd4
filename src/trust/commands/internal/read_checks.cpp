// SPDX-License-Identifier: MIT
#include "trust/commands/internal/read_checks.h"

#include <algorithm>
#include <array>
#include <string>

namespace pryx::commands::internal {
namespace {

constexpr std::string_view kDigits = "0123456789";

// sed's commands, one after the other. Everything that is not known here may write or run something.
class SedScript {
 public:
  explicit SedScript(std::string_view text) : text_(text) {}

  bool reads() {
    while (at_ < text_.size()) {
      if (std::string_view(" \t\n;{}").find(text_[at_]) != std::string_view::npos) {
        ++at_;
        continue;
      }
      if (!skip_address() || !skip_command()) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip(std::string_view set) { at_ = std::min(text_.find_first_not_of(set, at_), text_.size()); }

  // The ']' of the bracket expression that begins here.
  [[nodiscard]] std::size_t bracket_end() const {
    std::size_t at = at_ + 1;
    if (at < text_.size() && text_[at] == '^') ++at;
    if (at < text_.size() && text_[at] == ']') ++at;
    while (at < text_.size() && text_[at] != ']') {
      const bool of_class = text_[at] == '[' && at + 1 < text_.size() &&
                            std::string_view(":.=").find(text_[at + 1]) != std::string_view::npos;
      if (of_class) {
        at = text_.find(std::string{text_[at + 1], ']'}, at + 2);
        if (at == std::string_view::npos) return at;
        ++at;
      }
      ++at;
    }
    return at < text_.size() ? at : std::string_view::npos;
  }

  // Up to the delimiter; false when it does not come.
  bool skip_delimited(char delimiter) {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\') {
        ++at_;
      } else if (c == '\n') {
        return false;
      } else if (c == '[') {
        // Inside of brackets a delimiter may or may not count: only scripts where it does not matter are
        // read.
        const std::size_t close = bracket_end();
        if (close == std::string_view::npos) continue;
        if (text_.substr(at_, close - at_).find(delimiter) != std::string_view::npos) return false;
        at_ = close;
      } else if (c == delimiter) {
        ++at_;
        return true;
      }
    }
    return false;
  }

  bool skip_one_address() {
    if (peek() == '$') {
      ++at_;
    } else if (peek() == '/') {
      ++at_;
      if (!skip_delimited('/')) return false;
      skip("IM");
    } else {
      const std::size_t before = at_;
      skip("0123456789~+");
      return at_ > before;
    }
    return true;
  }

  bool skip_address() {
    if (peek() == '$' || peek() == '/' || kDigits.find(peek()) != std::string_view::npos) {
      if (!skip_one_address()) return false;
      skip(" \t");
      if (peek() == ',') {
        ++at_;
        skip(" \t");
        if (!skip_one_address()) return false;
      }
    }
    skip(" \t!");
    return true;
  }

  bool skip_command() {
    const char c = peek();
    if (c == '{') {
      ++at_;
      return true;
    }
    if (std::string_view("pPdDnNhHgGxlqQ=").find(c) != std::string_view::npos && c != '\0') {
      ++at_;
      skip(" \t");
      if (c == 'q' || c == 'Q' || c == 'l') skip(kDigits);
      return ends();
    }
    if (c != 's' && c != 'y') return false;
    ++at_;
    const char delimiter = peek();
    if (delimiter == '\0' || delimiter == '\n' || delimiter == '\\' || delimiter == '[' ||
        at_ + 1 >= text_.size())
      return false;
    ++at_;
    if (!skip_delimited(delimiter) || !skip_delimited(delimiter)) return false;
    if (c == 's') skip("gpIi0123456789");
    return ends();
  }

  bool ends() {
    skip(" \t");
    return at_ >= text_.size() || std::string_view("\n;}").find(text_[at_]) != std::string_view::npos;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Every script of the command: the values of -e, or the first operand.
bool sed_reads(const std::vector<std::string_view>& operands, const std::vector<Word>& words, bool many) {
  bool given = false;
  for (std::size_t i = 1; i < words.size() && words[i].text != "--"; ++i) {
    std::string_view text = words[i].text;
    if (text.size() < 2 || text[0] != '-') continue;
    std::string_view script;
    if (text.starts_with("--expression=")) {
      script = text.substr(13);
    } else if (text == "--expression") {
      if (i + 1 >= words.size()) return false;
      script = words[++i].text;
    } else if (const std::size_t e = text.find('e'); text[1] != '-' && e != std::string_view::npos) {
      if (e + 1 < text.size())
        script = text.substr(e + 1);
      else if (i + 1 < words.size())
        script = words[++i].text;
      else
        return false;
    } else {
      continue;
    }
    given = true;
    if (words[i].pattern || words[i].filled || !is_reading_sed_script(script)) return false;
  }
  if (given) return true;
  static_cast<void>(many);
  if (operands.empty()) return false;
  for (const Word& word : words) {
    if ((word.pattern || word.filled) && word.text == operands[0]) return false;
  }
  return is_reading_sed_script(operands[0]);
}

// %n gives a variable a value: printf '%n' PATH moves what runs next.
bool sets_variable(std::string_view format) {
  for (std::size_t at = format.find('%'); at < format.size(); at = format.find('%', at + 1)) {
    at = std::min(format.find_first_not_of("-+ #'*.0123456789hlLjzt", at + 1), format.size());
    if (at < format.size() && format[at] == 'n') return true;
    if (at >= format.size()) return false;
  }
  return false;
}

// Binutils read further options, such as a plugin to load, from a file that is named as @file.
bool may_be_response_file(const Word& word) {
  const char first = word.text.empty() ? '\0' : word.text[0];
  return word.filled || first == '@' ||
         (word.pattern && std::string_view("*?[").find(first) != std::string_view::npos);
}

bool has(const std::vector<Word>& words, std::string_view text) {
  return std::any_of(words.begin() + 1, words.end(), [&](const Word& w) { return w.text == text; });
}

}  // namespace

bool is_reading_sed_script(std::string_view script) { return SedScript(script).reads(); }

bool is_known_check(std::string_view check) {
  static constexpr std::array<std::string_view, 10> kKnown = {"plain",  "sed",   "date",   "test", "bracket",
                                                              "printf", "colon", "equals", "top",  "version"};
  return std::find(kKnown.begin(), kKnown.end(), check) != kKnown.end();
}

bool passes(std::string_view check, const std::vector<std::string_view>& operands,
            const std::vector<Word>& words, bool many) {
  const auto none_has = [&](char c) {
    return std::none_of(words.begin() + 1, words.end(),
                        [&](const Word& w) { return w.text.find(c) != std::string::npos; });
  };
  if (check == "sed") return sed_reads(operands, words, many);
  if (check == "date")  // other operands set the clock
    return !many && std::all_of(operands.begin(), operands.end(), [](auto o) { return o.starts_with('+'); });
  // In bash -v and -R evaluate a subscript, which can run a command.
  if (check == "test") return !many && !has(words, "-v") && !has(words, "-R");
  if (check == "bracket") return words.back().text == "]";
  if (check == "printf")
    return words.size() > 1 && !words[1].pattern && !words[1].filled && !words[1].text.starts_with('-') &&
           !sets_variable(words[1].text);
  if (check == "plain") return std::none_of(words.begin() + 1, words.end(), may_be_response_file);
  if (check == "colon") return !many && none_has(':');  // tar takes "host:file" for a file of another machine
  if (check == "equals") return !many && none_has('=');
  if (check == "top") return words.size() > 1 && words[1].text.starts_with("-b");
  if (check == "version") return operands.empty() && words.size() == 2;  // else it does its work
  return false;
}

}  // namespace pryx::commands::internal
