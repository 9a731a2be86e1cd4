// SPDX-License-Identifier: MIT
// The layers that a process puts around itself: limits, no new privileges, Landlock, system call filters.
// Each function either does all of its work or ends the process with the reason.
#pragma once
#include "channel.h"

namespace pryx::sandbox_init {

void set_limits(const Configuration& configuration, int socket);
void refuse_new_privileges(int socket);
// Everything is forbidden but what "read", "list" and "write" rows name.
void restrict_files(const Configuration& configuration, int socket);
// The programs come ready made, compiled by the daemon.
void filter_system_calls(const Configuration& configuration, int socket);

}  // namespace pryx::sandbox_init
