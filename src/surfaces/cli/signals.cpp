// SPDX-License-Identifier: MIT
#include "surfaces/cli/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace pryx::cli {

Result<SignalPipe> SignalPipe::open(bool with_window_size) {
  sigset_t wanted;
  sigset_t before;
  ::sigemptyset(&wanted);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&wanted, number);
  if (with_window_size) ::sigaddset(&wanted, SIGWINCH);
  if (::sigprocmask(SIG_BLOCK, &wanted, &before) != 0)
    return fail(platform::system_error("block signals", errno));
  platform::UniqueFd fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) {
    const int error = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return fail(platform::system_error("wait for signals", error));
  }
  return SignalPipe(std::move(fd), before);
}

SignalPipe::SignalPipe(SignalPipe&& other) noexcept : fd_(std::move(other.fd_)), before_(other.before_) {}

SignalPipe::~SignalPipe() {
  if (!fd_) return;
  // What arrived and was not looked at has no one to go to any more.
  while (take()) {
  }
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> SignalPipe::take() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace pryx::cli
