// SPDX-License-Identifier: MIT
#include "surfaces/server/messages.h"

#include "surfaces/server/message_parts.h"

#include "engine/agent/session_store.h"
#include "surfaces/server/routes/routes.h"
#include "surfaces/server/turn_stream.h"

namespace pryx::server::routes {
namespace {

bool wants_stream(const net::Request& request) {
  const auto accept = request.headers.find("Accept");
  return accept && accept->find("text/event-stream") != std::string_view::npos;
}

}  // namespace

async::Task<Result<Reply>> list_messages(RouteCall& call) {
  PRYX_CO_TRY(const SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const agent::Page page, page_of(call));
  PRYX_CO_TRY(
      const auto found,
      co_await call.services().database.read([principal = call.principal(), id, page](
                                                 db::Connection& c) -> Result<agent::Paged<agent::Message>> {
        PRYX_TRY(const auto session, agent::SessionStore::find_session(c, principal, id));
        if (!session) return fail(ErrorCode::kNotFound, "there is no session {}", id.str());
        return agent::SessionStore::list_messages(c, principal, id, page);
      }));
  json::array items;
  for (const agent::Message& message : found.items) items.push_back(message.to_json());
  co_return Reply::of(list_body(std::move(items), found.next_cursor));
}

async::Task<Result<Reply>> send_message(RouteCall& call) {
  PRYX_CO_TRY(SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(agent::NewMessage message,
              decode_message(call.body, call.caller(), std::move(id), call.services().models));
  PRYX_CO_TRY(message, co_await with_parts(call.body, std::move(message), call.caller(), call.services()));
  if (wants_stream(call.request)) co_return co_await accept_and_stream(call, std::move(message));
  PRYX_CO_TRY(const agent::Accepted accepted,
              co_await call.services().inbox.accept(call.caller(), std::move(message)));
  co_return Reply::of({{"message_id", accepted.message.str()}, {"turn_id", accepted.turn.str()}}, 202);
}

}  // namespace pryx::server::routes
