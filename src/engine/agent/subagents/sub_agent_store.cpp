// SPDX-License-Identifier: MIT
#include "engine/agent/subagents/sub_agent_store.h"

#include <algorithm>

#include "engine/agent/turn_store.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

#define PRYX_SUB_COLUMNS                                                                               \
  "s.principal_id, s.session_id, s.turn_id, s.parent_session, s.parent_turn, s.key, s.task, s.agent, " \
  "s.model, s.tools, s.max_tokens, s.max_tool_calls, s.depth, s.background, s.created_at, t.state, "   \
  "t.usage, "                                                                                          \
  "t.error_code, t.error_detail, t.ended_at, s.waits_for, t.answered_by"
#define PRYX_SUB_FROM " FROM sub_agents s JOIN turns t ON t.id = s.turn_id "
#define PRYX_OPEN_STATES "('queued','running','waiting','needs_attention')"
constexpr std::string_view kInsert =
    "INSERT INTO sub_agents (principal_id, session_id, turn_id, parent_session, parent_turn, key, task, "
    "agent, "
    "model, tools, max_tokens, max_tool_calls, depth, background, created_at, waits_for) VALUES "
    "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)";
constexpr std::string_view kFind =
    "SELECT " PRYX_SUB_COLUMNS PRYX_SUB_FROM "WHERE s.principal_id = $1 AND s.session_id = $2";
constexpr std::string_view kFindByKey =
    "SELECT " PRYX_SUB_COLUMNS PRYX_SUB_FROM "WHERE s.principal_id = $1 AND s.key = $2";
constexpr std::string_view kList =
    "SELECT " PRYX_SUB_COLUMNS PRYX_SUB_FROM
    "WHERE s.principal_id = $1 AND ($2 = '' OR s.parent_session = $2) AND ($3 = 0 "
    "OR t.state IN " PRYX_OPEN_STATES ") ORDER BY s.session_id DESC LIMIT $4";
constexpr std::string_view kOrphans =
    "SELECT " PRYX_SUB_COLUMNS PRYX_SUB_FROM
    "JOIN turns p ON p.id = s.parent_turn WHERE p.state = 'cancelled' AND t.state IN " PRYX_OPEN_STATES
    " AND ($1 = '' OR p.id = $1)";
constexpr std::string_view kWaitingFor = "SELECT " PRYX_SUB_COLUMNS PRYX_SUB_FROM
                                         "WHERE s.principal_id = $1 AND t.state = 'queued' AND s.waits_for "
                                         "<> '' AND ($2 = '' OR instr(s.waits_for, $2) > 0)";
constexpr std::string_view kCountOpen =
    "SELECT count(*)" PRYX_SUB_FROM "WHERE s.principal_id = $1 AND t.state IN " PRYX_OPEN_STATES;
constexpr std::string_view kBelow =
    "WITH RECURSIVE below(id) AS (SELECT session_id FROM sub_agents WHERE principal_id = $1 AND "
    "parent_session = $2 AND ($3 = '' OR parent_turn = $3) UNION SELECT s.session_id FROM sub_agents s JOIN "
    "below b ON s.parent_session = b.id WHERE s.principal_id = $1) SELECT id FROM below ORDER BY id";
// The turn itself and, below it and below every turn that is over, what that one had started. A call that was
// denied or cancelled counts when an attempt of it ran, as it does for the turn that made it.
constexpr std::string_view kUse =
    "WITH RECURSIVE taken(turn_id, max_tokens, max_tool_calls, is_open) AS (SELECT id, 0, 0, 0 FROM turns "
    "WHERE principal_id = $1 AND id = $2 UNION ALL SELECT s.turn_id, s.max_tokens, s.max_tool_calls, CASE "
    "WHEN t.state IN " PRYX_OPEN_STATES
    " THEN 1 ELSE 0 END FROM taken a JOIN sub_agents s ON s.parent_turn = a.turn_id JOIN turns t ON t.id = "
    "s.turn_id WHERE a.is_open = 0 AND s.principal_id = $1) SELECT a.turn_id, a.max_tokens, "
    "a.max_tool_calls, a.is_open, t.usage, (SELECT count(*) FROM steps p WHERE p.principal_id = $1 AND "
    "p.turn_id = a.turn_id AND p.kind = 'tool' AND p.state <> 'planned' AND (p.state NOT IN "
    "('denied','cancelled') OR p.started_at IS NOT NULL)) FROM taken a JOIN turns t ON t.id = a.turn_id";
