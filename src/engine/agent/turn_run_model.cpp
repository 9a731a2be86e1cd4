// SPDX-License-Identifier: MIT
// One model step: committed before the request leaves, streamed to everybody who looks, committed with
// everything it led to.
#include <algorithm>
#include <utility>

#include "engine/agent/turn_run.h"
#include "engine/models/retry_policy.h"
#include "foundation/base/log.h"

namespace pryx::agent {

namespace {
constexpr std::int64_t kBytesPerToken = 4;  // of what came in pieces that nobody keeps
constexpr int kMaxCuts = 3;  // an answer that was cut so often in the middle fails; a crash does not count
bool is_worth_another_attempt(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
}
}  // namespace

void TurnRun::reset_stream() {
  text_ = {};
  reasoning_ = {};
  calls_.clear();
  usage_ = {};
  estimate_ = {};
  finish_model_.clear();
  was_sent_ = false;
  finish_ = models::FinishReason::kStop;
  provider_data_ = {};
  part_ = 0;
  said_before_ = 0;
  unseen_.clear();
  partial_.reset();
  last_partial_ = parts().loop.clock().monotonic();
}

Step& TurnRun::add_answer_step() {
  Step step{.principal = turn_.principal,
            .id = parts().ids.make<StepId>(),
            .turn = turn_.id,
            .seq = static_cast<int>(steps_.size()) + 1,
            .kind = StepKind::kModel,
            .effect = tools::EffectClass::kIdempotent,
            .planned_at = now()};
  step.idempotency_key = step.id.str();
  ++model_steps_;
  return steps_.emplace_back(std::move(step));
}

async::Task<TurnRun::Flow> TurnRun::run_model_step() {
  const Flow priced = co_await settle_price();
  if (priced == Flow::kStop) co_return priced;
  const std::string asked = model_name();
  const Flow room = co_await make_room();
  // Who took over when a summary was asked for, or was waited for, has a price and a context of its own.
  if (room == Flow::kStop || model_name() != asked || find_interrupted_compaction()) co_return room;
  Step* existing = find_interrupted_model_step();
  bool is_new = existing == nullptr;
  Step& step = is_new ? add_answer_step() : *existing;
  bool is_next_part = false;
  for (int cuts = 1;; ++cuts) {
    if (!is_next_part) reset_stream();
    streaming_step_ = step.id;
    auto request = make_request(step);
    if (!request) co_return co_await never_begun(step, is_new, request.error());
    const auto begun = co_await begin_model_step(step, is_new, *request);
    if (!begun) co_return co_await stopped_by_storage(begun.error());
    if (*begun) co_return co_await never_begun(step, is_new, **begun);
    is_new = false;
    const auto streamed = co_await stream_answer(step, std::move(*request));
    is_next_part = streamed && goes_on();
    if (is_next_part) {
      const auto ended = co_await end_part(step);
      if (!ended) co_return co_await stopped_by_storage(ended.error());
      cuts = 0;
      continue;
    }
    if (streamed) co_return co_await end_model_step(step);
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) co_return co_await cancel_turn();
    if (store_error_) co_return co_await stopped_by_storage(*store_error_);
    const bool shown = !text_.empty() || !reasoning_.empty();
    if (!shown && streamed.error().code == ErrorCode::kTooLarge)
      co_return co_await too_long(step, streamed.error());
    if (!shown || !is_worth_another_attempt(streamed.error()) || cuts >= kMaxCuts)
      co_return co_await without_answer(step, streamed.error());
    const ModelEnd end = end_of_attempt(trace::CallOutcome::kInterrupted, streamed.error());
    std::optional<Message> interrupted = interrupted_message();
    const auto kept = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
      PRYX_TRY_VOID(write_call_end(t, end));
      return write_streamed(t, interrupted);
    });
    if (!kept) co_return co_await stopped_by_storage(kept.error());
    log::info("model.attempt_interrupted",
              {{"turn_id", turn_.id.str()}, {"attempt", step.attempt}, {"error", streamed.error().message}});
  }
}

Result<models::ModelRequest> TurnRun::make_request(const Step& step) {
  Context context = take_context();
  context.request.cache_key = session_.id.str();
  apply_options(context);
  context_labels_ = std::move(context.labels);
  trace_.note_left_out(context.left_out);
  context.request.model = model_name();
  context.request.request_id = step.idempotency_key;
  estimate_ = corrected(context.estimated);
  PRYX_TRY_VOID(fit_request(context.request));
  return std::move(context.request);
}

