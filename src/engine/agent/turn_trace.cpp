// SPDX-License-Identifier: MIT
#include "engine/agent/turn_trace.h"

#include <algorithm>

#include "engine/agent/request_fit.h"
#include "engine/agent/session_store.h"
#include "engine/models/token_estimate.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

using trace::Span;
using trace::SpanKind;
using trace::SpanStatus;

constexpr std::size_t kMaxSpanMessageBytes = 500;

std::string provider_of(const std::string& model) { return model.substr(0, model.find('/')); }
// Whose wire the provider speaks.
std::string kind_of(const models::ModelRouter& models, const std::string& provider) {
  for (const models::ProviderHealth& known : models.providers()) {
    if (known.name == provider) return known.kind;
  }
  return {};
}
std::string agent_of(const Session& session) {
  return session.agent.empty() ? std::string(kDefaultAgent) : session.agent;
}

// How much, and where it came from; never what it says.
json::object what_is_shown(const models::ModelRequest& request, const trust::Labels& labels) {
  std::int64_t attachments = 0;
  for (const models::ChatMessage& message : request.messages)
    attachments += static_cast<std::int64_t>(message.attachments.size());
  json::object out{{"pryx.context.messages", request.messages.size()},
                   {"pryx.context.tools", request.tools.size()}};
  if (labels != trust::Labels()) out["pryx.context.labels"] = labels.to_json();
  if (attachments > 0) out["pryx.context.attachments"] = attachments;
  return out;
}

std::string_view error_type(const Error& error) { return facts(error.code).name; }

Span base_span(const Turn& turn, const trace::TraceContext& context, SpanKind kind, std::string name,
               std::string_view own_name) {
  return {.principal = turn.principal,
          .session = turn.session,
          .turn = turn.id,
          .step = {},
          .trace_id = context.trace_id,
          .span_id = trace::span_id_of(context.trace_id, own_name),
          .parent_id = trace::turn_span_id(context.trace_id, turn.id),
          .kind = kind,
          .name = std::move(name),
          .message = {},
          .attributes = {}};
}

SpanStatus status_of(trust::ApprovalState state) {
  switch (state) {
    case trust::ApprovalState::kApproved:
      return SpanStatus::kOk;
    case trust::ApprovalState::kDenied:
    case trust::ApprovalState::kExpired:
      return SpanStatus::kDenied;
    case trust::ApprovalState::kPending:
    case trust::ApprovalState::kSuperseded:
      return SpanStatus::kCancelled;
  }
  return SpanStatus::kCancelled;
}

SpanStatus status_of(TurnState state) {
  if (state == TurnState::kCompleted) return SpanStatus::kOk;
  return state == TurnState::kCancelled ? SpanStatus::kCancelled : SpanStatus::kError;
}

// Waits for a person, from the questions' own rows.
Result<void> trace_approvals(db::Transaction& t, trace::Recorder& recorder, const Turn& turn,
                             const trace::TraceContext& context) {
  PRYX_TRY(const auto asked, trust::Approvals::list_of_turn(t.db(), turn.principal, turn.id));
  for (const trust::Approval& a : asked) {
    Span span = base_span(turn, context, SpanKind::kApproval, "approval " + a.tool, a.id.str());
    span.step = a.step;
    span.start_ns = trace::to_ns(a.created_at);
    span.end_ns = a.resolved_at ? trace::to_ns(*a.resolved_at) : recorder.now_ns();
    span.status = status_of(a.state);
    span.attributes = {{"gen_ai.tool.name", a.tool},
                       {"pryx.approval.id", a.id.str()},
                       {"pryx.approval.decision", trust::to_text(a.state)},
                       {"pryx.approval.by", a.resolved_by},
                       {"pryx.approval.reason", utf8_prefix(a.reason, kMaxSpanMessageBytes)}};
    if (!a.scope.empty()) span.attributes["pryx.approval.scope"] = a.scope;
    PRYX_TRY_VOID(recorder.add(t, std::move(span), turn.surface));
  }
  return {};
}

}  // namespace

trace::Ask ask_of(const models::ModelInfo& info, const models::ModelRequest& request,
                  const models::Usage& estimate) {
  trace::Ask ask{.input_tokens = estimate.input_tokens};
  const std::int64_t longest =
      request.longest_output_tokens > 0 ? request.longest_output_tokens : info.max_output_tokens;
  ask.output_tokens = longest > 0 ? std::min(longest, kUsualLongestOutput) : kUsualLongestOutput;
  if (request.max_output_tokens > 0) ask.output_tokens = request.max_output_tokens;
  ask.least_output_tokens = std::min(ask.least_output_tokens, ask.output_tokens);
  if (!info.price) return ask;
  const models::Price& price = *info.price;
  ask.input_at_most = models::highest_cost_nano_usd(price, models::most_tokens(request), 0);
  ask.input_cost = models::cost_nano_usd(price, estimate);
  ask.output_pico = std::max(price.rates.output, price.above ? price.above->output : 0);
  return ask;
}

