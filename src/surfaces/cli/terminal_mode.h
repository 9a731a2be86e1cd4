// SPDX-License-Identifier: MIT
// The terminal's mode, changed for a while and always given back: at scope end, on a fatal signal, before a
// stop. At most one change is active in the process, because a signal handler has to find it. Main thread.
#pragma once
#include <string_view>

#include "foundation/base/result.h"

namespace pryx::cli {

class TerminalMode {
 public:
  // Keys arrive at once and unechoed, Ctrl-C as a byte; bracketed paste is on.
  [[nodiscard]] static Result<TerminalMode> raw(int fd);
  // Lines as usual, but what is typed is not shown.
  [[nodiscard]] static Result<TerminalMode> without_echo(int fd);

  TerminalMode(TerminalMode&& other) noexcept;
  TerminalMode& operator=(TerminalMode&&) = delete;
  ~TerminalMode();
  // Idempotent.
  void restore();
  // Gives the terminal back, stops the process group like Ctrl-Z, and takes the mode again when it continues.
  void suspend();

 private:
  TerminalMode() = default;
  [[nodiscard]] static Result<TerminalMode> enter(int fd, bool raw);
  bool active_ = false;
};

}  // namespace pryx::cli
