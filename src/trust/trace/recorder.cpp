// SPDX-License-Identifier: MIT
#include "trust/trace/recorder.h"

#include <algorithm>
#include <cstdlib>

#include "foundation/base/log.h"

namespace pryx::trace {
namespace {

// The wall clock ticks in milliseconds, so anything below two of them is no change of it.
constexpr std::int64_t kClockSlackNs = 2'500'000;

constexpr std::string_view kLastLife =
    "SELECT max(coalesce((SELECT end_ns FROM spans ORDER BY seq DESC LIMIT 1), 0), coalesce((SELECT "
    "max(started_ns) FROM open_calls), 0))";

CostRow cost_row(const OpenCall& call, const CallEnd& end, WallTime at) {
  CostRow row{.scope = call.scope, .at = at, .tokens = end.tokens, .cost = end.cost, .outcome = end.outcome};
  if (!end.model.empty()) {
    row.scope.provider = end.provider;
    row.scope.model = end.model;
  }
  return row;
}

// A call whose end nobody saw.
CallEnd lost_end(const OpenCall& call, std::int64_t output_tokens) {
  CallEnd end{.tokens = {.input = call.input_estimate, .output = output_tokens, .estimated = true},
              .outcome = CallOutcome::kInterrupted,
              .provider = {},
              .model = {}};
  if (call.input_cost) {
    const __int128 pico = static_cast<__int128>(call.output_pico) * output_tokens;
    const __int128 nano = std::min<__int128>(INT64_MAX, (pico + 999) / 1000);
    end.cost = add_money(*call.input_cost, static_cast<NanoUsd>(nano));
  }
  return end;
}

}  // namespace

Recorder::Recorder(const Clock& clock, events::EventLog& events, std::string boot_id)
    : clock_(clock),
      events_(events),
      boot_id_(std::move(boot_id)),
      offset_ns_(to_ns(clock.wall()) - clock.monotonic().since_start.count()) {}

std::int64_t Recorder::now_ns() const {
  const std::int64_t fine = clock_.monotonic().since_start.count();
  const std::int64_t wall = to_ns(clock_.wall());
  const std::int64_t at = fine + offset_ns_.load(std::memory_order_relaxed);
  if (std::llabs(at - wall) <= kClockSlackNs) return at;
  offset_ns_.store(wall - fine, std::memory_order_relaxed);
  return wall;
}

async::Task<Result<void>> Recorder::start(db::Database& database, StreamedTokens streamed) {
  PRYX_CO_TRY(last_life_ns_, co_await database.read([](db::Connection& c) { return c.count(kLastLife); }));
  PRYX_CO_TRY(const std::int64_t settled,
              co_await database.write([&, this](db::Transaction& t) -> Result<std::int64_t> {
                PRYX_TRY(const auto lost, OpenCalls::list_lost(t.db(), boot_id_));
                for (const OpenCall& call : lost) {
                  PRYX_TRY(const std::int64_t tokens, streamed(t.db(), call));
                  PRYX_TRY_VOID(settle(t, call, tokens, std::max(last_life_ns_, call.started_ns)));
                }
                return static_cast<std::int64_t>(lost.size());
              }));
  if (settled > 0) log::info("trace.lost_calls_settled", {{"calls", settled}});
  co_return Result<void>{};
}

void Recorder::count(const Span& span) {
  const auto bump = [&](std::atomic<std::int64_t>& ok, std::atomic<std::int64_t>& failed) {
    (span.status == SpanStatus::kOk ? ok : failed).fetch_add(1, std::memory_order_relaxed);
  };
  counts_.spans.fetch_add(1, std::memory_order_relaxed);
  if (span.kind == SpanKind::kTurn && span.status == SpanStatus::kCancelled)
    counts_.turns_cancelled.fetch_add(1, std::memory_order_relaxed);
  else if (span.kind == SpanKind::kTurn)
    bump(counts_.turns_ok, counts_.turns_failed);
  else if (span.kind == SpanKind::kTool)
    bump(counts_.tools_ok, span.status == SpanStatus::kDenied ? counts_.tools_denied : counts_.tools_failed);
  else if (span.kind == SpanKind::kModel || span.kind == SpanKind::kCompaction)
    bump(counts_.calls_ok, counts_.calls_failed);
}

Result<void> Recorder::add(db::Transaction& t, Span span, std::string_view surface) {
  PRYX_TRY_VOID(SpanStore::insert(t.db(), span));
  json::object payload = span.to_json();
  PRYX_TRY_VOID(events_.append(t, {.principal = span.principal,
                                   .name = "trace.span",
                                   .session = span.session,
                                   .surface = std::string(surface),
                                   .payload = std::move(payload)}));
  t.after_commit([this, span = std::move(span)] { count(span); });
  return {};
}

Result<Grant> Recorder::begin_call(db::Transaction& t, CallScope scope, const Ask& ask,
                                   const StreamedTokens& streamed) {
  PRYX_TRY(const auto before, OpenCalls::list_of_step(t.db(), scope.principal, scope.step));
  for (const OpenCall& call : before) {
    PRYX_TRY(const std::int64_t tokens, streamed(t.db(), call));
    PRYX_TRY_VOID(settle(t, call, tokens, now_ns()));
  }
  OpenCall call{.scope = std::move(scope), .started_ns = now_ns(), .accounts = {}, .boot_id = boot_id_};
  auto begun = Budgets::begin_call(t.db(), std::move(call), ask, clock_.wall(), unguarded_);
  if (begun) begun->settled = static_cast<int>(before.size());
  if (!begun && begun.error().code == ErrorCode::kBudget)
    counts_.budget_refusals.fetch_add(1, std::memory_order_relaxed);
  return begun;
}

Result<std::optional<Charge>> Recorder::end_call(db::Transaction& t, const PrincipalId& principal,
                                                 const StepId& step, int attempt, const CallEnd& end) {
  const WallTime at = clock_.wall();
  PRYX_TRY(const auto closed, Budgets::end_call(t.db(), principal, step, attempt, end.cost, at));
  if (!closed) return std::optional<Charge>();
  CostRow row = cost_row(closed->call, end, at);
  PRYX_TRY_VOID(Ledger::insert(t.db(), row));
  json::object payload{
      {"turn_id", row.scope.turn.str()}, {"step_id", step.str()},        {"attempt", attempt},
      {"model", row.scope.model},        {"purpose", row.scope.purpose}, {"outcome", to_text(row.outcome)},
      {"usage", usage_json(row.tokens)}, {"cost", money_json(row.cost)}};
  PRYX_TRY_VOID(events_.append(t, {.principal = principal,
                                   .name = "cost.updated",
                                   .session = row.scope.session,
                                   .surface = row.scope.surface,
                                   .payload = std::move(payload)}));
  for (const BudgetAlert& alert : closed->alerts) {
    json::object about = alert.to_json();
    about["turn_id"] = row.scope.turn.str();  // who follows the turn that passed the mark is told
    PRYX_TRY_VOID(events_.append(t, {.principal = principal,
                                     .name = "budget.alert",
                                     .session = row.scope.session,
                                     .surface = row.scope.surface,
                                     .payload = std::move(about)}));
  }
  t.after_commit([this, tokens = row.tokens, cost = row.cost.value_or(0)] {
    counts_.input_tokens.fetch_add(tokens.input, std::memory_order_relaxed);
    counts_.output_tokens.fetch_add(tokens.output, std::memory_order_relaxed);
    counts_.cost_nano.fetch_add(cost, std::memory_order_relaxed);
  });
  return std::optional(Charge{std::move(row), closed->call.started_ns});
}

Result<void> Recorder::settle(db::Transaction& t, const OpenCall& call, std::int64_t output_tokens,
                              std::int64_t end_ns) {
  const CallScope& s = call.scope;
  const CallEnd end = lost_end(call, output_tokens);
  PRYX_TRY(const auto charge, end_call(t, s.principal, s.step, s.attempt, end));
  if (!charge) return {};
  PRYX_TRY(const TraceContext context, SpanStore::context_of(t.db(), s.principal, s.turn));
  Span span = model_span(s, context, &charge->row);
  span.start_ns = call.started_ns;
  span.end_ns = end_ns;
  span.status = SpanStatus::kInterrupted;
  span.message = "cut by the end of the daemon or of its disk; tokens and cost are estimated";
  return add(t, std::move(span), s.surface);
}

Result<int> Recorder::settle_turn(db::Transaction& t, const PrincipalId& principal, const TurnId& turn,
                                  const StreamedTokens& streamed) {
  PRYX_TRY(const auto open, OpenCalls::list_of_turn(t.db(), principal, turn));
  for (const OpenCall& call : open) {
    PRYX_TRY(const std::int64_t tokens, streamed(t.db(), call));
    PRYX_TRY_VOID(settle(t, call, tokens, now_ns()));
  }
  return static_cast<int>(open.size());
}

Span model_span(const CallScope& scope, const TraceContext& context, const CostRow* cost) {
  const std::string& full = scope.model;
  const std::size_t slash = full.find('/');
  const std::string model = slash == std::string::npos ? full : full.substr(slash + 1);
  Span span{.principal = scope.principal,
            .session = scope.session,
            .turn = scope.turn,
            .step = scope.step,
            .trace_id = context.trace_id,
            .span_id = span_id_of(context.trace_id, fmt::format("{}/{}", scope.step.str(), scope.attempt)),
            .parent_id = turn_span_id(context.trace_id, scope.turn),
            .kind = scope.purpose == "compaction" ? SpanKind::kCompaction : SpanKind::kModel,
            .name = "chat " + model,
            .attributes = {{"gen_ai.operation.name", "chat"},
                           {"gen_ai.provider.name", provider_name(scope.provider, scope.provider_kind)},
                           {"pryx.provider", scope.provider},
                           {"gen_ai.request.model", model},
                           {"gen_ai.request.stream", true},
                           {"gen_ai.conversation.id", scope.session.str()},
                           {"pryx.step_id", scope.step.str()},
                           {"pryx.attempt", scope.attempt},
                           {"pryx.purpose", scope.purpose}}};
  if (cost == nullptr) return span;
  json::object& a = span.attributes;
  a["gen_ai.usage.input_tokens"] = cost->tokens.input;
  a["gen_ai.usage.output_tokens"] = cost->tokens.output;
  if (cost->tokens.cached_input > 0) a["gen_ai.usage.cache_read.input_tokens"] = cost->tokens.cached_input;
  if (cost->tokens.cache_write > 0) a["gen_ai.usage.cache_creation.input_tokens"] = cost->tokens.cache_write;
  if (cost->tokens.reasoning > 0) a["gen_ai.usage.reasoning.output_tokens"] = cost->tokens.reasoning;
  if (cost->tokens.estimated) a["pryx.usage.estimated"] = true;
  if (cost->cost) a["pryx.cost.nano_usd"] = *cost->cost;
  return span;
}

}  // namespace pryx::trace
