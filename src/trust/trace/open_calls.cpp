// SPDX-License-Identifier: MIT
#include "trust/trace/open_calls.h"

#include "foundation/base/text.h"

namespace pryx::trace {
namespace {

#define PRYX_CALL_COLUMNS                                                                           \
  "principal_id, step_id, attempt, session_id, turn_id, agent, surface, provider, model, purpose, " \
  "started_ns, input_estimate, input_cost, output_pico, reserved, accounts, boot_id, provider_kind"
constexpr std::string_view kInsertCall =
    "INSERT INTO open_calls (" PRYX_CALL_COLUMNS
    ") VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)";
constexpr std::string_view kGetCall =
    "SELECT " PRYX_CALL_COLUMNS " FROM open_calls WHERE principal_id = $1 AND step_id = $2 AND attempt = $3";
constexpr std::string_view kCallsOfStep =
    "SELECT " PRYX_CALL_COLUMNS
    " FROM open_calls WHERE principal_id = $1 AND step_id = $2 ORDER BY "
    "attempt";
constexpr std::string_view kCallsOfTurn =
    "SELECT " PRYX_CALL_COLUMNS
    " FROM open_calls WHERE principal_id = $1 AND turn_id = $2 ORDER BY step_id, attempt";
constexpr std::string_view kCallsOf =
    "SELECT " PRYX_CALL_COLUMNS " FROM open_calls WHERE principal_id = $1 ORDER BY step_id, attempt";
constexpr std::string_view kLostCalls =
    "SELECT " PRYX_CALL_COLUMNS " FROM open_calls WHERE boot_id <> $1 ORDER BY step_id, attempt";
#undef PRYX_CALL_COLUMNS
constexpr std::string_view kDropCall =
    "DELETE FROM open_calls WHERE principal_id = $1 AND step_id = $2 AND attempt = $3";
constexpr std::string_view kSetAccounts =
    "UPDATE open_calls SET accounts = $4 WHERE principal_id = $1 AND step_id = $2 AND attempt = $3";

std::string join_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

OpenCall read_call(const db::Row& r) {
  OpenCall call;
  call.scope = {.principal = r.id<PrincipalId>(0),
                .session = r.id<SessionId>(3),
                .turn = r.id<TurnId>(4),
                .step = r.id<StepId>(1),
                .attempt = static_cast<int>(r.integer(2)),
                .agent = r.text(5),
                .surface = r.text(6),
                .provider = r.text(7),
                .provider_kind = r.text(17),
                .model = r.text(8),
                .purpose = r.text(9)};
  call.started_ns = r.integer(10);
  call.input_estimate = r.integer(11);
  call.input_cost = r.optional_integer(12);
  call.output_pico = r.integer(13);
  call.reserved = r.integer(14);
  for (const std::string_view name : split(r.view(15), '\n')) {
    if (!name.empty()) call.accounts.emplace_back(name);
  }
  call.boot_id = r.text(16);
  return call;
}

}  // namespace

Result<void> OpenCalls::insert(db::Connection& c, const OpenCall& call) {
  const CallScope& s = call.scope;
  PRYX_TRY_VOID(c.run(kInsertCall, s.principal, s.step, s.attempt, s.session, s.turn, s.agent, s.surface,
                      s.provider, s.model, s.purpose, call.started_ns, call.input_estimate, call.input_cost,
                      call.output_pico, call.reserved, join_lines(call.accounts), call.boot_id,
                      s.provider_kind));
  return {};
}

Result<std::vector<OpenCall>> OpenCalls::list_lost(db::Connection& c, std::string_view boot_id) {
  return c.list(kLostCalls, read_call, boot_id);
}
Result<std::vector<OpenCall>> OpenCalls::list_of_step(db::Connection& c, const PrincipalId& principal,
                                                      const StepId& step) {
  return c.list(kCallsOfStep, read_call, principal, step);
}
Result<std::vector<OpenCall>> OpenCalls::list_of_turn(db::Connection& c, const PrincipalId& principal,
                                                      const TurnId& turn) {
  return c.list(kCallsOfTurn, read_call, principal, turn);
}

Result<std::vector<OpenCall>> OpenCalls::list(db::Connection& c, const PrincipalId& principal) {
  return c.list(kCallsOf, read_call, principal);
}
Result<std::optional<OpenCall>> OpenCalls::find(db::Connection& c, const PrincipalId& principal,
                                                const StepId& step, int attempt) {
  return c.find(kGetCall, read_call, principal, step, attempt);
}
Result<void> OpenCalls::drop(db::Connection& c, const PrincipalId& principal, const StepId& step,
                             int attempt) {
  PRYX_TRY_VOID(c.run(kDropCall, principal, step, attempt));
  return {};
}
Result<void> OpenCalls::set_accounts(db::Connection& c, const OpenCall& call) {
  PRYX_TRY_VOID(c.run(kSetAccounts, call.scope.principal, call.scope.step, call.scope.attempt,
                      join_lines(call.accounts)));
  return {};
}

}  // namespace pryx::trace