#undef PRYX_SUB_COLUMNS
#undef PRYX_SUB_FROM
#undef PRYX_OPEN_STATES

std::string ids_to_text(const std::vector<SessionId>& ids) {
  std::string out;
  for (const SessionId& id : ids) out += (out.empty() ? "" : " ") + id.str();
  return out;
}

std::string lists_to_text(const tools::ToolLists& lists) {
  json::array out;
  for (const auto& list : lists) {
    json::array names;
    for (const std::string& name : list) names.emplace_back(name);
    out.push_back(std::move(names));
  }
  return json::to_text(json::value(std::move(out)));
}

// What cannot be read allows nothing.
tools::ToolLists lists_from_text(std::string_view text) {
  const auto parsed = json::parse(text, json::kOwnText);
  if (!parsed || !parsed->is_array()) return {{}};
  tools::ToolLists lists;
  for (const json::value& item : parsed->get_array()) {
    std::vector<std::string> names;
    if (item.is_array()) {
      for (const json::value& name : item.get_array()) {
        if (name.is_string()) names.emplace_back(name.get_string());
      }
    }
    lists.push_back(std::move(names));
  }
  return lists;
}

SubAgent read_row(const db::Row& r) {
  SubAgent s;
  s.principal = r.id<PrincipalId>(0);
  s.id = r.id<SessionId>(1);
  s.turn = r.id<TurnId>(2);
  s.parent_session = r.id<SessionId>(3);
  s.parent_turn = r.id<TurnId>(4);
  s.key = r.text(5);
  s.task = r.text(6);
  s.agent = r.text(7);
  s.model = r.text(8);
  s.tools = lists_from_text(r.view(9));
  s.max_tokens = r.integer(10);
  s.max_tool_calls = static_cast<int>(r.integer(11));
  s.depth = static_cast<int>(r.integer(12));
  s.background = r.boolean(13);
  s.created_at = r.time(14);
  s.turn_state = turn_state_from_text(r.view(15)).value_or(TurnState::kFailed);
  Turn counted;
  read_usage(counted, r.view(16));
  s.usage = counted.usage;
  s.cost = counted.cost_json();
  s.answered_by = r.text(21);
  s.error_code = r.text(17);
  s.error_detail = r.text(18);
  s.ended_at = r.optional_time(19);
  for (const std::string_view id : split(r.view(20), ' ')) {
    if (!id.empty()) s.after.emplace_back(std::string(id));
  }
  return s;
}

// One turn of kUse: what it was given, and what it used.
struct Taken {
  TurnId turn;
  std::int64_t max_tokens = 0, tokens = 0;
  int max_calls = 0, calls = 0;
  bool is_open = false;
};

