// SPDX-License-Identifier: MIT
// Another model takes over in the middle of a turn: committed and told before it is asked. The step of the
// one that failed ends here; the stand-in gets a step of its own, because its price, its context and its
// limits are looked at like those of any model that is asked first.
#include "engine/agent/compaction.h"
#include "engine/agent/turn_run.h"
#include "engine/models/retry_policy.h"
#include "foundation/base/log.h"

namespace pryx::agent {

async::Task<Result<bool>> TurnRun::fall_back(Step& step, Error error) {
  if (!was_sent_ || !may_fall_back(error.code)) co_return false;
  co_return co_await replace_model(step, std::move(error));
}

async::Task<Result<bool>> TurnRun::replace_model(Step& step, Error error) {
  const std::string from = model_name();
  std::optional<std::string> to = failover_.next(from);
  // One that is not set up cannot answer; the next may.
  while (to && !parts().models.resolve(*to)) to = failover_.next(*to);
  if (!to) co_return false;
  const std::string notice =
      was_sent_ ? fallback_notice(from, *to, error.code) : passed_over_notice(from, *to, error.code);
  const bool was_shown = !text_.empty() || !reasoning_.empty();
  const ModelEnd end =
      end_of_attempt(was_shown ? trace::CallOutcome::kInterrupted : trace::CallOutcome::kFailed, error);
  // What was shown so far stays, marked as interrupted; the other model begins anew.
  std::optional<Message> interrupted = interrupted_message();
  std::optional<ContextState> room;
  step.error_code = std::string(facts(error.code).name);
  step.summary = error.message;
  json::object finished{
      {"step_id", step.id.str()}, {"kind", "model"}, {"state", "failed"}, {"reason", error.message}};
  if (!step.purpose.empty()) finished["purpose"] = step.purpose;
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_call_end(t, end));
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kFailed, now()));
    PRYX_TRY_VOID(write_streamed(t, interrupted));
    PRYX_TRY(room, ContextStore::find_state(t.db(), turn_.principal, turn_.session, *to));
    PRYX_TRY_VOID(emit(t, "step.finished", finished));
    return emit(t, "turn.fallback",
                {{"step_id", step.id.str()},
                 {"from", from},
                 {"to", *to},
                 {"code", facts(error.code).name},
                 {"reason", models::describe(models::classify(error.code))},
                 {"detail", error.message},
                 {"text", notice}});
  });
  if (!written) co_return fail(written.error());
  log::info("model.fallback",
            {{"turn_id", turn_.id.str()}, {"from", from}, {"to", *to}, {"error", error.message}});
  stand_in_ = std::move(*to);
  context_state_ = room.value_or(ContextState{});
  reduced_limit_ = 0;
  if (step.purpose.empty()) --model_steps_;  // nothing came of it
  reset_stream();
  answering_notices_.push_back(notice);
  co_return true;
}

// The step was never begun: one that is new leaves no row, and one of an earlier start ends as failed. A
// stand-in is nobody's choice: what it cannot take or may not cost is no reason to fail.
async::Task<TurnRun::Flow> TurnRun::never_begun(Step& step, bool is_new, Error refusal, std::string code) {
  const bool was_shown = !text_.empty() || !reasoning_.empty();
  if (!stand_in_.empty() && !was_shown) {
    if (is_new) {
      const auto opened = co_await open_unasked(step);
      if (!opened) co_return co_await stopped_by_storage(opened.error());
    }
    co_return co_await without_stand_in(step, std::move(refusal), std::move(code));
  }
  if (!is_new) co_return co_await model_failed(step, std::move(refusal), std::move(code));
  if (step.purpose.empty()) --model_steps_;
  steps_.pop_back();
  if (code.empty()) code = facts(refusal.code).name;
  co_return co_await fail_turn(std::move(code), std::move(refusal.message));
}

// Its row says why another model was asked, or is what waits for one.
async::Task<Result<void>> TurnRun::open_unasked(Step& step) {
  co_return co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    step.state = StepState::kStarted;
    step.boot_id = parts().boot_id;
    step.started_at = now();
    PRYX_TRY_VOID(TurnStore::insert_step(t.db(), step));
    json::object payload{
        {"step_id", step.id.str()}, {"kind", "model"}, {"attempt", step.attempt}, {"model", model_name()}};
    if (!step.purpose.empty()) payload["purpose"] = step.purpose;
    return emit(t, "step.started", std::move(payload));
  });
}

async::Task<TurnRun::Flow> TurnRun::without_stand_in(Step& step, Error error, std::string code) {
  const auto replaced = co_await replace_model(step, error);
  if (!replaced) co_return co_await stopped_by_storage(replaced.error());
  if (*replaced) co_return Flow::kGoOn;
  co_return co_await wait_or_fail(step, std::move(error), std::move(code));
}

// Once for each of them, also when it is asked again after a pause.
void TurnRun::tell_left_out(std::int64_t messages) {
  // Those the chosen model is not shown either.
  messages -= unread_;
  for (const Message& message : history_) {
    if (!is_summary(message)) continue;
    const Part& part = message.parts.front();
    messages -= part.dropped ? part.count : part.left_out;
  }
  if (messages <= 0 || told_left_out_ == stand_in_) return;
  told_left_out_ = stand_in_;
  answering_notices_.push_back(left_out_notice(stand_in_, chosen_model(), messages));
}

// The transcript says it where it happened; no model reads it.
void TurnRun::add_notices(Message& message) {
  std::vector<Part> parts_of_it;
  for (auto* notices : {&notices_, &answering_notices_}) {
    for (std::string& notice : *notices) {
      Part part;
      part.type = "notice";
      part.text = std::move(notice);
      part.step = message.step;
      parts_of_it.push_back(std::move(part));
    }
    notices->clear();
  }
  message.parts.insert(message.parts.begin(), std::make_move_iterator(parts_of_it.begin()),
                       std::make_move_iterator(parts_of_it.end()));
}

}  // namespace pryx::agent
