// SPDX-License-Identifier: MIT
// What a process that holds secrets and serves many does to itself at start: no core dump, no ptrace by
// others of the same user, and as many open files as the system allows it: a login shell's 1,024 would be
// less than the connections that the server promises.
#pragma once
#include "foundation/base/result.h"

namespace pryx::platform {

[[nodiscard]] Result<void> harden_process();

}  // namespace pryx::platform
