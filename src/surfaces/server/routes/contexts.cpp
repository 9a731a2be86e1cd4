// SPDX-License-Identifier: MIT
// What a session's next prompt holds: how full it is, summaries and taking them back, pins.
#include "engine/agent/context_desk.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

agent::ContextDesk desk_of(const RouteCall& call) {
  const Services& services = call.services();
  return agent::ContextDesk({.loop = services.loop,
                             .database = services.database,
                             .events = services.events,
                             .ids = services.ids,
                             .models = services.models,
                             .default_model = services.turns.default_model(),
                             .profiles = services.turns.profiles()});
}

}  // namespace

async::Task<Result<Reply>> get_context(RouteCall& call) {
  PRYX_CO_TRY(const SessionId id, path_id<SessionId>(call));
  agent::ContextDesk desk = desk_of(call);
  PRYX_CO_TRY(const json::object report, co_await desk.report(call.caller(), id));
  co_return Reply::of(report);
}

// A preview answers at once; the summary itself is a turn of the session, in line with its other turns.
async::Task<Result<Reply>> compact_session(RouteCall& call) {
  PRYX_CO_TRY(const SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const auto preview, json::find_bool(call.body, "preview"));
  if (preview.value_or(false)) {
    agent::ContextDesk desk = desk_of(call);
    PRYX_CO_TRY(const json::object body, co_await desk.preview(call.caller(), id));
    co_return Reply::of(body);
  }
  PRYX_CO_TRY(auto model, json::find_string(call.body, "model"));
  agent::NewMessage message{.session = id, .text = "/compact"};
  message.model = std::move(model).value_or("");
  if (!message.model.empty()) {
    PRYX_CO_TRY_VOID(call.services().models.resolve(message.model));
  }
  message.options.compact = true;
  message.labels = trust::Labels::owner(call.principal().str());
  PRYX_CO_TRY(const agent::Accepted accepted,
              co_await call.services().inbox.accept(call.caller(), std::move(message)));
  co_return Reply::of({{"message_id", accepted.message.str()}, {"turn_id", accepted.turn.str()}}, 202);
}

async::Task<Result<Reply>> undo_compaction(RouteCall& call) {
  PRYX_CO_TRY(const SessionId id, path_id<SessionId>(call));
  agent::ContextDesk desk = desk_of(call);
  PRYX_CO_TRY(const agent::Compaction undone, co_await desk.undo(call.caller(), id));
  co_return Reply::of(undone.to_json());
}

async::Task<Result<Reply>> create_pin(RouteCall& call) {
  PRYX_CO_TRY(const SessionId id, path_id<SessionId>(call));
  agent::NewPin wanted;
  PRYX_CO_TRY(auto kind, json::find_string(call.body, "kind"));
  PRYX_CO_TRY(auto text, json::find_string(call.body, "text"));
  PRYX_CO_TRY(const auto message, json::find_string(call.body, "message_id"));
  if (kind) wanted.kind = std::move(*kind);
  wanted.text = std::move(text).value_or("");
  if (message) {
    PRYX_CO_TRY(wanted.message, MessageId::parse(*message));
  }
  agent::ContextDesk desk = desk_of(call);
  PRYX_CO_TRY(const agent::Pin pin, co_await desk.pin(call.caller(), id, std::move(wanted)));
  co_return Reply::of(pin.to_json(), 201);
}

async::Task<Result<Reply>> delete_pin(RouteCall& call) {
  PRYX_CO_TRY(const SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const agent::PinId pin, path_id<agent::PinId>(call, 1));
  agent::ContextDesk desk = desk_of(call);
  PRYX_CO_TRY_VOID(co_await desk.unpin(call.caller(), id, pin));
  co_return Reply::empty();
}

}  // namespace pryx::server::routes