async::Task<Result<std::optional<Error>>> TurnRun::begin_model_step(Step& step, bool is_new,
                                                                    models::ModelRequest& request) {
  attempt_.reset();  // that was the one before
  PRYX_CO_TRY_VOID(co_await note_use());
  if (const auto fits = fit_tokens(request, estimate_.input_tokens); !fits)
    co_return std::optional(fits.error());
  fit_output(request);
  trace_.note_route(route());
  trace_.prepare_call(request.model, request, estimate_, context_labels_);
  trace::Grant grant;
  auto written = co_await parts().database.write([&,
                                                  this](db::Transaction& t) -> Result<std::optional<Error>> {
    const int attempt = is_new ? 1 : step.attempt + 1;
    const auto granted = trace_.begin_call(t, turn_, session_, step, attempt);
    if (!granted && granted.error().code == ErrorCode::kBudget) return std::optional(granted.error());
    if (!granted) return std::unexpected(granted.error());
    grant = *granted;
    PRYX_TRY_VOID(write_start(t));
    if (is_new) {
      step.state = StepState::kStarted;
      step.attempt = 1;
      step.boot_id = parts().boot_id;
      step.started_at = now();
      PRYX_TRY_VOID(TurnStore::insert_step(t.db(), step));
    } else {
      PRYX_TRY_VOID(SessionStore::interrupt_streaming(t.db(), turn_.principal, turn_.id));
      const int crashes = crashes_of(step);
      step.summary.clear();  // it told what was waited for
      PRYX_TRY_VOID(TurnStore::start_attempt(t.db(), step, parts().boot_id, crashes, now()));
    }
    json::object payload{
        {"step_id", step.id.str()}, {"kind", "model"}, {"attempt", step.attempt}, {"model", model_name()}};
    if (!step.purpose.empty()) payload["purpose"] = step.purpose;
    PRYX_TRY_VOID(emit(t, "step.started", std::move(payload)));
    return std::optional<Error>();
  });
  // What is paid for bounds the answer, also where less than was asked for is.
  if (grant.has_limit && (request.max_output_tokens == 0 || grant.output_tokens < request.max_output_tokens))
    request.max_output_tokens = grant.output_tokens;
  trace_.answer_bounded(request.max_output_tokens);
  co_return written;
}

async::Task<Result<std::unique_ptr<models::ModelStream>>> TurnRun::ask_model(Step& step,
                                                                             models::ModelRequest request) {
  was_sent_ = true;
  attempt_ = std::make_shared<models::AttemptFacts>();
  request.facts = attempt_;
  trace_.request_sent();
  co_return co_await parts().models.stream(
      std::move(request),
      [this, id = step.id](const Error& error, Duration wait) { tell_retry(id, error, wait); },
      [this, &step](const Error& error, models::ModelRequest& again) {
        return begin_again(step, error, again);
      });
}

// `request` is the router's, which knows its model without the provider.
async::Task<Result<void>> TurnRun::begin_again(Step& step, Error error, models::ModelRequest& request) {
  auto facts = attempt_;
  const ModelEnd end = end_of_attempt(trace::CallOutcome::kFailed, std::move(error));
  const auto booked = co_await parts().database.write(
      [&, this](db::Transaction& t) -> Result<void> { return write_call_end(t, end); });
  if (!booked) {
    store_error_ = booked.error();
    co_return fail(booked.error());
  }
  std::string name = std::exchange(request.model, model_name());
  const auto begun = co_await begin_model_step(step, false, request);
  request.model = std::move(name);
  attempt_ = std::move(facts);
  if (!begun) {
    store_error_ = begun.error();
    co_return fail(begun.error());
  }
  if (*begun) {
    was_sent_ = false;  // what refuses is a limit of ours
    co_return fail(**begun);
  }
  trace_.request_sent();
  co_return Result<void>{};
}

