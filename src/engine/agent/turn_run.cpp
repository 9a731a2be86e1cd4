// SPDX-License-Identifier: MIT
// Loading, recovery, the main loop and the ends of a turn. Model steps: turn_run_model.cpp; tool steps:
// turn_run_tools.cpp.
#include "engine/agent/turn_run.h"

#include <algorithm>

#include "engine/agent/compaction.h"
#include "engine/agent/step_journal.h"
#include "engine/agent/turn_failure.h"
#include "foundation/base/log.h"
#include "trust/policy/policy_file.h"

namespace pryx::agent {

TurnRun::TurnRun(TurnEngine& engine, OpenTurn turn, std::shared_ptr<TurnAhead> ahead)
    : engine_(engine),
      open_(std::move(turn)),
      ahead_(std::move(ahead)),
      turn_timeout_(engine.limits_.turn_timeout),
      clock_(engine.parts_.loop, turn_timeout_, [this] { engine_.note_out_of_time(open_.turn); }),
      default_model_(engine.default_model()),
      trace_(engine.parts_.trace, engine.parts_.models),
      failover_(engine.fallbacks_),
      later_(engine.parts_.loop) {}

json::array TurnRun::partial_text() const {
  json::array parts_list;
  for (const auto& [part, buffer] :
       {std::pair<std::string_view, const DeltaBuffer&>{"reasoning", reasoning_}, {"text", text_}}) {
    if (!buffer.empty())
      parts_list.push_back(
          json::object{{"step_id", streaming_step_.str()}, {"part", part}, {"text", buffer.all()}});
  }
  return parts_list;
}

const std::string& TurnRun::model_name() const { return stand_in_.empty() ? chosen_model() : stand_in_; }

const std::string& TurnRun::chosen_model() const {
  if (!turn_.model.empty()) return turn_.model;
  if (!session_.model.empty()) return session_.model;
  return profile_.model.empty() ? default_model_ : profile_.model;
}

std::string_view TurnRun::route() const {
  if (!stand_in_.empty()) return "stand-in";
  if (!turn_.model.empty()) return "message";
  if (!session_.model.empty()) return "session";
  return profile_.model.empty() ? "default" : "agent";
}

void TurnRun::take(TurnSnapshot snapshot) {
  turn_ = std::move(snapshot.turn);
  session_ = std::move(snapshot.session);
  sub_agent_ = std::move(snapshot.sub_agent);
  steps_ = std::move(snapshot.steps);
  history_ = std::move(snapshot.history);
  pins_ = std::move(snapshot.pins);
  open_turns_ = std::move(snapshot.open_turns);
  unread_ = snapshot.read.unread;
  unread_to_ = snapshot.read.unread_to;
  around_ = snapshot.read.bytes - std::min(snapshot.read.bytes, conversation_bytes(history_));
}

async::Task<Result<bool>> TurnRun::load() {
  std::optional<TurnSnapshot> snapshot;
  if (ahead_ != nullptr) snapshot = ahead_->take();
  if (!snapshot) {
    PRYX_CO_TRY(snapshot, co_await parts().database.read([this](db::Connection& c) {
      return TurnSnapshot::load(c, open_, kMaxHistoryBytes);
    }));
  }
  if (!snapshot) co_return false;
  std::vector<ContextState> states = std::move(snapshot->context_states);
  take(std::move(*snapshot));
  apply_limits();
  // Only the agent's file says whose correction counts.
  const auto known = std::ranges::find(states, model_name(), &ContextState::model);
  if (known != states.end()) context_state_ = std::move(*known);
  if (!turn_.approve.empty()) {
    const auto policy = trust::parse_policy(turn_.approve, trust::PolicyFileKind::kApprove, "--approve");
    if (policy) approve_ = policy->layer;  // unreadable: nothing is allowed by it
  }
  // A failed one is that of a model for which another stood in.
  for (const Step& step : steps_)
    model_steps_ += step.kind == StepKind::kModel && step.purpose.empty() && step.state != StepState::kFailed;
  find_client_calls();
  co_return !is_terminal(turn_.state) && turn_.state != TurnState::kNeedsAttention;
}

void TurnRun::note_parked(bool is_parked) {
  if (is_parked)
    clock_.pause();
  else
    clock_.go_on();
}

std::string TurnRun::why_out_of_time() const {
  return fmt::format(
      "the turn worked for {}, which is the limit; ask for less at once, or raise agent.turn_timeout",
      format_duration(turn_timeout_));
}

Step* TurnRun::find_unsettled_tool_step() {
  const auto found = std::ranges::find_if(steps_, [](const Step& step) {
    return step.kind == StepKind::kTool &&
           (step.state == StepState::kStarted || step.state == StepState::kUnknown);
  });
  return found == steps_.end() ? nullptr : &*found;
}

async::Task<void> TurnRun::execute() {
  clock_.go_on();
  auto runnable = co_await load();
  if (!runnable) {
    co_await stopped_by_storage(runnable.error());
    co_return;
  }
  if (!*runnable) co_return;
  const auto ready = co_await collect_others();
  if (!ready) {
    co_await stopped_by_storage(ready.error());
    co_return;
  }
  if (!*ready) co_return;
  if (offers_own_tools()) workspace_ = co_await parts().workspaces.open(session_);
  if (offers_own_tools() && parts().notes != nullptr)
    note_ = co_await parts().notes->note(workspace_.directory, profile_, note_for());
  const bool cancelled_meanwhile = co_await async::is_cancelled();
  if (cancelled_meanwhile) {
    co_await cancel_turn();
    co_return;
  }
  if (!has_profile_) {
    co_await fail_turn("not_found",
                       fmt::format("the agent '{}' of this session is gone; put its file back or "
                                   "choose another agent",
                                   session_.agent));
    co_return;
  }
  Flow flow = co_await recover();
  if (flow == Flow::kGoOn && turn_.options.compact) flow = co_await run_compaction_turn();
  while (flow == Flow::kGoOn) {
    flow = co_await run_open_tool_steps();
    if (flow == Flow::kStop) co_return;
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) {
      co_await cancel_turn();
      co_return;
    }
    if (!client_calls_.empty()) {
      co_await end_with_client_calls();
      co_return;
    }
    if (model_steps_ >= max_steps() && find_interrupted_model_step() == nullptr) {
      co_await fail_turn(
          "step_limit",
          fmt::format("the turn took {} model steps without an answer; ask for less at once", model_steps_));
      co_return;
    }
    if (is_looping()) {
      co_await fail_turn("loop_detected", fmt::format("the model asked for the same call {} times in a row",
                                                      engine_.limits_.max_same_calls));
      co_return;
    }
    flow = co_await run_model_step();
  }
}

