// SPDX-License-Identifier: MIT
// Tool steps: each goes through the gate, one after the other, in the order the model asked for them.
#include "engine/agent/step_journal.h"
#include "engine/agent/tool_output.h"
#include "engine/agent/turn_run.h"
#include "foundation/base/text.h"

namespace pryx::agent {

std::string TurnRun::render_call(const Step& step) const {
  const tools::Tool* tool = parts().gate.registry().find(step.tool);
  const auto arguments = json::parse_object(step.arguments);
  if (tool != nullptr && arguments && parts().gate.registry().check_arguments(step.tool, *arguments).empty())
    return tool->render(*arguments);
  return fmt::format("{} {}", step.tool, utf8_prefix(step.arguments, 200));
}

tools::GateCall TurnRun::gate_call(const Step& step) const {
  tools::GateCall call;
  call.tool = step.tool;
  call.arguments = step.arguments;
  call.context = {.principal = {.id = turn_.principal},
                  .session = turn_.session,
                  .turn = turn_.id,
                  .step = step.id,
                  .workspace = workspace_.directory,
                  .chosen_folder = workspace_.chosen_folder,
                  .context_labels = step.labels,
                  .skills = profile_.skills,
                  .idempotency_key = {},
                  .binding = {},
                  .output = nullptr};
  call.interactive = turn_.interactive;
  call.approve = approve_;
  call.only = only_tools_;
  return call;
}

async::Task<TurnRun::Flow> TurnRun::ask_as_plan() {
  std::vector<Step*> open;
  for (Step& step : steps_) {
    if (step.kind == StepKind::kTool && step.state == StepState::kPlanned) open.push_back(&step);
    // After a restart some may be asked already: they go on one by one.
    if (step.kind == StepKind::kTool && step.state == StepState::kAwaitingApproval) co_return Flow::kGoOn;
  }
  if (open.size() < 2 || !offers_own_tools() || !turn_.interactive) co_return Flow::kGoOn;
  if (open.size() > trust::kMaxPlan) open.resize(trust::kMaxPlan);
  const std::string plan = "pln_" + open.front()->id.str().substr(StepId::prefix().size());
  for (Step* step : open) {
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) co_return Flow::kGoOn;                          // whoever runs the steps ends the turn
    if (!why_no_more_calls(*step).empty()) co_return Flow::kGoOn;  // nobody is asked about what is not made
    StepJournal journal(*this, *step);
    const auto asked = co_await parts().gate.ask_ahead(gate_call(*step), plan, journal);
    if (!asked) co_return co_await stopped_by_storage(asked.error());
    // What does not ask may change what the ones after it depend on: they are asked in their turn.
    if (!*asked) co_return Flow::kGoOn;
  }
  co_return Flow::kGoOn;
}

async::Task<TurnRun::Flow> TurnRun::run_open_tool_steps() {
  const auto known = co_await note_use();
  if (!known) co_return co_await stopped_by_storage(known.error());
  const Flow asked = co_await ask_as_plan();
  if (asked == Flow::kStop) co_return asked;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].kind != StepKind::kTool) continue;
    if (steps_[i].state != StepState::kPlanned && steps_[i].state != StepState::kAwaitingApproval) continue;
    const Flow flow = co_await run_tool_step(steps_[i], false);
    if (flow == Flow::kStop) co_return flow;
  }
  co_return Flow::kGoOn;
}

// A call of a plan waits again after the one before it ran.
async::Task<Result<void>> TurnRun::note_waiting() {
  if (turn_.state != TurnState::kRunning) co_return Result<void>{};
  co_return co_await parts().database.write([this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    if (turn_.state != TurnState::kRunning) return {};
    return TurnStore::change_state(t.db(), turn_, TurnState::kWaiting, now());
  });
}

