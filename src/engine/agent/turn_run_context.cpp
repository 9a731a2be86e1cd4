// SPDX-License-Identifier: MIT
// Room for the next model step: what the model takes, how full it is, and summaries in place of the oldest
// messages. A summary is a model step of the same turn; the messages it stands for change in the commit that
// ends it, so a crash before that leaves the session as it was.
#include <algorithm>
#include <limits>

#include "engine/agent/compaction.h"
#include "engine/agent/context_desk.h"
#include "engine/agent/turn_failure.h"
#include "engine/agent/turn_run.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"

namespace pryx::agent {

namespace {
constexpr std::string_view kPurpose = "compaction";
constexpr int kMaxRounds = 3;       // summaries before one answer
constexpr double kReduced = 0.6;    // of what a provider called too long
constexpr double kTolerance = 1.1;  // over the limit by estimate: still sent
constexpr std::size_t kMaxSummaryBytes = 64 << 10;

bool can_summarise(std::string_view model) { return !model.empty() && !model.starts_with("starter/"); }
}  // namespace

void TurnRun::set_budget() {
  const ModelRoom room = room_of(parts().models, model_name(), context_state_);
  budget_ = room.budget;
  budget_.cache = &estimates_;
  limit_is_known_ = room.is_known;
  if (reduced_limit_ > 0) budget_.limit = std::min(budget_.limit, reduced_limit_);
}

// A stand-in goes with its turn: what it takes must not shorten the session.
bool TurnRun::is_cramped() const {
  if (stand_in_.empty()) return false;
  return budget_.limit < room_of(parts().models, chosen_model(), ContextState{}).budget.limit;
}

Context TurnRun::make_context() {
  Context context = context_within(budget_);
  if (!is_cramped() || context.percent() < kCompactPercent) return context;
  // With room for the answer, as after a summary.
  ContextBudget less = budget_;
  less.limit = static_cast<std::int64_t>(static_cast<double>(less.limit) * kRoomAfter);
  Context shorter = context_within(less);
  if (!shorter.fits) return context;
  shorter.limit = budget_.limit;
  return shorter;
}

Context TurnRun::context_within(const ContextBudget& budget) {
  std::vector<const tools::ToolDescription*> offered;
  if (offers_own_tools()) offered = parts().gate.registry().list();
  std::erase_if(offered, [this](const auto* tool) { return !may_use(tool->name); });
  const std::string today = to_rfc3339(now()).substr(0, 10);
  std::int64_t more = models::estimate_tokens(budget.family, turn_.options.instructions);
  for (const models::ToolSpec& tool : turn_.options.client_tools)
    more += models::estimate_tokens(budget.family, tool);
  return build_context({.profile = profile_,
                        .workspace = workspace_.facts,
                        .history = history_,
                        .tools = std::move(offered),
                        .today = today,
                        .note = &note_,
                        .answers = turn_.message,
                        .reminds = reminds_,
                        .pins = &pins_,
                        .budget = budget,
                        .more_tokens = more,
                        .unread = unread_});
}

models::Usage TurnRun::corrected(std::int64_t estimated) const {
  return {.input_tokens = static_cast<std::int64_t>(static_cast<double>(estimated) * budget_.factor),
          .estimated = true};
}

Context TurnRun::take_context() {
  if (!prepared_) return make_context();
  Context context = std::move(*prepared_);
  prepared_.reset();
  return context;
}

async::Task<TurnRun::Flow> TurnRun::make_room() {
  prepared_.reset();
  set_budget();
  // It had room when it began. Another model may have less, and a summary that was begun is ended first.
  const bool is_begun = find_interrupted_model_step() != nullptr;
  if (is_begun && room_for_.empty()) warned_ = true;  // by the start that began it
  if (is_begun && room_for_ == model_name() && find_interrupted_compaction() == nullptr)
    co_return Flow::kGoOn;
  const Flow dropped = co_await drop_thoughts();
  if (dropped == Flow::kStop) co_return dropped;
  Context context = make_context();
  const int percent_before = context.percent();
  if (should_remind(context)) {
    reminds_ = true;
    context = make_context();
  }
  for (int round = 0; round < kMaxRounds; ++round) {
    const bool was_begun = find_interrupted_compaction() != nullptr;
    // The client of a hidden session keeps the history, and brings all of it again.
    if (!was_begun && (!needs_summary(context) || session_.hidden || is_cramped())) break;
    const std::int64_t conversation = conversation_tokens(history_, budget_);
    // By bytes alone it would come again after a few large results.
    const bool is_by_bytes = context.percent() < kCompactPercent;
    const double share = reduced_limit_ > 0 || is_by_bytes ? kForcedShare : kCoveredShare;
    const auto want =
        std::max(static_cast<std::int64_t>(static_cast<double>(conversation) * share),
                 context.wanted - static_cast<std::int64_t>(static_cast<double>(context.limit) * kRoomAfter));
    const std::size_t messages = history_.size();
    const std::string asked = model_name();
    const Flow flow = co_await compact(want, context.wanted, false);
    if (flow == Flow::kStop || model_name() != asked) co_return flow;
    if (find_interrupted_compaction() != nullptr) co_return flow;  // its model was waited for
    if (history_.size() == messages) break;                        // nothing that may go
    context = make_context();
  }
  const auto over = static_cast<double>(context.limit) * kTolerance;
  if (!context.fits && limit_is_known_ && static_cast<double>(context.estimated) * budget_.factor > over)
    co_return co_await fail_too_long(context);
  if (is_cramped()) {
    tell_left_out(context.left_out);
  } else if (percent_before >= kWarnPercent) {
    const Flow flow = co_await warn(context);
    if (flow == Flow::kStop) co_return flow;
  }
  prepared_ = std::move(context);
  room_for_ = model_name();
  co_return Flow::kGoOn;
}

// What is older than what is read at once no summary tells of: it is summarised before, at whatever
// percentage of the model's context.
bool TurnRun::needs_summary(const Context& context) const {
  if (context.percent() >= kCompactPercent) return true;
  const auto bytes = static_cast<double>(conversation_bytes(history_) + around_);
  return can_summarise(model_name()) && bytes >= kFullShare * static_cast<double>(kMaxHistoryBytes);
}

// Once each time the conversation fills up, and only who can save is told to.
bool TurnRun::should_remind(const Context& context) const {
  const bool is_full = context.percent() >= kWarnPercent || context.wanted >= kRemindTokens;
  const bool was_full =
      context_state_.limit > 0 && (context_state_.used * 100 / context_state_.limit >= kWarnPercent ||
                                   context_state_.used >= kRemindTokens);
  if (!is_full || was_full || reminds_ || session_.hidden || turn_.options.compact || is_cramped())
    return false;
  return std::ranges::any_of(context.request.tools,
                             [](const models::ToolSpec& tool) { return tool.name == "memory.save"; });
}

async::Task<TurnRun::Flow> TurnRun::fail_too_long(const Context& context) {
  const auto tokens = static_cast<std::int64_t>(static_cast<double>(context.estimated) * budget_.factor);
  Error refusal{ErrorCode::kTooLarge,
                fmt::format("the conversation has about {} tokens even with its oldest part summarised and "
                            "old results taken out, and {} takes {}; say less at once, start a fresh "
                            "session, or choose a model with a larger context",
                            tokens, model_name(), context.limit),
                -1};
  reset_stream();
  Step* open = find_interrupted_model_step();
  const bool is_new = open == nullptr;
  Step& step = is_new ? add_answer_step() : *open;
  streaming_step_ = step.id;
  co_return co_await never_begun(step, is_new, std::move(refusal), std::string(kContextTooLong));
}

// Once each time it gets there, and again after a summary made room and it filled up again.
async::Task<TurnRun::Flow> TurnRun::warn(const Context& context) {
  const bool told =
      context_state_.limit > 0 && context_state_.used * 100 / context_state_.limit >= kWarnPercent;
  if (told || context.percent() < kWarnPercent || warned_) co_return Flow::kGoOn;
  warned_ = true;
  json::object payload{{"model", model_name()},
                       {"used_tokens", context.wanted},
                       {"limit_tokens", context.limit},
                       {"percent", context.percent()}};
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    return emit(t, "context.warning", payload);
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return Flow::kGoOn;
}

Step* TurnRun::find_interrupted_compaction() {
  for (Step& step : steps_) {
    const bool is_open = step.state == StepState::kStarted || step.state == StepState::kUnknown;
    if (step.kind == StepKind::kModel && step.purpose == kPurpose && is_open) return &step;
  }
  return nullptr;
}

Step& TurnRun::add_compaction_step() {
  Step step{.principal = turn_.principal,
            .id = parts().ids.make<StepId>(),
            .turn = turn_.id,
            .seq = static_cast<int>(steps_.size()) + 1,
            .kind = StepKind::kModel,
            .purpose = std::string(kPurpose),
            .effect = tools::EffectClass::kIdempotent,
            .planned_at = now()};
  step.idempotency_key = step.id.str();
  return steps_.emplace_back(std::move(step));
}

async::Task<TurnRun::Flow> TurnRun::compact(std::int64_t want, std::int64_t tokens_before, bool manual) {
  Cover cover = choose_cover({.history = history_,
                              .open_turns = open_turns_,
                              .own_turn = turn_.id,
                              .own_message = turn_.message,
                              .budget = budget_,
                              .want = want});
  Step* existing = find_interrupted_compaction();
  if (cover.empty()) {
    if (existing == nullptr) co_return Flow::kGoOn;
    const auto written = co_await parts().database.write([&, this](db::Transaction& t) {
      return TurnStore::change_state(t.db(), *existing, StepState::kCancelled, now());
    });
    if (!written) co_return co_await stopped_by_storage(written.error());
    co_return Flow::kGoOn;
  }
  const bool is_new = existing == nullptr;
  Step& step = is_new ? add_compaction_step() : *existing;
  SummaryRequest asked = summary_request(cover, budget_, unread_);
  cover.left_out += asked.left_out;
  trace_.note_left_out(asked.left_out + unread_);
  models::ModelRequest request = std::move(asked.request);
  request.model = model_name();
  request.request_id = step.idempotency_key;
  if (parts().models.describe(request.model).reasoning.value_or(false))
    request.max_output_tokens += kThoughtTokens;
  reset_stream();
  streaming_step_ = step.id;
  estimate_ = corrected(models::estimate_tokens(budget_.family, request));
  context_labels_ = cover.labels;
  const auto begun = co_await begin_model_step(step, is_new, request);
  if (!begun) co_return co_await stopped_by_storage(begun.error());
  if (*begun) co_return co_await never_begun(step, is_new, **begun);
  auto text = co_await stream_summary(step, request);
  cover.is_cut = text && finish_ == models::FinishReason::kLength;
  if (cover.is_cut) {
    auto longer = co_await summarise_again(step, std::move(request));
    if (!longer) co_return co_await stopped_by_storage(longer.error());
    cover.is_cut = !*longer || finish_ == models::FinishReason::kLength;
    if (*longer) text = std::move(**longer);
  }
  const bool cancelled = co_await async::is_cancelled();
  if (cancelled) co_return co_await cancel_turn();
  if (store_error_) co_return co_await stopped_by_storage(*store_error_);
  if (!text) {
    const auto flow = co_await without_summary(step, text.error(), manual);
    if (flow) co_return *flow;
  } else if (trim(*text).empty()) {
    text = fail(ErrorCode::kProvider, "the model wrote no summary");
  }
  // An empty account pays for no answer either, and nothing is left out for one that will not come.
  const bool is_hopeless = !text && text.error().code == ErrorCode::kBudget;
  if (is_hopeless || (!text && manual)) co_return co_await model_failed(step, text.error());
  co_return co_await end_compaction(step, cover, text, tokens_before);
}

// Its text goes nowhere but into the summary: nobody sees it stream.
async::Task<Result<std::string>> TurnRun::stream_summary(Step& step, models::ModelRequest request) {
  if (!can_summarise(request.model))
    co_return fail(ErrorCode::kInvalidArgument,
                   "starter/commands is no AI and cannot summarise; choose a model with `pryx model use`");
  PRYX_CO_TRY(auto stream, co_await ask_model(step, std::move(request)));
  for (;;) {
    PRYX_CO_TRY(auto event, co_await stream->next());
    if (!event) break;
    trace_.chunk_came();
    if (const auto* finished = std::get_if<models::Finished>(&*event)) {
      finish_model_ = finished->model_that_answered;
      finish_ = finished->reason;
    }
    if (const auto* delta = std::get_if<models::TextDelta>(&*event)) unseen_ += delta->text;
    if (const auto* usage = std::get_if<models::UsageReport>(&*event)) usage_ = usage->usage;
    if (unseen_.size() > kMaxSummaryBytes) break;
  }
  // As for an answer: the wire's own estimate knows bytes only.
  if (usage_ == models::Usage{} || usage_.estimated) {
    usage_ = estimate_;
    usage_.output_tokens = written_tokens();
  }
  co_return std::string(utf8_prefix(unseen_, kMaxSummaryBytes));
}

// Each call is reserved and booked by itself. What was written before stays good when this one comes to
// nothing, so its failure is no failure of the step.
async::Task<Result<std::optional<std::string>>> TurnRun::summarise_again(Step& step,
                                                                         models::ModelRequest request) {
  const std::int64_t had = request.max_output_tokens;
  request.max_output_tokens = std::max(had * 2, had + kThoughtTokens);
  const models::Usage estimate = estimate_;
  const std::int64_t longest = longest_output(parts().models.describe(request.model), estimate.input_tokens);
  if (longest > 0 && longest <= had) co_return std::optional<std::string>();
  const ModelEnd end = end_of_attempt(trace::CallOutcome::kOk, std::nullopt);
  PRYX_CO_TRY_VOID(co_await parts().database.write(
      [&, this](db::Transaction& t) -> Result<void> { return write_call_end(t, end); }));
  reset_stream();
  estimate_ = estimate;
  PRYX_CO_TRY(const auto refused, co_await begin_model_step(step, false, request));
  if (refused) co_return std::optional<std::string>();
  const bool has_more = request.max_output_tokens > had;  // a budget may have none left
  Result<std::string> text{std::string()};
  if (has_more) text = co_await stream_summary(step, std::move(request));
  if (store_error_) co_return fail(*store_error_);
  if (text && !trim(*text).empty()) co_return std::optional(std::move(*text));
  const bool cancelled = co_await async::is_cancelled();
  if (cancelled) co_return std::optional<std::string>();  // whoever asked ends it
  ModelEnd unused = end_of_attempt(has_more ? trace::CallOutcome::kOk : trace::CallOutcome::kCancelled, {});
  if (!text) unused = end_of_attempt(trace::CallOutcome::kFailed, text.error());
  PRYX_CO_TRY_VOID(co_await parts().database.write(
      [&, this](db::Transaction& t) -> Result<void> { return write_call_end(t, unused); }));
  co_return std::optional<std::string>();
}

// What was not read is older than all that was: the summary stands for it, too, or it would come back behind
// the summary. How much that is, only the store knows.
Result<void> TurnRun::write_summary(db::Transaction& t, Message& summary, Cover& cover, std::string_view text,
                                    std::int64_t tokens_before) {
  std::int64_t unread = 0;
  if (unread_ > 0) {
    PRYX_TRY(unread, ContextStore::cover_unread(t.db(), turn_, unread_to_, summary.id));
  }
  unread_ -= unread;
  cover.count += unread;
  cover.left_out += unread;
  summary.parts.push_back(summary_part(cover, text));
  const Part& part = summary.parts.front();
  const std::int64_t after =
      tokens_before - cover.tokens + models::estimate_tokens(budget_.family, part.text);
  const Compaction compaction{.principal = turn_.principal,
                              .session = turn_.session,
                              .message = summary.id,
                              .turn = turn_.id,
                              .covered = cover.count,
                              .tokens_before = tokens_before,
                              .tokens_after = std::max<std::int64_t>(after, 0),
                              .dropped = part.dropped,
                              .created_at = summary.created_at};
  PRYX_TRY_VOID(ContextStore::cover(t.db(), summary, compaction));
  return emit(t, "context.compacted",
              {{"step_id", summary.step.str()},
               {"message_id", summary.id.str()},
               {"covered", compaction.covered},
               {"tokens_before", compaction.tokens_before},
               {"tokens_after", compaction.tokens_after},
               {"limit_tokens", budget_.limit},
               {"dropped", compaction.dropped},
               {"cut", !compaction.dropped && cover.is_cut},
               {"left_out", part.left_out}});
}

async::Task<TurnRun::Flow> TurnRun::end_compaction(Step& step, Cover& cover, const Result<std::string>& text,
                                                   std::int64_t tokens_before) {
  const ModelEnd end = text ? end_of_attempt(trace::CallOutcome::kOk, std::nullopt)
                            : end_of_attempt(trace::CallOutcome::kFailed, text.error());
  Message summary{.principal = turn_.principal,
                  .session = turn_.session,
                  .id = parts().ids.make<MessageId>(),
                  .role = Role::kAssistant,
                  .turn = turn_.id,
                  .step = step.id,
                  .created_at = now()};
  const StepState state = text ? StepState::kDone : StepState::kFailed;
  if (!text) {
    log::warn("context.not_summarised", {{"turn_id", turn_.id.str()}, {"error", text.error().message}});
    step.error_code = std::string(facts(text.error().code).name);
    step.summary = text.error().message;
  }
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, state, now()));
    PRYX_TRY_VOID(write_call_end(t, end));
    PRYX_TRY_VOID(TurnStore::save_progress(t.db(), turn_));
    PRYX_TRY_VOID(
        write_summary(t, summary, cover, text ? std::string_view(*text) : std::string_view(), tokens_before));
    return emit(
        t, "step.finished",
        {{"step_id", step.id.str()}, {"kind", "model"}, {"purpose", kPurpose}, {"state", to_text(state)}});
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  reset_stream();
  std::set<MessageId> gone;
  for (const Message* message : cover.messages) gone.insert(message->id);
  std::erase_if(history_, [&](const Message& message) { return gone.contains(message.id); });
  around_ = 0;  // nobody knows how much of it is left
  history_.push_back(std::move(summary));
  co_return Flow::kGoOn;
}

