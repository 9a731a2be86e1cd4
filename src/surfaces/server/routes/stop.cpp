// SPDX-License-Identifier: MIT
// The panic button.
#include "engine/agent/stop.h"

#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {

async::Task<Result<Reply>> stop_everything(RouteCall& call) {
  PRYX_CO_TRY(agent::StopScope scope, agent::StopScope::from_json(call.body));
  PRYX_CO_TRY(const agent::StopReport report,
              co_await agent::stop_effects(stop_parts(call.services(), call.core.background), call.caller(),
                                           std::move(scope)));
  co_return Reply::of(report.to_json());
}

}  // namespace pryx::server::routes
