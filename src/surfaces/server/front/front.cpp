// SPDX-License-Identifier: MIT
#include "surfaces/server/front/front.h"

#include "engine/agent/turn_failure.h"

namespace pryx::server {
namespace {

models::FinishReason finish_from(std::string_view text) {
  for (const auto reason : {models::FinishReason::kLength, models::FinishReason::kToolCalls,
                            models::FinishReason::kContentFilter}) {
    if (models::to_text(reason) == text) return reason;
  }
  return models::FinishReason::kStop;
}

std::vector<models::ToolCall> calls_of(const json::object& payload) {
  std::vector<models::ToolCall> calls;
  const json::value* list = json::find(payload, "tool_calls");
  if (list == nullptr || !list->is_array()) return calls;
  for (const json::value& item : list->get_array()) {
    if (!item.is_object()) continue;
    const json::object& o = item.get_object();
    calls.push_back({json::string_or(o, "id"), json::string_or(o, "name"), json::string_or(o, "arguments")});
  }
  return calls;
}

}  // namespace

FrontOutcome outcome_of(const json::object& payload) {
  FrontOutcome outcome{.text = json::string_or(payload, "text"),
                       .reasoning = {},
                       .calls = calls_of(payload),
                       .finish = finish_from(json::string_or(payload, "finish_reason")),
                       .model = json::string_or(payload, "model"),
                       .usage = {},
                       .cost = nullptr,
                       .left_out = json::integer_or(payload, "left_out", 0)};
  if (const json::value* usage = json::find(payload, "usage"); usage != nullptr && usage->is_object())
    outcome.usage = usage->get_object();
  if (const json::value* cost = json::find(payload, "cost"); cost != nullptr) outcome.cost = *cost;
  return outcome;
}

FrontRefusal failure_named(std::string_view name, std::string detail) {
  FrontRefusal failure{{agent::error_code_of_turn(name), std::move(detail), -1}, {}, {}};
  if (name == agent::kContextTooLong) {
    // A bad request to every vendor, and clients know what to do by this code.
    failure.error.code = ErrorCode::kInvalidArgument;
    failure.code = "context_length_exceeded";
  }
  return failure;
}

FrontRefusal failure_of(std::string_view event_name, const json::object& payload) {
  if (event_name == "turn.cancelled") return {{ErrorCode::kConflict, "the turn was cancelled", -1}, {}, {}};
  if (event_name == "turn.needs_attention")
    return {
        {ErrorCode::kConflict, "a step has an unknown outcome; the turn waits for its owner's decision", -1},
        {},
        {}};
  return failure_named(json::string_or(payload, "code"),
                       json::string_or(payload, "detail", "the turn failed"));
}

json::object front_facts(const FrontIds& ids, const FrontOutcome& outcome) {
  json::object facts{{"session", ids.session.str()},
                     {"turn", ids.turn.str()},
                     {"model", outcome.model},
                     {"cost", outcome.cost}};
  if (outcome.left_out > 0) facts["left_out"] = outcome.left_out;
  return facts;
}

std::string front_model(const FrontIds& ids, const FrontOutcome& outcome) {
  return outcome.model.empty() ? ids.model : outcome.model;
}

std::string sse_data(const json::object& body) { return "data: " + json::to_text(body) + "\n\n"; }

std::string sse_event(std::string_view name, const json::object& body) {
  return fmt::format("event: {}\ndata: {}\n\n", name, json::to_text(body));
}

}  // namespace pryx::server