std::optional<trace::NanoUsd> cost_of(const models::ModelInfo& info, const models::Usage& usage) {
  if (usage.input_tokens == 0 && usage.output_tokens == 0) return 0;  // whatever the price
  if (!info.price) return std::nullopt;
  return models::cost_nano_usd(*info.price, usage);
}

trace::Tokens tokens_of(const models::Usage& usage) {
  return {.input = usage.input_tokens,
          .output = usage.output_tokens,
          .cached_input = usage.cached_input_tokens,
          .cache_write = usage.cache_write_tokens,
          .reasoning = usage.reasoning_tokens,
          .estimated = usage.estimated};
}

void TurnTrace::prepare_call(const std::string& model, const models::ModelRequest& request,
                             const models::Usage& estimate, const trust::Labels& labels) {
  model_ = model;
  provider_kind_ = kind_of(models_, provider_of(model));
  seen_ = what_is_shown(request, labels);
  if (!route_.empty()) seen_["pryx.route"] = route_;
  if (left_out_ > 0) seen_["pryx.context.left_out"] = left_out_;
  ask_ = ask_of(models_.describe(model), request, estimate);
  ask_.may_be_unpriced = !unpriced_.empty() && unpriced_ == model;
  max_output_ = request.max_output_tokens;
  cost_.reset();
  failed_.clear();
  first_chunk_ns_ = 0;
  sent_ns_ = 0;
  ended_ns_ = 0;
}

void TurnTrace::request_sent() { sent_ns_ = recorder_.now_ns(); }
void TurnTrace::chunk_came() {
  if (first_chunk_ns_ == 0) first_chunk_ns_ = recorder_.now_ns();
}

void TurnTrace::attempt_failed(const Error& error, Duration wait) {
  const std::int64_t at = recorder_.now_ns();
  failed_.push_back({sent_ns_, at, error});
  sent_ns_ = at + wait.count();
}

// Servers answer under names that no catalog has: a dated one, that of a file. What was asked for was priced,
// and is paid for.
void TurnTrace::price_answer(const std::string& answered_by, const models::Usage& usage) {
  models::ModelInfo info = models_.describe(answered_by.empty() ? model_ : answered_by);
  if (!info.price) info.price = models_.describe(model_).price;
  cost_ = cost_of(info, usage);
}

trace::CallScope TurnTrace::scope_of(const Turn& turn, const Session& session,
                                     const std::string& model) const {
  return {.principal = turn.principal,
          .session = turn.session,
          .turn = turn.id,
          .step = {},
          .agent = agent_of(session),
          .surface = turn.surface,
          .provider = provider_of(model),
          .provider_kind = provider_kind_,
          .model = model};
}

Result<trace::Grant> TurnTrace::begin_call(db::Transaction& t, Turn& turn, const Session& session,
                                           const Step& step, int attempt) {
  trace::CallScope scope = scope_of(turn, session, model_);
  scope.step = step.id;
  scope.attempt = attempt;
  if (!step.purpose.empty()) scope.purpose = step.purpose;
  auto granted = recorder_.begin_call(t, std::move(scope), ask_, streamed_tokens);
  const bool is_refused = !granted && granted.error().code == ErrorCode::kBudget;
  // A run that could not store how its call ended left it open; what that cost is this turn's, also when
  // there is nothing left for another one.
  if (is_refused || (granted && granted->settled > 0)) PRYX_TRY_VOID(load_costs(t.db(), turn));
  return granted;
}