async::Task<Result<void>> TurnRun::stream_answer(Step& step, models::ModelRequest request) {
  PRYX_CO_TRY_VOID(co_await load_attachments(request));
  PRYX_CO_TRY(auto stream, co_await ask_model(step, std::move(request)));
  for (;;) {
    PRYX_CO_TRY(auto event, co_await stream->next());
    if (!event) break;
    const bool is_first = text_.empty() && reasoning_.empty();
    co_await take_event(step, std::move(*event));
    // Whoever looks gets the first words before the rest, which may have come with them, is worked on.
    if (is_first && !(text_.empty() && reasoning_.empty())) co_await async::let_others_run(parts().loop);
  }
  send_delta(step, "reasoning", reasoning_, true);
  send_delta(step, "text", text_, true);
  // The wire's own estimate knows the bytes of the request only, pictures included.
  if (usage_ == models::Usage{} || usage_.estimated) {
    usage_ = estimate_;
    usage_.output_tokens = written_tokens();
  }
  co_return Result<void>{};
}

async::Task<void> TurnRun::take_event(Step& step, models::ModelEvent event) {
  const MonotonicTime at = parts().loop.clock().monotonic();
  trace_.chunk_came();
  if (const auto* text = std::get_if<models::TextDelta>(&event)) {
    if (text_.add(text->text, at)) send_delta(step, "text", text_, false);
  } else if (const auto* reasoning = std::get_if<models::ReasoningDelta>(&event)) {
    if (reasoning_.add(reasoning->text, at)) send_delta(step, "reasoning", reasoning_, false);
  } else if (auto* call = std::get_if<models::ToolCallComplete>(&event)) {
    calls_.push_back(std::move(call->call));
  } else if (const auto* usage = std::get_if<models::UsageReport>(&event)) {
    usage_ = usage->usage;
  } else if (auto* data = std::get_if<models::ProviderDataReport>(&event)) {
    provider_data_ = std::move(data->data);
  } else if (const auto* finished = std::get_if<models::Finished>(&event)) {
    finish_model_ = finished->model_that_answered;
    finish_ = finished->reason;
  }
  if (!text_.empty() && at - last_partial_ >= engine_.limits_.partial_interval) co_await save_partial(step);
}

// Somebody looks at a turn that seems to do nothing.
void TurnRun::tell_retry(const StepId& step, const Error& error, Duration wait) {
  if (attempt_->was_read)
    trace_.attempt_broke_off();
  else
    trace_.attempt_failed(error, wait);
  publish_retry(step, error, wait, nullptr);
}

void TurnRun::publish_retry(const StepId& step, const Error& error, Duration wait, const Awaited* awaited) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  json::object payload{{"turn_id", turn_.id.str()},
                       {"step_id", step.str()},
                       {"code", facts(error.code).name},
                       {"reason", models::describe(models::classify(error.code))},
                       {"delay_ms", milliseconds}};
  if (awaited != nullptr) {
    payload["reason"] = waiting_reason(awaited->model, error.code);
    payload["waits"] = true;
    payload["detail"] = error.message;
  }
  parts().events.publish_ephemeral({.principal = turn_.principal,
                                    .name = "turn.retrying",
                                    .session = turn_.session,
                                    .surface = turn_.surface,
                                    .payload = std::move(payload)});
}

void TurnRun::send_delta(const Step& step, std::string_view part, DeltaBuffer& buffer, bool force) {
  if (!buffer.has_pending() || (!force && !buffer.is_due(parts().loop.clock().monotonic()))) return;
  DeltaBuffer::Piece piece = buffer.take(parts().loop.clock().monotonic());
  parts().events.publish_ephemeral({.principal = turn_.principal,
                                    .name = "turn.delta",
                                    .session = turn_.session,
                                    .surface = turn_.surface,
                                    .payload = {{"turn_id", turn_.id.str()},
                                                {"step_id", step.id.str()},
                                                {"part", part},
                                                {"offset", piece.offset},
                                                {"text", std::move(piece.text)}}});
}

Message TurnRun::answer_message(const StepId& step, PartState state) {
  Message message{.principal = turn_.principal,
                  .session = turn_.session,
                  .role = Role::kAssistant,
                  .turn = turn_.id,
                  .step = step,
                  .created_at = now()};
  message.id = partial_ ? partial_->id : parts().ids.make<MessageId>();
  // What a model writes is shaped by what it read.
  trust::Labels labels = trust::joined(context_labels_, trust::Labels{"model"});
  for (const auto& [type, buffer] :
       {std::pair<const char*, const DeltaBuffer&>{"reasoning", reasoning_}, {"text", text_}}) {
    if (buffer.empty()) continue;
    Part part;
    part.type = type;
    part.state = state;
    part.text = buffer.all();
    part.step = step;
    part.labels = labels;
    message.parts.push_back(std::move(part));
  }
  return message;
}

