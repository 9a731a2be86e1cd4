// SPDX-License-Identifier: MIT
// Closes the calling process in for good: from here on only memory, its open descriptors and its end.
#pragma once

namespace pryx::worker {

// False when a wall cannot be put up: the job must not run then. A kernel without Landlock has the filter of
// system calls alone.
[[nodiscard]] bool confine();

// The walls behind the filter, alone: no file can be opened, no address reached. For tests of their own.
[[nodiscard]] bool close_files_and_network();

}  // namespace pryx::worker
