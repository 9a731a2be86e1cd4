// SPDX-License-Identifier: MIT
// What a process has to be before it becomes the daemon: its environment, its places, the unprivileged user
// it runs as, and the bound socket. Start-up only, on the main thread, before other threads exist.
#pragma once
#include <string>

#include "foundation/config/places.h"
#include "foundation/platform/environment.h"
#include "foundation/platform/files.h"
#include "surfaces/cli/cli.h"
#include "trust/vault/database_key.h"

namespace pryx::app {

struct Ground {
  platform::Environment environment;
  config::Places places;
  bool dropped_from_root = false;
  std::string user_name;
  vault::StartSecrets secrets;
};

// Started as root: makes the places, hands them to the system user and becomes that user for good.
[[nodiscard]] Result<Ground> prepare_ground(const cli::ServeOptions& options);
// Bound and listening; an address too long for the system is reached through its held directory.
[[nodiscard]] Result<platform::UniqueFd> bind_unix_socket(const config::Places& places);

}  // namespace pryx::app
