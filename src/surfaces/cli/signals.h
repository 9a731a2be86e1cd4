// SPDX-License-Identifier: MIT
// Signals as something to wait for: while it lives, Ctrl-C, SIGTERM, SIGHUP and a changed window size arrive
// on a descriptor instead of ending the program. One at a time; main thread, before other threads exist.
#pragma once
#include <signal.h>

#include <optional>

#include "foundation/base/result.h"
#include "foundation/platform/files.h"

namespace pryx::cli {

class SignalPipe {
 public:
  [[nodiscard]] static Result<SignalPipe> open(bool with_window_size);
  SignalPipe(SignalPipe&& other) noexcept;
  SignalPipe& operator=(SignalPipe&&) = delete;
  ~SignalPipe();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // The next signal that came, if any.
  [[nodiscard]] std::optional<int> take();

 private:
  SignalPipe(platform::UniqueFd fd, sigset_t before) : fd_(std::move(fd)), before_(before) {}
  platform::UniqueFd fd_;
  sigset_t before_{};
};

}  // namespace pryx::cli
