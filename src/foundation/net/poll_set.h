// SPDX-License-Identifier: MIT
// PollSet: descriptors that belong to a C library (libcurl, c-ares) watched by the loop. One epoll descriptor
// holds them all and only that one is known to Asio, so a library may close or reuse its descriptors at any
// time. I/O thread only.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "foundation/async/event_loop.h"

namespace pryx::net {

class PollSet {
 public:
  struct Ready {
    int fd;
    bool readable;
    bool writable;
    bool failed;
  };
  // Runs on the loop for each ready descriptor; `after` once when a batch is done. Both may destroy the set.
  PollSet(async::RealEventLoop& loop, std::function<void(Ready)> on_ready, std::function<void()> after);
  ~PollSet();
  PollSet(const PollSet&) = delete;
  PollSet& operator=(const PollSet&) = delete;

  // False when the system had no descriptor left: nothing is watched then.
  [[nodiscard]] bool is_open() const;
  // Level-triggered. Neither read nor write stops watching; a descriptor that was closed stops by itself.
  void watch(int fd, bool read, bool write);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pryx::net
