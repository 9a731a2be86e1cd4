// SPDX-License-Identifier: MIT
// The reader's upper half: lists, pipelines, groups, simple commands and their redirections.
#include "trust/commands/internal/reader.h"

#include <algorithm>
#include <array>

namespace pryx::commands::internal {
namespace {

constexpr std::size_t kMaxWords = 5000;  // in one command; a longer one is not read by anybody

constexpr std::array<std::string_view, 19> kControl = {
    "if",   "then",   "else", "elif",     "fi", "for", "while", "until", "do",    "done",
    "case", "select", "esac", "function", "in", "[[",  "]]",    "!",     "coproc"};

bool is_control(std::string_view word) {
  return std::find(kControl.begin(), kControl.end(), word) != kControl.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The operator of a redirection at the start of `text`, longest first.
std::string_view redirect_operator(std::string_view text) {
  for (const std::string_view op :
       {"<<<", "<<-", "&>>", "<<", "<&", "<>", ">>", ">&", ">|", "&>", "<", ">"}) {
    if (text.starts_with(op)) return op;
  }
  return {};
}

bool is_fd(std::string_view text) {
  if (text == "-") return true;
  if (text.ends_with('-')) text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

}  // namespace

bool is_keyword(std::string_view word) { return is_control(word) || word == "time"; }

void Reader::read() {
  read_list(End::kText);
  if (!stopped_ && !at_end()) broken("a closing bracket closes nothing");
  if (!stopped_ && !documents_.empty()) broken("a here-document has no end");
  for (Queued& queued : queue_) {
    if (found_.parse.commands.size() >= kMaxCommands) {
      note("too many commands");
      return;
    }
    for (const Assignment& assignment : outer_.environment)
      queued.command.environment.insert(queued.command.environment.begin(), assignment);
    queued.command.redirects.insert(queued.command.redirects.end(), outer_.redirects.begin(),
                                    outer_.redirects.end());
    queued.command.wrappers = outer_.wrappers;
    queued.command.open_ended = outer_.open_ended;
    add_command(found_, std::move(queued.command), std::move(queued.words), depth_);
  }
}

// Commands up to the end of the text or the closing bracket, which stays.
void Reader::read_list(End end) {
  const auto at_close = [&] {
    return at_end() || (end != End::kText && end != End::kBrace && peek() == ')') ||
           (end == End::kBrace && reserved_word() == "}");
  };
  skip_newlines();
  if (at_close() && end != End::kText) {
    note("an empty pair of brackets");
    return;
  }
  while (!at_close() && !stopped_) {
    if (!read_pipeline(end)) return;
    skip_blanks();
    if (is("&&") || is("||")) {
      at_ += 2;
      skip_newlines();
      if (at_close()) {
        broken("a command is missing");
        return;
      }
      continue;
    }
    if (at_end()) return;
    const char c = peek();
    if (c == '\n') {
      skip_newlines();
    } else if ((c == ';' && peek(1) != ';') || (c == '&' && peek(1) != '>')) {
      ++at_;
      skip_newlines();
    } else if (at_close()) {
      return;
    } else {
      broken(c == ';' ? "';;' belongs to 'case'" : "the commands are not separated");
      return;
    }
  }
}

bool Reader::read_pipeline(End end) {
  if (reserved_word() == "!") {
    at_ += 1;
    if (peek() != ' ' && peek() != '\t') return broken("'!' is not followed by a command");
    skip_blanks();
  }
  while (true) {
    if (!read_command(end)) return false;
    skip_blanks();
    if (peek() != '|' || peek(1) == '|') return true;
    at_ += peek(1) == '&' ? 2 : 1;
    skip_newlines();
  }
}

bool Reader::read_command(End end) {
  skip_blanks();
  if (at_end()) return broken("a command is missing");
  if (queue_.size() >= kMaxCommands) return broken("too many commands");
  if (peek() == '(') {
    if (peek(1) == '(') return broken("arithmetic is computed by the shell");
    ++at_;
    return read_group(End::kParenthesis);
  }
  const std::string_view keyword = reserved_word();
  if (keyword == "{") {
    ++at_;
    return read_group(End::kBrace);
  }
  if (keyword == "}") return broken("a closing brace closes nothing");
  if (is_control(keyword)) return read_control(keyword);
  static_cast<void>(end);
  return read_simple();
}

bool Reader::read_group(End end) {
  if (++depth_ > kMaxDepth) return broken("too deeply nested");
  const std::size_t first = queue_.size();
  read_list(end);
  --depth_;
  if (stopped_) return false;
  if (peek() != (end == End::kBrace ? '}' : ')')) return broken("a bracket is not closed");
  ++at_;
  return read_group_redirects(first);
}

// Redirections behind a group count for each of its commands.
bool Reader::read_group_redirects(std::size_t first_command) {
  Queued group;
  while (true) {
    skip_blanks();
    std::string_view fd;
    if (is_digit(peek()) && (peek(1) == '<' || peek(1) == '>')) fd = text_.substr(at_++, 1);
    if (redirect_operator(text_.substr(at_)).empty()) break;
    if (!read_redirect(group, fd, true)) return false;
  }
  for (std::size_t i = first_command; i < queue_.size(); ++i) {
    auto& redirects = queue_[i].command.redirects;
    redirects.insert(redirects.end(), group.command.redirects.begin(), group.command.redirects.end());
  }
  return true;
}

// if, for, case and the like: what they run is found where it can be, but there may be more.
bool Reader::read_control(std::string_view keyword) {
  note("control flow decides which commands run, and how often");
  if (keyword == "case" || keyword == "[[" || keyword == "function" || keyword == "coproc")
    return broken("control flow decides which commands run, and how often");
  at_ += keyword.size();
  if (keyword == "for" || keyword == "select") {
    at_ = std::min(text_.find_first_of(";\n", at_), text_.size());
    return true;
  }
  skip_newlines();
  if (at_end() || std::string_view(";&|)").find(peek()) != std::string_view::npos) return true;
  if (keyword == "fi" || keyword == "done" || keyword == "esac") return read_group_redirects(queue_.size());
  return read_command(End::kText);
}

bool Reader::read_simple() {
  Queued queued;
  bool in_prefix = true;  // assignments count only in front of the program
  while (true) {
    skip_blanks();
    if (at_end() || peek() == '\n' || peek() == ';' || peek() == '|' || peek() == ')') break;
    if (peek() == '&' && peek(1) != '>') break;
    if (peek() == '(') return broken("a bracket stands where a word should");
    std::string_view fd;
    if (is_digit(peek()) && (peek(1) == '<' || peek(1) == '>')) fd = text_.substr(at_++, 1);
    if (!redirect_operator(text_.substr(at_)).empty()) {
      if (!read_redirect(queued, fd, false)) return false;
      continue;
    }
    Word word;
    std::size_t equals = std::string_view::npos;
    const std::size_t begin = at_;
    if (!read_word(word, equals)) return false;
    const std::string_view raw = text_.substr(begin, at_ - begin);
    if ((peek() == '<' || peek() == '>') &&
        (std::all_of(raw.begin(), raw.end(), is_digit) || raw.front() == '{'))
      note("a redirection of a file descriptor that shells read differently");
    if (peek() == '(') return broken("a bracket stands where a word should");
    if (in_prefix && equals != std::string_view::npos) {
      queued.command.environment.push_back({word.text.substr(0, equals - 1), word.text.substr(equals)});
      continue;
    }
    if (in_prefix && !word.quoted && is_control(word.text)) note("a keyword stands where a program should");
    if (in_prefix && word.text != "[" && word.text.find_first_of("=[") != std::string::npos)
      note("some shells read the program's name as an assignment");
    in_prefix = false;
    queued.command.argv.push_back(word.text);
    queued.words.push_back(std::move(word));
    if (queued.words.size() > kMaxWords) return broken("too many words");
  }
  if (queued.words.empty()) {
    if (queued.command.environment.empty() && queued.command.redirects.empty())
      return broken("a command is missing");
    note(queued.command.redirects.empty() ? "a variable is set for the commands that follow"
                                          : "a redirection stands without a command");
  }
  queue_.push_back(std::move(queued));
  return true;
}

// At the operator, behind the file descriptor.
bool Reader::read_redirect(Queued& into, std::string_view fd, bool of_group) {
  const std::string_view op = redirect_operator(text_.substr(at_));
  if (peek() == '<' || peek() == '>') {
    if (peek(1) == '(') {
      note("<( ) and >( ) run a command");
      at_ += 2;
      read_substitution();
      return !stopped_;
    }
  }
  at_ += op.size();
  skip_blanks();
  if (is("<(") || is(">(")) {
    note("<( ) and >( ) run a command");
    at_ += 2;
    read_substitution();
    return !stopped_;
  }
  Word target;
  std::size_t equals = 0;
  const std::size_t begin = at_;
  if (at_end() || peek() == '#') return broken("a redirection has no target");
  if (!read_word(target, equals)) return false;
  if (target.pattern) note("a redirection to a file name pattern");
  Redirect redirect{std::string(fd) + std::string(op), target.text};
  if ((op == "<&" || op == ">&") && !is_fd(target.text) && (op == "<&" || !fd.empty()))
    note("a redirection of a file descriptor that shells read differently");
  if (op == "<<" || op == "<<-") {
    if (of_group) note("a here-document behind a group");
    if (target.text.find('\n') != std::string::npos) note("a here-document's delimiter holds a line break");
    if (text_.substr(begin, at_ - begin).find('$') != std::string_view::npos)
      note("a here-document's delimiter is not literal");
    if (!of_group)
      documents_.push_back(
          {target.text, target.quoted, op == "<<-", queue_.size(), into.command.redirects.size()});
  }
  into.command.redirects.push_back(std::move(redirect));
  return true;
}

}  // namespace pryx::commands::internal
