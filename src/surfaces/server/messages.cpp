// SPDX-License-Identifier: MIT
#include "surfaces/server/messages.h"

#include "trust/policy/policy_file.h"

namespace pryx::server {
namespace {
constexpr std::int64_t kMaxOutputTokens = 10'000'000;
}  // namespace

Result<void> check_approve_fragment(const std::string& text) {
  if (text.empty()) return {};
  const trust::ParsedPolicy parsed = trust::check_policy(text, trust::PolicyFileKind::kApprove, "--approve");
  if (parsed.policy) return {};
  std::string problems;
  for (const trust::PolicyProblem& problem : parsed.problems)
    problems += (problems.empty() ? "" : "; ") + problem.to_text();
  return fail(ErrorCode::kInvalidArgument, "approve is no valid --approve file: {}", problems);
}

Result<agent::NewMessage> decode_message(const json::object& body, const Caller& caller, SessionId session,
                                         const models::ModelRouter& models) {
  agent::NewMessage message;
  message.session = std::move(session);
  if (json::find(body, "text") != nullptr || json::find(body, "parts") == nullptr) {
    PRYX_TRY(message.text, json::get_string(body, "text"));
  }
  PRYX_TRY(auto model, json::find_string(body, "model"));
  PRYX_TRY(auto key, json::find_string(body, "idempotency_key"));
  PRYX_TRY(const auto interactive, json::find_bool(body, "interactive"));
  PRYX_TRY(auto approve, json::find_string(body, "approve"));
  message.model = std::move(model).value_or("");
  if (!message.model.empty()) PRYX_TRY_VOID(models.resolve(message.model));
  message.idempotency_key = std::move(key).value_or("");
  message.interactive = interactive.value_or(true);
  message.approve = std::move(approve).value_or("");
  // Its allow rules answer questions that are otherwise put to a person.
  if (!message.approve.empty()) PRYX_TRY_VOID(caller.require(Scope::kApprove));
  PRYX_TRY_VOID(check_approve_fragment(message.approve));
  PRYX_TRY(const auto max_cost, json::find_string(body, "max_cost"));
  if (max_cost) {
    PRYX_TRY(message.max_cost, trace::parse_money(*max_cost));
  }
  PRYX_TRY(const auto unpriced, json::find_bool(body, "allow_unpriced"));
  message.allow_unpriced = unpriced.value_or(false);
  PRYX_TRY(const auto longest, json::find_integer(body, "max_output_tokens"));
  if (longest && (*longest < 1 || *longest > kMaxOutputTokens))
    return fail(ErrorCode::kInvalidArgument, "max_output_tokens must be from 1 to {}", kMaxOutputTokens);
  message.options.max_output_tokens = longest.value_or(0);
  message.labels = trust::Labels::owner(caller.principal.id.str());
  return message;
}

Result<WallTime> decode_expiry(const std::string& text, WallTime now) {
  if (const auto lifetime = parse_duration(text)) return now + *lifetime;
  const auto at = parse_rfc3339(text);
  if (!at)
    return fail(ErrorCode::kInvalidArgument,
                "expires must be a duration such as 30d or a time such as "
                "2026-12-24T18:00:00Z");
  return *at;
}

Result<trust::Resolution> decode_resolution(const json::object& body, WallTime now) {
  trust::Resolution resolution;
  PRYX_TRY(const std::string decision, json::get_string(body, "decision"));
  if (decision != "approve" && decision != "deny")
    return fail(ErrorCode::kInvalidArgument, "decision must be approve or deny");
  resolution.approve = decision == "approve";
  PRYX_TRY(const auto scope, json::find_string(body, "scope"));
  if (scope) {
    const auto known = trust::grant_scope_from_text(*scope);
    if (!known) return fail(ErrorCode::kInvalidArgument, "scope must be once, session or always");
    resolution.scope = *known;
  }
  PRYX_TRY(auto rule, json::find_string(body, "rule"));
  PRYX_TRY(auto reason, json::find_string(body, "reason"));
  PRYX_TRY(auto confirm, json::find_string(body, "confirm"));
  PRYX_TRY(const auto expires, json::find_string(body, "expires"));
  if (expires) {
    PRYX_TRY(resolution.grant_expires_at, decode_expiry(*expires, now));
  }
  resolution.confirm = std::move(confirm).value_or("");
  resolution.rule = std::move(rule).value_or("");
  resolution.reason = std::move(reason).value_or("");
  return resolution;
}

}  // namespace pryx::server