Result<void> TurnRun::write_start(db::Transaction& t) {
  if (start_written_) return {};
  start_written_ = true;  // a transaction that fails ends this run, so nobody sees it set for nothing
  const bool first = turn_.starts == 0;
  PRYX_TRY_VOID(TurnStore::note_start(t.db(), turn_, now()));
  if (!first) {
    PRYX_TRY_VOID(SessionStore::interrupt_streaming(t.db(), turn_.principal, turn_.id));
  } else {
    PRYX_TRY_VOID(emit(t, "turn.started", {{"model", model_name()}}));
  }
  return trace_queue(t, parts().trace, turn_, steps_);
}

// What a dead daemon left behind. Steps that were only planned or waiting for a person go the ordinary way.
async::Task<TurnRun::Flow> TurnRun::recover() {
  for (Step& step : steps_) {
    if (step.state == StepState::kUnknown) {
      // Still here means that a person said: try again (anything else settled the step).
      if (step.kind == StepKind::kModel) continue;
      const Flow flow = co_await run_tool_step(step, true);
      if (flow == Flow::kStop) co_return flow;
    }
    if (step.state != StepState::kStarted) continue;
    if (crashes_of(step) >= kMaxCrashes) {
      co_return co_await needs_attention(
          step,
          fmt::format("it was under way at {} crashes and is not started again by itself", crashes_of(step)));
    }
    if (step.kind == StepKind::kTool) {
      const Flow flow = co_await recover_started_tool(step);
      if (flow == Flow::kStop) co_return flow;
    }
  }
  for (Message& message : history_) {
    for (Part& part : message.parts) {
      if (part.state == PartState::kStreaming) part.state = PartState::kInterrupted;
    }
  }
  co_return Flow::kGoOn;
}

int TurnRun::crashes_of(const Step& step) const {
  // One that has a summary waited for its model: nothing was under way.
  const bool waited = step.kind == StepKind::kModel && !step.summary.empty();
  const bool was_cut = step.state == StepState::kStarted && step.boot_id != parts().boot_id && !waited;
  return step.crashes + (was_cut && parts().after_crash ? 1 : 0);
}

