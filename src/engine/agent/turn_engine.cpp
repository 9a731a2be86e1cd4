// SPDX-License-Identifier: MIT
#include "engine/agent/turn_engine.h"

#include "engine/agent/step_journal.h"
#include "engine/agent/turn_run.h"
#include "foundation/base/log.h"

namespace pryx::agent {

namespace {
constexpr Duration kStorageRetry =
    std::chrono::seconds(2);  // a full disk is looked at again; recovery is promised within 5 s
constexpr Duration kCancelWait =
    std::chrono::seconds(2);  // far more than the 250 ms it should take; only a failing disk needs more

// What the transcript says about a step that a person settled.
Result<void> settle_tool_step(db::Transaction& t, Step& step, const Turn& turn, StepState state,
                              std::string text, MessageId message_id, WallTime at) {
  PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, state, at));
  Message message{.principal = turn.principal,
                  .session = turn.session,
                  .id = std::move(message_id),
                  .role = Role::kTool,
                  .turn = turn.id,
                  .step = step.id,
                  .created_at = at};
  Part part;
  part.type = "tool_result";
  part.text = std::move(text);
  part.tool = step.tool;
  part.call_id = step.call_id;
  part.step = step.id;
  part.ok = state == StepState::kDone;
  part.labels = trust::joined(trust::Labels{"owner"}, step.labels);
  message.parts.push_back(std::move(part));
  return SessionStore::insert_message(t.db(), message);
}

// Of a turn that no run has in hand.
Result<void> trace_end_at_rest(db::Transaction& t, trace::Recorder& trace, Turn& turn,
                               const std::vector<Step>& steps) {
  PRYX_TRY(const auto session, SessionStore::find_session(t.db(), turn.principal, turn.session));
  PRYX_TRY_VOID(load_costs(t.db(), turn));
  PRYX_TRY_VOID(trace_turn_end(t, trace, turn, session.value_or(Session{}), steps));
  return TurnStore::save_progress(t.db(), turn);
}

// One for each step at most: it needs no source of ids inside a write job.
MessageId settled_message_id(const Step& step) {
  return MessageId(fmt::format("{}{}", MessageId::prefix(), step.id.str().substr(StepId::prefix().size())));
}

std::string_view to_text(TurnEngine::ResumeChoice choice) {
  switch (choice) {
    case TurnEngine::ResumeChoice::kRetry:
      return "retry";
    case TurnEngine::ResumeChoice::kTreatAsDone:
      return "treat_as_done";
    case TurnEngine::ResumeChoice::kAbandon:
      return "abandon";
  }
  return "abandon";
}

}  // namespace

Result<void> abandon_unknown_step(db::Transaction& t, audit::AuditLog& audit, trace::Recorder& trace,
                                  Step& step, const Turn& turn, const std::string& actor, WallTime at) {
  // One whose outcome is unknown already has its span.
  if (step.state == StepState::kStarted)
    PRYX_TRY_VOID(trace_tool(t, trace, turn, step, trace::SpanStatus::kInterrupted,
                             "cancelled; it may or may not have taken effect"));
  PRYX_TRY_VOID(settle_tool_step(t, step, turn, StepState::kCancelled,
                                 "Cancelled by the owner; it may or may not have taken effect.",
                                 settled_message_id(step), at));
  PRYX_TRY_VOID(
      audit.append(t, {.principal = turn.principal,
                       .kind = "tool.unknown",
                       .actor = actor,
                       .session = turn.session,
                       .turn = turn.id,
                       .step = step.id,
                       .subject = step.tool,
                       .detail = {{"attempt", step.attempt},
                                  {"detail", "the turn was cancelled while the outcome was unknown"}}}));
  return {};
}

TurnEngine::TurnEngine(Parts parts, EngineLimits limits)
    : parts_(std::move(parts)), limits_(limits), ended_(parts_.loop) {}
TurnEngine::~TurnEngine() = default;

std::shared_ptr<TurnAhead> TurnEngine::look_ahead() const { return std::make_shared<TurnAhead>(); }