Taken read_taken(const db::Row& r) {
  Turn counted;
  read_usage(counted, r.view(4));
  return {.turn = r.id<TurnId>(0),
          .max_tokens = r.integer(1),
          .tokens = counted.usage.input_tokens + counted.usage.output_tokens,
          .max_calls = static_cast<int>(r.integer(2)),
          .calls = static_cast<int>(r.integer(5)),
          .is_open = r.boolean(3)};
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

std::string_view SubAgent::state() const {
  switch (turn_state) {
    case TurnState::kQueued:
      return "pending";
    case TurnState::kRunning:
    case TurnState::kWaiting:
    case TurnState::kNeedsAttention:
      return "running";
    case TurnState::kCompleted:
      return "completed";
    case TurnState::kFailed:
      return "failed";
    case TurnState::kCancelled:
      return "cancelled";
  }
  return "failed";
}

json::object SubAgent::to_json() const {
  json::array allowed;
  for (const auto& list : tools) {
    json::array names;
    for (const std::string& name : list) names.emplace_back(name);
    allowed.push_back(std::move(names));
  }
  json::array waits_for;
  for (const SessionId& other : after) waits_for.push_back(json::value(other.str()));
  return {{"id", id.str()},
          {"turn_id", turn.str()},
          {"parent_session_id", parent_session.str()},
          {"parent_turn_id", text_or_null(parent_turn.str())},
          {"state", state()},
          {"turn_state", to_text(turn_state)},
          {"task", task},
          {"agent", agent},
          {"model", text_or_null(model)},
          {"tools", std::move(allowed)},
          {"max_tokens", max_tokens},
          {"max_tool_calls", max_tool_calls},
          {"used_tokens", usage.input_tokens + usage.output_tokens},
          {"answered_by", text_or_null(answered_by)},
          {"cost", cost},
          {"depth", depth},
          {"after", std::move(waits_for)},
          {"background", background},
          {"error", text_or_null(error_detail)},
          {"created_at", to_rfc3339(created_at)},
          {"ended_at", ended_at ? json::value(to_rfc3339(*ended_at)) : json::value(nullptr)}};
}

Result<void> SubAgentStore::insert(db::Connection& c, const SubAgent& s) {
  PRYX_TRY_VOID(c.run(kInsert, s.principal, s.id, s.turn, s.parent_session, s.parent_turn, s.key, s.task,
                      s.agent, s.model, lists_to_text(s.tools), s.max_tokens, s.max_tool_calls, s.depth,
                      s.background, s.created_at, ids_to_text(s.after)));
  return {};
}

Result<std::optional<SubAgent>> SubAgentStore::find(db::Connection& c, const PrincipalId& principal,
                                                    const SessionId& id) {
  return c.find(kFind, read_row, principal, id);
}

Result<std::optional<SubAgent>> SubAgentStore::find_by_key(db::Connection& c, const PrincipalId& principal,
                                                           std::string_view key) {
  return c.find(kFindByKey, read_row, principal, key);
}

Result<std::vector<SubAgent>> SubAgentStore::list(db::Connection& c, const PrincipalId& principal,
                                                  const SubAgentQuery& query) {
  return c.list(kList, read_row, principal, query.parent.str(), query.open_only,
                std::clamp<std::int64_t>(query.limit, 1, 500));
}

Result<std::int64_t> SubAgentStore::count_open(db::Connection& c, const PrincipalId& principal) {
  return c.count(kCountOpen, principal);
}

Result<std::vector<SubAgent>> SubAgentStore::list_waiting_for(db::Connection& c, const PrincipalId& principal,
                                                              const SessionId& id) {
  return c.list(kWaitingFor, read_row, principal, id.str());
}

Result<std::vector<SubAgent>> SubAgentStore::list_orphans(db::Connection& c, const TurnId& parent) {
  return c.list(kOrphans, read_row, parent.str());
}

Result<SliceUse> SubAgentStore::read_use(db::Connection& c, const PrincipalId& principal,
                                         const TurnId& turn) {
  PRYX_TRY(const auto taken, c.list(kUse, read_taken, principal, turn));
  SliceUse use;
  for (const Taken& one : taken) {
    if (one.turn == turn) {
      use.own_tokens = one.tokens;
      use.own_calls = one.calls;
      continue;
    }
    use.children_tokens += one.is_open ? std::max(one.max_tokens, one.tokens) : one.tokens;
    use.children_calls += one.is_open ? std::max(one.max_calls, one.calls) : one.calls;
  }
  return use;
}

Result<std::vector<SessionId>> SubAgentStore::list_below(db::Connection& c, const PrincipalId& principal,
                                                         const SessionId& session, const TurnId& turn) {
  return c.list(kBelow, [](const db::Row& r) { return r.id<SessionId>(0); }, principal, session, turn.str());
}

}  // namespace pryx::agent
