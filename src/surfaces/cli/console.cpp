// SPDX-License-Identifier: MIT
#include "surfaces/cli/console.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "foundation/base/clock.h"
#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "foundation/platform/hardening.h"
#include "surfaces/cli/terminal_mode.h"
#include "surfaces/cli/terminal_text.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxSecret = 64u << 10;
constexpr int kMinCell = 8;

std::string_view default_advice(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnauthenticated:
      return "set PRYX_TOKEN to a token from `pryx token create`, or leave out --host";
    case ErrorCode::kUnavailable:
      return "pryx daemon status, then pryx daemon logs";
    case ErrorCode::kTimeout:
      return "give more time with --timeout";
    case ErrorCode::kOverloaded:
      return "wait a moment and try again";
    case ErrorCode::kStorage:
    case ErrorCode::kInternal:
      return "pryx doctor";
    default:
      return {};
  }
}

// What is typed until the line feed, without blanks around it; bounded.
std::string read_line(int fd) {
  constexpr std::size_t kMaxAnswer = 4096;
  std::string answer;
  char byte = 0;
  while (true) {
    const ssize_t count = ::read(fd, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || byte == '\n') break;
    if (answer.size() < kMaxAnswer) answer.push_back(byte);
  }
  return std::string(trim(answer));
}

}  // namespace

int terminal_columns(int fd, int fallback) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : fallback;
}

int terminal_rows(int fd, int fallback) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : fallback;
}

ConsoleOptions detect_console(const platform::Environment& environment) {
  ConsoleOptions options;
  options.in_is_tty = ::isatty(0) == 1;
  options.out_is_tty = ::isatty(1) == 1;
  options.err_is_tty = ::isatty(2) == 1;
  options.colour = !environment.find("NO_COLOR") && environment.get_or("TERM", "dumb") != "dumb";
  options.columns = std::clamp(terminal_columns(1, terminal_columns(2, 80)), 20, 500);
  return options;
}

ColourMode Console::out_mode() const {
  return options_.colour && options_.out_is_tty ? ColourMode::kAnsi : ColourMode::kNone;
}
ColourMode Console::err_mode() const {
  return options_.colour && options_.err_is_tty ? ColourMode::kAnsi : ColourMode::kNone;
}

void Console::write(int fd, std::string_view bytes) {
  // A reader that went away ends the program by SIGPIPE; every other failure of an output has nobody left to
  // be told.
  (void)platform::write_all(fd, bytes, "output");
}

void Console::print(const Line& line) { write(options_.out_fd, encode(line, out_mode()) + "\n"); }

void Console::print_lines(const std::vector<Line>& lines) {
  std::string all;
  for (const Line& line : lines) all += encode(line, out_mode()) + "\n";
  write(options_.out_fd, all);
}

void Console::write_data(std::string_view bytes) {
  write(options_.out_fd, options_.out_is_tty ? sanitize(bytes) : std::string(bytes));
}

void Console::write_stream(std::string_view safe) {
  if (safe.empty()) return;
  write(options_.out_fd, safe);
  line_is_open_ = !safe.ends_with('\n');
}

void Console::stream(std::string_view piece) {
  write_stream(options_.out_is_tty ? stream_.feed(piece) : std::string(piece));
}

void Console::end_stream() {
  write_stream(stream_.finish());
  if (line_is_open_) write(options_.out_fd, "\n");
  line_is_open_ = false;
}

void Console::print_json(const json::object& document) { write_data(json::to_text(document) + "\n"); }

void Console::report_written(std::string_view path, std::size_t bytes, std::string_view remark) {
  if (options_.json)
    print_json({{"path", path}, {"bytes", bytes}});
  else
    note(fmt::format("wrote {} bytes to {}{}", bytes, path, remark));
}

void Console::print_table(const std::vector<Column>& columns, const std::vector<std::vector<Line>>& rows) {
  std::string all;
  if (!options_.out_is_tty) {
    for (const auto& row : rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) all.push_back('\t');
        all += encode(row[i], ColourMode::kNone);
      }
      all.push_back('\n');
    }
    write(options_.out_fd, all);
    return;
  }
  std::vector<int> widths;
  for (const Column& column : columns) widths.push_back(display_width(column.title));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  }
  const int gaps = 2 * (static_cast<int>(widths.size()) - 1);
  int total = gaps;
  for (int width : widths) total += width;
  while (total > options_.columns) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kMinCell) break;
    --*widest;
    --total;
  }
  const auto add_row = [&](const std::vector<Line>& cells) {
    Line line;
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
      const Line cell = truncate(cells[i], widths[i]);
      const std::string blanks(static_cast<std::size_t>(std::max(0, widths[i] - width_of(cell))), ' ');
      if (i > 0) line.add("  ");
      if (columns[i].right) line.add(blanks);
      for (const Span& span : cell.spans) line.add(span.text, span.style);
      if (!columns[i].right && i + 1 < cells.size()) line.add(blanks);
    }
    all += encode(line, out_mode()) + "\n";
  };
  std::vector<Line> head;
  for (const Column& column : columns) head.emplace_back(column.title, kDim);
  add_row(head);
  for (const auto& row : rows) add_row(row);
  write(options_.out_fd, all);
}

