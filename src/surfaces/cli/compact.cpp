// SPDX-License-Identifier: MIT
#include "surfaces/cli/compact.h"

#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/turn_follower.h"
#include "surfaces/client/connection.h"

namespace pryx::cli {
namespace {

constexpr Duration kPause = std::chrono::milliseconds(150);
constexpr Duration kLongest = std::chrono::minutes(10);

bool is_over(const std::string& state) {
  return state == "completed" || state == "failed" || state == "cancelled" || state == "needs_attention";
}

Result<json::object> wait_for_turn(Context& context, const std::string& turn) {
  PRYX_TRY(client::ApiClient * api, context.api());
  const MonotonicTime deadline = context.clock().monotonic() + context.globals().timeout.value_or(kLongest);
  for (;;) {
    PRYX_TRY(client::Reply reply, api->get(path_of("/api/v1/turns/", turn)));
    if (is_over(json::string_or(reply.json, "state"))) return std::move(reply.json);
    if (context.clock().monotonic() >= deadline)
      return fail(ErrorCode::kTimeout, "the summary takes longer; it goes on: pryx session show");
    const auto paused = client::wait_for_fd(-1, 0, context.clock().monotonic() + kPause, context.waiting());
    if (paused == client::Readiness::kInterrupted) return fail(ErrorCode::kCancelled, "interrupted");
  }
}

Result<std::string> describe(Context& context, const std::string& session, const std::string& turn) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply report, api->get(path_of("/api/v1/sessions/", session, "/context")));
  const json::value* list = json::find(report.json, "compactions");
  if (list != nullptr && list->is_array()) {
    for (const json::value& item : list->get_array()) {
      if (!item.is_object() || json::string_or(item.get_object(), "turn_id") != turn) continue;
      const json::object& done = item.get_object();
      return fmt::format("{} messages are summarised: about {} tokens became {}",
                         json::integer_or(done, "covered", 0), json::integer_or(done, "tokens_before", 0),
                         json::integer_or(done, "tokens_after", 0));
    }
  }
  return std::string("there is nothing to summarise yet: the newest answers stay as they are");
}

}  // namespace

Result<CompactOutcome> compact_session(Context& context, const std::string& session,
                                       const std::string& model) {
  PRYX_TRY(client::ApiClient * api, context.api());
  json::object body;
  if (!model.empty()) body["model"] = model;
  PRYX_TRY(const client::Reply accepted,
           api->post(path_of("/api/v1/sessions/", session, "/compact"), std::move(body)));
  const std::string turn = json::string_or(accepted.json, "turn_id");
  CompactOutcome outcome;
  PRYX_TRY(outcome.turn, wait_for_turn(context, turn));
  const std::string state = json::string_or(outcome.turn, "state");
  if (state != "completed") {
    if (const json::value* error = json::find(outcome.turn, "error");
        error != nullptr && error->is_object()) {
      json::object payload = error->get_object();
      payload["trace_id"] = json::string_or(outcome.turn, "trace_id");
      return fail(error_of_failed_turn(payload, context.console().traces()));
    }
    return fail(ErrorCode::kCancelled, "the turn that summarises is {}", state);
  }
  PRYX_TRY(outcome.line, describe(context, session, turn));
  return outcome;
}

Result<std::string> undo_compaction(Context& context, const std::string& session) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->post(path_of("/api/v1/sessions/", session, "/compact/undo"), json::object{}));
  return fmt::format("{} messages are in the context again", json::integer_or(reply.json, "covered", 0));
}

std::optional<Result<std::string>> take_compact_command(Context& context, const std::string& session,
                                                        const std::string& model, std::string_view text) {
  if (text == "/compact undo") return undo_compaction(context, session);
  if (text != "/compact") return std::nullopt;
  auto outcome = compact_session(context, session, model);
  if (!outcome) return Result<std::string>(std::unexpected(std::move(outcome.error())));
  return Result<std::string>(std::move(outcome->line));
}

}  // namespace pryx::cli
