// SPDX-License-Identifier: MIT
#include "engine/agent/subagents/sub_agents.h"

#include <ranges>

#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "trust/trace/budgets.h"
#include "trust/trace/span_store.h"

namespace pryx::agent {
namespace {

constexpr Duration kRetryPause = std::chrono::seconds(1);  // of a store that failed
constexpr std::int64_t kLeastTokens = 1000;                // less does not suffice for any answer

std::string title_of(std::string_view task) {
  const std::string_view line = trim(split(trim(task), '\n').front());
  return std::string(utf8_prefix(line, 80));
}

// The last answer of a turn with its labels.
void read_last(const std::vector<Message>& history, const TurnId& turn, SubAgentResult& out) {
  for (auto message = history.rbegin(); message != history.rend(); ++message) {
    if (message->turn != turn || message->role != Role::kAssistant) continue;
    for (const Part& part : message->parts) {
      out.labels.join(part.labels);
      if (part.type == "text" && part.state == PartState::kComplete) out.text += part.text;
    }
    if (!out.text.empty()) return;
  }
}

// A sub-agent gives away of its own slice. Inside the write job, so that of two that are started at once the
// second finds what the first one left.
Result<void> take_from_slice(db::Connection& c, const SpawnRequest& request, const SubAgent& above,
                             SubAgent& made) {
  made.max_tokens = std::min(made.max_tokens, above.max_tokens);
  made.max_tool_calls = std::min(made.max_tool_calls, above.max_tool_calls);
  if (request.parent_turn.empty()) return {};  // what a person starts below it takes nothing of it
  PRYX_TRY(const SliceUse use, SubAgentStore::read_use(c, made.principal, request.parent_turn));
  const std::int64_t tokens = above.max_tokens - use.own_tokens - use.children_tokens;
  const int calls = std::max(0, above.max_tool_calls - use.own_calls - use.children_calls);
  if (tokens < kLeastTokens)
    return fail(ErrorCode::kBudget,
                "{} of your {} tokens are left, which is too few for a sub-agent; do this task yourself",
                std::max<std::int64_t>(0, tokens), above.max_tokens);
  // Nobody said how much: the other half is for the one that asks, which has to read the answer.
  const std::int64_t most_tokens = request.max_tokens ? tokens : std::max(kLeastTokens, tokens / 2);
  made.max_tokens = std::min(made.max_tokens, most_tokens);
  made.max_tool_calls = std::min(made.max_tool_calls, request.max_tool_calls ? calls : calls / 2);
  return {};
}

Result<std::vector<SubAgent>> list_open_below(db::Connection& c, const PrincipalId& principal,
                                              const SessionId& session) {
  PRYX_TRY(const auto below, SubAgentStore::list_below(c, principal, session, TurnId()));
  std::vector<SubAgent> open;
  for (const SessionId& id : below) {
    PRYX_TRY(auto agent, SubAgentStore::find(c, principal, id));
    if (agent && !agent->is_over()) open.push_back(std::move(*agent));
  }
  return open;
}

}  // namespace

Result<SubAgentResult> read_result(db::Connection& c, SubAgent agent) {
  SubAgentResult out{.agent = std::move(agent), .text = {}, .labels = {}};
  if (!out.agent.is_over()) return out;
  PRYX_TRY(const auto turn, TurnStore::find_turn(c, out.agent.principal, out.agent.turn));
  if (!turn) return out;
  PRYX_TRY(const auto history, SessionStore::load_history(c, *turn, kMaxHistoryBytes));
  read_last(history, out.agent.turn, out);
  return out;
}

SubAgents::SubAgents(Parts parts, SubAgentLimits limits)
    : parts_(parts), limits_(limits), group_(parts.loop, "subagents"), changed_(parts.loop) {}

async::Task<Result<void>> SubAgents::start() {
  ends_ = parts_.events.subscribe({.principal = owner().id,
                                   .names = {"turn.completed", "turn.failed", "turn.cancelled"},
                                   .session = {},
                                   .turn_id = {},
                                   .include_ephemeral = false});
  const bool done = co_await cancel_orphans({});
  set_behind(!done);
  group_.spawn("follow", follow());
  co_return Result<void>{};
}

async::Task<void> SubAgents::stop() { co_await group_.stop(); }

async::Task<void> SubAgents::follow() {
  for (;;) {
    const std::optional<Duration> limit = is_behind_ ? std::optional(kRetryPause) : std::nullopt;
    const auto event = co_await ends_->next(limit);
    if (!event && event.error().code == ErrorCode::kCancelled) co_return;
    if (!event && event.error().code == ErrorCode::kTimeout) {
      co_await catch_up();
      continue;
    }
    if (!event) {
      log::warn("subagents.events", {{"error", event.error().message}});
      const auto slept = co_await async::sleep(parts_.loop, kRetryPause);
      if (!slept) co_return;
      continue;
    }
    ++generation_;
    changed_.wake_all();
    bool done = true;
    if ((*event)->name == "turn.cancelled") done = co_await cancel_orphans(TurnId((*event)->turn_id));
    const bool woken = co_await wake_waiting((*event)->principal, (*event)->session);
    if (!done || !woken) set_behind(true);
    // Where turns end all the time, no pause comes.
    if (is_behind_ && parts_.loop.clock().monotonic() - behind_since_ >= kRetryPause) co_await catch_up();
  }
}

void SubAgents::set_behind(bool is_behind) {
  if (is_behind && !is_behind_) behind_since_ = parts_.loop.clock().monotonic();
  is_behind_ = is_behind;
}

async::Task<void> SubAgents::catch_up() {
  const bool done = co_await cancel_orphans({});
  const bool woken = co_await wake_waiting(owner().id, {});
  is_behind_ = false;
  set_behind(!done || !woken);
}

async::Task<bool> SubAgents::cancel_orphans(TurnId parent) {
  const auto orphans = co_await parts_.database.read(
      [&](db::Connection& c) { return SubAgentStore::list_orphans(c, parent); });
  if (!orphans) {
    log::warn("subagents.orphans", {{"error", orphans.error().message}});
    co_return false;
  }
  bool done = true;
  for (const SubAgent& orphan : *orphans) {
    const Caller caller{
        .principal = {.id = orphan.principal}, .scopes = Scopes{Scope::kChat}, .surface = "agent"};
    const auto cancelled = co_await parts_.turns.cancel(caller, orphan.turn);
    if (cancelled || cancelled.error().code == ErrorCode::kConflict) continue;
    log::warn("subagents.cancel", {{"session_id", orphan.id.str()}, {"error", cancelled.error().message}});
    done = false;
  }
  co_return done;
}

async::Task<bool> SubAgents::wake_waiting(PrincipalId principal, SessionId ended) {
  const auto waiting = co_await parts_.database.read(
      [&](db::Connection& c) { return SubAgentStore::list_waiting_for(c, principal, ended); });
  if (!waiting) {
    log::warn("subagents.waiting", {{"error", waiting.error().message}});
    co_return false;
  }
  for (const SubAgent& child : *waiting)
    parts_.dispatcher.enqueue({.principal = child.principal,
                               .session = child.id,
                               .turn = child.turn,
                               .priority = Priority::kBackground});
  co_return true;
}

RunLimits SubAgents::file_limits(const SpawnRequest& request) const {
  if (parts_.profiles == nullptr) return {};
  const auto found = parts_.profiles->find(request.agent.empty() ? AgentProfile().name : request.agent);
  return found != nullptr ? found->limits : RunLimits();
}

Result<void> SubAgents::check(const SpawnRequest& request) const {
  if (trim(request.task).empty() || request.task.size() > kMaxTaskBytes)
    return fail(ErrorCode::kInvalidArgument, "a task has 1 to {} bytes", kMaxTaskBytes);
  if (!request.agent.empty()) {
    const bool known = parts_.profiles != nullptr ? parts_.profiles->find(request.agent) != nullptr
                                                  : request.agent == AgentProfile().name;
    if (!known) return fail(ErrorCode::kNotFound, "there is no agent '{}'", utf8_prefix(request.agent, 64));
  }
  if (!request.model.empty()) PRYX_TRY_VOID(parts_.models.resolve(request.model));
  if (request.after.size() > kMaxAfter)
    return fail(ErrorCode::kInvalidArgument, "a sub-agent waits for at most {} others", kMaxAfter);
  // A model raises no limit by asking: more than the usual is for a person to give, and for an agent's file.
  std::int64_t most_tokens = limits_.max_tokens;
  int most_calls = limits_.max_tool_calls;
  if (!request.parent_turn.empty()) {
    const RunLimits file = file_limits(request);
    most_tokens = std::min(most_tokens, std::max(limits_.default_tokens, file.max_tokens));
    most_calls = std::min(most_calls, std::max(limits_.default_tool_calls, file.max_tool_calls));
  }
  if (request.max_tokens && (*request.max_tokens < kLeastTokens || *request.max_tokens > most_tokens))
    return fail(ErrorCode::kInvalidArgument, "the limit of tokens is from {} to {}", kLeastTokens,
                most_tokens);
  if (request.max_tool_calls && (*request.max_tool_calls < 0 || *request.max_tool_calls > most_calls))
    return fail(ErrorCode::kInvalidArgument, "the limit of tool calls is from 0 to {}", most_calls);
  return {};
}

// Inside the write job: what the parent is and has counts as it is right now.
Result<SubAgent> SubAgents::make(db::Connection& c, const PrincipalId& principal, Plan& plan) const {
  const SpawnRequest& request = plan.request;
  SubAgent made{.principal = principal,
                .id = plan.id,
                .parent_session = request.parent,
                .parent_turn = request.parent_turn,
                .key = request.key.empty() ? plan.id.str() : request.key,
                .task = request.task,
                .agent = request.agent.empty() ? AgentProfile().name : request.agent,
                .model = request.model,
                .after = request.after,
                .max_tokens = request.max_tokens.value_or(limits_.default_tokens),
                .max_tool_calls = request.max_tool_calls.value_or(limits_.default_tool_calls),
                .background = request.background,
                .created_at = plan.now};
  const RunLimits& file = plan.file_limits;
  if (file.max_tokens > 0) made.max_tokens = std::min(made.max_tokens, file.max_tokens);
  if (file.max_tool_calls > 0) made.max_tool_calls = std::min(made.max_tool_calls, file.max_tool_calls);
  if (!request.parent_turn.empty()) {
    PRYX_TRY(auto turn, TurnStore::find_turn(c, principal, request.parent_turn));
    if (!turn || is_terminal(turn->state)) return fail(ErrorCode::kConflict, "the turn that asked has ended");
    plan.parent_turn = std::move(*turn);
  }
  // An agent that is named brings its own model.
  if (made.model.empty() && request.agent.empty()) made.model = plan.parent_turn.model;
  if (made.model.empty() && request.agent.empty()) made.model = plan.parent.model;
  PRYX_TRY(const auto above, SubAgentStore::find(c, principal, request.parent));
  if (above) {
    made.depth = above->depth + 1;
    made.tools = above->tools;
  }
  if (made.depth > limits_.max_depth)
    return fail(ErrorCode::kDenied, "sub-agents go at most {} deep; do this task yourself",
                limits_.max_depth);
  if (above) PRYX_TRY_VOID(take_from_slice(c, request, *above, made));
  if (plan.parent_tools) made.tools.push_back(*plan.parent_tools);
  if (request.tools) made.tools.push_back(*request.tools);
  // They are there already, so nothing can wait for itself by a detour.
  for (const SessionId& id : request.after) {
    PRYX_TRY(const auto other, SubAgentStore::find(c, principal, id));
    if (!other || other->parent_session != request.parent)
      return fail(ErrorCode::kNotFound, "there is no sub-agent {} of this conversation to wait for",
                  id.str());
  }
  PRYX_TRY(const std::int64_t open, SubAgentStore::count_open(c, principal));
  if (open >= limits_.max_running)
    return fail(ErrorCode::kOverloaded, "{} sub-agents are at work already, which is the limit; wait for one",
                open);
  return made;
}

async::Task<Result<SubAgent>> SubAgents::spawn(Caller caller, SpawnRequest request) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  PRYX_CO_TRY_VOID(check(request));
  const PrincipalId principal = caller.principal.id;
  PRYX_CO_TRY(const auto known, co_await parts_.database.read([&](db::Connection& c) {
    return SubAgentStore::find_by_key(c, principal, request.key);
  }));
  if (known) co_return *known;
  PRYX_CO_TRY(auto parent, co_await parts_.database.read([&](db::Connection& c) {
    return SessionStore::find_session(c, principal, request.parent);
  }));
  if (!parent) co_return fail(ErrorCode::kNotFound, "there is no session {}", request.parent.str());
  Plan plan{.request = std::move(request),
            .id = parts_.ids.make<SessionId>(),
            .now = parts_.loop.clock().wall(),
            .parent_tools = {},
            .file_limits = {},
            .parent = std::move(*parent),
            .parent_turn = {}};
  plan.file_limits = file_limits(plan.request);
  if (parts_.profiles != nullptr) {
    const auto profile = parts_.profiles->find(plan.parent.agent);
    // An agent that is gone has no tools to hand on.
    plan.parent_tools = profile != nullptr ? profile->tools : std::vector<std::string>();
  }
  NewMessage message{.session = plan.id, .text = plan.request.task};
  message.priority = Priority::kBackground;
  message.labels = plan.request.labels;
  caller.surface = "agent";
  SubAgent made;
  const auto join = [&](db::Connection& c, Turn& turn) -> Result<Session> {
    PRYX_TRY(made, make(c, principal, plan));
    made.turn = turn.id;
    // Who is not there for the parent is not there for the child.
    if (!made.parent_turn.empty()) turn.interactive = plan.parent_turn.interactive;
    if (!made.parent_turn.empty() && !made.background) turn.approve = plan.parent_turn.approve;
    PRYX_TRY_VOID(SubAgentStore::insert(c, made));
    // What it spends counts on the accounts of the turn that asked, and its spans belong to that one's trace.
    PRYX_TRY_VOID(trace::Budgets::open_slice(c, principal, made.id, made.parent_session, made.parent_turn,
                                             plan.request.max_cost, plan.now));
    if (!made.parent_turn.empty()) {
      PRYX_TRY(const auto above, trace::SpanStore::context_of(c, principal, made.parent_turn));
      PRYX_TRY_VOID(trace::SpanStore::link(
          c, principal, turn.id, {above.trace_id, trace::turn_span_id(above.trace_id, made.parent_turn)}));
    }
    return Session{.principal = principal,
                   .id = made.id,
                   .workspace = plan.parent.workspace,
                   .agent = made.agent,
                   .model = made.model,
                   .title = title_of(made.task),
                   .status = "active",
                   .surface = "agent",
                   .parent = plan.parent.id,
                   .created_at = plan.now,
                   .updated_at = plan.now};
  };
  PRYX_CO_TRY_VOID(co_await parts_.inbox.accept_child(caller, std::move(message), join));
  co_return made;
}