Step* TurnRun::find_interrupted_model_step() {
  for (Step& step : steps_) {
    if (step.kind == StepKind::kModel && step.purpose.empty() &&
        (step.state == StepState::kStarted || step.state == StepState::kUnknown ||
         step.state == StepState::kAwaitingApproval))
      return &step;
  }
  return nullptr;
}

Result<std::uint64_t> TurnRun::append_event(db::Transaction& t, std::string name, json::object payload) {
  payload["turn_id"] = turn_.id.str();
  return parts().events.append(t, {.principal = turn_.principal,
                                   .name = std::move(name),
                                   .session = turn_.session,
                                   .surface = turn_.surface,
                                   .payload = std::move(payload)});
}

Result<void> TurnRun::emit(db::Transaction& t, std::string name, json::object payload) {
  PRYX_TRY_VOID(append_event(t, std::move(name), std::move(payload)));
  return {};
}

Result<void> TurnRun::write_end(db::Transaction& t, TurnState state, const std::string& text,
                                const MessageId& message) {
  PRYX_TRY_VOID(write_start(t));
  PRYX_TRY_VOID(TurnStore::change_state(t.db(), turn_, state, now()));
  PRYX_TRY_VOID(trace_turn_end(t, parts().trace, turn_, session_, steps_));
  PRYX_TRY_VOID(TurnStore::save_progress(t.db(), turn_));
  json::object payload = end_payload(turn_);
  std::string name = "turn.completed";
  if (state == TurnState::kCompleted) {
    payload["text"] = text;
    payload["message_id"] = message.str();
    payload["model"] = turn_.answered_by;
    payload["finish_reason"] =
        models::to_text(client_calls_.empty() ? finish_ : models::FinishReason::kToolCalls);
    payload["tool_calls"] = client_calls_json();
    if (trace_.left_out() > 0) payload["left_out"] = trace_.left_out();
  } else if (state == TurnState::kFailed) {
    name = "turn.failed";
    payload["code"] = turn_.error_code;
    payload["title"] = title_of_turn_failure(turn_.error_code);
    payload["detail"] = turn_.error_detail;
  } else {
    name = "turn.cancelled";
  }
  PRYX_TRY(const std::uint64_t version, parts().events.append(t, {.principal = turn_.principal,
                                                                  .name = std::move(name),
                                                                  .session = turn_.session,
                                                                  .surface = turn_.surface,
                                                                  .payload = std::move(payload)}));
  if (state == TurnState::kCancelled || engine_.limits_.unsafe_split_outbox) return {};
  PRYX_TRY_VOID(SessionStore::set_unread(t.db(), turn_.principal, turn_.session, true));
  return Outbox::enqueue(t, {.principal = turn_.principal,
                             .id = OutboxId("out_" + turn_.id.str().substr(4)),
                             .turn = turn_.id,
                             .session = turn_.session,
                             .target = "pull",
                             .event_version = version,
                             .created_at = now()});
}

async::Task<TurnRun::Flow> TurnRun::fail_turn(std::string code, std::string detail) {
  log::warn("turn.failed", {{"turn_id", turn_.id.str()},
                            {"trace_id", trace::trace_id_of(turn_.id.str())},
                            {"code", code},
                            {"detail", detail}});
  turn_.error_code = std::move(code);
  turn_.error_detail = std::move(detail);
  // Whoever looks at it wants to know which model it was about, also when a default changed since.
  if (turn_.model.empty()) turn_.model = chosen_model();
  const auto written = co_await parts().database.write([this](db::Transaction& t) -> Result<void> {
    for (Step& step : steps_) {
      if (step.state == StepState::kAwaitingApproval)
        PRYX_TRY_VOID(parts().approvals.supersede(t, turn_.principal, step.approval));
      // One that waited for its model, and is not asked after all.
      const bool is_begun = step.kind == StepKind::kModel && step.state == StepState::kStarted;
      if (is_begun) step.summary.clear();
      if (is_begun || step.state == StepState::kPlanned || step.state == StepState::kAwaitingApproval)
        PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kCancelled, now()));
    }
    return write_end(t, TurnState::kFailed, {}, {});
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return Flow::kStop;
}

bool TurnRun::is_put_off() const {
  return parts().dispatcher.is_stopping() && !engine_.cancelled_.contains(open_.turn);
}

