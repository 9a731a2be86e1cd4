// SPDX-License-Identifier: MIT
// No answer came of a model step: another model takes over, or the turn waits and asks again, or it fails. A
// turn that waits stays `running` and its step `started`, which is what a crash leaves behind as well: the
// next daemon asks at once. It takes no slot from turns that could work, and its time does not count as work.
#include <algorithm>
#include <functional>
#include <utility>

#include "engine/agent/turn_run.h"
#include "engine/models/retry_policy.h"
#include "foundation/base/log.h"

namespace pryx::agent {
namespace {

// The surfaces of the fronts that speak a vendor's protocol.
constexpr std::string_view kFronts[] = {"openai", "anthropic"};

}  // namespace

async::Task<TurnRun::Flow> TurnRun::without_answer(Step& step, Error error) {
  note_away(error);
  const auto replaced = co_await fall_back(step, error);
  if (!replaced) co_return co_await stopped_by_storage(replaced.error());
  if (*replaced) co_return Flow::kGoOn;
  co_return co_await wait_or_fail(step, std::move(error));
}

// Whoever is away for a summary is away for the answer as well: nothing is left out of the conversation for
// one that does not come.
async::Task<std::optional<TurnRun::Flow>> TurnRun::without_summary(Step& step, Error error, bool manual) {
  if (!manual) note_away(error);
  const auto replaced = co_await fall_back(step, error);
  if (!replaced) co_return co_await stopped_by_storage(replaced.error());
  if (*replaced) co_return Flow::kGoOn;
  if (manual || !awaited_) co_return std::nullopt;
  co_return co_await wait_or_fail(step, std::move(error));
}

async::Task<TurnRun::Flow> TurnRun::wait_or_fail(Step& step, Error error, std::string code) {
  const std::optional<Awaited> awaited = std::exchange(awaited_, std::nullopt);
  if (!awaited || !may_wait()) co_return co_await model_failed(step, std::move(error), std::move(code));
  const std::optional<Duration> pause = pause_for(*awaited);
  if (pause) co_return co_await wait_for_model(step, std::move(error), *awaited, *pause);
  if (awaited->error.code == error.code)
    error.message += not_waited_advice(awaited->error, engine_.limits_.model_wait);
  co_return co_await model_failed(step, std::move(error), std::move(code));
}

void TurnRun::note_away(const Error& error) {
  if (!was_sent_) awaited_.reset();  // a limit of ours says no, and it does not pass by waiting for a model
  if (!was_sent_ || !text_.empty() || !reasoning_.empty()) return;
  const bool is_over_its_rate = error.code == ErrorCode::kOverloaded;
  // A server that does not run on this machine comes back when a person starts it, and it is they who wait.
  const bool is_away = error.code == ErrorCode::kUnavailable && attempt_->http_status == 0 &&
                       !parts().models.is_on_this_machine(model_name());
  if (!is_over_its_rate && !is_away) return;
  if (awaited_ && awaited_->error.retry_after_ms <= error.retry_after_ms) return;
  awaited_ = Awaited{model_name(), error};
}

// Since when the answer that is due has been asked for, or a summary that makes room for it, by whichever
// model and daemon.
WallTime TurnRun::asked_since() const {
  std::optional<WallTime> since;
  for (const Step& step : steps_) {
    if (step.kind == StepKind::kTool)
      since.reset();
    else if (step.kind == StepKind::kModel && !since)
      since = step.planned_at;
  }
  return since.value_or(now());
}

bool TurnRun::may_wait() const {
  // A client of a front has retries and a time limit of its own, and expects to hear of it.
  return text_.empty() && reasoning_.empty() &&
         std::ranges::find(kFronts, turn_.surface) == std::end(kFronts) && !session_.hidden;
}

std::optional<Duration> TurnRun::pause_for(const Awaited& awaited) const {
  const Duration limit = engine_.limits_.model_wait;
  if (limit <= Duration::zero()) return std::nullopt;
  const std::int64_t left_ms = (asked_since() + limit).unix_ms - now().unix_ms;
  if (left_ms <= 0 || awaited.error.retry_after_ms > left_ms) return std::nullopt;
  // Turns that failed together do not come back together.
  const std::uint64_t jitter = std::hash<std::string>{}(turn_.id.str());
  return std::min<Duration>(models::pause_before_asking_again(awaited.error, pauses_, jitter),
                            std::chrono::milliseconds(left_ms));
}

async::Task<TurnRun::Flow> TurnRun::wait_for_model(Step& step, Error error, Awaited awaited, Duration pause) {
  ++pauses_;
  const ModelEnd end = end_of_attempt(trace::CallOutcome::kFailed, std::move(error));
  // Whoever looks later finds it here; the event is for those who look now.
  step.summary = waiting_notice(awaited.model, awaited.error, now() + pause);
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_call_end(t, end));
    return TurnStore::change_state(t.db(), step, StepState::kStarted, now());
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  log::info("model.awaited", {{"turn_id", turn_.id.str()},
                              {"model", awaited.model},
                              {"pause", format_duration(pause)},
                              {"error", awaited.error.message}});
  publish_retry(step.id, awaited.error, pause, &awaited);
  parts().dispatcher.park(turn_.session);
  const async::WaitEnd ended = co_await later_.wait_for(pause);
  parts().dispatcher.unpark(turn_.session);
  step.summary.clear();
  if (ended == async::WaitEnd::kCancelled) co_return co_await cancel_turn();
  const auto returned = co_await return_to_chosen();
  if (!returned) co_return co_await stopped_by_storage(returned.error());
  // Everybody is asked again, the chosen one first, also where others were refused a moment ago.
  parts().models.expect_back(chosen_model());
  parts().models.expect_back(awaited.model);
  reduced_limit_ = 0;
  failover_ = Failover(profile_.fallbacks.empty() ? engine_.fallbacks_ : profile_.fallbacks);
  reset_stream();
  const Duration waited = std::chrono::milliseconds(now().unix_ms - asked_since().unix_ms);
  answering_notices_ = {waited_notice(awaited.model, awaited.error.code, waited)};
  co_return Flow::kGoOn;
}

// To who is chosen now: a person who sees what is waited for may choose another model.
async::Task<Result<void>> TurnRun::return_to_chosen() {
  const std::string asked = model_name();
  PRYX_CO_TRY(const auto found, co_await parts().database.read([this](db::Connection& c) {
    return SessionStore::find_session(c, turn_.principal, turn_.session);
  }));
  if (found) session_.model = found->model;
  default_model_ = engine_.default_model();
  stand_in_.clear();
  told_left_out_.clear();
  if (model_name() == asked) co_return Result<void>{};
  PRYX_CO_TRY(const auto room, co_await parts().database.read([this](db::Connection& c) {
    return ContextStore::find_state(c, turn_.principal, turn_.session, chosen_model());
  }));
  context_state_ = room.value_or(ContextState{});
  co_return Result<void>{};
}

bool TurnRun::ask_now(const StepId& step) {
  if (later_.empty() || streaming_step_ != step) return false;
  later_.wake_all();
  return true;
}

}  // namespace pryx::agent