void TurnEngine::note_parked(const SessionId& session, bool is_parked) {
  for (const auto& [turn, run] : active_) {
    if (run->session() == session) run->note_parked(is_parked);
  }
}

void TurnEngine::note_out_of_time(const TurnId& turn) {
  out_of_time_.insert(turn);
  static_cast<void>(parts_.dispatcher.cancel_running(turn));
}

async::Task<void> TurnEngine::run_turn(OpenTurn turn, std::shared_ptr<TurnAhead> ahead) {
  for (;;) {
    retry_later_.erase(turn.turn);
    {
      TurnRun run(*this, turn, std::exchange(ahead, nullptr));
      active_[turn.turn] = &run;
      co_await run.execute();
      active_.erase(turn.turn);
    }
    if (!retry_later_.contains(turn.turn)) break;
    if (!parts_.dispatcher.is_stopping()) co_await pause_for_storage();
    if (parts_.dispatcher.is_stopping()) break;
  }
  retry_later_.erase(turn.turn);
  cancelled_.erase(turn.turn);
  stopped_.erase(turn.turn);
  out_of_time_.erase(turn.turn);
  ended_.wake_all();  // they resume from the loop, after the dispatcher took note
}

async::Task<void> TurnEngine::pause_for_storage() {
  const auto slept = co_await async::sleep(parts_.loop, kStorageRetry);
  if (slept || parts_.dispatcher.is_stopping()) co_return;
  // A turn that a person cancelled still needs its end on disk, so it waits all the same; a stopping daemon
  // does not.
  async::WaitList pause(parts_.loop);
  const auto timer = parts_.loop.call_after(kStorageRetry, [&pause] { pause.wake_all(); });
  co_await pause.wait_uncancellable();
  parts_.loop.cancel_timer(timer);
}

async::Task<Result<void>> TurnEngine::wait_until_ended(TurnId turn) {
  const MonotonicTime limit = parts_.loop.clock().monotonic() + kCancelWait;
  while (parts_.dispatcher.is_running(turn)) {
    const Duration left = limit - parts_.loop.clock().monotonic();
    async::WaitEnd end = async::WaitEnd::kTimeout;
    if (left > Duration::zero()) end = co_await ended_.wait_for(left);
    if (end == async::WaitEnd::kCancelled)
      co_return fail(ErrorCode::kCancelled, "cancelled while turn {} was ending", turn.str());
    if (end == async::WaitEnd::kTimeout)
      co_return fail(ErrorCode::kStorage,
                     "turn {} was told to stop, but its end is not on disk yet; ask again", turn.str());
  }
  co_return Result<void>{};
}

json::array TurnEngine::partial_text(const TurnId& turn) const {
  const auto found = active_.find(turn);
  return found == active_.end() ? json::array() : found->second->partial_text();
}

async::Task<Result<void>> TurnEngine::cancel(Caller caller, TurnId id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  const PrincipalId principal = caller.principal.id;
  for (bool told = false;;) {
    PRYX_CO_TRY(auto turn, co_await parts_.database.read(
                               [=](db::Connection& c) { return TurnStore::find_turn(c, principal, id); }));
    if (!turn) co_return fail(ErrorCode::kNotFound, "there is no turn {}", id.str());
    if (is_terminal(turn->state) && told) co_return Result<void>{};
    if (is_terminal(turn->state))
      co_return fail(ErrorCode::kConflict, "turn {} is already {}", id.str(), to_text(turn->state));
    if (parts_.dispatcher.is_running(id)) {
      cancelled_.insert(id);
      (void)parts_.dispatcher.cancel_running(id);
      PRYX_CO_TRY_VOID(co_await wait_until_ended(id));
      told = true;
      continue;
    }
    PRYX_CO_TRY(const bool ended, co_await cancel_at_rest(caller, *turn));
    if (ended) co_return Result<void>{};
  }
}

