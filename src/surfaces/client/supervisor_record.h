// SPDX-License-Identifier: MIT
// state/supervisor.json: which supervisor looks after the daemon of this home, so that it can be told to end
// while it waits before a restart. Left by a kill, it is recognised by pid, start time and boot. Blocking;
// any thread.
#pragma once
#include <optional>

#include "foundation/base/result.h"
#include "foundation/config/places.h"
#include "foundation/platform/held_directory.h"
#include "foundation/platform/process_identity.h"

namespace pryx::client {

// `state` is the held directory places.state. A supervisor that wrote before is replaced.
[[nodiscard]] Result<void> write_supervisor_record(const platform::HeldDirectory& state,
                                                   const config::Places& places);
// Unless another supervisor has written since.
void remove_supervisor_record(const platform::HeldDirectory& state, const config::Places& places);
// The one that runs.
[[nodiscard]] std::optional<platform::ProcessIdentity> find_supervisor(const config::Places& places);

}  // namespace pryx::client
