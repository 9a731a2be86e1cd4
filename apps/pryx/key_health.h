// SPDX-License-Identifier: MIT
// Whether the next start could have the database's key, for readiness and `pryx doctor`. A key in a file is
// looked at; one that a keychain or the service manager keeps is as it was at the start, because asking for
// it could open a prompt on somebody's screen. Never worse than degraded: this daemon has its key in memory,
// and whoever restarts what is not ready would lose it for good. Changes nothing. Blocking: a few small
// reads; any thread.
#pragma once
#include <string_view>

#include "foundation/config/places.h"
#include "surfaces/server/admin.h"

namespace pryx::app {

// `backend` is the one that this daemon had its key from.
[[nodiscard]] server::Component look_up_key(const config::Places& places, std::string_view backend);

}  // namespace pryx::app
