// SPDX-License-Identifier: MIT
// One turn as server-sent events: `event:` the name, `id:` the version of durable ones, `data:` the bus
// envelope, until the turn ends in a named state. The client may leave at any time; the turn goes on. I/O
// thread only.
#pragma once
#include "surfaces/server/route.h"

namespace pryx::server {

// How a turn's event stream ends.
[[nodiscard]] bool ends_turn(std::string_view event_name);    // completed, failed, cancelled
[[nodiscard]] bool ends_stream(std::string_view event_name);  // these, and needs_attention

[[nodiscard]] std::string format_sse(const events::Event& event);

// Accepts the message and streams its turn. `call` outlives the coroutine.
[[nodiscard]] async::Task<Result<Reply>> accept_and_stream(RouteCall& call, agent::NewMessage message);

}  // namespace pryx::server
