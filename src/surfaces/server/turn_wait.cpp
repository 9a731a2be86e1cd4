// SPDX-License-Identifier: MIT
#include "surfaces/server/turn_wait.h"

#include <charconv>

#include "engine/agent/turn_store.h"

namespace pryx::server {
namespace {

constexpr std::int64_t kDefaultSeconds = 30;
constexpr std::int64_t kMostSeconds = 600;
constexpr Duration kSlice =
    std::chrono::seconds(1);  // how soon a revoked credential or a vanished peer is noticed

async::Task<Result<bool>> is_at_rest(RouteCall& call, TurnId id) {
  PRYX_CO_TRY(const auto turn,
              co_await call.services().database.read([principal = call.principal(), id](db::Connection& c) {
                return agent::TurnStore::find_turn(c, principal, id);
              }));
  co_return !turn || agent::is_terminal(turn->state) || turn->state == agent::TurnState::kNeedsAttention;
}

}  // namespace

Result<Duration> wait_of(const RouteCall& call) {
  const auto text = call.request.query_value("wait");
  if (!text) return Duration::zero();
  if (text->empty()) return std::chrono::seconds(kDefaultSeconds);
  std::int64_t seconds = -1;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  const bool is_number = error == std::errc() && end == text->data() + text->size();
  if (!is_number || seconds < 0 || seconds > kMostSeconds)
    return fail(ErrorCode::kInvalidArgument, "wait must be a number of seconds from 0 to {}", kMostSeconds);
  return std::chrono::seconds(seconds);
}

async::Task<Result<void>> wait_for_turn(RouteCall& call, TurnId id, Duration limit) {
  if (limit <= Duration::zero()) co_return Result<void>{};
  const async::EventLoop& loop = call.services().loop;
  const MonotonicTime end = loop.clock().monotonic() + limit;
  // Before the first look, so that an end between the two is not missed.
  const auto ends = call.services().events.subscribe(
      {.principal = call.principal(),
       .names = {"turn.completed", "turn.failed", "turn.cancelled", "turn.needs_attention"},
       .session = {},
       .turn_id = id.str(),
       .surface = {},
       .include_ephemeral = false});
  PRYX_CO_TRY(const bool rests, co_await is_at_rest(call, id));
  if (rests) co_return Result<void>{};
  bool credential_ended = false;
  const auto watch = call.core.auth.watch(call.identity, [&credential_ended] { credential_ended = true; });
  for (;;) {
    const Duration left = end - loop.clock().monotonic();
    if (left <= Duration::zero() || call.exchange.is_peer_gone()) co_return Result<void>{};
    const auto event = co_await ends->next(std::min(left, kSlice));
    if (credential_ended) co_return fail(ErrorCode::kUnauthenticated, "the credential ended");
    if (event) co_return Result<void>{};
    if (event.error().code != ErrorCode::kTimeout) co_return std::unexpected(event.error());
  }
}

}  // namespace pryx::server
