// SPDX-License-Identifier: MIT
// What a run of a turn begins with: its rows and its session's, as one view of the store. A turn that will
// run as soon as it is accepted is read ahead, by the commit that accepts it, on the connection that has
// those rows in memory; any other is read when its time comes.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/agent/context_store.h"
#include "engine/agent/session_store.h"
#include "engine/agent/subagents/sub_agent_store.h"
#include "engine/agent/turn_store.h"

namespace pryx::agent {

struct TurnSnapshot {
  Turn turn;
  Session session;
  std::optional<SubAgent> sub_agent;  // its session is one
  std::vector<Step> steps;
  std::vector<Message> history;
  std::vector<Pin> pins;
  std::set<TurnId> open_turns;               // of the session
  std::vector<ContextState> context_states;  // of all models that answered in the session
  HistoryRead read;

  // nullopt: there is no such turn. Who answers is not known here: an agent's own model is in its file.
  [[nodiscard]] static Result<std::optional<TurnSnapshot>> load(db::Connection& c, const OpenTurn& open,
                                                                std::size_t max_bytes);
};

// Made on the loop before a turn is accepted, filled on the database's thread, used up by the run.
class TurnAhead {
 public:
  // Inside Transaction::before_commit(). A long history would hold up every commit: it is not read ahead.
  void read(db::Connection& c, const OpenTurn& open);
  // Once; nullopt when it was not read.
  [[nodiscard]] std::optional<TurnSnapshot> take();

 private:
  std::optional<TurnSnapshot> snapshot_;
};

}  // namespace pryx::agent
