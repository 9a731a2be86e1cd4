// SPDX-License-Identifier: MIT
// Turns of all sessions, newest first: what runs, what failed lately, what needs a person. Each state is read
// off an index of its own and the results are merged, so that a page costs the same in a store of any size.
// Static functions for read jobs.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/agent/paging.h"
#include "engine/agent/records.h"
#include "foundation/db/database.h"

namespace pryx::agent {

struct TurnQuery {
  std::vector<TurnState> states;  // empty: all
  SessionId session;              // empty: all
  std::optional<WallTime> after;  // accepted at this time or later
  std::optional<WallTime> before;
  Page page;
};

struct ListedTurn {
  Turn turn;
  std::string session_title;
};

struct TurnList {
  // By the time they were accepted; of one session, in the order in which they were.
  [[nodiscard]] static Result<Paged<ListedTurn>> read(db::Connection& c, const PrincipalId& principal,
                                                      const TurnQuery& query);
};

// "failed,needs_attention"; kInvalidArgument for anything that is no state of a turn.
[[nodiscard]] Result<std::vector<TurnState>> turn_states_from_list(std::string_view text);

}  // namespace pryx::agent
