// SPDX-License-Identifier: MIT
#include "surfaces/server/front/stored_response.h"

#include "engine/agent/session_store.h"
#include "engine/agent/trace_view.h"
#include "engine/agent/turn_store.h"
#include "surfaces/server/front/responses_writer.h"

namespace pryx::server {
namespace {

using agent::TurnState;

std::string_view status_of(TurnState state) {
  if (state == TurnState::kQueued) return "queued";
  if (state == TurnState::kFailed) return "failed";
  if (state == TurnState::kCancelled) return "cancelled";
  return "in_progress";
}

// Why the last call of a model ended and what it was not shown, as its span says.
void read_last_call(const agent::TraceView& trace, FrontOutcome& outcome) {
  for (const trace::Span& span : trace.spans) {
    const json::value* reasons = json::find(span.attributes, "gen_ai.response.finish_reasons");
    if (reasons == nullptr || !reasons->is_array() || reasons->get_array().empty()) continue;
    const json::value& reason = reasons->get_array().front();
    if (!reason.is_string()) continue;
    for (const auto known : {models::FinishReason::kStop, models::FinishReason::kLength,
                             models::FinishReason::kToolCalls, models::FinishReason::kContentFilter}) {
      if (std::string_view(reason.get_string()) == models::to_text(known)) outcome.finish = known;
    }
    outcome.left_out = json::integer_or(span.attributes, "pryx.context.left_out", 0);
  }
}

void read_answer(const std::vector<agent::Message>& history, const agent::Turn& turn, FrontOutcome& outcome) {
  for (auto message = history.rbegin(); message != history.rend(); ++message) {
    if (message->turn != turn.id || message->role != agent::Role::kAssistant) continue;
    for (const agent::Part& part : message->parts) {
      if (part.state != agent::PartState::kComplete) continue;
      if (part.type == "text") outcome.text += part.text;
      if (part.type == "reasoning") outcome.reasoning += part.text;
      const bool is_clients = part.type == "tool_call" && part.step.empty();
      if (is_clients) outcome.calls.push_back({part.call_id, part.tool, part.text});
    }
    return;
  }
}

}  // namespace

Result<std::optional<StoredResponse>> read_response(db::Connection& c, const PrincipalId& principal,
                                                    const TurnId& id, std::int64_t now_ns) {
  PRYX_TRY(auto view, agent::load_trace(c, principal, id, now_ns));
  if (!view) return std::optional<StoredResponse>();
  const agent::Turn& turn = view->turn;
  const json::value* echo = json::find(turn.options.front, "echo");
  if (echo == nullptr || !echo->is_object()) return std::optional<StoredResponse>();
  StoredResponse out{.turn = turn};
  PRYX_TRY(const auto session, agent::SessionStore::find_session(c, principal, turn.session));
  PRYX_TRY(const auto turns, agent::SessionStore::turns_of(c, principal, turn.session));
  out.is_alone = session && session->hidden && turns.size() == 1;
  ResponsesWriter writer;
  writer.restore(echo->get_object());
  const FrontIds ids{.session = turn.session,
                     .turn = turn.id,
                     .created = turn.created_at.unix_ms / 1000,
                     .model = turn.model.empty() ? "default" : turn.model};
  if (turn.state != TurnState::kCompleted) {
    std::optional<FrontRefusal> failure;
    if (turn.state == TurnState::kFailed) failure = failure_named(turn.error_code, turn.error_detail);
    out.body = writer.unfinished(ids, status_of(turn.state), failure);
    return out;
  }
  FrontOutcome outcome;
  // The answer is among the turn's own messages, and those are read however long they are.
  PRYX_TRY(const auto history, agent::SessionStore::load_history(c, turn, 0));
  read_answer(history, turn, outcome);
  read_last_call(*view, outcome);
  outcome.model = turn.answered_by;
  const json::object row = turn.to_json();
  if (const json::value* usage = json::find(row, "usage"); usage != nullptr && usage->is_object())
    outcome.usage = usage->get_object();
  outcome.cost = turn.cost_json();
  out.body = writer.whole(ids, outcome);
  return out;
}

}  // namespace pryx::server