// The provider says that it was too long, whatever was estimated. Once: with much less. Twice: that is an
// end.
async::Task<TurnRun::Flow> TurnRun::too_long(Step& step, Error error) {
  if (reduced_limit_ > 0) {
    error.message = fmt::format(
        "{} calls the conversation too long even with its oldest part summarised and cut "
        "down to about {} tokens; start a fresh session, or choose a model with a larger "
        "context",
        model_name(), budget_.limit);
    std::string code(kContextTooLong);
    if (!stand_in_.empty()) co_return co_await without_stand_in(step, std::move(error), std::move(code));
    co_return co_await model_failed(step, std::move(error), std::move(code));
  }
  const std::int64_t sent = std::min(estimate_.input_tokens, budget_.limit);
  reduced_limit_ = static_cast<std::int64_t>(static_cast<double>(sent) * kReduced);
  const ModelEnd end = end_of_attempt(trace::CallOutcome::kFailed, error);
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_call_end(t, end));
    step.error_code = kContextTooLong;
    step.summary = error.message;
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kFailed, now()));
    return emit(
        t, "step.finished",
        {{"step_id", step.id.str()}, {"kind", "model"}, {"state", "failed"}, {"reason", error.message}});
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return Flow::kGoOn;
}

// Inside the write job that ends a model step.
Result<void> TurnRun::save_context_state(db::Transaction& t) {
  if (session_.hidden) return {};
  if (!usage_.estimated)
    context_state_.permille =
        corrected_permille(context_state_.permille, estimate_.input_tokens * 1000 / context_state_.permille,
                           usage_.input_tokens);
  context_state_.model = model_name();
  context_state_.used = usage_.input_tokens;  // of the prompt: what the warning goes by
  context_state_.limit = budget_.limit;
  context_state_.updated_at = now();
  return ContextStore::save_state(t.db(), turn_.principal, turn_.session, context_state_);
}

