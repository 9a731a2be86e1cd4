// SPDX-License-Identifier: MIT
// The command line as a process of a test: run() in a fork, its output collected, or attached to a terminal
// that the test plays.
#pragma once
#include <termios.h>

#include <map>
#include <string>
#include <vector>

#include "surfaces/cli/testing/screen.h"

namespace pryx::cli::testing {

struct CliResult {
  int exit_code = -1;
  std::string out, err;
};
[[nodiscard]] CliResult run_cli(std::vector<std::string> arguments,
                                std::map<std::string, std::string> environment,
                                const std::string& input = {});

// A terminal of the given size with the command line in it.
class CliTerminal {
 public:
  CliTerminal(std::vector<std::string> arguments, std::map<std::string, std::string> environment,
              int columns = 80, int rows = 24);
  ~CliTerminal();
  CliTerminal(const CliTerminal&) = delete;
  CliTerminal& operator=(const CliTerminal&) = delete;

  void type(std::string_view keys);
  // Reads until the screen holds the text (false after 10 s), which must not be the one from before the last
  // keys.
  [[nodiscard]] bool wait_for(std::string_view text);
  // Reads until the program ended; its exit code, or 128 plus the signal.
  [[nodiscard]] int wait_for_end();
  void signal(int number);
  void resize(int columns, int rows);
  [[nodiscard]] Screen& screen() { return screen_; }
  [[nodiscard]] std::string shown() const;
  // Whether the terminal is as it was before the program began.
  [[nodiscard]] bool is_restored() const;

 private:
  bool read_some(int milliseconds);
  int master_ = -1;
  int slave_ = -1;
  pid_t pid_ = -1;
  termios before_{};
  Screen screen_;
};

}  // namespace pryx::cli::testing