void Console::note(const Line& line) {
  if (!options_.quiet) write(options_.err_fd, encode(line, err_mode()) + "\n");
}

void Console::detail(std::string_view text) {
  if (options_.verbose) write(options_.err_fd, encode(Line(text, kDim), err_mode()) + "\n");
}

void Console::warn(std::string_view text) {
  Line line("warning", kWarning);
  line.add(": ").add(text);
  write(options_.err_fd, encode(line, err_mode()) + "\n");
}

ErrorText lay_out(const Error& error) {
  ErrorText text;
  std::string_view message = error.message;
  if (const std::size_t advice = message.rfind("; ");
      advice != std::string_view::npos && message.find('\n') == std::string_view::npos) {
    text.advice.assign(message.substr(advice + 2));
    message = message.substr(0, advice);
  }
  const std::size_t cause =
      message.find('\n') == std::string_view::npos ? message.rfind(": ") : std::string_view::npos;
  if (cause != std::string_view::npos && message.substr(0, cause).find(' ') != std::string_view::npos) {
    text.cause.assign(message.substr(cause + 2));
    message = message.substr(0, cause);
  }
  text.error.assign(message);
  if (text.advice.empty()) text.advice = default_advice(error.code);
  return text;
}

void Console::print_error(const Error& error) {
  const ErrorText text = lay_out(error);
  std::string out = encode(Line("error", kBad), err_mode()) + ": " + sanitize(text.error) + "\n";
  if (!text.cause.empty()) out += "cause: " + sanitize(text.cause) + "\n";
  if (!text.advice.empty()) out += "try: " + sanitize(text.advice) + "\n";
  out += fmt::format("code: {}\n", facts(error.code).wire);
  if (const std::string trace = traces_.find(error); !trace.empty()) out += fmt::format("trace: {}\n", trace);
  write(options_.err_fd, out);
}

Result<bool> Console::confirm(std::string_view question) {
  if (options_.assume_yes) return true;
  if (options_.no_input || !options_.in_is_tty || !options_.err_is_tty) {
    return fail(ErrorCode::kInvalidArgument, "there is nobody to ask \"{}\"; repeat with --yes", question);
  }
  Line line(question);
  line.add(" [y/N] ", kDim);
  write(options_.err_fd, encode(line, err_mode()));
  const std::string word = lower_ascii(read_line(options_.in_fd));
  return word == "y" || word == "yes";
}

std::string Console::ask_line(std::string_view question, std::string_view suggestion) {
  if (!can_ask()) return std::string(suggestion);
  Line line(question);
  line.add(fmt::format(" [{}] ", suggestion), kDim);
  write(options_.err_fd, encode(line, err_mode()));
  std::string answer = read_line(options_.in_fd);
  return answer.empty() ? std::string(suggestion) : answer;
}

Result<Secret> Console::ask_secret(std::string_view label) {
  if (options_.no_input)
    return fail(ErrorCode::kInvalidArgument, "{} is needed and --no-input forbids asking; give it on stdin",
                label);
  platform::UniqueFd tty(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!tty)
    return fail(ErrorCode::kInvalidArgument,
                "{} is needed and there is no terminal to ask on; give it on stdin", label);
  PRYX_TRY_VOID(platform::harden_process());
  PRYX_TRY(TerminalMode mode, TerminalMode::without_echo(tty.get()));
  write(tty.get(), encode(Line(fmt::format("{}: ", label)), ColourMode::kNone));
  std::string typed;
  bool complete = false;
  while (typed.size() < kMaxSecret) {
    char byte = 0;
    const ssize_t count = ::read(tty.get(), &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    complete = byte == '\n' || byte == '\r';
    if (complete) break;
    typed.push_back(byte);
  }
  mode.restore();
  write(tty.get(), "\n");
  Secret secret(std::string(trim(typed)));
  wipe(typed);
  if (!complete || secret.empty()) return fail(ErrorCode::kInvalidArgument, "{} was not given", label);
  return secret;
}

Result<std::string> Console::read_stdin(std::size_t max_bytes) {
  return platform::read_all(options_.in_fd, max_bytes, "standard input");
}

std::string relative_time(std::string_view rfc3339, WallTime now) {
  const auto time = parse_rfc3339(rfc3339);
  if (!time) return std::string(rfc3339);
  const std::int64_t seconds = (now.unix_ms - time->unix_ms) / 1000;
  if (seconds < -60) return std::string(rfc3339);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return fmt::format("{} m ago", seconds / 60);
  if (seconds < 172'800) return fmt::format("{} h ago", seconds / 3600);
  return fmt::format("{} d ago", seconds / 86'400);
}

}  // namespace pryx::cli
