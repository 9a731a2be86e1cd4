// SPDX-License-Identifier: MIT
// Sessions in a list: newest first, and those in which something was said.
#include <algorithm>
#include <unordered_set>

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
// Two ways to read hits: newest first straight off the index, or by rank the newest 20,000 up to one.
constexpr std::string_view kSearchNewest =
    "SELECT m.session_id, m.parts, m.seq FROM messages_fts f CROSS JOIN messages m ON m.seq = f.rowid WHERE "
    "messages_fts MATCH $2 AND m.principal_id = $1"
    " AND f.rowid < $3 ORDER BY f.rowid DESC";
constexpr std::string_view kWindowStart =
    "SELECT coalesce((SELECT rowid FROM messages_fts WHERE messages_fts MATCH $1 AND rowid <= $2 ORDER BY "
    "rowid DESC LIMIT 1 OFFSET 20000), 0)";
constexpr std::string_view kRanks =
    "SELECT rank, rowid FROM messages_fts WHERE messages_fts MATCH $1 AND rowid > $2 AND rowid <= $3";
constexpr std::string_view kHitMessage =
    "SELECT session_id, parts FROM messages WHERE seq = $1 AND principal_id = $2";
constexpr std::string_view kHitsFrom =
    "SELECT rowid FROM messages_fts WHERE messages_fts MATCH $1 AND rowid >= $2 ORDER BY rowid LIMIT $3";
constexpr std::string_view kNextOfSession =
    "SELECT seq FROM messages WHERE principal_id = $1 AND session_id = $2 AND seq >= $3 ORDER BY seq LIMIT 1";

// What is ranked, and so how far the pages by relevance reach.
constexpr std::int64_t kWindow = 20'000;
// Hits that one page reads: each may be a message elsewhere on the disk. A page whose filters let little
// through ends here, short or even empty, and the next one goes on.
constexpr std::size_t kMostHits = 500;
// How much of the hits before a page is read to tell who was shown: pieces of so many, so many pieces, and
// so many steps in them. Who cannot be told apart in that may be shown again.
constexpr std::int64_t kPiece = 5'000;
constexpr std::size_t kMostPieces = 16;
constexpr int kMostSteps = 2'000;

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

bool fits(const Session& session, const SessionQuery& query) {
  if (!query.status.empty() && session.status != query.status) return false;
  if (!query.agent.empty() && session.agent != query.agent) return false;
  const bool is_state =
      session.last_state && std::ranges::find(query.states, *session.last_state) != query.states.end();
  if (!query.states.empty() && !is_state) return false;
  if (query.after && session.updated_at < *query.after) return false;
  return !query.before || session.updated_at < *query.before;
}

// The hits before a page, by their seq: a session that has one of them came on an earlier page.
class PassedHits {
 public:
  PassedHits(db::Connection& c, const PrincipalId& principal, const std::string& match)
      : c_(c), principal_(principal), match_(match) {}

  // All hits from one to another; read when somebody asks.
  void set_range(std::int64_t first, std::int64_t last) {
    first_ = first;
    last_ = last;
  }
  // These and no others.
  void set(std::vector<std::int64_t> hits) {
    if (hits.empty()) return;
    std::ranges::sort(hits);
    set_range(hits.front(), hits.back());
    pieces_.push_back({first_, INT64_MAX, std::move(hits)});
  }

  // Leaps from a message of the session to the next hit and back, so that neither a long session nor a
  // common word is read through.
  [[nodiscard]] Result<bool> include(const SessionId& session) {
    std::int64_t at = first_;
    while (at <= last_ && steps_++ < kMostSteps) {
      PRYX_TRY(const auto seq, c_.find(kNextOfSession, read_seq, principal_, session, at));
      if (!seq || *seq > last_) return false;
      PRYX_TRY(const Piece* piece, find_piece(*seq));
      if (piece == nullptr) return false;
      const auto hit = std::ranges::lower_bound(piece->hits, *seq);
      if (hit == piece->hits.end()) {
        at = piece->to;
      } else {
        if (*hit == *seq) return true;
        at = *hit;
      }
    }
    return false;
  }

 private:
  // The hits from `from` to before `to`.
  struct Piece {
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::vector<std::int64_t> hits;
  };

  static std::int64_t read_seq(const db::Row& r) { return r.integer(0); }

  // Null when no more may be read.
  Result<const Piece*> find_piece(std::int64_t seq) {
    if (pieces_.empty()) PRYX_TRY_VOID(add_piece(first_));
    for (const Piece& piece : pieces_)
      if (piece.from <= seq && seq < piece.to) return &piece;
    if (pieces_.size() >= kMostPieces) return nullptr;
    // Round beginnings, so that neighbours share a piece; a full one reaches at least to the next.
    PRYX_TRY_VOID(add_piece(std::max(first_, seq - seq % kPiece)));
    return &pieces_.back();
  }

  Result<void> add_piece(std::int64_t from) {
    Piece piece{from, INT64_MAX, {}};
    PRYX_TRY(piece.hits, c_.list(kHitsFrom, read_seq, match_, from, kPiece));
    if (static_cast<std::int64_t>(piece.hits.size()) == kPiece) piece.to = piece.hits.back() + 1;
    pieces_.push_back(std::move(piece));
    return {};
  }

  db::Connection& c_;
  const PrincipalId& principal_;
  const std::string& match_;
  std::int64_t first_ = 0;
  std::int64_t last_ = -1;  // none
  std::vector<Piece> pieces_;
  int steps_ = 0;
};

