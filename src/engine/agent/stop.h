// SPDX-License-Identifier: MIT
// The panic button: everything of a scope that has an effect right now is killed or cut at once, and nothing
// of it that waits in line begins. Signals first, records after: it is the one act that is not written down
// beforehand, because all it does is take away. I/O thread only.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/agent/dispatcher.h"
#include "engine/agent/turn_engine.h"
#include "engine/tools/shell/background_processes.h"
#include "foundation/async/task_group.h"

namespace pryx::agent {

// Both ids empty: every session of the person. Sub-agents below a session or a turn are in its scope.
struct StopScope {
  SessionId session;
  TurnId turn;
  bool processes = false;  // background processes too; only with both ids empty
  // From {"all"?, "session_id"?, "turn_id"?}; at most one of them.
  [[nodiscard]] static Result<StopScope> from_json(const json::object& body);
  [[nodiscard]] std::string to_text() const;  // "all", "turns", or the id
};

struct StoppedStep {
  StepId id;
  std::string tool;  // empty: a model's answer
  StepState state = StepState::kCancelled;
};

struct StoppedTurn {
  TurnId id;
  SessionId session;
  bool was_running = false;        // else it waited in line
  std::optional<TurnState> state;  // none: it was told, and its end is not on disk yet
  std::vector<StoppedStep> steps;  // that were under way, as they are on disk
  std::string problem;             // why there is no state
  [[nodiscard]] json::object to_json() const;
};

struct StopReport {
  static constexpr std::size_t kMaxListed = 200;
  std::string scope;
  WallTime at;
  Duration took{};                 // until the last end, or until the answer was due
  std::vector<StoppedTurn> turns;  // running ones first; at most kMaxListed
  std::size_t turn_count = 0;
  std::size_t unfinished = 0;  // turns and processes without an end on disk
  std::vector<tools::shell::ProcessView> processes;
  std::size_t processes_left = 0;  // background processes that run on, because the scope leaves them
  bool recorded = true;            // the audit row is on disk
  [[nodiscard]] json::object to_json() const;
};

struct StopParts {
  async::EventLoop& loop;
  db::Database& database;
  audit::AuditLog& audit;
  Dispatcher& dispatcher;
  TurnEngine& turns;
  tools::shell::BackgroundProcesses& processes;
  async::TaskGroup& group;  // for what goes on after the answer
};

// Answers when all ends are on disk, or after a second with what is known then; the rest goes on. kNotFound:
// no such session or turn.
[[nodiscard]] async::Task<Result<StopReport>> stop_effects(StopParts parts, Caller caller, StopScope scope);

}  // namespace pryx::agent
