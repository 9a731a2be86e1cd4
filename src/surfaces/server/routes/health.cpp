// SPDX-License-Identifier: MIT
#include "surfaces/server/bus.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

bool is_ready(const std::vector<Component>& components) {
  return std::ranges::none_of(components, [](const Component& c) { return c.required && c.state == "down"; });
}

}  // namespace

// Public: says that somebody is there, and nothing else.
async::Task<Result<Reply>> get_health(RouteCall&) { co_return Reply::of({{"status", "ok"}}); }

async::Task<Result<Reply>> get_ready(RouteCall& call) {
  const std::vector<Component> components = co_await call.services().diagnostics.components();
  const bool ready = is_ready(components);
  co_return Reply::of({{"status", ready ? "ready" : "not_ready"}, {"components", encode(components)}},
                      ready ? 200 : 503);
}

async::Task<Result<Reply>> get_diagnostics(RouteCall& call) {
  std::vector<Component> components = co_await call.services().diagnostics.components();
  if (query_or(call, "integrity") == "true") {
    const std::vector<Component> more = co_await call.services().diagnostics.integrity();
    components.insert(components.end(), more.begin(), more.end());
  }
  co_return Reply::of({{"status", is_ready(components) ? "ready" : "not_ready"},
                       {"version", call.services().info.version},
                       {"components", encode(components)}});
}

async::Task<Result<Reply>> get_status(RouteCall& call) {
  const Services& services = call.services();
  co_return Reply::of(encode_status({.info = services.info,
                                     .now = services.loop.clock().wall(),
                                     .default_model = services.turns.default_model(),
                                     .running_turns = services.dispatcher.running(),
                                     .queued_turns = services.dispatcher.queued(),
                                     .is_paused = services.dispatcher.is_paused(),
                                     .pending_approvals = services.approvals.pending_count(),
                                     .event_version = services.events.last_version(),
                                     .bus_clients = call.core.bus.client_count()}));
}

}  // namespace pryx::server::routes
