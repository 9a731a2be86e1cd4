// SPDX-License-Identifier: MIT
// A port of the sandbox's own loopback that leads to one Unix socket: the broker's. Bytes are copied, never
// read.
#pragma once
#include <stdint.h>

namespace pryx::sandbox_init {

// Listens before it returns, then works on in a process that is nobody's child.
void start_forwarder(uint16_t port, const char* socket_path, int status_socket);

}  // namespace pryx::sandbox_init