async::Task<TurnRun::Flow> TurnRun::run_tool_step(Step& step, bool was_started) {
  const bool cancelled = co_await async::is_cancelled();
  if (cancelled) co_return co_await cancel_turn();
  StepJournal journal(*this, step);
  if (!offers_own_tools()) {
    const auto recorded = co_await journal.record_denied({}, "tools are switched off in this conversation");
    if (!recorded) co_return co_await stopped_by_storage(recorded.error());
    co_return Flow::kGoOn;
  }
  const auto known = co_await note_use();
  if (!known) co_return co_await stopped_by_storage(known.error());
  if (std::string reason = why_no_more_calls(step); !reason.empty()) {
    const auto recorded = co_await journal.record_denied({}, std::move(reason));
    if (!recorded) co_return co_await stopped_by_storage(recorded.error());
    co_return Flow::kGoOn;
  }
  const auto output = std::make_shared<ToolOutput>(parts().loop, parts().events, turn_, step.id);
  tools::GateCall call = gate_call(step);
  call.context.output = output;
  call.was_started = was_started;
  if (was_started) call.started_hash = step.call_hash;
  if (step.state == StepState::kAwaitingApproval) {
    call.pending_approval = step.approval;
    const auto noted = co_await note_waiting();
    if (!noted) co_return co_await stopped_by_storage(noted.error());
    wait_for_a_person(true);
  }
  const tools::GateResult result = co_await parts().gate.call(std::move(call), journal);
  output->close();
  wait_for_a_person(false);
  if (journal.is_left_unknown()) {
    const char* who_cut_it = is_out_of_time() ? "turn_timeout" : "stop";
    co_return co_await needs_attention(step, journal.why_unknown(),
                                       result.end == tools::GateEnd::kUnknown ? turn_.surface : who_cut_it);
  }
  if (result.end == tools::GateEnd::kCancelled) co_return co_await cancel_turn();
  if (result.end == tools::GateEnd::kNotRecorded)
    co_return co_await stopped_by_storage(Error{ErrorCode::kStorage, result.reason, -1});
  co_return Flow::kGoOn;
}

async::Task<TurnRun::Flow> TurnRun::recover_started_tool(Step& step) {
  if (step.effect == tools::EffectClass::kPure || step.effect == tools::EffectClass::kIdempotent)
    co_return co_await run_tool_step(step, true);
  tools::Tool* tool = parts().gate.registry().find(step.tool);
  if (step.effect != tools::EffectClass::kQueryable || tool == nullptr) {
    co_return co_await needs_attention(
        step, "the daemon stopped while it ran, and nobody can tell whether it took effect");
  }
  auto arguments = json::parse_object(step.arguments);
  if (!arguments) co_return co_await needs_attention(step, "its arguments cannot be read any more");
  tools::ToolContext context{.principal = {.id = turn_.principal},
                             .session = turn_.session,
                             .turn = turn_.id,
                             .step = step.id,
                             .workspace = workspace_.directory,
                             .chosen_folder = workspace_.chosen_folder,
                             .context_labels = step.labels,
                             .idempotency_key = step.idempotency_key,
                             .binding = {},
                             .output = nullptr};
  const tools::PastEffect past = co_await tool->query(std::move(*arguments), std::move(context));
  const bool cancelled = co_await async::is_cancelled();
  if (cancelled && is_put_off())
    co_return Flow::kStop;  // it was asked too late to be answered; the next start asks again
  if (past == tools::PastEffect::kUnknown)
    co_return co_await needs_attention(step, "the other side cannot tell whether it took effect");
  if (past == tools::PastEffect::kDidNotHappen) co_return co_await run_tool_step(step, true);
  StepJournal journal(*this, step);
  const auto recorded = co_await journal.record_settled(
      StepState::kDone, "Done. The outcome was confirmed after a restart; its output is not known.", true);
  if (!recorded) co_return co_await stopped_by_storage(recorded.error());
  co_return Flow::kGoOn;
}

void TurnRun::wait_for_a_person(bool waits) {
  if (waits)
    parts().dispatcher.park(turn_.session);
  else
    parts().dispatcher.unpark(turn_.session);
}

bool TurnRun::is_looping() const {
  int same = 0;
  const Step* last = nullptr;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    if (step->kind != StepKind::kTool) continue;
    if (last == nullptr) last = &*step;
    if (step->tool != last->tool || step->arguments != last->arguments) break;
    ++same;
  }
  return same >= engine_.limits_.max_same_calls;
}

}  // namespace pryx::agent
