// SPDX-License-Identifier: MIT
// Styled text as values: lines of spans, and the only function that turns them into escape sequences. Foreign
// text may be put into a span as it is: encoding sanitises every span, so nothing but our own styles can
// reach the terminal as a control. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pryx::cli {

enum class Colour : std::uint8_t { kDefault, kRed, kGreen, kYellow, kBlue, kMagenta, kCyan, kGrey };

struct Style {
  Colour colour = Colour::kDefault;
  bool bold = false;
  bool dim = false;
  bool italic = false;
  bool underline = false;
  bool strike = false;
  bool on_paper = false;  // black on white, whatever the terminal's own colours are
  bool operator==(const Style&) const = default;
};

inline constexpr Style kPlainStyle{};
inline constexpr Style kBold{.bold = true};
inline constexpr Style kDim{.dim = true};
inline constexpr Style kGood{.colour = Colour::kGreen};
inline constexpr Style kWarning{.colour = Colour::kYellow};
inline constexpr Style kBad{.colour = Colour::kRed, .bold = true};
inline constexpr Style kAccent{.colour = Colour::kCyan};

struct Span {
  std::string text;
  Style style;
  bool operator==(const Span&) const = default;
};

struct Line {
  std::vector<Span> spans;
  Line() = default;
  explicit Line(std::string_view text, Style style = {}) { add(text, style); }
  Line& add(std::string_view text, Style style = {});
  [[nodiscard]] bool empty() const { return spans.empty(); }
  [[nodiscard]] std::string text() const;  // without styles
  bool operator==(const Line&) const = default;
};

enum class ColourMode : std::uint8_t { kNone, kAnsi };

[[nodiscard]] std::string style_sequence(Style style);  // SGR from a clean state; empty for the plain style
inline constexpr std::string_view kResetSequence = "\x1b[0m";

// One line of output without its line feed.
[[nodiscard]] std::string encode(const Line& line, ColourMode mode);
[[nodiscard]] int width_of(const Line& line);
[[nodiscard]] Line truncate(const Line& line, int columns);
// Broken at blanks; lines after the first begin with `indent` blanks.
[[nodiscard]] std::vector<Line> wrap(const Line& line, int columns, int indent = 0);

}  // namespace pryx::cli
