// SPDX-License-Identifier: MIT
// What a run's first programs say over the status socket while they start: that they have begun, or which
// layer could not be set up. Internal to the module.
#pragma once
#include <string>

#include "foundation/platform/files.h"

namespace pryx::sandbox {

inline constexpr int kStartLimitMs = 20'000;  // namespaces on a machine under full load

struct StartReport {
  platform::UniqueFd first_process;  // a handle on the first process of the command's pid namespace
  platform::UniqueFd holder;         // on that of the namespace around it; none without that namespace
  std::string refusal;               // of a layer
  int missing_program = 0;           // errno of the command's own execution
  bool silent = true;                // bubblewrap itself failed
  bool late = false;
};

// Reads until nobody holds the other end any more; at most kStartLimitMs after each message. Blocking; any
// thread. `socket` is ours alone, of type SOCK_SEQPACKET.
[[nodiscard]] StartReport hear_start(int socket);

}  // namespace pryx::sandbox
