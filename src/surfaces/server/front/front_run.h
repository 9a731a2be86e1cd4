// SPDX-License-Identifier: MIT
// What every front does with a request, whatever its wire: a turn like any other is accepted by the inbox,
// followed by its events, and delivered when the answer was flushed. A disconnect cancels it, because these
// clients cannot come back for the rest. I/O thread only.
#pragma once
#include "surfaces/server/front/front.h"
#include "surfaces/server/route.h"

namespace pryx::server {

// Decodes call.body, runs the turn, answers. `call` outlives the coroutine.
[[nodiscard]] async::Task<Result<Reply>> run_front(RouteCall& call, std::unique_ptr<FrontCodec> codec);

// Everything before the turn: the model is known, the caller may have what it asks for, pictures are stored,
// an earlier answer is found. Leaves in `messages` what the turn begins with, in `history` what comes before.
struct PreparedFront {
  FrontRequest request;
  std::vector<agent::Message> history;
  TurnId after;  // goes on in request.session only if this is its latest turn
};
[[nodiscard]] async::Task<Decoded<PreparedFront>> prepare_front(RouteCall& call, FrontRequest request);

}  // namespace pryx::server
