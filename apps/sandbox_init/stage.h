// SPDX-License-Identifier: MIT
// Before bubblewrap: a pid namespace whose end is the end of the whole run, and, where there is an overlay, a
// mount namespace with it over the workspace, so that what a run writes lands in a directory of the daemon's
// until it has been looked at, and with the devices of the sandbox.
#pragma once

namespace pryx::sandbox_init {

// Both execute the program once the daemon gives the word on the status socket, and never return. "free"
// makes no pid namespace. argv: STATUS_FD hold|free PROGRAM ARGUMENTS…
[[noreturn]] void run_hold_stage(int argc, char** argv);
// argv: WORKSPACE_FD UPPER WORK MERGED DEVICES STATUS_FD hold|free PROGRAM ARGUMENTS…
[[noreturn]] void run_overlay_stage(int argc, char** argv);

}  // namespace pryx::sandbox_init
