// SPDX-License-Identifier: MIT
#include "surfaces/cli/line_editor.h"

#include <algorithm>

#include "foundation/base/text.h"
#include "surfaces/cli/terminal_text.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxText = 1u << 20;
constexpr std::size_t kMaxHistory = 1000;

using Kind = Key::Kind;

bool is_word_byte(char c) {
  return static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

void LineEditor::set_text(std::string_view text) {
  text_ = expand_tabs(sanitize(text));
  cursor_ = text_.size();
  history_at_ = history_.size();
  draft_.clear();
}

void LineEditor::set_history(std::vector<std::string> entries) {
  if (entries.size() > kMaxHistory)
    entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(kMaxHistory));
  history_ = std::move(entries);
  history_at_ = history_.size();
}

void LineEditor::remember(std::string_view entry) {
  if (!trim(entry).empty() && entry.front() != ' ' && (history_.empty() || history_.back() != entry))
    history_.emplace_back(entry);
  if (history_.size() > kMaxHistory) history_.erase(history_.begin());
  history_at_ = history_.size();
  draft_.clear();
}

void LineEditor::insert(std::string_view foreign) {
  if (text_.size() + foreign.size() > kMaxText) return;
  const std::string safe = sanitize(foreign);
  const std::string_view blanks = "    ";
  std::string clean;
  for (char c : safe) {
    if (c == '\t') {
      clean.append(blanks);
    } else {
      clean.push_back(c);
    }
  }
  text_.insert(cursor_, clean);
  cursor_ += clean.size();
}

void LineEditor::erase(std::size_t from, std::size_t to) {
  text_.erase(from, to - from);
  cursor_ = from;
}

std::size_t LineEditor::line_start() const {
  const std::size_t feed = cursor_ == 0 ? std::string::npos : text_.rfind('\n', cursor_ - 1);
  return feed == std::string::npos ? 0 : feed + 1;
}

std::size_t LineEditor::line_end() const {
  const std::size_t feed = text_.find('\n', cursor_);
  return feed == std::string::npos ? text_.size() : feed;
}

std::size_t LineEditor::word_left() const {
  std::size_t at = cursor_;
  while (at > 0 && !is_word_byte(text_[at - 1])) --at;
  while (at > 0 && is_word_byte(text_[at - 1])) --at;
  return at;
}

std::size_t LineEditor::word_right() const {
  std::size_t at = cursor_;
  while (at < text_.size() && !is_word_byte(text_[at])) ++at;
  while (at < text_.size() && is_word_byte(text_[at])) ++at;
  return at;
}

void LineEditor::recall(int direction) {
  if (direction < 0 && history_at_ == 0) return;
  if (direction > 0 && history_at_ >= history_.size()) return;
  if (history_at_ == history_.size()) draft_ = text_;
  history_at_ += static_cast<std::size_t>(direction);
  text_ = history_at_ == history_.size() ? draft_ : expand_tabs(sanitize(history_[history_at_]));
  cursor_ = text_.size();
}

void LineEditor::move_vertically(bool up) {
  const std::size_t start = line_start();
  const std::size_t end = line_end();
  if (up && start == 0) return recall(-1);
  if (!up && end == text_.size()) return recall(1);
  const int column = display_width(std::string_view(text_).substr(start, cursor_ - start));
  cursor_ = up ? start - 1 : end + 1;
  const std::size_t target = line_start();
  const std::string_view line = std::string_view(text_).substr(target, line_end() - target);
  cursor_ = target + prefix_of_width(line, column).size();
}

LineEditor::Outcome LineEditor::apply_control(char letter) {
  switch (letter) {
    case 'a':
      cursor_ = line_start();
      return Outcome::kEdited;
    case 'e':
      cursor_ = line_end();
      return Outcome::kEdited;
    case 'b':
      return apply({Kind::kLeft, {}});
    case 'f':
      return apply({Kind::kRight, {}});
    case 'p':
      return apply({Kind::kUp, {}});
    case 'n':
      return apply({Kind::kDown, {}});
    case 'k': {
      const std::size_t end = line_end() == cursor_ && cursor_ < text_.size() ? cursor_ + 1 : line_end();
      killed_ = text_.substr(cursor_, end - cursor_);
      erase(cursor_, end);
      return Outcome::kEdited;
    }
    case 'u':
      killed_ = text_.substr(line_start(), cursor_ - line_start());
      erase(line_start(), cursor_);
      return Outcome::kEdited;
    case 'w': {
      std::size_t at = cursor_;
      while (at > 0 && (text_[at - 1] == ' ' || text_[at - 1] == '\n')) --at;
      while (at > 0 && text_[at - 1] != ' ' && text_[at - 1] != '\n') --at;
      killed_ = text_.substr(at, cursor_ - at);
      erase(at, cursor_);
      return Outcome::kEdited;
    }
    case 'y':
      insert(killed_);
      return Outcome::kEdited;
    case 'c':
      return Outcome::kInterrupted;
    case 'd':
      if (text_.empty()) return Outcome::kEndOfInput;
      return apply({Kind::kDelete, {}});
    default:
      return Outcome::kIgnored;
  }
}

