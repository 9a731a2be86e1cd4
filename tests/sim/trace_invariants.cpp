// SPDX-License-Identifier: MIT
#include "tests/sim/trace_invariants.h"

#include <algorithm>

#include "trust/trace/ledger.h"
#include "trust/trace/span_store.h"

namespace pryx::sim {
namespace {

using agent::Step;
using agent::StepKind;
using agent::StepState;

// A step that came to anything has a span of its kind.
bool wants_span(const Step& step) {
  if (step.state == StepState::kCancelled) return step.kind == StepKind::kTool && step.started_at.has_value();
  return step.state == StepState::kDone || step.state == StepState::kFailed ||
         step.state == StepState::kDenied;
}

Result<void> check_turn(db::Connection& c, const agent::Turn& turn, std::vector<std::string>& wrong) {
  PRYX_TRY(const auto spans, trace::SpanStore::list_turn(c, turn.principal, turn.id));
  int roots = 0;
  int queues = 0;
  std::int64_t tokens = 0;
  for (const trace::Span& span : spans) {
    roots += span.kind == trace::SpanKind::kTurn ? 1 : 0;
    queues += span.kind == trace::SpanKind::kQueue ? 1 : 0;
    tokens += json::integer_or(span.attributes, "gen_ai.usage.input_tokens", 0);
    if (span.end_ns < span.start_ns || span.status == trace::SpanStatus::kOpen)
      wrong.push_back(fmt::format("span {} of turn {} has no end", span.name, turn.id.str()));
  }
  if (roots != 1) wrong.push_back(fmt::format("turn {} has {} root spans", turn.id.str(), roots));
  // One that was cancelled in line never began.
  if (turn.started_at && queues == 0)
    wrong.push_back(fmt::format("turn {} has no time in line", turn.id.str()));
  PRYX_TRY(const auto steps, agent::TurnStore::list_steps(c, turn.principal, turn.id));
  for (const Step& step : steps) {
    auto kind = step.kind == StepKind::kModel ? trace::SpanKind::kModel : trace::SpanKind::kTool;
    if (step.purpose == "compaction") kind = trace::SpanKind::kCompaction;
    const bool has =
        std::ranges::any_of(spans, [&](const trace::Span& s) { return s.step == step.id && s.kind == kind; });
    if (wants_span(step) && !has)
      wrong.push_back(fmt::format("step {} ({}) of turn {} is {} and has no span", step.id.str(), step.tool,
                                  turn.id.str(), agent::to_text(step.state)));
  }
  PRYX_TRY(const auto booked, trace::Ledger::totals_of_turn(c, turn.principal, turn.session, turn.id));
  if (booked.tokens.input != tokens || booked.tokens.input != turn.usage.input_tokens ||
      booked.calls != turn.model_calls)
    wrong.push_back(fmt::format("turn {}: {} tokens in its spans, {} in the ledger, {} in its row",
                                turn.id.str(), tokens, booked.tokens.input, turn.usage.input_tokens));
  return {};
}

}  // namespace

Result<std::vector<std::string>> check_traces(db::Connection& c) {
  std::vector<std::string> wrong;
  PRYX_TRY(const auto ids,
           c.list("SELECT id FROM turns ORDER BY seq", [](const db::Row& r) { return r.id<TurnId>(0); }));
  for (const TurnId& id : ids) {
    PRYX_TRY(const auto turn, agent::TurnStore::find_turn(c, owner().id, id));
    if (turn && agent::is_terminal(turn->state)) PRYX_TRY_VOID(check_turn(c, *turn, wrong));
  }
  PRYX_TRY(const std::int64_t open, c.count("SELECT count(*) FROM open_calls"));
  if (open > 0) wrong.push_back(fmt::format("{} calls of models are still open", open));
  return wrong;
}

}  // namespace pryx::sim
