// SPDX-License-Identifier: MIT
// The reader's lower half: characters, words and here-documents.
#include <algorithm>

#include "trust/commands/internal/reader.h"

namespace pryx::commands::internal {
namespace {

constexpr std::string_view kMeta = " \t\n|&;()<>";

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

// What an unquoted '{' begins: in bash "{a,b}" and "{1..3}" become several words, elsewhere they do not.
bool is_brace_expansion(std::string_view rest) {
  return rest.find(',') != std::string_view::npos || rest.find("..") != std::string_view::npos;
}

}  // namespace

bool Reader::broken(std::string_view why) {
  note(why);
  stopped_ = true;
  at_ = text_.size();
  return false;
}

void Reader::skip_blanks() {
  while (!at_end()) {
    if (peek() == ' ' || peek() == '\t') {
      ++at_;
    } else if (peek() == '\\' && peek(1) == '\n') {
      if (!documents_.empty()) note("a line is continued behind a here-document");
      at_ += 2;
    } else {
      break;
    }
  }
  if (peek() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
}

void Reader::take_newline() {
  ++at_;
  if (!documents_.empty()) read_documents();
}

// Blanks, comments and newlines; true when there was a newline.
bool Reader::skip_newlines() {
  bool any = false;
  skip_blanks();
  while (!at_end() && peek() == '\n') {
    take_newline();
    any = true;
    skip_blanks();
  }
  return any;
}

// The unquoted word at this place when it consists of letters, '{', '}', '!' or '[' only: what a keyword
// looks like.
std::string_view Reader::reserved_word() const {
  std::size_t end = at_;
  while (end < text_.size() && ((text_[end] >= 'a' && text_[end] <= 'z') ||
                                std::string_view("{}![]").find(text_[end]) != std::string_view::npos)) {
    ++end;
  }
  if (end < text_.size() && kMeta.find(text_[end]) == std::string_view::npos) return {};
  return text_.substr(at_, end - at_);
}

// Reads one word; `equals` is where its value begins when it has the form of an assignment, else npos.
bool Reader::read_word(Word& word, std::size_t& equals) {
  equals = std::string_view::npos;
  const std::size_t begin = at_;
  bool name_so_far = true;   // nothing but a NAME yet
  bool value_start = false;  // the last character was an unquoted '=' or ':'
  std::size_t bracket = std::string_view::npos;
  std::size_t pattern_at = std::string_view::npos;
  while (!at_end() && kMeta.find(peek()) == std::string_view::npos && !stopped_) {
    const char c = peek();
    const bool tilde = c == '~' && (at_ == begin || value_start);
    value_start = false;
    if (c == '\'') {
      read_single(word);
    } else if (c == '"') {
      read_double(word);
    } else if (c == '\\') {
      read_escape(word);
    } else if (c == '$') {
      read_dollar(word, false);
    } else if (c == '`') {
      read_backquotes();
    } else {
      if (tilde) note("a path beginning with ~ depends on who runs it; write the folder out");
      if (c == '{' && is_brace_expansion(text_.substr(at_, text_.find_first_of(" \t\n;|&<>", at_) - at_)))
        note("braces can stand for several words");
      if ((c == '*' || c == '?') && pattern_at == std::string_view::npos) pattern_at = word.text.size();
      if (c == '[' && bracket == std::string_view::npos) bracket = word.text.size();
      if (c == ']' && bracket != std::string_view::npos) pattern_at = std::min(pattern_at, bracket);
      if (c == '=' && name_so_far && !word.text.empty() && equals == std::string_view::npos)
        equals = word.text.size() + 1;
      value_start = c == '=' || c == ':';
      word.text += c;
      name_so_far = name_so_far && (word.text.size() == 1 ? is_name_start(c) : is_name(c));
      ++at_;
      continue;
    }
    name_so_far = false;
  }
  if (at_ == begin) return broken("a word is missing");
  word.pattern = pattern_at != std::string_view::npos;
  if (word.pattern) {
    const std::string_view fixed = std::string_view(word.text).substr(0, pattern_at);
    const bool long_value = fixed.starts_with("--") && fixed.find('=') != std::string_view::npos;
    word.leads = fixed.empty() || (fixed[0] == '-' && !long_value);
  }
  return !stopped_;
}

void Reader::read_single(Word& word) {
  word.quoted = true;
  const std::size_t end = text_.find('\'', at_ + 1);
  if (end == std::string_view::npos) {
    broken("a single quote is not closed");
    return;
  }
  const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
  if (!documents_.empty() && inside.find('\n') != std::string_view::npos)
    note("a quoted line break stands behind a here-document");
  word.text += inside;
  at_ = end + 1;
}

void Reader::read_double(Word& word) {
  word.quoted = true;
  ++at_;
  while (!at_end() && peek() != '"' && !stopped_) {
    const char c = peek();
    if (c == '$') {
      read_dollar(word, true);
    } else if (c == '`') {
      read_backquotes();
    } else if (c == '\\' && std::string_view("$`\"\\\n").find(peek(1)) != std::string_view::npos &&
               at_ + 1 < text_.size()) {
      if (peek(1) != '\n') word.text += peek(1);
      at_ += 2;
    } else {
      if (c == '\n' && !documents_.empty()) note("a quoted line break stands behind a here-document");
      word.text += c;
      ++at_;
    }
  }
  if (stopped_) return;
  if (at_end()) {
    broken("a double quote is not closed");
    return;
  }
  ++at_;
}

void Reader::read_escape(Word& word) {
  word.quoted = true;
  if (at_ + 1 >= text_.size()) {
    broken("the text ends with a backslash");
    return;
  }
  if (peek(1) == '\n')
    note("a line is continued in the middle of a word");
  else
    word.text += peek(1);
  at_ += 2;
}

// What begins with '$'. A '$' that begins nothing is itself.
void Reader::read_dollar(Word& word, bool in_quotes) {
  const char next = peek(1);
  if (next == '(') {
    at_ += 2;
    if (peek() == '(') note("arithmetic is computed by the shell");
    note("$( ) is replaced by what a command prints");
    read_substitution();
  } else if (next == '{') {
    note("${ } is replaced by the shell");
    at_ += 1;
    skip_braces();
  } else if (is_name(next) || std::string_view("@*#?-$!").find(next) != std::string_view::npos) {
    if (at_ + 1 >= text_.size()) {  // NUL stands for the end here
      word.text += '$';
      ++at_;
      return;
    }
    note("$ names a variable, whose value is not known");
    word.text += '$';
    ++at_;
  } else if (next == '[' || (next == '\\' && peek(2) == '\n') ||
             (!in_quotes && (next == '\'' || next == '"'))) {
    note("$ with a quote or bracket is read differently by different shells");
    word.text += '$';
    ++at_;
  } else {
    word.text += '$';
    ++at_;
  }
}

void Reader::read_substitution() {
  if (++depth_ > kMaxDepth) {
    broken("too deeply nested");
    return;
  }
  read_list(End::kSubstitution);
  --depth_;
  if (stopped_) return;
  if (peek() == ')')
    ++at_;
  else
    broken("a parenthesis is not closed");
}

void Reader::skip_braces() {
  int depth = 0;
  while (!at_end()) {
    const char c = peek();
    if (c == '{') ++depth;
    if (c == '}' && --depth <= 0) {
      ++at_;
      return;
    }
    if (c == '`') {
      read_backquotes();
      continue;
    }
    if (is("$(")) {
      at_ += 2;
      read_substitution();
      if (stopped_) return;
      continue;
    }
    at_ += c == '\\' && at_ + 1 < text_.size() ? 2 : 1;
  }
  broken("a brace is not closed");
}

void Reader::read_backquotes() {
  note("backquotes are replaced by what a command prints");
  std::string inside;
  for (++at_; !at_end() && peek() != '`'; ++at_) {
    if (peek() == '\\' && std::string_view("`\\$").find(peek(1)) != std::string_view::npos &&
        at_ + 1 < text_.size())
      ++at_;
    inside += peek();
  }
  if (at_end()) {
    broken("a backquote is not closed");
    return;
  }
  ++at_;
  add_script(found_, inside, outer_, depth_ + 1);
}

void Reader::read_documents() {
  std::vector<Document> documents;
  documents.swap(documents_);
  for (const Document& document : documents) {
    if (!stopped_) read_document(document);
  }
}

void Reader::read_document(const Document& document) {
  std::string body;
  while (!at_end()) {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view line = text_.substr(at_, end - at_);
    if (document.strip_tabs) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
    at_ = std::min(end + 1, text_.size());
    if (line == document.delimiter) {
      if (document.command >= queue_.size()) return;  // its command is being read: the parse is incomplete
      auto& redirects = queue_[document.command].command.redirects;
      if (document.redirect < redirects.size()) redirects[document.redirect].target = std::move(body);
      return;
    }
    if (!document.quoted && line.find_first_of("$`\\") != std::string_view::npos)
      note("a here-document whose delimiter is not quoted is expanded by the shell");
    body += line;
    body += '\n';
  }
  broken("a here-document has no end");
}

}  // namespace pryx::commands::internal
