// SPDX-License-Identifier: MIT
#include "surfaces/cli/testing/cli_process.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "foundation/base/result.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/platform/system_clock.h"
#include "surfaces/cli/cli.h"

namespace pryx::cli::testing {
namespace {

[[noreturn]] void become_cli(std::vector<std::string> arguments,
                             const std::map<std::string, std::string>& environment) {
  ::clearenv();
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  const platform::SystemClock clock;
  pryx::testing::SeededRandom random(static_cast<std::uint64_t>(::getpid()));
  CliHooks hooks;
  hooks.clock = &clock;
  hooks.random = &random;
  hooks.serve = [](const ServeOptions& options) { return options.tcp ? 40 : 41; };
  arguments.insert(arguments.begin(), "pryx");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::_exit(run(static_cast<int>(arguments.size()), argv.data(), hooks));
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

CliResult run_cli(std::vector<std::string> arguments, std::map<std::string, std::string> environment,
                  const std::string& input) {
  int in[2], out[2], err[2];
  PRYX_CHECK(::pipe(in) == 0 && ::pipe(out) == 0 && ::pipe(err) == 0);
  const pid_t pid = ::fork();
  PRYX_CHECK(pid >= 0);
  if (pid == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    for (int fd : {in[0], in[1], out[0], out[1], err[0], err[1]}) ::close(fd);
    become_cli(std::move(arguments), environment);
  }
  ::close(in[0]);
  ::close(out[1]);
  ::close(err[1]);
  PRYX_CHECK(::write(in[1], input.data(), input.size()) == static_cast<ssize_t>(input.size()));
  ::close(in[1]);
  CliResult result;
  pollfd fds[2] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (::poll(fds, 2, 20'000) <= 0) break;
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t count = ::read(fds[i].fd, buffer, sizeof(buffer));
      if (count <= 0)
        fds[i].fd = -1;
      else
        (i == 0 ? result.out : result.err).append(buffer, static_cast<std::size_t>(count));
    }
  }
  ::close(out[0]);
  ::close(err[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  result.exit_code = code_of(status);
  return result;
}

CliTerminal::CliTerminal(std::vector<std::string> arguments, std::map<std::string, std::string> environment,
                         int columns, int rows)
    : screen_(columns, rows) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  PRYX_CHECK(::openpty(&master_, &slave_, nullptr, nullptr, &size) == 0);
  PRYX_CHECK(::tcgetattr(slave_, &before_) == 0);
  environment.emplace("TERM", "xterm-256color");
  environment.emplace("LANG", "C.UTF-8");
  pid_ = ::fork();
  PRYX_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::close(master_);
    ::setsid();
    ::ioctl(slave_, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; ++fd) ::dup2(slave_, fd);
    if (slave_ > 2) ::close(slave_);
    become_cli(std::move(arguments), environment);
  }
}

CliTerminal::~CliTerminal() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(master_);
  ::close(slave_);
}

void CliTerminal::type(std::string_view keys) {
  PRYX_CHECK(::write(master_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
}
void CliTerminal::signal(int number) { ::kill(pid_, number); }

void CliTerminal::resize(int columns, int rows) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  ::ioctl(master_, TIOCSWINSZ, &size);
}

bool CliTerminal::read_some(int milliseconds) {
  pollfd fd{master_, POLLIN, 0};
  if (::poll(&fd, 1, milliseconds) <= 0) return false;
  char buffer[4096];
  const ssize_t count = ::read(master_, buffer, sizeof(buffer));
  if (count <= 0) return false;
  screen_.feed({buffer, static_cast<std::size_t>(count)});
  return true;
}

std::string CliTerminal::shown() const {
  std::string all;
  for (const std::string& line : screen_.text()) all += line + "\n";
  return all;
}

bool CliTerminal::wait_for(std::string_view text) {
  for (int i = 0; i < 500; ++i) {
    if (shown().find(text) != std::string::npos) return true;
    (void)read_some(20);
  }
  return false;
}

int CliTerminal::wait_for_end() {
  for (int i = 0; i < 500; ++i) {
    (void)read_some(20);
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      while (read_some(20)) {
      }
      return code_of(status);
    }
  }
  return -1;
}

bool CliTerminal::is_restored() const {
  termios now{};
  if (::tcgetattr(slave_, &now) != 0) return false;
  return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag &&
         !screen_.bracketed_paste() && screen_.cursor_visible();
}

}  // namespace pryx::cli::testing