async::Task<Result<SubAgentResult>> SubAgents::result(PrincipalId principal, SessionId id) {
  co_return co_await parts_.database.read([&](db::Connection& c) -> Result<SubAgentResult> {
    PRYX_TRY(auto found, SubAgentStore::find(c, principal, id));
    if (!found) return fail(ErrorCode::kNotFound, "there is no sub-agent {}", id.str());
    return read_result(c, std::move(*found));
  });
}

async::Task<Result<SubAgentResult>> SubAgents::wait(PrincipalId principal, SessionId id, Duration limit,
                                                    SessionId waiting_session) {
  const MonotonicTime end = parts_.loop.clock().monotonic() + limit;
  for (;;) {
    const std::uint64_t seen = generation_;
    auto found = co_await result(principal, id);
    if (!found || found->agent.is_over()) co_return found;
    if (seen != generation_) continue;
    const Duration left = end - parts_.loop.clock().monotonic();
    if (left <= Duration::zero()) co_return found;
    if (!waiting_session.empty()) parts_.dispatcher.park(waiting_session);
    const async::WaitEnd how = co_await changed_.wait_for(left);
    if (!waiting_session.empty()) parts_.dispatcher.unpark(waiting_session);
    if (how == async::WaitEnd::kCancelled)
      co_return fail(ErrorCode::kCancelled, "cancelled while waiting for sub-agent {}", id.str());
  }
}

