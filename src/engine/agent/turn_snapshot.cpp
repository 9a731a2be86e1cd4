// SPDX-License-Identifier: MIT
#include "engine/agent/turn_snapshot.h"

#include "engine/agent/turn_trace.h"

namespace pryx::agent {

namespace {
constexpr std::size_t kMaxBytesAhead = 32u << 10;
constexpr std::int64_t kMaxMessagesAhead = 64;
}  // namespace

Result<std::optional<TurnSnapshot>> TurnSnapshot::load(db::Connection& c, const OpenTurn& open,
                                                       std::size_t max_bytes) {
  TurnSnapshot out;
  PRYX_TRY(auto turn, TurnStore::find_turn(c, open.principal, open.turn));
  if (!turn) return std::optional<TurnSnapshot>();
  out.turn = std::move(*turn);
  PRYX_TRY(auto session, SessionStore::find_session(c, open.principal, out.turn.session));
  if (!session) return std::optional<TurnSnapshot>();
  out.session = std::move(*session);
  PRYX_TRY(out.sub_agent, SubAgentStore::find(c, open.principal, out.turn.session));
  PRYX_TRY(out.steps, TurnStore::list_steps(c, open.principal, open.turn));
  PRYX_TRY_VOID(load_costs(c, out.turn));
  PRYX_TRY(out.history, SessionStore::load_history(c, out.turn, max_bytes, &out.read));
  PRYX_TRY(out.pins, ContextStore::list_pins(c, open.principal, out.turn.session));
  PRYX_TRY(out.open_turns, ContextStore::open_turns(c, open.principal, out.turn.session));
  PRYX_TRY(out.context_states, ContextStore::list_states(c, open.principal, out.turn.session));
  return std::optional(std::move(out));
}

void TurnAhead::read(db::Connection& c, const OpenTurn& open) {
  const auto session = SessionStore::find_session(c, open.principal, open.session);
  if (!session || !*session || (*session)->message_count > kMaxMessagesAhead) return;
  auto loaded = TurnSnapshot::load(c, open, kMaxBytesAhead);
  // What cannot be read here is read, or fails, when the turn runs.
  if (loaded && *loaded && (*loaded)->read.is_whole) snapshot_ = std::move(**loaded);
}

std::optional<TurnSnapshot> TurnAhead::take() { return std::exchange(snapshot_, std::nullopt); }

}  // namespace pryx::agent
