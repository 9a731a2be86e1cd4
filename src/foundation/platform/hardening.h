// SPDX-License-Identifier: MIT
// What a process that holds secrets does to itself at start: no core dump, no ptrace by others of the same
// user.
#pragma once
#include "foundation/base/result.h"

namespace pryx::platform {

[[nodiscard]] Result<void> harden_process();

}  // namespace pryx::platform
