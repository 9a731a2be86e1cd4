// SPDX-License-Identifier: MIT
// Waiting for a turn to come to rest, for `GET /turns/{id}?wait=`. I/O thread only.
#pragma once
#include "surfaces/server/route.h"

namespace pryx::server {

// The query's `wait`, in seconds: none without it, 30 without a number. kInvalidArgument beyond 0 to 600.
[[nodiscard]] Result<Duration> wait_of(const RouteCall& call);
// Until the turn has ended or needs attention, the limit is over, or there is nobody left to tell. Of a turn
// that does not exist it is silent: whoever reads it next finds out. kUnauthenticated when the credential
// ended meanwhile.
[[nodiscard]] async::Task<Result<void>> wait_for_turn(RouteCall& call, TurnId turn, Duration limit);

}  // namespace pryx::server
