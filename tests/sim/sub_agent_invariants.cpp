// SPDX-License-Identifier: MIT
#include "tests/sim/sub_agent_invariants.h"

#include <algorithm>

#include "tests/sim/daemon.h"
#include "trust/trace/ledger.h"
#include "trust/trace/money.h"

namespace pryx::sim {
namespace {

using agent::Message;
using agent::Step;
using agent::StepKind;
using agent::StepState;
using agent::Turn;
using agent::TurnState;

// What a cancel takes to reach the children of a turn, one after the other, and theirs.
constexpr std::int64_t kReachMs = 3000;
// How long after a fault of the disk it may still be tried again.
constexpr std::int64_t kStoreGraceMs = 5000;

constexpr std::string_view kTold = "What the tasks before this one came to:";

json::object arguments_of(const Step& step) {
  auto parsed = json::parse_object(step.arguments);
  return parsed ? std::move(*parsed) : json::object();
}

std::optional<std::int64_t> slice_of(const Step& step) {
  const json::object arguments = arguments_of(step);
  const json::value* budget = json::find(arguments, "budget");
  if (budget == nullptr || !budget->is_object()) return std::nullopt;
  const std::string usd = json::string_or(budget->get_object(), "usd");
  const auto money = trace::parse_money(usd);
  return usd.empty() || !money ? std::nullopt : std::optional<std::int64_t>(*money);
}

bool any_within(const std::vector<std::int64_t>& times, std::int64_t from, std::int64_t to) {
  const auto first = std::ranges::lower_bound(times, from);
  return first != times.end() && *first <= to;
}

bool is_open(const Turn& turn) { return !agent::is_terminal(turn.state); }

}  // namespace

Result<Family> Family::read(db::Connection& c, const std::vector<Turn>& turns,
                            const std::map<TurnId, std::vector<Step>>& steps) {
  Family family;
  std::map<std::string, StepId> by_key;
  for (const auto& [turn, of_turn] : steps) {
    for (const Step& step : of_turn) {
      family.steps_[step.id] = step;
      if (step.tool == "agent.spawn") by_key[step.idempotency_key] = step.id;
    }
  }
  std::map<SessionId, int> turns_of;
  for (const Turn& turn : turns) {
    family.turns_[turn.id] = turn;
    ++turns_of[turn.session];
    PRYX_TRY(const auto spent, trace::Ledger::totals_of_turn(c, turn.principal, turn.session, turn.id));
    family.cost_of_turn_[turn.id] = spent.cost;
  }
  PRYX_TRY(const auto rows, agent::SubAgentStore::list(c, owner().id, {.parent = {}, .limit = 500}));
  for (const agent::SubAgent& row : rows) {
    Child child{.row = row, .turn = family.turns_[row.turn], .turns = turns_of[row.id]};
    PRYX_TRY(const auto result, agent::read_result(c, row));
    child.answer = result.text;
    child.cost = family.cost_of_turn_[row.turn];
    if (const auto from = by_key.find(row.key); from != by_key.end())
      child.from = family.steps_[from->second];
    PRYX_TRY_VOID(c.each(
        "SELECT version, name FROM events WHERE turn_id = $1 ORDER BY version",
        [&](const db::Row& r) {
          const std::string_view name = r.view(1);
          if (name == "message.created" && child.opened == 0) child.opened = r.integer(0);
          if (name == "turn.completed" || name == "turn.failed" || name == "turn.cancelled")
            child.closed = r.integer(0);
        },
        row.turn));
    family.children_[row.id] = std::move(child);
  }
  return family;
}

const Family::Child* Family::find(const SessionId& session) const {
  const auto found = children_.find(session);
  return found == children_.end() ? nullptr : &found->second;
}

const Turn* Family::turn_above(const Child& child) const {
  if (!child.from) return nullptr;
  const auto found = turns_.find(child.from->turn);
  return found == turns_.end() ? nullptr : &found->second;
}

std::vector<SessionId> Family::ids_in(const Step& step) const {
  std::vector<SessionId> out;
  const json::object arguments = arguments_of(step);
  if (const std::string one = json::string_or(arguments, "id"); !one.empty()) out.emplace_back(one);
  const json::value* many = json::find(arguments, "ids");
  if (many == nullptr || !many->is_array()) return out;
  for (const json::value& id : many->get_array())
    if (id.is_string()) out.emplace_back(std::string(id.get_string()));
  return out;
}

bool Family::waits_for_a_person(const Turn& turn) const {
  const Child* child = find(turn.session);
  if (child == nullptr || turn.state != TurnState::kQueued) return false;
  return std::ranges::any_of(child->row.after, [&](const SessionId& id) {
    const Child* other = find(id);
    return other != nullptr &&
           (other->turn.state == TurnState::kNeedsAttention || waits_for_a_person(other->turn));
  });
}

bool Family::was_told_to_end(const Child& child) const {
  return std::ranges::any_of(steps_, [&](const auto& entry) {
    const Step& step = entry.second;
    return step.tool == "agent.cancel" && step.started_at &&
           std::ranges::count(ids_in(step), child.row.id) > 0;
  });
}

bool Family::may_be_cancelled(const Turn& turn) const {
  const Child* child = find(turn.session);
  if (child == nullptr) return false;
  const Turn* above = turn_above(*child);
  return (above != nullptr && above->state == TurnState::kCancelled) || was_told_to_end(*child);
}

bool Family::was_received(const Turn& turn) const {
  const Child* child = find(turn.session);
  if (child == nullptr) return false;
  if (turn.state == TurnState::kCancelled && may_be_cancelled(turn)) return true;
  if (child->from && child->from->started_at) return true;
  return std::ranges::any_of(steps_, [&](const auto& entry) {
    const Step& step = entry.second;
    const bool fetches = step.tool == "agent.result" || step.tool == "agent.collect";
    return fetches && step.started_at && std::ranges::count(ids_in(step), child->row.id) > 0;
  });
}

std::int64_t Family::cost_below(const TurnId& turn) const {
  std::int64_t sum = 0;
  for (const auto& [session, child] : children_)
    if (child.from && child.from->turn == turn) sum += child.cost + cost_below(child.turn.id);
  return sum;
}

Family::Use Family::use_of(const Child& child) const {
  Use use{.tokens = child.turn.usage.input_tokens + child.turn.usage.output_tokens};
  for (const auto& [id, step] : steps_)
    use.calls += step.turn == child.turn.id && step.kind == StepKind::kTool && step.started_at ? 1 : 0;
  for (const auto& [session, other] : children_) {
    if (!other.from || other.from->turn != child.turn.id) continue;
    const Use below = use_of(other);
    use.tokens += below.tokens;
    use.calls += below.calls;
  }
  return use;
}

std::vector<Family::Act> Family::acts(const OutsideWorld& world) const {
  std::vector<Act> out;
  for (const ModelRequestSeen& request : world.requests) {
    const auto step = steps_.find(StepId(request.key));
    if (step != steps_.end()) out.push_back({step->second.turn, request.at_ms, "asked a model"});
  }
  for (const ToolStart& start : world.tool_starts) {
    const auto step = steps_.find(start.step);
    if (step != steps_.end()) out.push_back({step->second.turn, start.at_ms, "ran " + step->second.tool});
  }
  return out;
}

void Family::check(OutsideWorld& world, const std::vector<Message>& messages) const {
  check_birth(world);
  check_numbers(world);
  const std::vector<Act> done = acts(world);
  for (const auto& [session, child] : children_) {
    world.reach(fmt::format("sub-agent {}", child.row.state()));
    check_end_of_parent(world, child, done);
    check_limits(world, child);
    check_order(world, child, messages);
  }
  for (const auto& [turn, limit] : world.limits_of_turns) {
    const auto own = cost_of_turn_.find(turn);
    const std::int64_t spent = (own == cost_of_turn_.end() ? 0 : own->second) + cost_below(turn);
    if (spent > limit)
      world.violate(
          fmt::format("turn {} and what it started cost {} of {} nano-USD", turn.str(), spent, limit));
  }
  check_results(world, messages);
}

// One child for one step, with one turn in its session; what a person was told of is there.
void Family::check_birth(OutsideWorld& world) const {
  std::map<StepId, int> born;
  for (const auto& [session, child] : children_) {
    if (child.from) ++born[child.from->id];
    if (child.turns != 1) world.violate(fmt::format("sub-agent {} has {} turns", session.str(), child.turns));
    if (!child.from && !child.row.key.starts_with("hand-"))
      world.violate(fmt::format("sub-agent {} was started by nobody", session.str()));
  }
  for (const auto& [id, step] : steps_) {
    if (step.tool != "agent.spawn") continue;
    const int count = born.contains(id) ? born.at(id) : 0;
    // A refusal is done as well; one that started something names it.
    const bool has_started = step.state == StepState::kDone && step.summary.starts_with(SessionId::prefix());
    if (count > 1 || (has_started && count == 0))
      world.violate(fmt::format("step {} is {} and started {} sub-agents", id.str(),
                                agent::to_text(step.state), count));
    if (count == 1 && step.attempt > 1) world.reach("spawn step took 2 attempts");
    if (step.summary.find("which is the limit") != std::string::npos) world.reach("spawn refused: too many");
    if (step.summary.find("go at most") != std::string::npos) world.reach("spawn refused: too deep");
  }
  for (const auto& [session, limit] : world.spawned_by_hand) {
    if (find(session) == nullptr)
      world.violate(fmt::format("sub-agent {}, which a person started, is lost", session.str()));
  }
}

// A turn that was cancelled takes with it what it started: soon, and across a restart.
void Family::check_end_of_parent(OutsideWorld& world, const Child& child,
                                 const std::vector<Act>& acts) const {
  const Turn* above = turn_above(child);
  if (above == nullptr || above->state != TurnState::kCancelled || !above->ended_at) return;
  const std::int64_t end = above->ended_at->unix_ms;
  if (is_open(child.turn)) {
    world.violate(fmt::format("sub-agent {} is {} although the turn that started it was cancelled",
                              child.row.id.str(), agent::to_text(child.turn.state)));
    return;
  }
  for (const Act& act : acts) {
    if (act.turn != child.turn.id || act.at_ms <= end + kReachMs) continue;
    if (any_within(world.disk_fault_times, act.at_ms - kStoreGraceMs, act.at_ms)) continue;
    world.violate(fmt::format("sub-agent {} {} {} ms after the turn that started it was cancelled",
                              child.row.id.str(), act.what, act.at_ms - end));
  }
  if (child.turn.state != TurnState::kCancelled || world.ends_asked.contains(child.turn.id) ||
      was_told_to_end(child) || !child.turn.ended_at || *child.turn.ended_at < *above->ended_at)
    return;
  world.reach("sub-agent ended with its parent");
  if (any_within(world.starts, end + 1, child.turn.ended_at->unix_ms))
    world.reach("sub-agent ended with its parent after a restart");
}

void Family::check_limits(OutsideWorld& world, const Child& child) const {
  const std::string& id = child.row.id.str();
  std::optional<std::int64_t> slice;
  if (child.from) slice = slice_of(*child.from);
  if (const auto by_hand = world.spawned_by_hand.find(child.row.id); by_hand != world.spawned_by_hand.end())
    slice = by_hand->second;
  const std::int64_t spent = child.cost + cost_below(child.turn.id);
  if (slice && spent > *slice)
    world.violate(fmt::format("sub-agent {} and what it started cost {} of {} nano-USD", id, spent, *slice));
  if (child.turn.error_code == "budget" && child.turn.error_detail.find("slice") != std::string::npos)
    world.reach("sub-agent stopped by its slice");
  const std::int64_t tokens = child.turn.usage.input_tokens + child.turn.usage.output_tokens;
  if (tokens > child.row.max_tokens)
    world.violate(fmt::format("sub-agent {} used {} of {} tokens", id, tokens, child.row.max_tokens));
  std::int64_t calls = 0;
  for (const auto& [step_id, step] : steps_) {
    if (step.turn != child.turn.id || step.kind != StepKind::kTool) continue;
    calls += step.started_at ? 1 : 0;
    if (step.state == StepState::kDenied && step.summary.find("tool calls is used up") != std::string::npos)
      world.reach("sub-agent met its limit of calls");
  }
  if (calls > child.row.max_tool_calls)
    world.violate(fmt::format("sub-agent {} made {} of {} tool calls", id, calls, child.row.max_tool_calls));
  const Use all = use_of(child);
  if (all.tokens > child.row.max_tokens || all.calls > child.row.max_tool_calls)
    world.violate(fmt::format("sub-agent {} and what it started used {} of {} tokens and {} of {} tool calls",
                              id, all.tokens, child.row.max_tokens, all.calls, child.row.max_tool_calls));
}

// It begins when all that it waits for succeeded, and is told their answers once.
void Family::check_order(OutsideWorld& world, const Child& child,
                         const std::vector<Message>& messages) const {
  if (child.row.after.empty()) return;
  world.reach("sub-agent waited for others");
  const std::string& id = child.row.id.str();
  const bool began = child.turn.model_calls > 0;
  bool all_succeeded = true;
  std::vector<std::string> told;
  for (const Message& message : messages)
    if (message.session == child.row.id && message.text().starts_with(kTold)) told.push_back(message.text());
  for (const SessionId& before : child.row.after) {
    const Child* other = find(before);
    if (other == nullptr) {
      world.violate(fmt::format("sub-agent {} waits for {}, which is not there", id, before.str()));
      continue;
    }
    all_succeeded = all_succeeded && other->turn.state == TurnState::kCompleted;
    if (began && (other->turn.state != TurnState::kCompleted || !other->turn.ended_at ||
                  *other->turn.ended_at > child.turn.started_at.value_or(WallTime{})))
      world.violate(fmt::format("sub-agent {} began before {} was done", id, before.str()));
    if (told.size() == 1 && told.front().find(other->answer) == std::string::npos)
      world.violate(fmt::format("sub-agent {} was not told the answer of {}", id, before.str()));
  }
  if (told.size() > 1 || (began && told.empty()))
    world.violate(fmt::format("sub-agent {} was told what it waited for {} times", id, told.size()));
  if (child.turn.error_code == "dependency_failed") {
    world.reach("sub-agent failed with what it waited for");
    if (all_succeeded)
      world.violate(
          fmt::format("sub-agent {} failed with what it waited for, and all of that succeeded", id));
  }
}

// What a step brought back of a child that had ended is that child's answer.
void Family::check_results(OutsideWorld& world, const std::vector<Message>& messages) const {
  std::map<StepId, SessionId> child_of;
  for (const auto& [session, child] : children_)
    if (child.from) child_of[child.from->id] = session;
  for (const Message& message : messages) {
    for (const agent::Part& part : message.parts) {
      if (part.type != "tool_result" || !part.tool.starts_with("agent.")) continue;
      const auto found = steps_.find(part.step);
      if (found == steps_.end() || found->second.state != StepState::kDone || !found->second.ended_at)
        continue;
      const Step& step = found->second;
      if (step.crashes + 1 >= agent::kMaxCrashes) continue;  // a person may have said what came of it
      std::vector<SessionId> ids;
      if (part.tool == "agent.spawn" && child_of.contains(step.id)) ids.push_back(child_of.at(step.id));
      if (part.tool == "agent.result" || part.tool == "agent.collect") ids = ids_in(step);
      for (const SessionId& id : ids) {
        const Child* child = find(id);
        if (child == nullptr || child->turn.state != TurnState::kCompleted) continue;
        // It may have ended between the look and the commit; then the result says that it is at work.
        if (part.text.find("It is still at work") != std::string::npos &&
            *child->turn.ended_at > *step.started_at)
          continue;
        if (part.text.find(child->answer) == std::string::npos)
          world.violate(fmt::format("step {} has another answer of sub-agent {} than that gave",
                                    step.id.str(), id.str()));
        if (part.tool == "agent.result") world.reach("answer of a sub-agent fetched later");
        if (part.tool == "agent.collect") world.reach("answers of several sub-agents collected");
      }
    }
  }
  for (const auto& [id, step] : steps_) {
    if (step.tool == "agent.cancel" && step.state == StepState::kDone)
      world.reach("sub-agent cancelled by its parent");
  }
}

// By the versions of their events, which are in the order of commits.
void Family::check_numbers(OutsideWorld& world) const {
  std::vector<std::pair<std::int64_t, int>> changes;
  for (const auto& [session, child] : children_) {
    if (child.row.depth > kSubAgentLimits.max_depth)
      world.violate(fmt::format("sub-agent {} is {} deep", session.str(), child.row.depth));
    changes.emplace_back(child.opened, 1);
    if (child.closed > 0) changes.emplace_back(child.closed, -1);
  }
  std::ranges::sort(changes);
  int open = 0;
  for (const auto& [version, change] : changes) {
    open += change;
    if (open > kSubAgentLimits.max_running)
      world.violate(fmt::format("{} sub-agents at a time, at event {}", open, version));
  }
}

}  // namespace pryx::sim