// The sessions of one page, each with its first hit, in the order in which hits come.
class SearchPage {
 public:
  SearchPage(db::Connection& c, const PrincipalId& principal, const SessionQuery& query, PassedHits& passed)
      : c_(c),
        principal_(principal),
        query_(query),
        passed_(passed),
        limit_(static_cast<std::size_t>(clamp_limit(query.page.limit))) {}

  // Of a row with the hit's session and parts. False: the next page begins with it, because this one is full
  // or has read enough.
  [[nodiscard]] Result<bool> take(const db::Row& hit) {
    if (hits_ == kMostHits) return false;
    if (const std::string id = hit.text(0); !seen_.contains(id)) {
      if (page.items.size() == limit_) return false;
      seen_.insert(id);
      PRYX_TRY_VOID(add(SessionId(id), hit));
    }
    ++hits_;
    return true;
  }

  Paged<SessionHit> page;

 private:
  Result<void> add(const SessionId& id, const db::Row& hit) {
    PRYX_TRY(auto session, SessionStore::find_session(c_, principal_, id));
    if (!session || session->hidden || !fits(*session, query_)) return {};
    PRYX_TRY(const bool was_shown, passed_.include(id));
    if (!was_shown) page.items.push_back({std::move(*session), make_snippet(hit.text(1), query_.query)});
    return {};
  }

  db::Connection& c_;
  const PrincipalId& principal_;
  const SessionQuery& query_;
  PassedHits& passed_;
  std::size_t limit_;
  std::size_t hits_ = 0;
  std::unordered_set<std::string> seen_;
};

// Where a search goes on: "top:at". Hits above `top` came after the first page was read, and are left out:
// they would push others along or make those look shown whose turn is yet to come.
struct SearchCursor {
  std::int64_t top = 0;
  std::int64_t at = 0;
};

std::unexpected<Error> foreign_cursor() {
  return fail(ErrorCode::kInvalidArgument, "the cursor is not one of ours; start without it");
}

Result<SearchCursor> search_cursor(std::string_view cursor, SearchCursor start) {
  if (cursor.empty()) return start;
  const std::size_t colon = cursor.find(':');
  if (colon == std::string_view::npos) return foreign_cursor();
  SearchCursor out;
  PRYX_TRY(out.top, number_cursor(cursor.substr(0, colon), -1));
  PRYX_TRY(out.at, number_cursor(cursor.substr(colon + 1), -1));
  if (out.top < 0 || out.at < 0) return foreign_cursor();
  return out;
}

// Newest hit first; the cursor is at the last hit that was read.
Result<Paged<SessionHit>> search_newest(db::Connection& c, const PrincipalId& principal,
                                        const SessionQuery& query, const std::string& match) {
  PRYX_TRY(const SearchCursor from, search_cursor(query.page.cursor, {INT64_MAX, INT64_MAX}));
  if (from.at > from.top) return foreign_cursor();
  PassedHits passed(c, principal, match);
  if (!query.page.cursor.empty()) passed.set_range(from.at, from.top);
  SearchPage found(c, principal, query, passed);
  Result<bool> taken = true;
  SearchCursor next = from;
  PRYX_TRY_VOID(c.each(
      kSearchNewest,
      [&](const db::Row& r) {
        taken = found.take(r);
        if (!taken || !*taken) return false;
        next.at = r.integer(2);
        if (next.top == INT64_MAX) next.top = next.at;
        return true;
      },
      principal, match, from.at));
  PRYX_TRY(const bool took_all, std::move(taken));
  if (!took_all) found.page.next_cursor = time_cursor_text(next.top, std::to_string(next.at));
  return std::move(found.page);
}

// Best first, the newer first among equals.
Result<std::vector<std::int64_t>> rank_hits(db::Connection& c, const std::string& match, std::int64_t top) {
  PRYX_TRY(const std::int64_t start, c.count(kWindowStart, match, top));
  PRYX_TRY(auto ranks, c.list(
                           kRanks, [](const db::Row& r) { return std::pair(r.real(0), -r.integer(1)); },
                           match, start, top));
  std::ranges::sort(ranks);
  std::vector<std::int64_t> seqs;
  seqs.reserve(ranks.size());
  for (const auto& [rank, negative] : ranks) seqs.push_back(-negative);
  return seqs;
}

// Best hit first; the cursor is at how many were read.
Result<Paged<SessionHit>> search_relevant(db::Connection& c, const PrincipalId& principal,
                                          const SessionQuery& query, const std::string& match) {
  PRYX_TRY(const SearchCursor from, search_cursor(query.page.cursor, {INT64_MAX, 0}));
  if (from.at > kWindow) return foreign_cursor();
  PRYX_TRY(const auto ranked, rank_hits(c, match, from.top));
  const std::size_t begin = std::min(static_cast<std::size_t>(from.at), ranked.size());
  PassedHits passed(c, principal, match);
  passed.set({ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(begin)});
  SearchPage found(c, principal, query, passed);
  for (std::size_t at = begin; at < ranked.size(); ++at) {
    Result<bool> taken = true;
    PRYX_TRY_VOID(
        c.each(kHitMessage, [&](const db::Row& r) { taken = found.take(r); }, ranked[at], principal));
    PRYX_TRY(const bool goes_on, std::move(taken));
    if (goes_on) continue;
    found.page.next_cursor = time_cursor_text(std::ranges::max(ranked), std::to_string(at));
    break;
  }
  return std::move(found.page);
}

Result<Paged<SessionHit>> search_sessions(db::Connection& c, const PrincipalId& principal,
                                          const SessionQuery& query) {
  PRYX_TRY_VOID(check_prefixes(query.query));
  const std::string match = fts_query(query.query);
  if (match.empty()) return Paged<SessionHit>();
  return query.by_relevance ? search_relevant(c, principal, query, match)
                            : search_newest(c, principal, query, match);
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
