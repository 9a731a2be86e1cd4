// SPDX-License-Identifier: MIT
#include "engine/agent/session_store.h"
#include "engine/agent/turn_list.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"
#include "surfaces/server/session_actions.h"

namespace pryx::server::routes {
namespace {

Result<agent::SessionQuery> query_of(const RouteCall& call) {
  agent::SessionQuery query;
  query.query = query_or(call, "query");
  query.status = query_or(call, "status");
  if (!query.status.empty() && query.status != "active" && query.status != "archived") {
    return fail(ErrorCode::kInvalidArgument, "status must be active or archived");
  }
  query.agent = query_or(call, "agent");
  if (const std::string states = query_or(call, "state"); !states.empty()) {
    PRYX_TRY(query.states, agent::turn_states_from_list(states));
  }
  PRYX_TRY(query.after, time_of(call, "after"));
  PRYX_TRY(query.before, time_of(call, "before"));
  const std::string sort = query_or(call, "sort");
  if (!sort.empty() && sort != "newest" && sort != "relevance")
    return fail(ErrorCode::kInvalidArgument, "sort must be newest or relevance");
  query.by_relevance = sort == "relevance";
  PRYX_TRY(query.page, page_of(call));
  return query;
}

}  // namespace

async::Task<Result<Reply>> list_sessions(RouteCall& call) {
  PRYX_CO_TRY(const agent::SessionQuery query, query_of(call));
  PRYX_CO_TRY(const auto page, co_await call.services().database.read(
                                   [principal = call.principal(), &query](db::Connection& c) {
                                     return agent::SessionStore::list_sessions(c, principal, query);
                                   }));
  json::array items;
  for (const agent::SessionHit& hit : page.items) items.push_back(encode(hit));
  co_return Reply::of(list_body(std::move(items), page.next_cursor));
}

async::Task<Result<Reply>> create_session(RouteCall& call) {
  PRYX_CO_TRY(SessionFields fields, decode_session_fields(call.body));
  fields.status.reset();
  PRYX_CO_TRY(const agent::Session session,
              co_await server::create_session(call.services(), call.caller(), std::move(fields)));
  co_return Reply::of(session.to_json(), 201);
}

async::Task<Result<Reply>> get_session(RouteCall& call) {
  PRYX_CO_TRY(SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const agent::Session session,
              co_await server::get_session(call.services(), call.caller(), std::move(id)));
  co_return Reply::of(session.to_json());
}

async::Task<Result<Reply>> update_session(RouteCall& call) {
  PRYX_CO_TRY(SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(SessionFields fields, decode_session_fields(call.body));
  PRYX_CO_TRY(const agent::Session session,
              co_await change_session(call.services(), call.caller(), std::move(id), std::move(fields)));
  co_return Reply::of(session.to_json());
}

async::Task<Result<Reply>> delete_session(RouteCall& call) {
  PRYX_CO_TRY(SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY_VOID(co_await server::delete_session(call.services(), call.caller(), std::move(id)));
  co_return Reply::empty();
}

async::Task<Result<Reply>> fork_session(RouteCall& call) {
  PRYX_CO_TRY(SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const auto title, json::find_string(call.body, "title"));
  PRYX_CO_TRY(const auto last, json::find_string(call.body, "message_id"));
  MessageId message;
  if (last) {
    PRYX_CO_TRY(message, MessageId::parse(*last));
  }
  PRYX_CO_TRY(const agent::Session session,
              co_await server::fork_session(call.services(), call.caller(), std::move(id), std::move(message),
                                            title.value_or("")));
  co_return Reply::of(session.to_json(), 201);
}

}  // namespace pryx::server::routes
