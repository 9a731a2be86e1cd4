// SPDX-License-Identifier: MIT
// The /dev of a sandbox, made before bubblewrap. bubblewrap makes the same with --dev, but reads the list of
// all mounts again for each device that it binds, which was a sixth of what a sandbox adds to the start of a
// command.
#pragma once

namespace pryx::sandbox_init {

// Over `folder`, in a mount namespace of this process's own: null, zero, full, random, urandom and tty of the
// host, own terminals, and the usual links. Ends the process when something of it cannot be made.
void make_devices(const char* folder, int socket);

}  // namespace pryx::sandbox_init
