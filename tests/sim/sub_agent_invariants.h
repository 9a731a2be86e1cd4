// SPDX-License-Identifier: MIT
// What must hold for sub-agents: nothing of a child after the end of a parent that was cancelled, no slice
// and no limit exceeded, an answer told once and as it was given. Who started whom is read from the steps,
// not from the table of sub-agents.
#pragma once
#include <map>
#include <optional>

#include "engine/agent/session_store.h"
#include "engine/agent/subagents/sub_agents.h"
#include "engine/agent/turn_store.h"
#include "tests/sim/outside_world.h"

namespace pryx::sim {

class Family {
 public:
  [[nodiscard]] static Result<Family> read(db::Connection& c, const std::vector<agent::Turn>& turns,
                                           const std::map<TurnId, std::vector<agent::Step>>& steps);
  // A queued one that waits for another which nobody will settle.
  [[nodiscard]] bool waits_for_a_person(const agent::Turn& turn) const;
  // Its parent was cancelled, or asked for it.
  [[nodiscard]] bool may_be_cancelled(const agent::Turn& turn) const;
  // A step of its parent may have got its answer, or ended it.
  [[nodiscard]] bool was_received(const agent::Turn& turn) const;
  void check(OutsideWorld& world, const std::vector<agent::Message>& messages) const;

 private:
  struct Child {
    agent::SubAgent row;
    agent::Turn turn;
    std::string answer;               // the text of its last answer
    std::optional<agent::Step> from;  // that started it; none: a person did
    std::int64_t opened = 0;          // versions of the events that say so
    std::int64_t closed = 0;          // 0: it is open
    std::int64_t cost = 0;            // nano-USD by the ledger, of it alone
    int turns = 0;                    // of its session
  };
  struct Use {
    std::int64_t tokens = 0;
    std::int64_t calls = 0;  // of tools
  };
  // Something that a turn did, at one moment.
  struct Act {
    TurnId turn;
    std::int64_t at_ms = 0;
    std::string what;
  };

  [[nodiscard]] const Child* find(const SessionId& session) const;
  [[nodiscard]] const agent::Turn* turn_above(const Child& child) const;
  [[nodiscard]] bool was_told_to_end(const Child& child) const;
  [[nodiscard]] std::int64_t cost_below(const TurnId& turn) const;  // of what it started, at any depth
  [[nodiscard]] Use use_of(const Child& child) const;               // with all that it started
  [[nodiscard]] std::vector<SessionId> ids_in(const agent::Step& step) const;
  [[nodiscard]] std::vector<Act> acts(const OutsideWorld& world) const;
  void check_birth(OutsideWorld& world) const;
  void check_end_of_parent(OutsideWorld& world, const Child& child, const std::vector<Act>& acts) const;
  void check_limits(OutsideWorld& world, const Child& child) const;
  void check_order(OutsideWorld& world, const Child& child,
                   const std::vector<agent::Message>& messages) const;
  void check_results(OutsideWorld& world, const std::vector<agent::Message>& messages) const;
  void check_numbers(OutsideWorld& world) const;

  std::map<SessionId, Child> children_;
  std::map<TurnId, agent::Turn> turns_;
  std::map<StepId, agent::Step> steps_;
  std::map<TurnId, std::int64_t> cost_of_turn_;
};

}  // namespace pryx::sim