Result<void> TurnTrace::end_call(db::Transaction& t, Turn& turn, const Step& step, const ModelEnd& end) {
  const std::int64_t now = ended_ns_ != 0 ? ended_ns_ : recorder_.now_ns();
  PRYX_TRY(const auto charge,
           recorder_.end_call(t, turn.principal, step.id, step.attempt,
                              {.tokens = tokens_of(end.usage),
                               .outcome = end.outcome,
                               .cost = cost_,
                               .provider = end.answered_by.empty() ? "" : provider_of(end.answered_by),
                               .model = end.answered_by}));
  if (!charge) return {};
  turn.add_cost(end.usage, charge->row.cost);
  PRYX_TRY(const auto context, trace::SpanStore::context_of(t.db(), turn.principal, turn.id));
  trace::CallScope asked = charge->row.scope;
  asked.model = model_;
  int number = 0;
  for (const Failed& failed : failed_) {
    Span span = trace::model_span(asked, context, nullptr);
    span.span_id =
        trace::span_id_of(context.trace_id, fmt::format("{}/{}.{}", step.id.str(), step.attempt, ++number));
    span.start_ns = failed.start_ns;
    span.end_ns = failed.end_ns;
    span.status = SpanStatus::kError;
    span.message = utf8_prefix(failed.error.message, kMaxSpanMessageBytes);
    span.attributes["error.type"] = error_type(failed.error);
    PRYX_TRY_VOID(recorder_.add(t, std::move(span), turn.surface));
  }
  Span span = trace::model_span(asked, context, &charge->row);
  span.start_ns = sent_ns_ != 0 ? sent_ns_ : charge->started_ns;
  span.end_ns = now;
  json::object& a = span.attributes;
  for (const auto& [key, value] : seen_) a[key] = value;
  if (!end.answered_by.empty()) {
    a["gen_ai.response.model"] = end.answered_by.substr(end.answered_by.find('/') + 1);
    a["gen_ai.provider.name"] = trace::provider_name(provider_of(end.answered_by), provider_kind_);
  }
  if (!end.finish_reason.empty()) a["gen_ai.response.finish_reasons"] = json::array{end.finish_reason};
  if (max_output_ > 0) a["gen_ai.request.max_tokens"] = max_output_;
  if (first_chunk_ns_ > span.start_ns)
    a["gen_ai.response.time_to_first_chunk"] = static_cast<double>(first_chunk_ns_ - span.start_ns) / 1e9;
  if (end.outcome == trace::CallOutcome::kCancelled) span.status = SpanStatus::kCancelled;
  if (end.outcome == trace::CallOutcome::kInterrupted) span.status = SpanStatus::kInterrupted;
  if (end.outcome == trace::CallOutcome::kFailed) span.status = SpanStatus::kError;
  if (end.error) {
    span.message = utf8_prefix(end.error->message, kMaxSpanMessageBytes);
    a["error.type"] = error_type(*end.error);
  }
  return recorder_.add(t, std::move(span), turn.surface);
}

void TurnTrace::tool_started(const Step& step) { tool_started_ns_[step.id] = recorder_.now_ns(); }

Result<void> TurnTrace::tool_ended(db::Transaction& t, const Turn& turn, const Step& step,
                                   trace::SpanStatus status, const std::string& message) {
  const auto started = tool_started_ns_.find(step.id);
  return trace_tool(t, recorder_, turn, step, status, message,
                    started == tool_started_ns_.end() ? 0 : started->second);
}

Result<void> trace_queue(db::Transaction& t, trace::Recorder& recorder, const Turn& turn,
                         const std::vector<Step>& steps) {
  const bool is_first = turn.starts <= 1;
  WallTime since = turn.created_at;
  bool other_life = false;
  if (!is_first) {
    if (turn.started_at) since = *turn.started_at;
    for (const Step& step : steps) {
      for (const auto& at : {step.started_at, step.ended_at}) {
        if (at) since = std::max(since, *at);
      }
      other_life = !step.boot_id.empty() && step.boot_id != recorder.boot_id();
    }
  }
  PRYX_TRY(const auto context, trace::SpanStore::context_of(t.db(), turn.principal, turn.id));
  Span span = base_span(turn, context, SpanKind::kQueue, is_first ? "queue" : "wait to go on",
                        fmt::format("queue/{}/{}", turn.id.str(), turn.starts));
  span.start_ns = trace::to_ns(since);
  if (other_life) span.start_ns = std::max(span.start_ns, recorder.last_life_ns());
  span.end_ns = recorder.now_ns();
  span.attributes = {{"pryx.start", turn.starts}};
  return recorder.add(t, std::move(span), turn.surface);
}

Result<void> trace_tool(db::Transaction& t, trace::Recorder& recorder, const Turn& turn, const Step& step,
                        trace::SpanStatus status, const std::string& message, std::int64_t start_ns) {
  PRYX_TRY(const auto context, trace::SpanStore::context_of(t.db(), turn.principal, turn.id));
  Span span = base_span(turn, context, SpanKind::kTool, "execute_tool " + step.tool,
                        fmt::format("{}/{}", step.id.str(), step.attempt));
  span.step = step.id;
  const std::int64_t now = recorder.now_ns();
  const bool was_started = step.started_at.has_value();
  if (start_ns == 0) start_ns = was_started ? trace::to_ns(*step.started_at) : now;
  span.start_ns = start_ns;
  // What another life started has ended with it; nobody knows when exactly.
  const bool is_lost = status == SpanStatus::kInterrupted && step.boot_id != recorder.boot_id();
  span.end_ns = is_lost ? std::max(start_ns, recorder.last_life_ns()) : now;
  span.status = status;
  span.message = utf8_prefix(message, kMaxSpanMessageBytes);
  span.attributes = {{"gen_ai.operation.name", "execute_tool"},
                     {"gen_ai.tool.name", step.tool},
                     {"gen_ai.tool.type", "function"},
                     {"gen_ai.tool.call.id", step.call_id},
                     {"gen_ai.conversation.id", turn.session.str()},
                     {"pryx.step_id", step.id.str()},
                     {"pryx.attempt", step.attempt},
                     {"pryx.effect_class", tools::to_text(step.effect)},
                     {"pryx.planned_at", to_rfc3339(step.planned_at)}};
  if (!step.decision_rule.empty()) span.attributes["pryx.policy.rule"] = step.decision_rule;
  if (!step.policy_version.empty()) span.attributes["pryx.policy.version"] = step.policy_version;
  if (!step.approval.empty()) span.attributes["pryx.approval.id"] = step.approval.str();
  if (status != SpanStatus::kOk)
    span.attributes["error.type"] = step.error_code.empty() ? "unknown" : step.error_code;
  return recorder.add(t, std::move(span), turn.surface);
}

