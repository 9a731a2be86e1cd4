// SPDX-License-Identifier: MIT
#include "foundation/platform/early_stop.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdlib>

namespace pryx::platform {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

EarlyStop::EarlyStop() {
  const sigset_t held = set_of({SIGTERM, SIGINT, SIGHUP});
  ::pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

// A start that failed ends the process in a moment: what was held back stays so, and the exit code says why.
EarlyStop::~EarlyStop() { end_watch(); }

void EarlyStop::watch(std::function<void(int)> before_end) {
  const sigset_t orders = set_of({SIGTERM, SIGINT});
  UniqueFd signals(::signalfd(-1, &orders, SFD_CLOEXEC | SFD_NONBLOCK));
  released_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!signals || !released_) return;  // the loop takes them later
  watcher_ = std::thread(
      [signals = std::move(signals), released = released_.get(), before_end = std::move(before_end)] {
        pollfd entries[2] = {{signals.get(), POLLIN, 0}, {released, POLLIN, 0}};
        while (entries[0].revents == 0 && entries[1].revents == 0) (void)::poll(entries, 2, -1);
        if (entries[1].revents != 0) return;
        signalfd_siginfo info{};
        if (::read(signals.get(), &info, sizeof info) != sizeof info) return;
        before_end(static_cast<int>(info.ssi_signo));
        ::_exit(EXIT_SUCCESS);
      });
}

void EarlyStop::end_watch() {
  if (!watcher_.joinable()) return;
  const std::uint64_t one = 1;
  (void)!::write(released_.get(), &one, sizeof one);
  watcher_.join();
}

void EarlyStop::release() {
  end_watch();
  const sigset_t held = set_of({SIGTERM, SIGINT, SIGHUP});
  ::pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
}

}  // namespace pryx::platform
