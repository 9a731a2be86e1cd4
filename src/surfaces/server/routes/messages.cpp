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

struct MessageQuery {
  agent::Page page;
  agent::MessageOrder order = agent::MessageOrder::kOldestFirst;
  MessageId before;  // empty: the page begins at an end, or at its cursor
};

Result<MessageQuery> query_of(const RouteCall& call) {
  MessageQuery query;
  PRYX_TRY(query.page, page_of(call));
  const std::string sort = query_or(call, "sort");
  if (!sort.empty() && sort != "oldest" && sort != "newest")
    return fail(ErrorCode::kInvalidArgument, "sort must be oldest or newest");
  if (sort == "newest") query.order = agent::MessageOrder::kNewestFirst;
  if (const std::string before = query_or(call, "before"); !before.empty()) {
    if (sort == "oldest")
      return fail(ErrorCode::kInvalidArgument, "what comes before a message is listed newest first");
    auto id = MessageId::parse(before);
    if (!id) return fail(ErrorCode::kInvalidArgument, "before must be the id of a message, msg_…");
    query.before = std::move(*id);
    query.order = agent::MessageOrder::kNewestFirst;
  }
  return query;
}

Result<agent::Paged<agent::Message>> read_page(db::Connection& c, const PrincipalId& principal,
                                               const SessionId& id, MessageQuery query) {
  PRYX_TRY(const auto session, agent::SessionStore::find_session(c, principal, id));
  if (!session) return fail(ErrorCode::kNotFound, "there is no session {}", id.str());
  if (!query.before.empty() && query.page.cursor.empty()) {
    PRYX_TRY(const auto message, agent::SessionStore::find_message(c, principal, id, query.before));
    if (!message)
      return fail(ErrorCode::kNotFound, "session {} has no message {}", id.str(), query.before.str());
    query.page.cursor = std::to_string(message->seq);
  }
  return agent::SessionStore::list_messages(c, principal, id, query.page, query.order);
}

}  // namespace

async::Task<Result<Reply>> list_messages(RouteCall& call) {
  PRYX_CO_TRY(const SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const MessageQuery query, query_of(call));
  PRYX_CO_TRY(const auto found, co_await call.services().database.read(
                                    [principal = call.principal(), id, query](db::Connection& c) {
                                      return read_page(c, principal, id, query);
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
