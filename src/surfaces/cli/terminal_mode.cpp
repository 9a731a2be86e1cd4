// SPDX-License-Identifier: MIT
#include "surfaces/cli/terminal_mode.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "foundation/platform/files.h"

namespace pryx::cli {
namespace {

// Cursor on, styles off, end of a synchronized frame, bracketed paste off: harmless where it was not set.
constexpr std::string_view kLeaveRaw = "\x1b[?2026l\x1b[?25h\x1b[0m\x1b[?2004l";
constexpr std::string_view kEnterRaw = "\x1b[?2004h";
constexpr std::array kFatalSignals = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGSEGV,
                                      SIGABRT, SIGBUS,  SIGFPE, SIGILL,  SIGPIPE};

// What a signal handler needs; written before the handlers are set.
struct SavedMode {
  volatile sig_atomic_t active = 0;
  int fd = -1;
  bool raw = false;
  termios before{};
  termios during{};
  std::array<struct sigaction, kFatalSignals.size()> actions{};
};
SavedMode saved;

// Async-signal-safe.
void give_back() {
  if (saved.active == 0) return;
  saved.active = 0;
  if (saved.raw) {
    const ssize_t ignored = ::write(saved.fd, kLeaveRaw.data(), kLeaveRaw.size());
    (void)ignored;
  }
  // A background process would be stopped by SIGTTOU for this.
  sigset_t block;
  sigset_t previous;
  ::sigemptyset(&block);
  ::sigaddset(&block, SIGTTOU);
  ::sigprocmask(SIG_BLOCK, &block, &previous);
  ::tcsetattr(saved.fd, TCSANOW, &saved.before);
  ::sigprocmask(SIG_SETMASK, &previous, nullptr);
}

void on_fatal_signal(int number) {
  const int error = errno;
  give_back();
  errno = error;
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  ::sigaction(number, &action, nullptr);
  ::raise(number);
}

}  // namespace

Result<TerminalMode> TerminalMode::enter(int fd, bool raw) {
  PRYX_CHECK(saved.active == 0);
  if (::tcgetattr(fd, &saved.before) != 0)
    return fail(platform::system_error("read the terminal's mode", errno));
  saved.fd = fd;
  saved.raw = raw;
  saved.during = saved.before;
  if (raw) {
    saved.during.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    saved.during.c_cflag |= CS8;
    saved.during.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | IEXTEN | ISIG);
    saved.during.c_cc[VMIN] = 1;
    saved.during.c_cc[VTIME] = 0;
  } else {
    saved.during.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  }
  struct sigaction action{};
  action.sa_handler = on_fatal_signal;
  ::sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kFatalSignals.size(); ++i)
    ::sigaction(kFatalSignals[i], &action, &saved.actions[i]);
  saved.active = 1;
  if (::tcsetattr(fd, TCSAFLUSH, &saved.during) != 0) {
    const int error = errno;
    give_back();
    return fail(platform::system_error("set the terminal's mode", error));
  }
  if (raw) (void)platform::write_all(fd, kEnterRaw, "terminal");
  TerminalMode mode;
  mode.active_ = true;
  return mode;
}

Result<TerminalMode> TerminalMode::raw(int fd) { return enter(fd, true); }
Result<TerminalMode> TerminalMode::without_echo(int fd) { return enter(fd, false); }

TerminalMode::TerminalMode(TerminalMode&& other) noexcept : active_(std::exchange(other.active_, false)) {}

TerminalMode::~TerminalMode() { restore(); }

void TerminalMode::restore() {
  if (!std::exchange(active_, false)) return;
  give_back();
  for (std::size_t i = 0; i < kFatalSignals.size(); ++i)
    ::sigaction(kFatalSignals[i], &saved.actions[i], nullptr);
}

void TerminalMode::suspend() {
  if (!active_) return;
  give_back();
  ::kill(0, SIGTSTP);
  saved.active = 1;
  (void)::tcsetattr(saved.fd, TCSAFLUSH, &saved.during);
  if (saved.raw) (void)platform::write_all(saved.fd, kEnterRaw, "terminal");
}

}  // namespace pryx::cli