Result<void> trace_turn_end(db::Transaction& t, trace::Recorder& recorder, Turn& turn, const Session& session,
                            const std::vector<Step>& steps) {
  PRYX_TRY(const int settled, recorder.settle_turn(t, turn.principal, turn.id, streamed_tokens));
  if (settled > 0) PRYX_TRY_VOID(load_costs(t.db(), turn));
  PRYX_TRY(const auto context, trace::SpanStore::context_of(t.db(), turn.principal, turn.id));
  const bool has_asked = std::ranges::any_of(steps, [](const Step& s) { return !s.approval.empty(); });
  if (has_asked) PRYX_TRY_VOID(trace_approvals(t, recorder, turn, context));
  const std::string agent = agent_of(session);
  Span span = base_span(turn, context, SpanKind::kTurn, "invoke_agent " + agent, "turn/" + turn.id.str());
  span.parent_id = context.parent_span_id;
  span.start_ns = trace::to_ns(turn.created_at);
  span.end_ns = recorder.now_ns();
  span.status = status_of(turn.state);
  span.message = utf8_prefix(turn.error_detail, kMaxSpanMessageBytes);
  span.attributes = {{"gen_ai.operation.name", "invoke_agent"},
                     {"gen_ai.agent.name", agent},
                     {"gen_ai.conversation.id", turn.session.str()},
                     {"pryx.turn_id", turn.id.str()},
                     {"pryx.surface", turn.surface},
                     {"pryx.state", to_text(turn.state)},
                     {"pryx.turn.model_calls", turn.model_calls},
                     {"pryx.turn.denied_calls", turn.denied_calls},
                     {"pryx.turn.input_tokens", turn.usage.input_tokens},
                     {"pryx.turn.output_tokens", turn.usage.output_tokens},
                     {"pryx.turn.cost.nano_usd", turn.cost_nano},
                     {"pryx.turn.unpriced_calls", turn.unpriced_calls}};
  if (!turn.answered_by.empty()) span.attributes["pryx.answered_by"] = turn.answered_by;
  if (!turn.error_code.empty()) span.attributes["error.type"] = turn.error_code;
  return recorder.add(t, std::move(span), turn.surface);
}

Result<std::int64_t> streamed_tokens(db::Connection& c, const trace::OpenCall& call) {
  const trace::CallScope& scope = call.scope;
  PRYX_TRY(const std::string text, SessionStore::streamed_text(c, scope.principal, scope.turn, scope.step));
  // The provider may be gone by now; the row says what it was.
  const std::string& kind = scope.provider_kind.empty() ? scope.provider : scope.provider_kind;
  return models::estimate_tokens(models::tokenizer_family(kind, scope.model), text);
}

json::object end_payload(const Turn& turn) {
  const json::object whole = turn.to_json();
  return {{"turn_id", turn.id.str()},
          {"denied_calls", turn.denied_calls},
          {"usage", whole.at("usage")},
          {"cost", whole.at("cost")},
          {"unpriced_calls", whole.at("unpriced_calls")},
          {"trace_id", whole.at("trace_id")}};
}

Result<void> load_costs(db::Connection& c, Turn& turn) {
  PRYX_TRY(const auto totals, trace::Ledger::totals_of_turn(c, turn.principal, turn.session, turn.id));
  if (totals.calls == 0) return {};  // of a release that kept no ledger
  turn.usage = {.input_tokens = totals.tokens.input,
                .output_tokens = totals.tokens.output,
                .cached_input_tokens = totals.tokens.cached_input,
                .cache_write_tokens = totals.tokens.cache_write,
                .reasoning_tokens = totals.tokens.reasoning,
                .estimated = totals.tokens.estimated};
  turn.cost_nano = totals.cost;
  turn.model_calls = static_cast<int>(totals.calls);
  turn.unpriced_calls = static_cast<int>(totals.unpriced_calls);
  return {};
}

}  // namespace pryx::agent