LineEditor::Outcome LineEditor::apply(const Key& key) {
  const std::string_view before = std::string_view(text_).substr(0, cursor_);
  const std::string_view after = std::string_view(text_).substr(cursor_);
  switch (key.kind) {
    case Kind::kText:
    case Kind::kPaste:
      insert(key.text);
      return Outcome::kEdited;
    case Kind::kNewline:
      insert("\n");
      return Outcome::kEdited;
    case Kind::kTab:
      insert("\t");
      return Outcome::kEdited;
    case Kind::kEnter:
      return Outcome::kSubmitted;
    case Kind::kBackspace:
      if (!before.empty()) erase(cursor_ - last_cluster(before).text.size(), cursor_);
      return Outcome::kEdited;
    case Kind::kDelete:
      if (!after.empty()) erase(cursor_, cursor_ + first_cluster(after).text.size());
      return Outcome::kEdited;
    case Kind::kLeft:
      if (!before.empty()) cursor_ -= last_cluster(before).text.size();
      return Outcome::kEdited;
    case Kind::kRight:
      if (!after.empty()) cursor_ += first_cluster(after).text.size();
      return Outcome::kEdited;
    case Kind::kWordLeft:
      cursor_ = word_left();
      return Outcome::kEdited;
    case Kind::kWordRight:
      cursor_ = word_right();
      return Outcome::kEdited;
    case Kind::kHome:
      cursor_ = line_start();
      return Outcome::kEdited;
    case Kind::kEnd:
      cursor_ = line_end();
      return Outcome::kEdited;
    case Kind::kUp:
      move_vertically(true);
      return Outcome::kEdited;
    case Kind::kDown:
      move_vertically(false);
      return Outcome::kEdited;
    case Kind::kControl:
      return key.text.empty() ? Outcome::kIgnored : apply_control(key.text.front());
    case Kind::kEscape:
      return Outcome::kIgnored;
  }
  return Outcome::kIgnored;
}

void LineEditor::render(Frame& frame, std::string_view prompt, Style prompt_style, int columns,
                        int max_rows) const {
  const int indent = display_width(prompt);
  // One column for the cursor behind the last character, one that LiveRegion keeps free.
  const int room = std::max(4, columns - indent - 2);
  std::vector<std::string> rows(1);
  int width = 0;
  std::size_t cursor_row = 0;
  int cursor_column = 0;
  std::string_view rest = text_;
  while (true) {
    if (rest.size() == text_.size() - cursor_) {
      cursor_row = rows.size() - 1;
      cursor_column = width;
    }
    if (rest.empty()) break;
    const Cluster cluster = first_cluster(rest);
    rest.remove_prefix(cluster.text.size());
    if (cluster.text == "\n") {
      rows.emplace_back();
      width = 0;
      continue;
    }
    if (width + cluster.width > room) {
      rows.emplace_back();
      width = 0;
      if (rest.size() + cluster.text.size() == text_.size() - cursor_) {
        cursor_row = rows.size() - 1;
        cursor_column = 0;
      }
    }
    rows.back().append(cluster.text);
    width += cluster.width;
  }
  const auto shown = static_cast<std::size_t>(std::max(1, max_rows));
  const std::size_t first = cursor_row >= shown ? cursor_row - shown + 1 : 0;
  const std::size_t last = std::min(rows.size(), first + shown);
  frame.cursor_row = static_cast<int>(frame.lines.size() + cursor_row - first);
  frame.cursor_column = indent + cursor_column;
  for (std::size_t i = first; i < last; ++i) {
    Line line;
    if (i == 0) {
      line.add(prompt, prompt_style);
    } else {
      line.add(std::string(static_cast<std::size_t>(indent), ' '));
    }
    line.add(rows[i]);
    frame.lines.push_back(std::move(line));
  }
}

std::vector<std::string> parse_history(std::string_view file) {
  std::vector<std::string> entries;
  for (std::string_view line : split(file, '\n')) {
    if (line.empty()) continue;
    std::string entry;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\' && i + 1 < line.size()) {
        ++i;
        entry.push_back(line[i] == 'n' ? '\n' : line[i]);
      } else {
        entry.push_back(line[i]);
      }
    }
    if (is_valid_utf8(entry)) entries.push_back(std::move(entry));
  }
  return entries;
}

std::string format_history(const std::vector<std::string>& entries) {
  std::string file;
  for (const std::string& entry : entries) {
    for (char c : entry) {
      if (c == '\n') {
        file += "\\n";
      } else {
        if (c == '\\') file.push_back('\\');
        file.push_back(c);
      }
    }
    file.push_back('\n');
  }
  return file;
}

}  // namespace pryx::cli
