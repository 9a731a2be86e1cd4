// SPDX-License-Identifier: MIT
// Sessions in a list: newest first, and those in which something was said.
#include <algorithm>

#include "engine/agent/session_store.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

// The newest bound stands apart from the tie, so that the index begins where the page does.
#define PRYX_WITHIN                                                                                      \
  " AND s.updated_at <= $2 AND s.updated_at >= $4 AND (s.updated_at < $2 OR s.id < $3) AND ($5 = '' OR " \
  "s.status = $5) AND ($6 = '' OR s.agent = $6)"
#define PRYX_NEWEST " ORDER BY s.updated_at DESC, s.id DESC LIMIT $7"
constexpr std::string_view kAll =
    "SELECT s.updated_at, s.id FROM sessions s WHERE s.principal_id = $1 AND s.hidden = 0" PRYX_WITHIN
        PRYX_NEWEST;
// The list of states is what makes the index of ended ones fit.
constexpr std::string_view kEnded =
    "SELECT s.updated_at, s.id FROM sessions s WHERE s.principal_id = $1 AND s.hidden = 0 AND s.last_state = "
    "$8 AND s.last_state IN ('needs_attention','completed','failed','cancelled')" PRYX_WITHIN PRYX_NEWEST;
// Turns under way are few, so their sessions are found from there.
constexpr std::string_view kOpen =
    "SELECT s.updated_at, s.id FROM (SELECT DISTINCT session_id FROM turns WHERE state IN "
    "('queued','running','waiting')) o CROSS JOIN sessions s WHERE s.principal_id = $1 AND s.id = "
    "o.session_id AND s.hidden = 0 AND s.last_state = $8" PRYX_WITHIN PRYX_NEWEST;
#undef PRYX_WITHIN
#undef PRYX_NEWEST
// Two ways to read hits: newest first straight off the index, or the best of the newest 20,000.
constexpr std::string_view kSearchNewest =
    "SELECT m.seq, m.session_id, m.parts FROM messages_fts f CROSS JOIN messages m ON m.seq = f.rowid WHERE "
    "messages_fts MATCH $2 AND m.principal_id = $1"
    " AND f.rowid < $3 ORDER BY f.rowid DESC";
constexpr std::string_view kSearchRelevant =
    "SELECT m.seq, m.session_id, m.parts FROM (SELECT rowid AS hit, rank AS r FROM messages_fts WHERE "
    "messages_fts MATCH $2 AND rowid > $3 ORDER BY rank LIMIT 1000) h"
    " JOIN messages m ON m.seq = h.hit WHERE m.principal_id = $1 ORDER BY h.r";
constexpr std::string_view kWindowStart =
    "SELECT coalesce((SELECT rowid FROM messages_fts WHERE messages_fts MATCH $1 ORDER BY rowid DESC LIMIT 1 "
    "OFFSET 20000), 0)";

struct Place {
  std::int64_t at = 0;
  SessionId session;
};

Place read_place(const db::Row& r) { return {r.integer(0), r.id<SessionId>(1)}; }

// What is filtered and where the page begins.
struct Bounds {
  const SessionQuery& query;
  TimeCursor from;
  std::int64_t limit = 0;
};

Result<void> add_places(db::Connection& c, const PrincipalId& principal, const Bounds& bounds,
                        TurnState state, std::vector<Place>& out) {
  const SessionQuery& query = bounds.query;
  return c.each(
      is_under_way(state) ? db::Sql(kOpen) : kEnded, [&](const db::Row& r) { out.push_back(read_place(r)); },
      principal, bounds.from.time, bounds.from.tie, query.after ? query.after->unix_ms : 0, query.status,
      query.agent, bounds.limit, to_text(state));
}

Result<std::vector<Place>> find_places(db::Connection& c, const PrincipalId& principal,
                                       const Bounds& bounds) {
  const SessionQuery& query = bounds.query;
  if (query.states.empty())
    return c.list(kAll, read_place, principal, bounds.from.time, bounds.from.tie,
                  query.after ? query.after->unix_ms : 0, query.status, query.agent, bounds.limit);
  std::vector<Place> places;
  for (const TurnState state : query.states) PRYX_TRY_VOID(add_places(c, principal, bounds, state, places));
  std::ranges::sort(places, std::greater<>(),
                    [](const Place& p) { return std::pair(p.at, p.session.str()); });
  if (static_cast<std::int64_t>(places.size()) > bounds.limit)
    places.resize(static_cast<std::size_t>(bounds.limit));
  return places;
}

