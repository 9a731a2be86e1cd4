// SPDX-License-Identifier: MIT
#include "trust/sandbox/git_config.h"

#include "foundation/base/text.h"

namespace pryx::sandbox {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  std::vector<GitSetting> read() {
    while (!at_end() && out_.size() < kMaxGitSettings) {
      const char c = text_[at_];
      if (c == '\n' || is_blank(c)) {
        ++at_;
      } else if (c == '[') {
        if (!header()) skip_line();
      } else if (is_letter(c)) {
        setting();
      } else {
        skip_line();  // a comment, or nothing that Git knows
      }
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  void skip_line() {
    const std::size_t end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
  }
  void skip_blanks() {
    while (!at_end() && is_blank(text_[at_])) ++at_;
  }

  // [section], [section "subsection"], and the old [section.subsection].
  bool header() {
    ++at_;
    const std::size_t begin = at_;
    while (!at_end() && (is_name(text_[at_]) || text_[at_] == '.')) ++at_;
    std::string name = lower_ascii(text_.substr(begin, at_ - begin));
    std::string subsection;
    skip_blanks();
    if (!at_end() && text_[at_] == '"') {
      ++at_;
      while (!at_end() && text_[at_] != '"' && text_[at_] != '\n') {
        if (text_[at_] == '\\' && ++at_ >= text_.size()) return false;
        subsection += text_[at_++];
      }
      if (at_end() || text_[at_] != '"') return false;
      ++at_;
    } else if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
      subsection = name.substr(dot + 1);
      name.resize(dot);
    }
    if (at_end() || text_[at_] != ']') return false;
    ++at_;
    section_ = std::move(name);
    subsection_ = std::move(subsection);
    return true;
  }

  void setting() {
    const std::size_t begin = at_;
    while (!at_end() && is_name(text_[at_])) ++at_;
    GitSetting out{section_, subsection_, lower_ascii(text_.substr(begin, at_ - begin)), {}};
    skip_blanks();
    if (!at_end() && text_[at_] == '=') {
      ++at_;
      out.value = value();
    } else {
      skip_line();
    }
    out_.push_back(std::move(out));
  }

  // To the end of the line; a backslash before it joins the next one. White space at both ends does not
  // count, unless it is quoted.
  std::string value() {
    std::string out;
    std::size_t kept = 0;  // what is in front of white space that may turn out to be the end
    bool quoted = false;
    while (!at_end()) {
      char c = text_[at_++];
      if (c == '\n') break;
      if (!quoted && (c == '#' || c == ';')) {
        skip_line();
        break;
      }
      if (!quoted && is_blank(c)) {
        if (!out.empty()) out += c;
        continue;
      }
      if (c == '"') {
        quoted = !quoted;
        kept = out.size();
        continue;
      }
      if (c == '\\') {
        if (at_end()) break;
        if (text_.substr(at_).starts_with("\r\n")) ++at_;
        c = text_[at_++];
        if (c == '\n') continue;
        c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'b' ? '\b' : c;
      }
      out += c;
      kept = out.size();
    }
    out.resize(kept);
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string section_, subsection_;
  std::vector<GitSetting> out_;
};

}  // namespace

std::vector<GitSetting> read_git_config(std::string_view text) {
  return Reader(text.substr(0, kMaxGitConfigBytes)).read();
}

}  // namespace pryx::sandbox