// A turn that a person asked for only to get a summary: all but the newest answers.
async::Task<TurnRun::Flow> TurnRun::run_compaction_turn() {
  for (;;) {
    const std::string asked = model_name();
    const Flow priced = co_await settle_price();
    if (priced == Flow::kStop) co_return priced;
    set_budget();
    const std::int64_t before = make_context().wanted;
    const Flow flow = co_await compact(std::numeric_limits<std::int64_t>::max(), before, true);
    if (flow == Flow::kStop) co_return flow;
    if (model_name() == asked) break;
  }
  const bool did = !history_.empty() && is_summary(history_.back()) && history_.back().turn == turn_.id;
  std::string text = "There is nothing to summarise yet: the newest answers stay as they are.";
  if (did)
    text = fmt::format(
        "{} messages are summarised from here on. The transcript still has all of them, and "
        "`pryx session compact {} --undo` takes the summary back.",
        history_.back().parts.front().count, turn_.session.str());
  if (did && history_.back().parts.front().left_out > 0)
    text += fmt::format(" {} of them had no room in what was summarised; the summary does not tell of them.",
                        history_.back().parts.front().left_out);
  turn_.answered_by = model_name();
  Message answer{.principal = turn_.principal,
                 .session = turn_.session,
                 .id = parts().ids.make<MessageId>(),
                 .role = Role::kAssistant,
                 .turn = turn_.id,
                 .created_at = now()};
  Part part;
  part.text = text;
  part.labels = trust::Labels{"owner"};
  answer.parts.push_back(std::move(part));
  add_notices(answer);
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    PRYX_TRY_VOID(SessionStore::insert_message(t.db(), answer));
    return write_end(t, TurnState::kCompleted, text, answer.id);
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return Flow::kStop;
}

}  // namespace pryx::agent
