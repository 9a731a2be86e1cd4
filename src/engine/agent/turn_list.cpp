// SPDX-License-Identifier: MIT
#include "engine/agent/turn_list.h"

#include <algorithm>
#include <map>

#include "engine/agent/turn_store.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

// The list of states is what makes the index of ended turns fit. The newest bound stands apart from the tie,
// so that the index begins where the page does.
constexpr std::string_view kEnded =
    "SELECT created_at, seq FROM turns WHERE principal_id = $1 AND state = $2 AND state IN "
    "('needs_attention','completed','failed','cancelled') AND created_at <= $3 AND created_at >= $5 AND "
    "(created_at < $3 OR seq < $4) ORDER BY created_at DESC, seq DESC LIMIT $6";
// There are few of these at any time, so they are put in order here. The principal is no condition, because
// with it a larger index would be taken than that of the open turns.
constexpr std::string_view kOpen =
    "SELECT created_at, seq, state, principal_id FROM turns WHERE state IN ('queued','running','waiting')";
constexpr std::string_view kOfSession =
    "SELECT created_at, seq, state FROM turns WHERE principal_id = $1 AND session_id = $2 AND seq < $3 ORDER "
    "BY seq DESC";
constexpr std::string_view kTitle = "SELECT title FROM sessions WHERE principal_id = $1 AND id = $2";

constexpr TurnState kAllStates[] = {TurnState::kQueued,         TurnState::kRunning,   TurnState::kWaiting,
                                    TurnState::kNeedsAttention, TurnState::kCompleted, TurnState::kFailed,
                                    TurnState::kCancelled};

struct Place {
  std::int64_t at = 0;
  std::int64_t seq = 0;
  auto operator<=>(const Place&) const = default;
};

// What the query asks for, as bounds: rows before `place`, not older than `from`.
struct Bounds {
  Place place;
  std::int64_t from = 0;
  std::int64_t limit = 0;
  std::vector<TurnState> states;
  [[nodiscard]] bool wants(std::string_view state) const {
    const auto known = turn_state_from_text(state);
    return known && std::ranges::find(states, *known) != states.end();
  }
};

Result<Bounds> bounds_of(const TurnQuery& query) {
  Bounds bounds;
  PRYX_TRY(const TimeCursor cursor, time_cursor(query.page.cursor, INT64_MAX));
  bounds.place.at = cursor.time;
  PRYX_TRY(bounds.place.seq, number_cursor(cursor.tie, query.page.cursor.empty() ? INT64_MAX : 0));
  // A time itself is not part of "before" it.
  if (query.before && query.before->unix_ms <= bounds.place.at && query.session.empty())
    bounds.place = std::min(bounds.place, Place{query.before->unix_ms, 0});
  bounds.from = query.after ? query.after->unix_ms : INT64_MIN;
  bounds.limit = clamp_limit(query.page.limit);
  bounds.states = query.states;
  if (bounds.states.empty()) bounds.states.assign(std::begin(kAllStates), std::end(kAllStates));
  return bounds;
}

Result<std::vector<Place>> of_session(db::Connection& c, const PrincipalId& principal, const TurnQuery& query,
                                      const Bounds& bounds) {
  std::vector<Place> found;
  PRYX_TRY_VOID(c.each(
      kOfSession,
      [&](const db::Row& r) -> bool {
        const Place place{r.integer(0), r.integer(1)};
        const bool is_within = place.at >= bounds.from && (!query.before || place.at < query.before->unix_ms);
        if (is_within && bounds.wants(r.view(2))) found.push_back(place);
        return static_cast<std::int64_t>(found.size()) < bounds.limit;
      },
      principal, query.session, bounds.place.seq));
  return found;
}

Result<std::vector<Place>> of_all(db::Connection& c, const PrincipalId& principal, const Bounds& bounds) {
  std::vector<Place> found;
  if (std::ranges::any_of(bounds.states, is_under_way)) {
    PRYX_TRY_VOID(c.each(kOpen, [&](const db::Row& r) {
      const Place place{r.integer(0), r.integer(1)};
      if (r.view(3) == principal.str() && place < bounds.place && place.at >= bounds.from &&
          bounds.wants(r.view(2)))
        found.push_back(place);
    }));
  }
  for (const TurnState state : bounds.states) {
    if (is_under_way(state)) continue;
    PRYX_TRY_VOID(c.each(
        kEnded, [&](const db::Row& r) { found.push_back({r.integer(0), r.integer(1)}); }, principal,
        to_text(state), bounds.place.at, bounds.place.seq, bounds.from, bounds.limit));
  }
  std::ranges::sort(found, std::greater<>());
  if (static_cast<std::int64_t>(found.size()) > bounds.limit)
    found.resize(static_cast<std::size_t>(bounds.limit));
  return found;
}

}  // namespace

Result<Paged<ListedTurn>> TurnList::read(db::Connection& c, const PrincipalId& principal,
                                         const TurnQuery& query) {
  PRYX_TRY(const Bounds bounds, bounds_of(query));
  Result<std::vector<Place>> places =
      query.session.empty() ? of_all(c, principal, bounds) : of_session(c, principal, query, bounds);
  if (!places) return std::unexpected(std::move(places.error()));
  Paged<ListedTurn> page;
  std::map<std::string, std::string> titles;
  for (const Place& place : *places) {
    PRYX_TRY(auto turn, TurnStore::find_turn_by_seq(c, principal, place.seq));
    if (!turn) continue;
    auto title = titles.find(turn->session.str());
    if (title == titles.end()) {
      PRYX_TRY(auto text,
               c.find(kTitle, [](const db::Row& r) { return r.text(0); }, principal, turn->session));
      title = titles.emplace(turn->session.str(), std::move(text).value_or("")).first;
    }
    page.items.push_back({std::move(*turn), title->second});
  }
  if (static_cast<std::int64_t>(places->size()) == bounds.limit)
    page.next_cursor = time_cursor_text(places->back().at, std::to_string(places->back().seq));
  return page;
}

Result<std::vector<TurnState>> turn_states_from_list(std::string_view text) {
  std::vector<TurnState> states;
  for (const std::string_view word : split(text, ',')) {
    const auto state = turn_state_from_text(trim(word));
    if (!state)
      return fail(ErrorCode::kInvalidArgument,
                  "state must be one or several, with commas between, of queued, running, waiting, "
                  "needs_attention, completed, failed and cancelled");
    if (std::ranges::find(states, *state) == states.end()) states.push_back(*state);
  }
  return states;
}

}  // namespace pryx::agent
