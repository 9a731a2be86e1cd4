// SPDX-License-Identifier: MIT
// Sub-agents: a task becomes a child session with one turn in the background, under the same gate and with
// fewer rights. Starting one is durable and happens once for a step; cancelling the parent's turn cancels its
// children. Owned by apps/; I/O thread only.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/agent/agent_profile.h"
#include "engine/agent/inbox.h"
#include "engine/agent/subagents/sub_agent_store.h"
#include "engine/agent/turn_engine.h"
#include "trust/trace/money.h"

namespace pryx::agent {

struct SubAgentLimits {
  int max_running = 10;  // of one person
  int max_depth = 3;
  // Without a wish; and the most that a model can ask for, where the file of the agent that it asks for does
  // not allow more.
  std::int64_t default_tokens = 100'000;
  int default_tool_calls = 10;
  // The most that a person can ask for, and an agent's file allow.
  std::int64_t max_tokens = 1'000'000;
  int max_tool_calls = 200;
};

inline constexpr std::size_t kMaxTaskBytes = 64u << 10;
inline constexpr std::size_t kMaxAfter = 16;

struct SpawnRequest {
  SessionId parent;
  TurnId parent_turn;  // empty: a person starts it
  std::string key;     // empty: one of its own
  std::string task;
  std::string agent;                              // empty: the default one
  std::string model;                              // empty: the agent's, then the parent's
  std::optional<std::vector<std::string>> tools;  // names or globs; none: as many as the parent has
  // Of a sub-agent that asks: at most what is left of its own, and without a number at most half of that.
  std::optional<std::int64_t> max_tokens;
  std::optional<int> max_tool_calls;
  std::optional<trace::NanoUsd> max_cost;  // of it and all it starts; none: what the parent has
  std::vector<SessionId> after;            // children of the same parent: it begins when they are over
  bool background = false;
  trust::Labels labels;  // of all that shaped the task
};

struct SubAgentResult {
  SubAgent agent;
  std::string text;      // of its last answer; empty while it runs
  trust::Labels labels;  // of that answer
};

// A sub-agent with its answer, when it is over.
[[nodiscard]] Result<SubAgentResult> read_result(db::Connection& c, SubAgent agent);

class SubAgents {
 public:
  struct Parts {
    async::EventLoop& loop;
    db::Database& database;
    events::EventLog& events;
    IdSource& ids;
    Inbox& inbox;
    Dispatcher& dispatcher;
    TurnEngine& turns;
    models::ModelRouter& models;
    const ProfileSource* profiles = nullptr;  // null: the built-in agent alone
  };
  explicit SubAgents(Parts parts, SubAgentLimits limits = {});
  // Follows the ends of turns, and cancels what a cancelled parent left running. Before the dispatcher
  // begins, so that no end is missed.
  [[nodiscard]] async::Task<Result<void>> start();
  [[nodiscard]] async::Task<void> stop();

  // Committed when it returns. The same key gives the same sub-agent. kOverloaded: as many run already;
  // kDenied: too deep; kBudget: nothing is left of the parent's own slice; kNotFound: no such parent or
  // agent; kInvalidArgument.
  [[nodiscard]] async::Task<Result<SubAgent>> spawn(Caller caller, SpawnRequest request);
  // Until it is over or the limit passed; the caller sees which. While a turn waits for its child it takes no
  // slot, so that the child can have it. kCancelled.
  [[nodiscard]] async::Task<Result<SubAgentResult>> wait(PrincipalId principal, SessionId id, Duration limit,
                                                         SessionId waiting_session = {});
  [[nodiscard]] async::Task<Result<SubAgentResult>> result(PrincipalId principal, SessionId id);
  // The same for several children of one session, in the order of `ids`; kNotFound for one that is none.
  [[nodiscard]] async::Task<Result<std::vector<SubAgentResult>>> collect(PrincipalId principal,
                                                                         SessionId parent,
                                                                         std::vector<SessionId> ids,
                                                                         Duration limit);
  [[nodiscard]] async::Task<Result<std::vector<SubAgent>>> list(PrincipalId principal, SubAgentQuery query);
  [[nodiscard]] async::Task<Result<void>> cancel(Caller caller, SessionId id);
  // Cancels the sub-agents that a session has left running, at any depth, because it goes away.
  [[nodiscard]] async::Task<Result<void>> end_children(Caller caller, SessionId parent);
  // Somebody has its answer, so it is not unread any more.
  [[nodiscard]] async::Task<void> note_received(SubAgent agent);

 private:
  [[nodiscard]] async::Task<void> follow();
  // What a store that failed left undone; all of it, because nobody knows what that was.
  [[nodiscard]] async::Task<void> catch_up();
  // Both: false when the store did not let it, and it is to be tried again. Of all parents without one.
  void set_behind(bool is_behind);
  [[nodiscard]] async::Task<bool> cancel_orphans(TurnId parent);
  // Those that waited for this one look again whether they may begin. Of all that wait without one.
  [[nodiscard]] async::Task<bool> wake_waiting(PrincipalId principal, SessionId ended);
  [[nodiscard]] Result<void> check(const SpawnRequest& request) const;
  // What the file of the agent that is asked for says.
  [[nodiscard]] RunLimits file_limits(const SpawnRequest& request) const;
  // What the loop knows when the write job begins.
  struct Plan {
    SpawnRequest request;
    SessionId id;
    WallTime now;
    std::optional<std::vector<std::string>> parent_tools;  // of the parent's agent
    RunLimits file_limits;                                 // of its own agent
    Session parent;
    Turn parent_turn;
  };
  [[nodiscard]] Result<SubAgent> make(db::Connection& c, const PrincipalId& principal, Plan& plan) const;

  Parts parts_;
  SubAgentLimits limits_;
  async::TaskGroup group_;
  std::unique_ptr<events::Subscription> ends_;
  async::WaitList changed_;
  std::uint64_t generation_ = 0;  // of ends seen
  bool is_behind_ = false;        // the store failed, and an end was not acted on
  MonotonicTime behind_since_;
};

}  // namespace pryx::agent
