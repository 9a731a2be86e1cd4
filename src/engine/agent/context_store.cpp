// SPDX-License-Identifier: MIT
#include "engine/agent/context_store.h"

#include <algorithm>

#include "engine/agent/session_store.h"

namespace pryx::agent {
namespace {

constexpr std::string_view kInsertCompaction =
    "INSERT INTO compactions (principal_id, session_id, seq, message_id, turn_id, covered, tokens_before, "
    "tokens_after, dropped, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)";
constexpr std::string_view kCompactions =
    "SELECT principal_id, session_id, seq, message_id, turn_id, covered, tokens_before, tokens_after, "
    "dropped, "
    "created_at, undone_at FROM compactions WHERE principal_id = $1 AND session_id = $2 ORDER BY seq";
constexpr std::string_view kCoverOne =
    "UPDATE messages SET covered_by = $4 WHERE principal_id = $1 AND session_id = $2 AND id = $3 AND "
    "covered_by = ''";
// Summaries are always read, and the turn's own messages are.
#define PRYX_UNREAD                                                                                          \
  " WHERE principal_id = $1 AND session_id = $2 AND seq <= $3 AND covered_by = '' AND role <> 'system' AND " \
  "id NOT IN (SELECT message_id FROM compactions WHERE principal_id = $1 AND session_id = $2) AND NOT "      \
  "EXISTS (SELECT 1 FROM turns t WHERE t.id = messages.turn_id AND (t.seq > $4 OR t.id = $5 OR t.state IN "  \
  "('queued','running','waiting','needs_attention')))"
constexpr std::string_view kCountUnread = "SELECT count(*) FROM messages" PRYX_UNREAD;
constexpr std::string_view kCoverUnread = "UPDATE messages SET covered_by = $6" PRYX_UNREAD;
#undef PRYX_UNREAD
constexpr std::string_view kUncover =
    "UPDATE messages SET covered_by = '' WHERE principal_id = $1 AND session_id = $2 AND covered_by = $3";
constexpr std::string_view kFindState =
    "SELECT model, permille, used, context_limit, updated_at FROM context_state WHERE principal_id = $1 AND "
    "session_id = $2 AND model = $3";
constexpr std::string_view kStates =
    "SELECT model, permille, used, context_limit, updated_at FROM context_state WHERE principal_id = $1 AND "
    "session_id = $2 ORDER BY model";
constexpr std::string_view kNewestState =
    "SELECT model, permille, used, context_limit, updated_at FROM context_state WHERE principal_id = $1 AND "
    "session_id = $2 ORDER BY updated_at DESC LIMIT 1";
constexpr std::int64_t kLeastPermille = 500;
constexpr std::int64_t kMostPermille = 2000;
constexpr std::int64_t kTooFewTokens = 200;  // below, what the wire adds says more than the text

Compaction read_compaction(const db::Row& r) {
  Compaction c;
  c.principal = r.id<PrincipalId>(0);
  c.session = r.id<SessionId>(1);
  c.seq = r.integer(2);
  c.message = r.id<MessageId>(3);
  c.turn = r.id<TurnId>(4);
  c.covered = r.integer(5);
  c.tokens_before = r.integer(6);
  c.tokens_after = r.integer(7);
  c.dropped = r.boolean(8);
  c.created_at = r.time(9);
  c.undone_at = r.optional_time(10);
  return c;
}

Pin read_pin(const db::Row& r) {
  Pin p;
  p.principal = r.id<PrincipalId>(0);
  p.session = r.id<SessionId>(1);
  p.id = r.id<PinId>(2);
  p.kind = r.text(3);
  p.text = r.text(4);
  p.message = r.id<MessageId>(5);
  auto labels = trust::Labels::parse(r.view(6));
  p.labels = labels ? std::move(*labels) : trust::Labels::unreadable();
  p.created_at = r.time(7);
  return p;
}

ContextState read_state(const db::Row& r) {
  return {r.text(0), r.integer(1), r.integer(2), r.integer(3), r.time(4)};
}

Result<void> insert(db::Connection& c, const Compaction& it) {
  // As text: a copy in a fork has no turn of its own there, and an empty id would be NULL.
  PRYX_TRY_VOID(c.run(kInsertCompaction, it.principal, it.session, it.seq, it.message, it.turn.str(),
                      it.covered, it.tokens_before, it.tokens_after, it.dropped, it.created_at));
  return {};
}

}  // namespace

json::object Pin::to_json() const {
  return {{"id", id.str()},
          {"kind", kind},
          {"text", text},
          {"message_id", message.empty() ? json::value(nullptr) : json::value(message.str())},
          {"labels", labels.to_json()},
          {"created_at", to_rfc3339(created_at)}};
}

json::object Compaction::to_json() const {
  return {{"message_id", message.str()},
          {"turn_id", turn.empty() ? json::value(nullptr) : json::value(turn.str())},
          {"covered", covered},
          {"tokens_before", tokens_before},
          {"tokens_after", tokens_after},
          {"dropped", dropped},
          {"created_at", to_rfc3339(created_at)},
          {"undone_at", undone_at ? json::value(to_rfc3339(*undone_at)) : json::value(nullptr)}};
}

Result<void> ContextStore::cover(db::Connection& c, Message& summary, Compaction compaction) {
  PRYX_TRY_VOID(SessionStore::insert_message(c, summary));
  for (const std::string& id : summary.parts.front().covers)
    PRYX_TRY_VOID(c.run(kCoverOne, summary.principal, summary.session, id, summary.id));
  compaction.seq = summary.seq;
  return insert(c, compaction);
}

Result<std::int64_t> ContextStore::count_unread(db::Connection& c, const Turn& turn, std::int64_t unread_to) {
  return c.count(kCountUnread, turn.principal, turn.session, unread_to, turn.seq, turn.id.str());
}

Result<std::int64_t> ContextStore::cover_unread(db::Connection& c, const Turn& turn, std::int64_t unread_to,
                                                const MessageId& summary) {
  return c.run(kCoverUnread, turn.principal, turn.session, unread_to, turn.seq, turn.id.str(), summary);
}

Result<std::optional<Compaction>> ContextStore::uncover(db::Connection& c, const PrincipalId& principal,
                                                        const SessionId& session, WallTime at) {
  PRYX_TRY(auto all, list_compactions(c, principal, session));
  const auto newest =
      std::ranges::find_if(all.rbegin(), all.rend(), [](const Compaction& it) { return !it.undone_at; });
  if (newest == all.rend()) return std::optional<Compaction>();
  newest->undone_at = at;
  PRYX_TRY_VOID(c.run(kUncover, principal, session, newest->message));
  // The summary stays in the transcript and out of the prompt.
  PRYX_TRY_VOID(c.run(kCoverOne, principal, session, newest->message, newest->message));
  PRYX_TRY_VOID(
      c.run("UPDATE compactions SET undone_at = $4 WHERE principal_id = $1 AND session_id = $2 AND seq = $3",
            principal, session, newest->seq, at));
  return std::optional(*newest);
}

Result<std::vector<Compaction>> ContextStore::list_compactions(db::Connection& c,
                                                               const PrincipalId& principal,
                                                               const SessionId& session) {
  return c.list(kCompactions, read_compaction, principal, session);
}

Result<void> ContextStore::copy(db::Connection& c, const Session& from, const Session& to,
                                const std::map<MessageId, MessageId>& copies) {
  PRYX_TRY(const auto compactions, list_compactions(c, from.principal, from.id));
  for (Compaction it : compactions) {
    const auto summary = copies.find(it.message);
    if (summary == copies.end()) continue;  // the fork ends before it: its messages stand for themselves
    PRYX_TRY(const auto covered,
             c.list(
                 "SELECT id FROM messages WHERE principal_id = $1 AND session_id = $2 AND covered_by = $3",
                 [](const db::Row& r) { return r.id<MessageId>(0); }, from.principal, from.id, it.message));
    for (const MessageId& id : covered) {
      const auto copied = copies.find(id);
      if (copied != copies.end())
        PRYX_TRY_VOID(c.run(kCoverOne, to.principal, to.id, copied->second, summary->second));
    }
    PRYX_TRY(it.seq,
             c.count("SELECT seq FROM messages WHERE principal_id = $1 AND session_id = $2 AND id = $3",
                     to.principal, to.id, summary->second));
    it.session = to.id;
    it.message = summary->second;
    it.turn = {};
    PRYX_TRY_VOID(insert(c, it));
    if (it.undone_at)
      PRYX_TRY_VOID(c.run(
          "UPDATE compactions SET undone_at = $4 WHERE principal_id = $1 AND session_id = $2 AND seq = $3",
          to.principal, to.id, it.seq, *it.undone_at));
  }
  PRYX_TRY(auto pins, list_pins(c, from.principal, from.id));
  for (Pin& pin : pins) {
    pin.session = to.id;
    const auto said = copies.find(pin.message);
    pin.message = said == copies.end() ? MessageId() : said->second;
    PRYX_TRY_VOID(insert_pin(c, pin));
  }
  return {};
}

Result<std::set<TurnId>> ContextStore::open_turns(db::Connection& c, const PrincipalId& principal,
                                                  const SessionId& session) {
  PRYX_TRY(const auto open,
           c.list(
               "SELECT id FROM turns WHERE principal_id = $1 AND session_id = $2 AND state IN "
               "('queued','running','waiting','needs_attention')",
               [](const db::Row& r) { return r.id<TurnId>(0); }, principal, session));
  return std::set<TurnId>(open.begin(), open.end());
}

Result<void> ContextStore::insert_pin(db::Connection& c, const Pin& pin) {
  PRYX_TRY(const auto there, c.count("SELECT count(*) FROM pins WHERE principal_id = $1 AND session_id = $2",
                                     pin.principal, pin.session));
  if (there >= static_cast<std::int64_t>(kMaxPins))
    return fail(ErrorCode::kConflict, "session {} has {} pins already; take one away first",
                pin.session.str(), there);
  PRYX_TRY_VOID(
      c.run("INSERT INTO pins (principal_id, session_id, id, kind, text, message_id, labels, created_at) "
            "VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
            pin.principal, pin.session, pin.id, pin.kind, pin.text, pin.message.str(), pin.labels.to_text(),
            pin.created_at));
  return {};
}

Result<bool> ContextStore::delete_pin(db::Connection& c, const PrincipalId& principal,
                                      const SessionId& session, const PinId& id) {
  PRYX_TRY(const auto changed,
           c.run("DELETE FROM pins WHERE principal_id = $1 AND session_id = $2 AND id = $3", principal,
                 session, id));
  return changed > 0;
}

Result<std::vector<Pin>> ContextStore::list_pins(db::Connection& c, const PrincipalId& principal,
                                                 const SessionId& session) {
  return c.list(
      "SELECT principal_id, session_id, id, kind, text, message_id, labels, created_at FROM pins WHERE "
      "principal_id = $1 AND session_id = $2 ORDER BY id",
      read_pin, principal, session);
}

Result<void> ContextStore::save_state(db::Connection& c, const PrincipalId& principal,
                                      const SessionId& session, const ContextState& state) {
  PRYX_TRY_VOID(
      c.run("INSERT OR REPLACE INTO context_state (principal_id, session_id, model, permille, used, "
            "context_limit, updated_at) VALUES ($1,$2,$3,$4,$5,$6,$7)",
            principal, session, state.model, state.permille, state.used, state.limit, state.updated_at));
  return {};
}

Result<std::optional<ContextState>> ContextStore::find_state(db::Connection& c, const PrincipalId& principal,
                                                             const SessionId& session,
                                                             std::string_view model) {
  return c.find(kFindState, read_state, principal, session, model);
}

Result<std::vector<ContextState>> ContextStore::list_states(db::Connection& c, const PrincipalId& principal,
                                                            const SessionId& session) {
  return c.list(kStates, read_state, principal, session);
}

Result<std::optional<ContextState>> ContextStore::newest_state(db::Connection& c,
                                                               const PrincipalId& principal,
                                                               const SessionId& session) {
  return c.find(kNewestState, read_state, principal, session);
}

std::int64_t corrected_permille(std::int64_t permille, std::int64_t estimated, std::int64_t counted) {
  if (estimated < kTooFewTokens || counted <= 0) return permille;
  const std::int64_t seen = std::clamp(counted * 1000 / estimated, kLeastPermille, kMostPermille);
  return (permille + seen) / 2;
}

}  // namespace pryx::agent
