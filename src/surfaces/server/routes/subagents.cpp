// SPDX-License-Identifier: MIT
#include "engine/agent/subagents/sub_agents.h"
#include "foundation/base/text.h"
#include "surfaces/server/routes/routes.h"
#include "trust/trace/money.h"

namespace pryx::server::routes {
namespace {

async::Task<Result<Reply>> reply_with(RouteCall& call, agent::SubAgentQuery query) {
  PRYX_CO_TRY(const auto found, co_await call.services().sub_agents.list(call.principal(), std::move(query)));
  json::array items;
  for (const agent::SubAgent& made : found) items.push_back(made.to_json());
  co_return Reply::of(list_body(std::move(items)));
}

}  // namespace

async::Task<Result<Reply>> list_subagents(RouteCall& call) {
  const std::string state = query_or(call, "state");
  if (!state.empty() && state != "open")
    co_return fail(ErrorCode::kInvalidArgument, "state must be open, or be left out");
  agent::SubAgentQuery query{.parent = {}, .open_only = state == "open"};
  PRYX_CO_TRY(query.limit, limit_of(call, 100, 200));
  co_return co_await reply_with(call, std::move(query));
}

async::Task<Result<Reply>> list_children(RouteCall& call) {
  PRYX_CO_TRY(SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const auto session, co_await call.services().database.read([&](db::Connection& c) {
    return agent::SessionStore::find_session(c, call.principal(), id);
  }));
  if (!session) co_return fail(ErrorCode::kNotFound, "there is no session {}", id.str());
  co_return co_await reply_with(call, {.parent = std::move(id)});
}

async::Task<Result<Reply>> spawn_child(RouteCall& call) {
  agent::SpawnRequest request;
  PRYX_CO_TRY(request.parent, path_id<SessionId>(call));
  PRYX_CO_TRY(request.task, json::get_string(call.body, "task"));
  PRYX_CO_TRY(const auto agent_name, json::find_string(call.body, "agent"));
  PRYX_CO_TRY(const auto model, json::find_string(call.body, "model"));
  PRYX_CO_TRY(request.max_tokens, json::find_integer(call.body, "max_tokens"));
  PRYX_CO_TRY(const auto calls, json::find_integer(call.body, "max_tool_calls"));
  if (calls && (*calls < 0 || *calls > 1'000'000))
    co_return fail(ErrorCode::kInvalidArgument, "max_tool_calls is out of range");
  if (calls) request.max_tool_calls = static_cast<int>(*calls);
  request.agent = agent_name.value_or("");
  request.model = model.value_or("");
  if (const json::value* list = json::find(call.body, "tools"); list != nullptr) {
    if (!list->is_array() || list->get_array().size() > 100)
      co_return fail(ErrorCode::kInvalidArgument, "tools must be a list of names");
    request.tools.emplace();
    for (const json::value& name : list->get_array()) {
      if (!name.is_string()) co_return fail(ErrorCode::kInvalidArgument, "tools must be a list of names");
      request.tools->emplace_back(name.get_string());
    }
  }
  PRYX_CO_TRY(const auto max_cost, json::find_string(call.body, "max_cost"));
  if (max_cost) {
    PRYX_CO_TRY(request.max_cost, trace::parse_money(*max_cost));
  }
  if (const json::value* list = json::find(call.body, "after"); list != nullptr) {
    const json::array* ids = list->if_array();
    if (ids == nullptr) co_return fail(ErrorCode::kInvalidArgument, "after must be a list of ids");
    for (const json::value& item : *ids) {
      const std::string text = item.is_string() ? std::string(item.get_string()) : std::string();
      const auto id = SessionId::parse(text);
      if (!id) co_return fail(ErrorCode::kInvalidArgument, "after must be a list of ids");
      request.after.push_back(*id);
    }
  }
  request.background = true;
  request.labels = trust::Labels::owner(call.principal().str());
  PRYX_CO_TRY(const agent::SubAgent made,
              co_await call.services().sub_agents.spawn(call.caller(), std::move(request)));
  co_return Reply::of(made.to_json(), 202);
}

async::Task<Result<Reply>> get_subagent(RouteCall& call) {
  PRYX_CO_TRY(SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const agent::SubAgentResult found,
              co_await call.services().sub_agents.result(call.principal(), std::move(id)));
  json::object body = found.agent.to_json();
  body["text"] = found.text;
  body["labels"] = found.labels.to_json();
  co_return Reply::of(body);
}

async::Task<Result<Reply>> cancel_subagent(RouteCall& call) {
  PRYX_CO_TRY(SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY_VOID(co_await call.services().sub_agents.cancel(call.caller(), id));
  co_return Reply::empty();
}

}  // namespace pryx::server::routes
