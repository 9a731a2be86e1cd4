// SPDX-License-Identifier: MIT
#include "engine/agent/trace_view.h"

#include <algorithm>

#include "engine/agent/turn_store.h"
#include "trust/approvals/approvals.h"
#include "trust/trace/open_calls.h"
#include "trust/trace/recorder.h"

namespace pryx::agent {
namespace {

using trace::Span;
using trace::SpanKind;
using trace::SpanStatus;

Span open_span(const Turn& turn, const trace::TraceContext& context, SpanKind kind, std::string name,
               std::string_view own_name, WallTime since, std::int64_t now_ns) {
  return {.principal = turn.principal,
          .session = turn.session,
          .turn = turn.id,
          .step = {},
          .trace_id = context.trace_id,
          .span_id = trace::span_id_of(context.trace_id, own_name),
          .parent_id = trace::turn_span_id(context.trace_id, turn.id),
          .kind = kind,
          .name = std::move(name),
          .start_ns = trace::to_ns(since),
          .end_ns = now_ns,
          .status = SpanStatus::kOpen,
          .message = {},
          .attributes = {}};
}

Result<void> add_open(db::Connection& c, TraceView& view, const trace::TraceContext& context,
                      std::int64_t now_ns) {
  const Turn& turn = view.turn;
  Span root =
      open_span(turn, context, SpanKind::kTurn, "turn", "turn/" + turn.id.str(), turn.created_at, now_ns);
  root.parent_id = context.parent_span_id;
  view.spans.push_back(std::move(root));
  if (turn.state == TurnState::kQueued)
    view.spans.push_back(open_span(turn, context, SpanKind::kQueue, "queue",
                                   fmt::format("queue/{}/{}", turn.id.str(), turn.starts + 1),
                                   turn.created_at, now_ns));
  PRYX_TRY(const auto calls, trace::OpenCalls::list_of_turn(c, turn.principal, turn.id));
  for (const trace::OpenCall& call : calls) {
    Span span = trace::model_span(call.scope, context, nullptr);
    span.start_ns = call.started_ns;
    span.end_ns = now_ns;
    span.status = SpanStatus::kOpen;
    view.spans.push_back(std::move(span));
  }
  PRYX_TRY(const auto steps, TurnStore::list_steps(c, turn.principal, turn.id));
  for (const Step& step : steps) {
    if (step.kind != StepKind::kTool || step.state != StepState::kStarted || !step.started_at) continue;
    Span span = open_span(turn, context, SpanKind::kTool, "execute_tool " + step.tool,
                          fmt::format("{}/{}", step.id.str(), step.attempt), *step.started_at, now_ns);
    span.step = step.id;
    span.attributes = {{"gen_ai.operation.name", "execute_tool"}, {"gen_ai.tool.name", step.tool}};
    view.spans.push_back(std::move(span));
  }
  // Their spans come with the turn's end.
  PRYX_TRY(const auto asked, trust::Approvals::list_of_turn(c, turn.principal, turn.id));
  for (const trust::Approval& a : asked) {
    Span span =
        open_span(turn, context, SpanKind::kApproval, "approval " + a.tool, a.id.str(), a.created_at, now_ns);
    span.step = a.step;
    if (a.resolved_at) {
      span.end_ns = trace::to_ns(*a.resolved_at);
      span.status = a.state == trust::ApprovalState::kApproved ? SpanStatus::kOk : SpanStatus::kDenied;
    }
    span.attributes = {{"gen_ai.tool.name", a.tool},
                       {"pryx.approval.id", a.id.str()},
                       {"pryx.approval.decision", trust::to_text(a.state)}};
    view.spans.push_back(std::move(span));
  }
  return {};
}

}  // namespace

json::object TraceView::to_json() const {
  json::array list;
  for (const Span& span : spans) list.push_back(span.to_json());
  return {{"turn_id", turn.id.str()},     {"session_id", turn.session.str()},    {"trace_id", trace_id},
          {"state", to_text(turn.state)}, {"complete", is_terminal(turn.state)}, {"spans", std::move(list)},
          {"total", totals.to_json()}};
}

Result<std::optional<TraceView>> load_trace(db::Connection& c, const PrincipalId& principal, const TurnId& id,
                                            std::int64_t now_ns) {
  PRYX_TRY(auto turn, TurnStore::find_turn(c, principal, id));
  if (!turn) return std::optional<TraceView>();
  TraceView view;
  view.turn = std::move(*turn);
  PRYX_TRY(const auto context, trace::SpanStore::context_of(c, principal, id));
  view.trace_id = context.trace_id;
  PRYX_TRY(view.spans, trace::SpanStore::list_trace(c, principal, context.trace_id));
  PRYX_TRY(view.costs, trace::Ledger::list_turn(c, principal, view.turn.session, id));
  PRYX_TRY(view.totals, trace::Ledger::totals_of_turn(c, principal, view.turn.session, id));
  if (!is_terminal(view.turn.state)) PRYX_TRY_VOID(add_open(c, view, context, now_ns));
  std::ranges::sort(view.spans, [](const Span& a, const Span& b) {
    if (a.start_ns != b.start_ns) return a.start_ns < b.start_ns;
    if (a.end_ns != b.end_ns) return a.end_ns > b.end_ns;
    if (a.kind != b.kind && (a.kind == SpanKind::kTurn || b.kind == SpanKind::kTurn))
      return a.kind == SpanKind::kTurn;
    // Those under way have no number yet.
    const auto place = [](const Span& s) { return s.seq == 0 ? INT64_MAX : s.seq; };
    return place(a) < place(b);
  });
  return std::optional(std::move(view));
}

}  // namespace pryx::agent