async::Task<Result<std::vector<SubAgentResult>>> SubAgents::collect(PrincipalId principal, SessionId parent,
                                                                    std::vector<SessionId> ids,
                                                                    Duration limit) {
  const MonotonicTime end = parts_.loop.clock().monotonic() + limit;
  for (const SessionId& id : ids) {
    PRYX_CO_TRY(const SubAgentResult found, co_await result(principal, id));
    if (found.agent.parent_session != parent)
      co_return fail(ErrorCode::kNotFound, "there is no sub-agent {} of this conversation", id.str());
  }
  std::vector<SubAgentResult> out;
  for (const SessionId& id : ids) {
    const Duration left = std::max(Duration::zero(), end - parts_.loop.clock().monotonic());
    PRYX_CO_TRY(SubAgentResult found, co_await wait(principal, id, left, parent));
    out.push_back(std::move(found));
  }
  co_return out;
}

async::Task<Result<std::vector<SubAgent>>> SubAgents::list(PrincipalId principal, SubAgentQuery query) {
  co_return co_await parts_.database.read(
      [&](db::Connection& c) { return SubAgentStore::list(c, principal, query); });
}

async::Task<Result<void>> SubAgents::cancel(Caller caller, SessionId id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  PRYX_CO_TRY(const SubAgentResult found, co_await result(caller.principal.id, id));
  co_return co_await parts_.turns.cancel(caller, found.agent.turn);
}

async::Task<Result<void>> SubAgents::end_children(Caller caller, SessionId parent) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  // One that is at work may start another before its end, a level lower each time.
  for (int level = 0; level <= limits_.max_depth; ++level) {
    PRYX_CO_TRY(const auto open, co_await parts_.database.read([&](db::Connection& c) {
      return list_open_below(c, caller.principal.id, parent);
    }));
    if (open.empty()) break;
    // The youngest first: one that waits for another would fail with its end.
    for (const SubAgent& one : open | std::views::reverse) {
      const auto cancelled = co_await parts_.turns.cancel(caller, one.turn);
      if (!cancelled && cancelled.error().code != ErrorCode::kConflict)
        co_return std::unexpected(cancelled.error());
    }
  }
  co_return Result<void>{};
}

async::Task<void> SubAgents::note_received(SubAgent agent) {
  const WallTime now = parts_.loop.clock().wall();
  const auto written = co_await parts_.database.write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(TurnStore::deliver_turn(t.db(), agent.principal, agent.turn, now));
    return TurnStore::mark_read_if_delivered(t.db(), agent.principal, agent.id);
  });
  if (!written) log::warn("subagents.not_marked", {{"session_id", agent.id.str()}});
}

}  // namespace pryx::agent
