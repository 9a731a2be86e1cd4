// SPDX-License-Identifier: MIT
#include "engine/agent/stop.h"

#include <algorithm>
#include <set>

#include "engine/agent/subagents/sub_agent_store.h"
#include "foundation/base/log.h"

namespace pryx::agent {
namespace {

using tools::shell::ProcessRecord;
using tools::shell::ProcessView;
using tools::shell::ProcessViewer;

// What is told ends within milliseconds; whoever pressed the button gets an answer even when the disk hangs.
constexpr Duration kAnswerLimit = std::chrono::seconds(1);
constexpr std::size_t kShownLines = 10;
constexpr Duration kProcessLimit = std::chrono::milliseconds(500);

// Shared by the request and the tasks that may outlive it.
struct Progress {
  explicit Progress(async::EventLoop& loop) : changed(loop) {}
  std::vector<StoppedTurn> turns;
  std::size_t open = 0;
  async::WaitList changed;
};

// The unfinished turns of one session or one turn, and of the sub-agents below it.
Result<std::vector<OpenTurn>> find_scope(db::Connection& c, const PrincipalId& principal,
                                         const StopScope& scope) {
  std::set<SessionId> sessions;
  SessionId session = scope.session;
  if (!scope.turn.empty()) {
    PRYX_TRY(const auto turn, TurnStore::find_turn(c, principal, scope.turn));
    if (!turn) return fail(ErrorCode::kNotFound, "there is no turn {}", scope.turn.str());
    session = turn->session;
  } else if (!session.empty()) {
    PRYX_TRY(const auto known, SessionStore::find_session(c, principal, session));
    if (!known) return fail(ErrorCode::kNotFound, "there is no session {}", session.str());
    sessions.insert(session);
  }
  PRYX_TRY(const auto below, SubAgentStore::list_below(c, principal, session, scope.turn));
  sessions.insert(below.begin(), below.end());
  PRYX_TRY(std::vector<OpenTurn> open, TurnStore::list_open(c));
  std::erase_if(open, [&](const OpenTurn& turn) {
    return turn.principal != principal || (turn.turn != scope.turn && !sessions.contains(turn.session));
  });
  return open;
}

struct Told {
  std::vector<OpenTurn> turns;
  std::set<TurnId> running;
};

// Out of the line before anything is cut: the end of one turn must not let the next begin.
Told tell(const StopParts& parts, const std::vector<OpenTurn>& waiting,
          const std::vector<OpenTurn>& running) {
  Told told;
  for (const auto* turns : {&waiting, &running}) {
    for (const OpenTurn& turn : *turns) static_cast<void>(parts.dispatcher.hold(turn.turn));
  }
  for (const auto* turns : {&running, &waiting}) {
    for (const OpenTurn& turn : *turns) {
      if (parts.turns.stop_running(turn.turn)) told.running.insert(turn.turn);
      told.turns.push_back(turn);
    }
  }
  return told;
}

// Running ones first.
std::vector<StoppedTurn> in_order(const Told& told) {
  std::vector<StoppedTurn> out;
  for (const bool first : {true, false}) {
    for (const OpenTurn& turn : told.turns) {
      if (told.running.contains(turn.turn) != first) continue;
      out.push_back({.id = turn.turn,
                     .session = turn.session,
                     .was_running = first,
                     .state = {},
                     .steps = {},
                     .problem = {}});
    }
  }
  return out;
}

bool was_under_way(const Step& step) {
  return step.started_at && (step.state == StepState::kCancelled || step.state == StepState::kUnknown ||
                             step.state == StepState::kStarted);
}

async::Task<void> end_one(StopParts parts, Caller caller, std::shared_ptr<Progress> progress,
                          std::size_t index) {
  const TurnId id = progress->turns[index].id;
  const auto state = co_await parts.turns.stop(caller, id);
  std::vector<StoppedStep> steps;
  if (state) {
    const auto rows = co_await parts.database.read([principal = caller.principal.id, id](db::Connection& c) {
      return TurnStore::list_steps(c, principal, id);
    });
    for (const Step& step : rows.value_or(std::vector<Step>{})) {
      if (was_under_way(step)) steps.push_back({step.id, step.tool, step.state});
    }
  }
  StoppedTurn& turn = progress->turns[index];
  if (state)
    turn.state = *state;
  else
    turn.problem = state.error().message;
  turn.steps = std::move(steps);
  --progress->open;
  progress->changed.wake_all();
}

async::Task<void> wait_for_turns(StopParts parts, std::shared_ptr<Progress> progress, MonotonicTime due) {
  while (progress->open > 0) {
    const Duration left = due - parts.loop.clock().monotonic();
    if (left <= Duration::zero()) co_return;
    const auto end = co_await progress->changed.wait_for(left);
    if (end != async::WaitEnd::kWoken) co_return;
  }
}

// As they are after the wait. One whose row cannot be read stays `running` in the answer.
async::Task<std::vector<ProcessView>> wait_for_processes(StopParts parts, Caller caller,
                                                         std::vector<ProcessRecord> killed) {
  const ProcessViewer viewer{caller.principal.id, {}, caller.surface};
  std::vector<ProcessView> out;
  for (ProcessRecord& record : killed) {
    co_await parts.processes.wait_for_end(viewer, record.id, kProcessLimit);
    auto view = co_await parts.processes.view(viewer, record.id, {.lines = kShownLines});
    out.push_back(view ? std::move(*view) : ProcessView{.record = std::move(record), .lines = {}});
  }
  co_return out;
}

async::Task<bool> write_down(StopParts parts, Caller caller, const StopReport& report) {
  json::array turns;
  for (const StoppedTurn& turn : report.turns) turns.emplace_back(turn.id.str());
  json::array processes;
  for (const ProcessView& process : report.processes) processes.emplace_back(process.record.id.str());
  const json::object detail{{"turns", std::move(turns)},
                            {"turn_count", report.turn_count},
                            {"processes", std::move(processes)},
                            {"unfinished", report.unfinished}};
  const auto written = co_await parts.database.write([&](db::Transaction& t) {
    return parts.audit.append(t, {.principal = caller.principal.id,
                                  .kind = "stop",
                                  .actor = caller.surface,
                                  .session = {},
                                  .turn = {},
                                  .step = {},
                                  .subject = report.scope,
                                  .detail = detail});
  });
  if (!written) log::error("stop.not_recorded", {{"error", written.error().message}});
  co_return written.has_value();
}

// Those of one principal among turns that the dispatcher knows.
std::vector<OpenTurn> of_principal(std::vector<OpenTurn> turns, const PrincipalId& principal) {
  std::erase_if(turns, [&](const OpenTurn& turn) { return turn.principal != principal; });
  return turns;
}

}  // namespace

Result<StopScope> StopScope::from_json(const json::object& body) {
  StopScope scope;
  PRYX_TRY(const auto all, json::find_bool(body, "all"));
  PRYX_TRY(const auto session, json::find_string(body, "session_id"));
  PRYX_TRY(const auto turn, json::find_string(body, "turn_id"));
  const int given = (all.value_or(false) ? 1 : 0) + (session ? 1 : 0) + (turn ? 1 : 0);
  if (given > 1) return fail(ErrorCode::kInvalidArgument, "say one of all, session_id and turn_id");
  scope.processes = all.value_or(false);
  if (session) {
    PRYX_TRY(scope.session, SessionId::parse(*session));
  }
  if (turn) {
    PRYX_TRY(scope.turn, TurnId::parse(*turn));
  }
  return scope;
}

std::string StopScope::to_text() const {
  if (!turn.empty()) return turn.str();
  if (!session.empty()) return session.str();
  return processes ? "all" : "turns";
}

json::object StoppedTurn::to_json() const {
  json::array list;
  for (const StoppedStep& step : steps)
    list.push_back(json::object{{"step_id", step.id.str()},
                                {"tool", step.tool.empty() ? json::value(nullptr) : json::value(step.tool)},
                                {"state", agent::to_text(step.state)}});
  return {{"turn_id", id.str()},
          {"session_id", session.str()},
          {"was", was_running ? "running" : "queued"},
          {"state", state ? json::value(agent::to_text(*state)) : json::value("stopping")},
          {"steps", std::move(list)},
          {"problem", problem.empty() ? json::value(nullptr) : json::value(problem)}};
}

json::object StopReport::to_json() const {
  json::array turn_list;
  for (const StoppedTurn& turn : turns) turn_list.push_back(turn.to_json());
  json::array process_list;
  for (const ProcessView& process : processes) process_list.push_back(process.to_json());
  return {{"scope", scope},
          {"at", to_rfc3339(at)},
          {"took_ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()},
          {"turns", std::move(turn_list)},
          {"turn_count", turn_count},
          {"unfinished", unfinished},
          {"processes", std::move(process_list)},
          {"processes_left", processes_left},
          {"recorded", recorded}};
}

async::Task<Result<StopReport>> stop_effects(StopParts parts, Caller caller, StopScope scope) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  const MonotonicTime begin = parts.loop.clock().monotonic();
  StopReport report{.scope = scope.to_text(), .at = parts.loop.clock().wall(), .turns = {}, .processes = {}};
  std::vector<ProcessRecord> killed;
  Told told;
  if (scope.session.empty() && scope.turn.empty()) {
    // Without a look at the disk, so that a slow one costs nothing.
    if (scope.processes) killed = parts.processes.kill_all(caller.principal.id);
    told = tell(parts, of_principal(parts.dispatcher.waiting_turns(), caller.principal.id),
                of_principal(parts.dispatcher.running_turns(), caller.principal.id));
  } else {
    const auto running = of_principal(parts.dispatcher.running_turns(), caller.principal.id);
    const bool is_running =
        std::ranges::any_of(running, [&](const OpenTurn& turn) { return turn.turn == scope.turn; });
    const bool was_running = is_running && parts.turns.stop_running(scope.turn);
    PRYX_CO_TRY(const auto open,
                co_await parts.database.read([principal = caller.principal.id, scope](db::Connection& c) {
                  return find_scope(c, principal, scope);
                }));
    told = tell(parts, open, {});
    if (was_running) told.running.insert(scope.turn);
  }
  auto progress = std::make_shared<Progress>(parts.loop);
  progress->turns = in_order(told);
  progress->open = progress->turns.size();
  for (std::size_t i = 0; i < progress->turns.size(); ++i) {
    if (parts.group.spawn("stop", end_one(parts, caller, progress, i)) == 0) --progress->open;
  }
  co_await wait_for_turns(parts, progress, begin + kAnswerLimit);
  report.processes = co_await wait_for_processes(parts, caller, std::move(killed));
  report.took = parts.loop.clock().monotonic() - begin;
  report.turn_count = progress->turns.size();
  for (const StoppedTurn& turn : progress->turns) report.unfinished += turn.state ? 0 : 1;
  for (const ProcessView& process : report.processes)
    report.unfinished += process.record.is_running() ? 1 : 0;
  report.turns = progress->turns;
  if (report.turns.size() > StopReport::kMaxListed) report.turns.resize(StopReport::kMaxListed);
  if (!scope.processes) report.processes_left = parts.processes.running();
  report.recorded = co_await write_down(parts, caller, report);
  co_return report;
}

}  // namespace pryx::agent
