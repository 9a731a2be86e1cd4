// SPDX-License-Identifier: MIT
#include "engine/agent/session_totals.h"

namespace pryx::agent {
namespace {

constexpr std::string_view kAccepted =
    "UPDATE sessions SET last_turn_id = $3, last_state = $4 WHERE principal_id = $1 AND id = $2";
constexpr std::string_view kStands =
    "UPDATE sessions SET last_state = $4 WHERE principal_id = $1 AND id = $2 AND last_turn_id = $3";
constexpr std::string_view kUsed =
    "UPDATE sessions SET input_tokens = input_tokens + $3, output_tokens = output_tokens + $4, cost_nano = "
    "cost_nano + $5, model_calls = model_calls + $6, unpriced_calls = unpriced_calls + $7 WHERE principal_id "
    "= $1 AND id = $2";

}  // namespace

Result<void> SessionTotals::turn_accepted(db::Connection& c, const Turn& turn) {
  PRYX_TRY_VOID(c.run(kAccepted, turn.principal, turn.session, turn.id, to_text(turn.state)));
  return {};
}

Result<void> SessionTotals::turn_stands(db::Connection& c, const Turn& turn) {
  PRYX_TRY_VOID(c.run(kStands, turn.principal, turn.session, turn.id, to_text(turn.state)));
  return {};
}

Result<void> SessionTotals::turn_used(db::Connection& c, const Turn& before, const Turn& turn) {
  const std::int64_t input = turn.usage.input_tokens - before.usage.input_tokens;
  const std::int64_t output = turn.usage.output_tokens - before.usage.output_tokens;
  const std::int64_t cost = turn.cost_nano - before.cost_nano;
  const int calls = turn.model_calls - before.model_calls;
  const int unpriced = turn.unpriced_calls - before.unpriced_calls;
  if (input == 0 && output == 0 && cost == 0 && calls == 0 && unpriced == 0) return {};
  PRYX_TRY_VOID(c.run(kUsed, turn.principal, turn.session, input, output, cost, calls, unpriced));
  return {};
}

}  // namespace pryx::agent
