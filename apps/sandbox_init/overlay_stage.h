// SPDX-License-Identifier: MIT
// Before bubblewrap: a user and mount namespace with an overlay over the workspace, so that what a run writes
// lands in a directory of the daemon's until it has been looked at.
#pragma once

namespace pryx::sandbox_init {

// argv: WORKSPACE_FD UPPER WORK MERGED STATUS_FD PROGRAM ARGUMENTS…; executes the program, never returns.
[[noreturn]] void run_overlay_stage(int argc, char** argv);

}  // namespace pryx::sandbox_init