std::optional<Message> TurnRun::interrupted_message() {
  if (text_.empty() && reasoning_.empty()) return std::nullopt;
  return answer_message(streaming_step_, PartState::kInterrupted);
}

Result<void> TurnRun::write_streamed(db::Transaction& t, std::optional<Message>& message) {
  if (!message) return {};
  if (!partial_) return SessionStore::insert_message(t.db(), *message);
  message->seq = partial_->seq;
  return SessionStore::update_message(t.db(), *message);
}

// What a call that was cut has cost is not known, so it is counted from what was said. One that was given up
// or broke off while it said nothing was read all the same, as far as anybody knows; one that was refused
// counts as nothing.
ModelEnd TurnRun::end_of_attempt(trace::CallOutcome outcome, std::optional<Error> error) {
  ModelEnd end{
      .outcome = outcome,
      .usage = usage_,
      .answered_by = {},
      .finish_reason = outcome == trace::CallOutcome::kOk ? std::string(models::to_text(finish_)) : "",
      .error = std::move(error)};
  const std::string asked = model_name();
  if (!finish_model_.empty()) end.answered_by = asked.substr(0, asked.find('/') + 1) + finish_model_;
  const bool was_refused = attempt_ != nullptr && attempt_->http_status >= 400;
  const bool was_given_up = !was_refused && (outcome == trace::CallOutcome::kCancelled ||
                                             (end.error && end.error->code == ErrorCode::kTimeout));
  const bool was_read = written_bytes() > 0 || (was_given_up && trace_.is_under_way()) ||
                        (attempt_ != nullptr && attempt_->was_read);
  if (end.usage == models::Usage{} && was_read) {
    // Calls count only when they are whole, and are paid for as they come.
    const std::int64_t said = attempt_ != nullptr ? attempt_->answer_bytes / kBytesPerToken : 0;
    end.usage = estimate_;
    end.usage.output_tokens = std::max(written_tokens(), said);
  }
  trace_.price_answer(end.answered_by, end.usage);
  return end;
}

Result<void> TurnRun::write_call_end(db::Transaction& t, const ModelEnd& end) {
  for (const Step& step : steps_) {
    if (step.id != streaming_step_ || step.kind != StepKind::kModel) continue;
    PRYX_TRY_VOID(trace_.end_call(t, turn_, step, end));
    return TurnStore::save_progress(t.db(), turn_);  // the row says what the ledger says
  }
  return {};
}

// A convenience for whoever looks after a crash: when it cannot be written, the answer goes on.
async::Task<void> TurnRun::save_partial(Step& step) {
  last_partial_ = parts().loop.clock().monotonic();
  std::optional<Message> message = answer_message(step.id, PartState::kStreaming);
  const auto written =
      co_await parts().database.write([&, this](db::Transaction& t) { return write_streamed(t, message); });
  if (written)
    partial_ = std::move(message);
  else
    log::warn("turn.partial_not_saved", {{"turn_id", turn_.id.str()}, {"error", written.error().message}});
}

std::vector<Step> TurnRun::plan_tool_steps() {
  std::vector<Step> planned;
  int seq = static_cast<int>(steps_.size());  // a summary may have come since the answer began
  for (const models::ToolCall& call : calls_) {
    if (turn_.options.is_client_tool(call.name)) continue;
    Step step{.principal = turn_.principal,
              .id = parts().ids.make<StepId>(),
              .turn = turn_.id,
              .seq = ++seq,
              .kind = StepKind::kTool,
              .tool = call.name,
              .call_id = call.id,
              .arguments = call.arguments_json,
              .planned_at = now()};
    step.labels = context_labels_;
    const tools::Tool* tool = parts().gate.registry().find(call.name);
    if (tool != nullptr)
      step.effect = tool->description().effect;
    else
      step.effect = tools::EffectClass::kOneShot;
    planned.push_back(std::move(step));
  }
  return planned;
}

