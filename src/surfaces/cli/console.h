// SPDX-License-Identifier: MIT
// Where every byte of a command's output goes: stdout for data, stderr for messages. Text that reaches a
// terminal passes the sanitiser here; data that goes to a file or pipe stays as it is. One per process, main
// thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "foundation/base/secret.h"
#include "foundation/platform/environment.h"
#include "surfaces/cli/styled.h"
#include "surfaces/cli/terminal_text.h"
#include "surfaces/client/error_traces.h"

namespace pryx::cli {

struct ConsoleOptions {
  int in_fd = 0;
  int out_fd = 1;
  int err_fd = 2;
  bool in_is_tty = false;
  bool out_is_tty = false;
  bool err_is_tty = false;
  bool colour = false;  // allowed at all: neither NO_COLOR, --no-color nor TERM=dumb
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool no_input = false;
  bool assume_yes = false;
  int columns = 80;
};

// What the process's own descriptors are.
[[nodiscard]] ConsoleOptions detect_console(const platform::Environment& environment);
[[nodiscard]] int terminal_columns(int fd, int fallback);
[[nodiscard]] int terminal_rows(int fd, int fallback);

struct Column {
  std::string title;
  bool right = false;
};

class Console {
 public:
  explicit Console(ConsoleOptions options) : options_(options) {}
  [[nodiscard]] const ConsoleOptions& options() const { return options_; }

  // Data, on stdout.
  void print(const Line& line);
  void print(std::string_view text) { print(Line(text)); }
  void print_lines(const std::vector<Line>& lines);
  void write_data(std::string_view bytes);  // as it is, but sanitised when stdout is a terminal
  // Text that comes in pieces: what a piece's end cuts is judged whole. end_stream() ends a line that is
  // open.
  void stream(std::string_view piece);
  void end_stream();
  void print_json(const json::object& document);  // with --json: one document and a line feed
  // A file that took the place of stdout: a message, or with --json the document {"path","bytes"}.
  void report_written(std::string_view path, std::size_t bytes, std::string_view remark = {});
  // Aligned under a head on a terminal, tab-separated without one elsewhere.
  void print_table(const std::vector<Column>& columns, const std::vector<std::vector<Line>>& rows);

  // Messages, on stderr. note() and progress are silent with --quiet, detail() speaks only with --verbose.
  void note(const Line& line);
  void note(std::string_view text) { note(Line(text)); }
  void detail(std::string_view text);
  void warn(std::string_view text);
  void print_error(const Error& error);
  // Of errors that the daemon told: print_error() shows the trace of those.
  [[nodiscard]] client::ErrorTraces& traces() { return traces_; }

  // Pryx's own question. --yes answers it; without a terminal or with --no-input it is an error that names
  // --yes.
  [[nodiscard]] Result<bool> confirm(std::string_view question);
  // One line; the suggestion when it is empty, with --yes, and where nobody can be asked.
  [[nodiscard]] std::string ask_line(std::string_view question, std::string_view suggestion);
  [[nodiscard]] bool can_ask() const {
    return !options_.no_input && !options_.assume_yes && options_.in_is_tty && options_.err_is_tty;
  }
  // Read from the terminal without echo.
  [[nodiscard]] Result<Secret> ask_secret(std::string_view label);
  [[nodiscard]] Result<std::string> read_stdin(std::size_t max_bytes);

 private:
  [[nodiscard]] ColourMode out_mode() const;
  [[nodiscard]] ColourMode err_mode() const;
  void write(int fd, std::string_view bytes);
  void write_stream(std::string_view safe);
  ConsoleOptions options_;
  client::ErrorTraces traces_;
  TextSanitizer stream_;
  bool line_is_open_ = false;
};

struct ErrorText {
  std::string error, cause, advice;
};
// How a message of the form "what failed: why; what to do" is laid out.
[[nodiscard]] ErrorText lay_out(const Error& error);

// "just now", "5 m ago", "3 h ago", "12 d ago".
[[nodiscard]] std::string relative_time(std::string_view rfc3339, WallTime now);

}  // namespace pryx::cli
