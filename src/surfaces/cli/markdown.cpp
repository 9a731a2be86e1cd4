// SPDX-License-Identifier: MIT
#include "surfaces/cli/markdown.h"

#include <algorithm>

#include "foundation/base/text.h"
#include "surfaces/cli/internal/markdown_block.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

std::size_t indent_of(std::string_view line) {
  const std::size_t first = line.find_first_not_of(' ');
  return first == std::string_view::npos ? line.size() : first;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

// The length of the run of fence marks that this line begins with; 0 when it is no fence.
std::size_t fence_run(std::string_view line, char mark) {
  if (indent_of(line) > 3) return 0;
  const std::string_view rest = line.substr(indent_of(line));
  const std::size_t end = rest.find_first_not_of(mark);
  const std::size_t run = end == std::string_view::npos ? rest.size() : end;
  if (run < 3) return 0;
  return mark == '`' && rest.substr(run).find('`') != std::string_view::npos ? 0 : run;
}

bool is_heading(std::string_view line) {
  if (indent_of(line) > 3) return false;
  const std::string_view rest = line.substr(indent_of(line));
  const std::size_t level = std::min(rest.find_first_not_of('#'), rest.size());
  return level >= 1 && level <= 6 && (level == rest.size() || rest[level] == ' ' || rest[level] == '\t');
}

bool is_rule(std::string_view line) {
  if (indent_of(line) > 3) return false;
  int marks = 0;
  char mark = 0;
  for (char c : line) {
    if (c == ' ' || c == '\t') continue;
    if ((c != '-' && c != '*' && c != '_') || (mark != 0 && c != mark)) return false;
    mark = c;
    ++marks;
  }
  return marks >= 3;
}

struct Marker {
  bool found = false;
  bool ordered = false;
  unsigned number = 0;
  char kind = 0;  // the bullet, or the mark after the number
};

Marker list_marker(std::string_view line) {
  if (indent_of(line) > 1 || is_rule(line)) return {};
  std::string_view rest = line.substr(indent_of(line));
  const auto ends = [&](std::size_t at) { return at == rest.size() || rest[at] == ' ' || rest[at] == '\t'; };
  if (rest.empty()) return {};
  if ((rest[0] == '-' || rest[0] == '*' || rest[0] == '+') && ends(1)) return {true, false, 0, rest[0]};
  std::size_t digits = 0;
  unsigned number = 0;
  while (digits < rest.size() && digits < 9 && rest[digits] >= '0' && rest[digits] <= '9') {
    number = number * 10 + static_cast<unsigned>(rest[digits++] - '0');
  }
  if (digits == 0 || digits >= rest.size() || (rest[digits] != '.' && rest[digits] != ')') ||
      !ends(digits + 1))
    return {};
  return {true, true, number, rest[digits]};
}

Line code_line(std::string_view text, std::size_t indent) {
  text.remove_prefix(std::min(indent, indent_of(text)));
  if (is_blank(text)) return {};
  Line line{std::string(kCodeIndent)};
  line.add(expand_tabs(text), kCodeStyle);
  return line;
}

}  // namespace

void MarkdownStream::emit(std::vector<Line> lines, std::vector<Line>& out) {
  if (lines.empty()) return;
  if (has_output_ && !tight_next_) out.emplace_back();
  tight_next_ = false;
  has_output_ = true;
  out.insert(out.end(), std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end()));
}

void MarkdownStream::end_block(std::vector<Line>& out) {
  if (state_ != State::kFence && !block_.empty())
    emit(render_block(block_, columns_, state_ == State::kList ? ordinal_ : 0), out);
  block_.clear();
  state_ = State::kBetween;
}

void MarkdownStream::start_block(std::string_view line, std::vector<Line>& out) {
  for (char mark : {'`', '~'}) {
    if (const std::size_t run = fence_run(line, mark)) {
      state_ = State::kFence;
      fence_mark_ = mark;
      fence_length_ = run;
      fence_indent_ = indent_of(line);
      if (has_output_) out.emplace_back();
      has_output_ = true;
      return;
    }
  }
  block_.assign(line).push_back('\n');
  if (is_heading(line) || is_rule(line)) {
    end_block(out);
    return;
  }
  const Marker marker = list_marker(line);
  state_ = marker.found ? State::kList : State::kParagraph;
  ordinal_ = marker.ordered ? marker.number : 0;
  blank_in_list_ = false;
}

void MarkdownStream::take_line(std::string_view line, std::vector<Line>& out) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  switch (state_) {
    case State::kFence: {
      const std::size_t run = fence_run(line, fence_mark_);
      if (run >= fence_length_ && is_blank(line.substr(indent_of(line) + run))) {
        state_ = State::kBetween;
      } else {
        out.push_back(code_line(line, fence_indent_));
      }
      return;
    }
    case State::kBetween:
      if (!is_blank(line)) start_block(line, out);
      return;
    case State::kParagraph: {
      if (is_blank(line)) {
        end_block(out);
        return;
      }
      const Marker marker = list_marker(line);
      const bool interrupts = is_heading(line) || fence_run(line, '`') != 0 || fence_run(line, '~') != 0 ||
                              (marker.found && (!marker.ordered || marker.number == 1));
      if (interrupts) {
        end_block(out);
        start_block(line, out);
        return;
      }
      break;
    }
    case State::kList: {
      if (is_blank(line)) {
        blank_in_list_ = true;
        block_.push_back('\n');
        return;
      }
      const Marker marker = list_marker(line);
      if (marker.found) {
        // Each item is a block of its own; its number goes on from the one before, whatever the source says.
        const Marker first = list_marker(std::string_view(block_).substr(0, block_.find('\n')));
        const bool same_list = marker.ordered == first.ordered && marker.kind == first.kind;
        const unsigned next = ordinal_ + 1;
        const bool apart = blank_in_list_;
        end_block(out);
        start_block(line, out);
        if (same_list && marker.ordered) ordinal_ = next;
        tight_next_ = same_list && !apart;
        return;
      }
      const bool is_inside =
          indent_of(line) >= 2 || (!blank_in_list_ && !is_heading(line) && fence_run(line, '`') == 0);
      if (!is_inside) {
        end_block(out);
        start_block(line, out);
        return;
      }
      blank_in_list_ = false;
      break;
    }
  }
  block_.append(line).push_back('\n');
}

std::vector<Line> MarkdownStream::feed(std::string_view text) {
  std::vector<Line> out;
  while (true) {
    const std::size_t end = text.find('\n');
    partial_.append(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
    const std::string line = std::exchange(partial_, {});
    take_line(line, out);
  }
}

std::vector<Line> MarkdownStream::finish() {
  std::vector<Line> out;
  if (!partial_.empty()) {
    const std::string line = std::exchange(partial_, {});
    take_line(line, out);
  }
  end_block(out);
  has_output_ = false;
  tight_next_ = false;
  return out;
}

std::vector<Line> MarkdownStream::preview() const {
  MarkdownStream copy = *this;
  return copy.finish();
}

std::vector<Line> render_markdown(std::string_view source, int columns) {
  MarkdownStream stream(columns);
  std::vector<Line> out = stream.feed(source);
  std::vector<Line> rest = stream.finish();
  out.insert(out.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
  return out;
}

}  // namespace pryx::cli
