// SPDX-License-Identifier: MIT
// The table of sub-agents: which session was started by which, and with which limits. Static functions for
// composing transactions; the state of one is the state of its turn.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/agent/records.h"
#include "engine/tools/tool_lists.h"
#include "foundation/db/database.h"

namespace pryx::agent {

struct SubAgent {
  PrincipalId principal;
  SessionId id;  // the child session
  TurnId turn;
  SessionId parent_session;
  TurnId parent_turn;  // empty: started by a person
  std::string key;     // unique for a person: of the step that started it
  std::string task;
  std::string agent;
  std::string model;  // empty: the agent's, then the parent's
  tools::ToolLists tools;
  std::vector<SessionId> after;  // its turn begins when these are over
  std::int64_t max_tokens = 0;
  int max_tool_calls = 0;
  int depth = 1;
  bool background = false;
  WallTime created_at;
  // Of its turn.
  TurnState turn_state = TurnState::kQueued;
  models::Usage usage;
  std::string answered_by;     // the model that really did
  json::value cost = nullptr;  // of its own calls; null: nobody knows their price
  std::string error_code, error_detail;
  std::optional<WallTime> ended_at;

  // pending running completed failed cancelled; one that needs a person counts as running.
  [[nodiscard]] std::string_view state() const;
  [[nodiscard]] bool is_over() const { return is_terminal(turn_state); }
  [[nodiscard]] json::object to_json() const;
};

struct SubAgentQuery {
  SessionId parent;  // empty: all
  bool open_only = false;
  std::int64_t limit = 100;
};

// What a turn and the sub-agents below it take of a slice. One that is at work takes all that it was given;
// one that is over takes what it used, with all below it.
struct SliceUse {
  std::int64_t own_tokens = 0, children_tokens = 0;
  int own_calls = 0, children_calls = 0;
};

struct SubAgentStore {
  [[nodiscard]] static Result<void> insert(db::Connection& c, const SubAgent& made);
  [[nodiscard]] static Result<std::optional<SubAgent>> find(db::Connection& c, const PrincipalId& principal,
                                                            const SessionId& id);
  [[nodiscard]] static Result<std::optional<SubAgent>> find_by_key(db::Connection& c,
                                                                   const PrincipalId& principal,
                                                                   std::string_view key);
  // Newest first.
  [[nodiscard]] static Result<std::vector<SubAgent>> list(db::Connection& c, const PrincipalId& principal,
                                                          const SubAgentQuery& query);
  [[nodiscard]] static Result<std::int64_t> count_open(db::Connection& c, const PrincipalId& principal);
  [[nodiscard]] static Result<SliceUse> read_use(db::Connection& c, const PrincipalId& principal,
                                                 const TurnId& turn);
  // Sessions of all sub-agents below a session, or below one turn of it, at any depth.
  [[nodiscard]] static Result<std::vector<SessionId>> list_below(db::Connection& c,
                                                                 const PrincipalId& principal,
                                                                 const SessionId& session,
                                                                 const TurnId& turn);
  // Queued ones that wait for this one, among others perhaps; without one, all that wait.
  [[nodiscard]] static Result<std::vector<SubAgent>> list_waiting_for(db::Connection& c,
                                                                      const PrincipalId& principal,
                                                                      const SessionId& id);
  // Unfinished ones whose parent turn was cancelled; of this turn only when it is given.
  [[nodiscard]] static Result<std::vector<SubAgent>> list_orphans(db::Connection& c, const TurnId& parent);
};

}  // namespace pryx::agent