bool TurnEngine::stop_running(const TurnId& turn) {
  if (!parts_.dispatcher.is_running(turn)) return false;
  cancelled_.insert(turn);
  stopped_.insert(turn);
  return parts_.dispatcher.cancel_running(turn);
}

async::Task<Result<TurnState>> TurnEngine::stop(Caller caller, TurnId id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  const PrincipalId principal = caller.principal.id;
  for (;;) {
    if (stop_running(id)) PRYX_CO_TRY_VOID(co_await wait_until_ended(id));
    PRYX_CO_TRY(auto turn, co_await parts_.database.read(
                               [=](db::Connection& c) { return TurnStore::find_turn(c, principal, id); }));
    if (!turn) co_return fail(ErrorCode::kNotFound, "there is no turn {}", id.str());
    if (is_terminal(turn->state) || turn->state == TurnState::kNeedsAttention) co_return turn->state;
    if (parts_.dispatcher.is_running(id)) continue;
    PRYX_CO_TRY(const bool ended, co_await cancel_at_rest(caller, *turn));
    if (ended) co_return TurnState::kCancelled;
  }
}

// Waiting in line, or stopped for attention: nothing runs, so its end is written here. It leaves the line
// with the commit and not before: when the store fails, it keeps its place. False when it began to run
// meanwhile.
async::Task<Result<bool>> TurnEngine::cancel_at_rest(Caller caller, Turn seen) {
  co_return co_await parts_.database.write([&, this](db::Transaction& t) -> Result<bool> {
    PRYX_TRY(auto turn, TurnStore::find_turn(t.db(), seen.principal, seen.id));
    if (!turn || is_terminal(turn->state))
      return fail(ErrorCode::kConflict, "turn {} ended already", seen.id.str());
    if (turn->state != seen.state || turn->starts != seen.starts) return false;
    PRYX_TRY(auto steps, TurnStore::list_steps(t.db(), turn->principal, turn->id));
    const WallTime at = parts_.loop.clock().wall();
    for (Step& step : steps) {
      if (step.state == StepState::kAwaitingApproval)
        PRYX_TRY_VOID(parts_.approvals.supersede(t, turn->principal, step.approval));
      const bool may_have_happened = step.kind == StepKind::kTool &&
                                     (step.state == StepState::kStarted || step.state == StepState::kUnknown);
      if (may_have_happened)
        PRYX_TRY_VOID(abandon_unknown_step(t, parts_.audit, parts_.trace, step, *turn, caller.surface, at));
      else if (!is_terminal(step.state))
        PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kCancelled, at));
    }
    PRYX_TRY_VOID(SessionStore::interrupt_streaming(t.db(), turn->principal, turn->id));
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), *turn, TurnState::kCancelled, at));
    PRYX_TRY_VOID(trace_end_at_rest(t, parts_.trace, *turn, steps));
    PRYX_TRY_VOID(TurnStore::deliver_turn(t.db(), turn->principal, turn->id, at));
    PRYX_TRY_VOID(TurnStore::mark_read_if_delivered(t.db(), turn->principal, turn->session));
    PRYX_TRY_VOID(parts_.events.append(t, {.principal = turn->principal,
                                           .name = "turn.cancelled",
                                           .session = turn->session,
                                           .surface = caller.surface,
                                           .payload = end_payload(*turn)}));
    t.after_commit([this, id = turn->id] { parts_.dispatcher.forget(id); });
    return true;
  });
}