async::Task<TurnRun::Flow> TurnRun::end_model_step(Step& step) {
  ModelEnd end = end_of_attempt(trace::CallOutcome::kOk, std::nullopt);
  const std::string asked = model_name();
  turn_.answered_by = finish_model_.empty() ? asked : asked.substr(0, asked.find('/') + 1) + finish_model_;
  std::optional<Message> message = answer_message(step.id, PartState::kComplete);
  std::vector<Step> planned = plan_tool_steps();
  std::vector<std::string> renderings;
  for (std::size_t i = 0; const models::ToolCall& call : calls_) {
    Part part;
    part.type = "tool_call";
    part.text = call.arguments_json;
    part.tool = call.name;
    part.call_id = call.id;
    part.labels = trust::joined(context_labels_, trust::Labels{"model"});
    if (turn_.options.is_client_tool(call.name)) {
      client_calls_.push_back(call);
    } else {
      renderings.push_back(render_call(planned[i]));
      part.step = planned[i++].id;
    }
    message->parts.push_back(std::move(part));
  }
  // Of an answer in parts only the last call's would be known.
  if (!message->parts.empty() && part_ == 0) {
    Part& first = message->parts.front();
    first.thinking_tokens = usage_.reasoning_tokens > 0
                                ? usage_.reasoning_tokens
                                : models::estimate_tokens(budget_.family, reasoning_.all());
    first.provider_data = std::move(provider_data_);
  }
  if (!notices_.empty() || !answering_notices_.empty()) add_notices(*message);
  if (message->parts.empty() && !partial_) message.reset();  // the model had nothing to say
  const MessageId message_id = message ? message->id : MessageId();
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kDone, now()));
    PRYX_TRY_VOID(write_streamed(t, message));
    PRYX_TRY_VOID(trace_.end_call(t, turn_, step, end));
    PRYX_TRY_VOID(save_context_state(t));
    PRYX_TRY_VOID(
        emit(t, "step.finished", {{"step_id", step.id.str()}, {"kind", "model"}, {"state", "done"}}));
    if (planned.empty()) return write_end(t, TurnState::kCompleted, text_.all(), message_id);
    PRYX_TRY_VOID(TurnStore::save_progress(t.db(), turn_));
    for (std::size_t i = 0; i < planned.size(); ++i) {
      const Step& tool_step = planned[i];
      PRYX_TRY_VOID(TurnStore::insert_step(t.db(), tool_step));
      PRYX_TRY_VOID(emit(t, "tool.requested",
                         {{"step_id", tool_step.id.str()},
                          {"tool", tool_step.tool},
                          {"arguments", tool_step.arguments},
                          {"rendering", renderings[i]}}));
    }
    return {};
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  if (planned.empty() && engine_.limits_.unsafe_split_outbox) co_await engine_.write_outbox_apart(turn_);
  // The answer stands: what ends the turn from here on must not take it for one that still streams.
  reset_stream();
  awaited_.reset();
  pauses_ = 0;
  if (message) history_.push_back(std::move(*message));
  for (Step& tool_step : planned) steps_.push_back(std::move(tool_step));
  co_return planned.empty() ? Flow::kStop : Flow::kGoOn;
}

// A status below 400 says nothing of a failure in the middle of an answer.
void TurnRun::note_failure() {
  if (!was_sent_) return;
  const std::string name = model_name();
  turn_.failure = {.provider = name.substr(0, name.find('/')), .model = name};
  if (!attempt_) return;
  if (attempt_->http_status >= 400) turn_.failure.http_status = attempt_->http_status;
  turn_.failure.request_id = attempt_->request_id;
}

async::Task<TurnRun::Flow> TurnRun::model_failed(Step& step, Error error, std::string code) {
  note_failure();
  if (code.empty()) code = facts(error.code).name;
  const ModelEnd end = end_of_attempt(trace::CallOutcome::kFailed, error);
  std::optional<Message> interrupted = interrupted_message();
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    step.error_code = code;
    step.summary = error.message;
    PRYX_TRY_VOID(write_call_end(t, end));
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kFailed, now()));
    PRYX_TRY_VOID(write_streamed(t, interrupted));
    return emit(
        t, "step.finished",
        {{"step_id", step.id.str()}, {"kind", "model"}, {"state", "failed"}, {"reason", error.message}});
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return co_await fail_turn(code, error.message);
}

}  // namespace pryx::agent