async::Task<TurnRun::Flow> TurnRun::cancel_turn() {
  // The daemon is going down: the turn stays as it is and goes on at the next start.
  if (is_put_off()) co_return Flow::kStop;
  const bool out_of_time = is_out_of_time();
  if (out_of_time) {
    // A dead daemon started it, and this run did not come to it in time: nobody said that it does not matter.
    if (Step* step = find_unsettled_tool_step())
      co_return co_await needs_attention(*step, why_out_of_time(), std::string(kTurnTimeout));
    turn_.error_code = kTurnTimeout;
    turn_.error_detail = why_out_of_time();
    if (turn_.model.empty()) turn_.model = chosen_model();
    log::warn("turn.failed", {{"turn_id", turn_.id.str()},
                              {"trace_id", trace::trace_id_of(turn_.id.str())},
                              {"code", turn_.error_code}});
  }
  const ModelEnd end = end_of_attempt(trace::CallOutcome::kCancelled, std::nullopt);
  std::optional<Message> interrupted = interrupted_message();
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    PRYX_TRY_VOID(write_call_end(t, end));
    for (Step& step : steps_) {
      if (step.state == StepState::kAwaitingApproval)
        PRYX_TRY_VOID(parts().approvals.supersede(t, turn_.principal, step.approval));
      // A dead daemon started it, and this one did not come to it.
      const bool may_have_happened = step.kind == StepKind::kTool &&
                                     (step.state == StepState::kStarted || step.state == StepState::kUnknown);
      if (may_have_happened)
        PRYX_TRY_VOID(
            abandon_unknown_step(t, parts().audit, parts().trace, step, turn_, turn_.surface, now()));
      else if (!is_terminal(step.state))
        PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kCancelled, now()));
    }
    PRYX_TRY_VOID(write_streamed(t, interrupted));
    return write_end(t, out_of_time ? TurnState::kFailed : TurnState::kCancelled, {}, {});
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return Flow::kStop;
}

async::Task<TurnRun::Flow> TurnRun::needs_attention(Step& step, std::string detail, std::string actor) {
  log::warn("turn.needs_attention", {{"turn_id", turn_.id.str()},
                                     {"trace_id", trace::trace_id_of(turn_.id.str())},
                                     {"step_id", step.id.str()},
                                     {"tool", step.tool}});
  const OutboxId outbox_id = parts().ids.make<OutboxId>();
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    if (step.state != StepState::kUnknown) {
      step.error_code = "unknown_outcome";
      step.summary = detail;
      if (step.kind == StepKind::kTool)
        PRYX_TRY_VOID(trace_tool(t, parts().trace, turn_, step, trace::SpanStatus::kInterrupted, detail));
      PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kUnknown, now()));
    }
    PRYX_TRY_VOID(parts().audit.append(t, {.principal = turn_.principal,
                                           .kind = "tool.unknown",
                                           .actor = actor,
                                           .session = turn_.session,
                                           .turn = turn_.id,
                                           .step = step.id,
                                           .subject = step.tool,
                                           .detail = {{"attempt", step.attempt}},
                                           .personal = {{"detail", detail}}}));
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), turn_, TurnState::kNeedsAttention, now()));
    PRYX_TRY_VOID(SessionStore::set_unread(t.db(), turn_.principal, turn_.session, true));
    json::array choices{"retry", "treat_as_done", "abandon"};
    PRYX_TRY(const std::uint64_t version,
             append_event(
                 t, "turn.needs_attention",
                 {{"step_id", step.id.str()},
                  {"tool", step.tool},
                  {"detail", detail},
                  {"resume", json::object{{"path", fmt::format("/api/v1/turns/{}/resume", turn_.id.str())},
                                          {"choices", std::move(choices)}}}}));
    // The question is a reply too: it counts as unread until somebody has received it.
    return Outbox::enqueue(t, {.principal = turn_.principal,
                               .id = outbox_id,
                               .turn = turn_.id,
                               .session = turn_.session,
                               .target = "pull",
                               .event_version = version,
                               .created_at = now()});
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return Flow::kStop;
}

// Nothing is acknowledged and nothing is changed: the rows on disk are the truth, and the engine starts over
// from them a little later.
async::Task<TurnRun::Flow> TurnRun::stopped_by_storage(const Error& error) {
  log::error("turn.storage_failed", {{"turn_id", open_.turn.str()},
                                     {"trace_id", trace::trace_id_of(open_.turn.str())},
                                     {"error", error.message}});
  engine_.retry_later_.insert(open_.turn);
  co_return Flow::kStop;
}

}  // namespace pryx::agent