// The words around the first query word, for a list.
std::string make_snippet(const std::string& parts, std::string_view query) {
  Message m;
  m.parts = parts_from_text(parts);
  const std::string text = m.text();
  const std::string lower = lower_ascii(text);
  std::size_t at = std::string::npos;
  for (std::string_view word : split(query, ' ')) {
    word = trim(word);
    if (word.ends_with('*')) word.remove_suffix(1);
    if (!word.empty()) at = std::min(at, lower.find(lower_ascii(word)));
  }
  if (at == std::string::npos) at = 0;
  std::size_t from = at > 60 ? at - 60 : 0;
  while (from > 0 && from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) --from;
  std::string snippet(utf8_prefix(std::string_view(text).substr(from), 160));
  std::replace(snippet.begin(), snippet.end(), '\n', ' ');
  return (from > 0 ? "…" : "") + snippet;
}

struct Seen {
  SessionId session;
  std::int64_t seq = 0;
  std::string parts;
};

// The first hit of each session, in the order hits come, until `limit` sessions are found.
Result<std::vector<Seen>> first_hits(db::Connection& c, db::Sql sql, const PrincipalId& principal,
                                     const std::string& match, std::int64_t bound, std::size_t limit,
                                     std::int64_t& last_seq) {
  std::vector<Seen> seen;
  PRYX_TRY_VOID(c.each(
      sql,
      [&](const db::Row& r) -> bool {
        const SessionId session = r.id<SessionId>(1);
        if (std::none_of(seen.begin(), seen.end(), [&](const Seen& s) { return s.session == session; })) {
          if (seen.size() == limit) return false;
          seen.push_back({session, r.integer(0), r.text(2)});
        }
        last_seq = r.integer(0);
        return true;
      },
      principal, match, bound));
  return seen;
}

bool fits(const Session& session, const SessionQuery& query) {
  if (!query.status.empty() && session.status != query.status) return false;
  if (!query.agent.empty() && session.agent != query.agent) return false;
  const bool is_state =
      session.last_state && std::ranges::find(query.states, *session.last_state) != query.states.end();
  if (!query.states.empty() && !is_state) return false;
  if (query.after && session.updated_at < *query.after) return false;
  return !query.before || session.updated_at < *query.before;
}

Result<Paged<SessionHit>> search_sessions(db::Connection& c, const PrincipalId& principal,
                                          const SessionQuery& query) {
  Paged<SessionHit> page;
  PRYX_TRY_VOID(check_prefixes(query.query));
  const std::string match = fts_query(query.query);
  if (match.empty()) return page;
  const auto limit = static_cast<std::size_t>(clamp_limit(query.page.limit));
  std::int64_t last_seq = 0;
  std::vector<Seen> hits;
  if (query.by_relevance) {
    PRYX_TRY(const auto window, c.count(kWindowStart, match));
    PRYX_TRY(hits, first_hits(c, kSearchRelevant, principal, match, window, limit, last_seq));
  } else {
    PRYX_TRY(const std::int64_t before, number_cursor(query.page.cursor, INT64_MAX));
    PRYX_TRY(hits, first_hits(c, kSearchNewest, principal, match, before, limit, last_seq));
    if (hits.size() == limit) page.next_cursor = std::to_string(last_seq);
  }
  for (const Seen& hit : hits) {
    PRYX_TRY(auto session, SessionStore::find_session(c, principal, hit.session));
    if (!session || session->hidden || !fits(*session, query)) continue;
    page.items.push_back({std::move(*session), make_snippet(hit.parts, query.query)});
  }
  return page;
}

}  // namespace

Result<Paged<SessionHit>> SessionStore::list_sessions(db::Connection& c, const PrincipalId& principal,
                                                      const SessionQuery& query) {
  if (!trim(query.query).empty()) return search_sessions(c, principal, query);
  PRYX_TRY(const TimeCursor from,
           time_cursor(query.page.cursor, query.before ? query.before->unix_ms : INT64_MAX));
  const std::int64_t limit = clamp_limit(query.page.limit);
  PRYX_TRY(const auto places, find_places(c, principal, {query, from, limit}));
  Paged<SessionHit> page;
  for (const Place& place : places) {
    PRYX_TRY(auto session, find_session(c, principal, place.session));
    if (session) page.items.push_back({std::move(*session), {}});
  }
  if (static_cast<std::int64_t>(places.size()) == limit)
    page.next_cursor = time_cursor_text(places.back().at, places.back().session.str());
  return page;
}

}  // namespace pryx::agent