async::Task<Result<void>> TurnEngine::resume(Caller caller, TurnId id, StepId step_id, ResumeChoice choice,
                                             std::string result) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kApprove));
  const PrincipalId principal = caller.principal.id;
  if (choice == ResumeChoice::kRetry) {
    const auto run = active_.find(id);
    const bool is_own = run != active_.end() && run->second->principal() == principal;
    if (is_own && run->second->ask_now(step_id)) co_return Result<void>{};
  }
  const MessageId message_id = parts_.ids.make<MessageId>();
  PRYX_CO_TRY(
      const auto again,
      co_await parts_.database.write([&, this](db::Transaction& t) -> Result<std::optional<OpenTurn>> {
        const WallTime at = parts_.loop.clock().wall();
        PRYX_TRY(auto turn, TurnStore::find_turn(t.db(), principal, id));
        if (!turn) return fail(ErrorCode::kNotFound, "there is no turn {}", id.str());
        if (turn->state != TurnState::kNeedsAttention)
          return fail(ErrorCode::kConflict, "turn {} is {} and needs no decision", id.str(),
                      to_text(turn->state));
        PRYX_TRY(auto steps, TurnStore::list_steps(t.db(), principal, id));
        const auto step =
            std::find_if(steps.begin(), steps.end(), [&](const Step& s) { return s.id == step_id; });
        if (step == steps.end() || step->state != StepState::kUnknown)
          return fail(ErrorCode::kConflict, "step {} has no unknown outcome", step_id.str());
        const bool ends = choice == ResumeChoice::kAbandon && step->kind == StepKind::kModel;
        if (choice == ResumeChoice::kTreatAsDone && step->kind == StepKind::kModel) {
          return fail(ErrorCode::kInvalidArgument,
                      "a model step cannot be treated as done; retry or abandon it");
        }
        if (choice == ResumeChoice::kTreatAsDone) {
          PRYX_TRY_VOID(settle_tool_step(t, *step, *turn, StepState::kDone,
                                         result.empty() ? "Done, says the owner." : result, message_id, at));
        } else if (choice == ResumeChoice::kAbandon && !ends) {
          PRYX_TRY_VOID(settle_tool_step(t, *step, *turn, StepState::kCancelled,
                                         "Abandoned by the owner; it may or may not have taken effect.",
                                         message_id, at));
        } else if (choice == ResumeChoice::kRetry) {
          PRYX_TRY_VOID(TurnStore::reset_attempts(t.db(), *step));
        } else {
          PRYX_TRY_VOID(TurnStore::change_state(t.db(), *step, StepState::kCancelled, at));
        }
        PRYX_TRY_VOID(parts_.audit.append(t, {.principal = principal,
                                              .kind = "turn.resumed",
                                              .actor = caller.surface,
                                              .session = turn->session,
                                              .turn = id,
                                              .step = step_id,
                                              .subject = step->tool,
                                              .detail = {{"choice", to_text(choice)}}}));
        // Who answers the question has received it.
        PRYX_TRY_VOID(TurnStore::deliver_turn(t.db(), principal, id, at));
        PRYX_TRY_VOID(TurnStore::mark_read_if_delivered(t.db(), principal, turn->session));
        PRYX_TRY_VOID(
            TurnStore::change_state(t.db(), *turn, ends ? TurnState::kCancelled : TurnState::kQueued, at));
        if (ends) {
          PRYX_TRY_VOID(trace_end_at_rest(t, parts_.trace, *turn, steps));
          PRYX_TRY_VOID(parts_.events.append(t, {.principal = principal,
                                                 .name = "turn.cancelled",
                                                 .session = turn->session,
                                                 .surface = caller.surface,
                                                 .payload = end_payload(*turn)}));
          return std::optional<OpenTurn>();
        }
        return std::optional(OpenTurn{principal, turn->session, id, turn->priority});
      }));
  if (again) parts_.dispatcher.enqueue(*again);
  co_return Result<void>{};
}

async::Task<void> TurnEngine::write_outbox_apart(const Turn& turn) {
  const auto written = co_await parts_.database.write([&, this](db::Transaction& t) -> Result<void> {
    return Outbox::enqueue(t, {.principal = turn.principal,
                               .id = OutboxId("out_" + turn.id.str().substr(4)),
                               .turn = turn.id,
                               .session = turn.session,
                               .target = "pull",
                               .event_version = parts_.events.last_version(),
                               .created_at = parts_.loop.clock().wall()});
  });
  if (!written) log::warn("outbox.apart_failed", {{"turn_id", turn.id.str()}});
}

}  // namespace pryx::agent
