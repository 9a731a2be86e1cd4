// SPDX-License-Identifier: MIT
// Closes the calling process in for good: from here on only memory, its open descriptors and its end.
#pragma once

namespace pryx::worker {

// False when the kernel has no seccomp: the job must not run then.
[[nodiscard]] bool confine();

}  // namespace pryx::worker
