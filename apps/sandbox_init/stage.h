// SPDX-License-Identifier: MIT
// Before bubblewrap: a pid namespace whose end is the end of the whole run, and, where there is an overlay, a
// mount namespace with it over the workspace, so that what a run writes lands in a directory of the daemon's
// until it has been looked at.
#pragma once

namespace pryx::sandbox_init {

// Both execute the program and never return.
// argv: STATUS_FD PROGRAM ARGUMENTS…
[[noreturn]] void run_hold_stage(int argc, char** argv);
// argv: WORKSPACE_FD UPPER WORK MERGED STATUS_FD hold|free PROGRAM ARGUMENTS…; "free" makes no pid namespace.
[[noreturn]] void run_overlay_stage(int argc, char** argv);

}  // namespace pryx::sandbox_init
