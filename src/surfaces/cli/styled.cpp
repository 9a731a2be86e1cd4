// SPDX-License-Identifier: MIT
#include "surfaces/cli/styled.h"

#include <algorithm>

#include "surfaces/cli/terminal_text.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {

Line& Line::add(std::string_view text, Style style) {
  if (text.empty()) return *this;
  if (!spans.empty() && spans.back().style == style) {
    spans.back().text.append(text);
  } else {
    spans.push_back({std::string(text), style});
  }
  return *this;
}

std::string Line::text() const {
  std::string out;
  for (const Span& span : spans) out += span.text;
  return out;
}

std::string style_sequence(Style style) {
  std::string codes;
  const auto add = [&codes](std::string_view code) {
    if (!codes.empty()) codes.push_back(';');
    codes.append(code);
  };
  if (style.bold) add("1");
  if (style.dim) add("2");
  if (style.italic) add("3");
  if (style.underline) add("4");
  if (style.strike) add("9");
  if (style.on_paper) add("30;107");
  switch (style.colour) {
    case Colour::kDefault:
      break;
    case Colour::kRed:
      add("31");
      break;
    case Colour::kGreen:
      add("32");
      break;
    case Colour::kYellow:
      add("33");
      break;
    case Colour::kBlue:
      add("34");
      break;
    case Colour::kMagenta:
      add("35");
      break;
    case Colour::kCyan:
      add("36");
      break;
    case Colour::kGrey:
      add("90");
      break;
  }
  return codes.empty() ? std::string{} : "\x1b[" + codes + "m";
}

std::string encode(const Line& line, ColourMode mode) {
  std::string out;
  for (const Span& span : line.spans) {
    const std::string sequence = mode == ColourMode::kAnsi ? style_sequence(span.style) : std::string{};
    out += sequence;
    out += sanitize_line(span.text);
    if (!sequence.empty()) out += kResetSequence;
  }
  return out;
}

int width_of(const Line& line) {
  int width = 0;
  for (const Span& span : line.spans) width += display_width(sanitize_line(span.text));
  return width;
}

Line truncate(const Line& line, int columns) {
  if (width_of(line) <= columns) return line;
  Line out;
  int left = columns - 1;
  for (const Span& span : line.spans) {
    const std::string safe = sanitize_line(span.text);
    const std::string_view fits = prefix_of_width(safe, left);
    out.add(fits, span.style);
    left -= display_width(fits);
    if (fits.size() < safe.size()) {
      if (columns > 0) out.add("…", span.style);
      break;
    }
  }
  return out;
}

std::vector<Line> wrap(const Line& line, int columns, int indent) {
  columns = std::max(columns, indent + 1);
  std::vector<Line> out(1);
  int used = 0;
  bool line_has_word = false;
  const auto new_line = [&] {
    out.emplace_back();
    out.back().add(std::string(static_cast<std::size_t>(indent), ' '));
    used = indent;
    line_has_word = false;
  };
  // A word may run over several spans: collect it with its styles, then place it.
  Line word;
  std::string blanks;
  Style blank_style;
  const auto place = [&] {
    if (word.empty()) return;
    const int word_width = width_of(word);
    const int blank_width = static_cast<int>(blanks.size());
    if (line_has_word && used + blank_width + word_width > columns) {
      new_line();
    } else {
      out.back().add(blanks, blank_style);
      used += blank_width;
    }
    blanks.clear();
    for (const Span& span : word.spans) {
      std::string_view rest = span.text;
      while (!rest.empty()) {
        const Cluster cluster = first_cluster(rest);
        if (used + cluster.width > columns && used > indent) new_line();
        out.back().add(cluster.text, span.style);
        used += cluster.width;
        rest.remove_prefix(cluster.text.size());
      }
    }
    line_has_word = true;
    word = {};
  };
  for (const Span& span : line.spans) {
    const std::string safe = sanitize_line(span.text);
    std::string_view rest = safe;
    while (!rest.empty()) {
      const std::size_t blank = rest.find(' ');
      word.add(rest.substr(0, blank), span.style);
      if (blank == std::string_view::npos) break;
      place();
      blanks.push_back(' ');
      blank_style = span.style;
      rest.remove_prefix(blank + 1);
    }
  }
  place();
  return out;
}

}  // namespace pryx::cli
