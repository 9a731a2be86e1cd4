// SPDX-License-Identifier: MIT
#include "engine/agent/session_store.h"

#include <algorithm>

#include "engine/agent/result_refs.h"
#include "engine/agent/session_document.h"

namespace pryx::agent {
namespace {

#define PRYX_SESSION_COLUMNS                                                                                 \
  "id, workspace_id, agent, model, title, status, hidden, surface, parent_id, message_count, unread, "       \
  "created_at, updated_at, principal_id, last_turn_id, last_state, input_tokens, output_tokens, cost_nano, " \
  "model_calls, unpriced_calls"
constexpr std::string_view kGetSession =
    "SELECT " PRYX_SESSION_COLUMNS " FROM sessions WHERE principal_id = $1 AND id = $2";
#undef PRYX_SESSION_COLUMNS
// The key begins with the principal: one step for each of them instead of a look at every session.
constexpr std::string_view kCountOfAnybody =
    "WITH RECURSIVE p(id) AS (SELECT min(principal_id) FROM sessions UNION ALL SELECT (SELECT "
    "min(principal_id) FROM sessions WHERE principal_id > p.id) FROM p WHERE p.id IS NOT NULL) "
    "SELECT count(*) FROM p JOIN sessions s ON s.principal_id = p.id AND s.id = $1";
// One that has work left or waits for a person's word, itself or in a session of the sub-agents below it,
// which go with it, stays.
constexpr std::string_view kOldHidden =
    "SELECT principal_id, id FROM sessions s WHERE hidden = 1 AND updated_at < $1 AND NOT EXISTS (SELECT 1 "
    "FROM turns t WHERE t.principal_id = s.principal_id AND t.session_id = s.id AND t.state IN "
    "('queued','running','waiting','needs_attention')) AND NOT EXISTS (WITH RECURSIVE below(id) AS (SELECT "
    "session_id FROM sub_agents WHERE principal_id = s.principal_id AND parent_session = s.id UNION SELECT "
    "a.session_id FROM sub_agents a JOIN below b ON a.parent_session = b.id WHERE a.principal_id = "
    "s.principal_id) SELECT 1 FROM below b JOIN turns c ON c.session_id = b.id WHERE c.principal_id = "
    "s.principal_id AND c.state IN ('queued','running','waiting','needs_attention')) ORDER BY updated_at "
    "LIMIT $2";
constexpr std::string_view kInsertSession =
    "INSERT INTO sessions (principal_id, id, workspace_id, agent, model, title, status, hidden, surface, "
    "parent_id, message_count, unread, created_at, updated_at)"
    " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,0,0,$11,$11)";
constexpr std::string_view kBumpSession =
    "UPDATE sessions SET message_count = message_count + 1, updated_at = $3 WHERE principal_id = $1 AND id = "
    "$2 RETURNING hidden";
constexpr std::string_view kIsHidden = "SELECT hidden FROM sessions WHERE principal_id = $1 AND id = $2";
#define PRYX_MESSAGE_COLUMNS "seq, id, role, turn_id, step_id, parts, created_at, session_id, principal_id"
constexpr std::string_view kInsertMessage =
    "INSERT INTO messages (principal_id, session_id, id, role, turn_id, step_id, parts, streaming, "
    "created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)";
constexpr std::string_view kMessagesFrom =
    "SELECT " PRYX_MESSAGE_COLUMNS
    " FROM messages WHERE principal_id = $1 AND session_id = $2 AND seq > $3 ORDER BY seq LIMIT $4";
constexpr std::string_view kMessagesBefore =
    "SELECT " PRYX_MESSAGE_COLUMNS
    " FROM messages WHERE principal_id = $1 AND session_id = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4";
constexpr std::string_view kGetMessage =
    "SELECT " PRYX_MESSAGE_COLUMNS " FROM messages WHERE principal_id = $1 AND session_id = $2 AND id = $3";
constexpr std::string_view kStreaming =
    "SELECT " PRYX_MESSAGE_COLUMNS
    " FROM messages WHERE principal_id = $1 AND turn_id = $2 AND streaming = 1";
#undef PRYX_MESSAGE_COLUMNS
// Messages without a turn (the history a stateless front brings, a fork's copies) were there before the first
// one.
constexpr std::string_view kMessagesBack =
    "SELECT m.seq, m.id, m.role, m.turn_id, m.step_id, m.parts, m.created_at, m.session_id, m.principal_id, "
    "coalesce(t.seq, 0)"
    " FROM messages m LEFT JOIN turns t ON t.id = m.turn_id"
    " WHERE m.principal_id = $1 AND m.session_id = $2 AND m.covered_by = '' AND coalesce(t.seq, 0) <= $3 "
    "ORDER BY m.seq DESC";
constexpr std::string_view kSummaries =
    "SELECT m.seq, m.id, m.role, m.turn_id, m.step_id, m.parts, m.created_at, m.session_id, m.principal_id, "
    "coalesce(t.seq, 0)"
    " FROM messages m LEFT JOIN turns t ON t.id = m.turn_id"
    " WHERE m.principal_id = $1 AND m.session_id = $2 AND m.covered_by = '' AND coalesce(t.seq, 0) <= $3 "
    "AND m.id IN (SELECT message_id FROM compactions WHERE principal_id = $1 AND session_id = $2)";
constexpr std::string_view kCountHistory =
    "SELECT count(*) FROM messages m LEFT JOIN turns t ON t.id = m.turn_id"
    " WHERE m.principal_id = $1 AND m.session_id = $2 AND m.covered_by = '' AND coalesce(t.seq, 0) <= $3";
constexpr std::string_view kIndexMessage = "INSERT INTO messages_fts (rowid, text) VALUES ($1, $2)";
constexpr std::string_view kDropIndex = "DELETE FROM messages_fts WHERE rowid = $1";
constexpr std::string_view kUpdateMessage =
    "UPDATE messages SET parts = $3, streaming = $4 WHERE principal_id = $1 AND seq = $2";

Session read_session(const db::Row& r) {
  Session s;
  s.id = r.id<SessionId>(0);
  s.workspace = r.id<WorkspaceId>(1);
  s.agent = r.text(2);
  s.model = r.text(3);
  s.title = r.text(4);
  s.status = r.text(5);
  s.hidden = r.boolean(6);
  s.surface = r.text(7);
  s.parent = r.id<SessionId>(8);
  s.message_count = r.integer(9);
  s.unread = r.boolean(10);
  s.created_at = r.time(11);
  s.updated_at = r.time(12);
  s.principal = r.id<PrincipalId>(13);
  s.last_turn = r.id<TurnId>(14);
  s.last_state = turn_state_from_text(r.view(15));
  s.input_tokens = r.integer(16);
  s.output_tokens = r.integer(17);
  s.cost_nano = r.integer(18);
  s.model_calls = r.integer(19);
  s.unpriced_calls = r.integer(20);
  return s;
}

Workspace read_workspace(const db::Row& r) {
  Workspace w;
  w.principal = r.id<PrincipalId>(0);
  w.id = r.id<WorkspaceId>(1);
  w.path = r.text(2);
  w.name = r.text(3);
  w.is_private = r.boolean(4);
  w.created_at = r.time(5);
  return w;
}

std::string parts_to_text(const std::vector<Part>& parts) {
  json::array list;
  for (const Part& part : parts) list.push_back(part.to_record());
  return json::to_text(json::value(std::move(list)));
}

Message read_message(const db::Row& r) {
  Message m;
  m.seq = r.integer(0);
  m.id = r.id<MessageId>(1);
  m.role = role_from_text(r.view(2));
  m.turn = r.id<TurnId>(3);
  m.step = r.id<StepId>(4);
  m.parts = parts_from_text(r.view(5));
  m.created_at = r.time(6);
  m.session = r.id<SessionId>(7);
  m.principal = r.id<PrincipalId>(8);
  return m;
}

bool is_streaming(const Message& m) {
  return std::any_of(m.parts.begin(), m.parts.end(),
                     [](const Part& p) { return p.state == PartState::kStreaming; });
}

// Only what people said and were told is searched: tool output would drown it, and a hidden session, one
// request of a stateless front, is never among the hits. Text that still streams is indexed once, at its end.
std::string searchable(const Message& m, bool is_hidden) {
  if (is_hidden || is_streaming(m)) return {};
  return m.role == Role::kUser || m.role == Role::kAssistant ? m.text() : std::string();
}

}  // namespace

Result<void> SessionStore::insert_workspace(db::Connection& c, const Workspace& w) {
  PRYX_TRY_VOID(
      c.run("INSERT INTO workspaces (principal_id, id, path, name, is_private, created_at) VALUES "
            "($1,$2,$3,$4,$5,$6)",
            w.principal, w.id, w.path, w.name, w.is_private, w.created_at));
  return {};
}
Result<std::optional<Workspace>> SessionStore::find_workspace(db::Connection& c, const PrincipalId& principal,
                                                              const WorkspaceId& id) {
  return c.find(
      "SELECT principal_id, id, path, name, is_private, created_at FROM workspaces WHERE principal_id = $1 "
      "AND id = $2",
      read_workspace, principal, id);
}
Result<std::optional<Workspace>> SessionStore::find_workspace_by_path(db::Connection& c,
                                                                      const PrincipalId& principal,
                                                                      std::string_view path) {
  return c.find(
      "SELECT principal_id, id, path, name, is_private, created_at FROM workspaces WHERE principal_id = $1 "
      "AND path = $2",
      read_workspace, principal, path);
}
Result<std::vector<Workspace>> SessionStore::list_workspaces(db::Connection& c,
                                                             const PrincipalId& principal) {
  return c.list(
      "SELECT principal_id, id, path, name, is_private, created_at FROM workspaces WHERE principal_id = $1 "
      "AND is_private = 0 ORDER BY id DESC LIMIT 1000",
      read_workspace, principal);
}
Result<bool> SessionStore::rename_workspace(db::Connection& c, const PrincipalId& principal,
                                            const WorkspaceId& id, std::string_view name) {
  PRYX_TRY(const auto changed,
           c.run("UPDATE workspaces SET name = $3 WHERE principal_id = $1 AND id = $2", principal, id, name));
  return changed > 0;
}
Result<bool> SessionStore::delete_workspace(db::Connection& c, const PrincipalId& principal,
                                            const WorkspaceId& id) {
  PRYX_TRY(
      const auto used,
      c.count("SELECT count(*) FROM sessions WHERE principal_id = $1 AND workspace_id = $2", principal, id));
  if (used > 0)
    return fail(ErrorCode::kConflict, "{} sessions work in workspace {}; delete them first", used, id.str());
  PRYX_TRY(const auto changed,
           c.run("DELETE FROM workspaces WHERE principal_id = $1 AND id = $2", principal, id));
  return changed > 0;
}

Result<void> SessionStore::insert_session(db::Connection& c, const Session& s) {
  PRYX_TRY_VOID(c.run(kInsertSession, s.principal, s.id, s.workspace, s.agent, s.model, s.title, s.status,
                      s.hidden, s.surface, s.parent, s.created_at));
  return {};
}
Result<std::optional<Session>> SessionStore::find_session(db::Connection& c, const PrincipalId& principal,
                                                          const SessionId& id) {
  return c.find(kGetSession, read_session, principal, id);
}
Result<std::vector<SessionId>> SessionStore::list_missing(db::Connection& c,
                                                          const std::vector<SessionId>& ids) {
  std::vector<SessionId> missing;
  for (const SessionId& id : ids) {
    PRYX_TRY(const auto count, c.count(kCountOfAnybody, id));
    if (count == 0) missing.push_back(id);
  }
  return missing;
}
Result<void> SessionStore::update_session(db::Connection& c, const Session& s) {
  PRYX_TRY(const auto changed, c.run("UPDATE sessions SET workspace_id = $3, agent = $4, model = $5, title = "
                                     "$6, status = $7 WHERE principal_id = $1 AND id = $2",
                                     s.principal, s.id, s.workspace, s.agent, s.model, s.title, s.status));
  if (changed == 0) return fail(ErrorCode::kNotFound, "there is no session {}", s.id.str());
  return {};
}
Result<std::vector<TurnId>> SessionStore::turns_of(db::Connection& c, const PrincipalId& principal,
                                                   const SessionId& id) {
  return c.list(
      "SELECT id FROM turns WHERE principal_id = $1 AND session_id = $2",
      [](const db::Row& row) { return row.id<TurnId>(0); }, principal, id);
}
Result<void> SessionStore::delete_session(db::Connection& c, const PrincipalId& principal,
                                          const SessionId& id) {
  PRYX_TRY(const auto open, c.count("SELECT count(*) FROM turns WHERE principal_id = $1 AND session_id = $2 "
                                    "AND state IN ('queued','running','waiting')",
                                    principal, id));
  if (open > 0)
    return fail(ErrorCode::kConflict, "session {} has {} unfinished turns; cancel them first", id.str(),
                open);
  PRYX_TRY_VOID(ResultRefs::note_dropped(c, principal, id));
  PRYX_TRY_VOID(
      c.run("DELETE FROM messages_fts WHERE rowid IN (SELECT seq FROM messages WHERE principal_id = $1 AND "
            "session_id = $2)",
            principal, id));
  PRYX_TRY_VOID(c.run("DELETE FROM messages WHERE principal_id = $1 AND session_id = $2", principal, id));
  PRYX_TRY_VOID(
      c.run("DELETE FROM steps WHERE principal_id = $1 AND turn_id IN (SELECT id FROM turns WHERE "
            "principal_id = $1 AND session_id = $2)",
            principal, id));
  PRYX_TRY_VOID(
      c.run("DELETE FROM outbox WHERE principal_id = $1 AND turn_id IN (SELECT id FROM turns WHERE "
            "principal_id = $1 AND session_id = $2)",
            principal, id));
  PRYX_TRY_VOID(c.run("DELETE FROM turns WHERE principal_id = $1 AND session_id = $2", principal, id));
  PRYX_TRY_VOID(c.run("DELETE FROM sub_agents WHERE principal_id = $1 AND session_id = $2", principal, id));
  PRYX_TRY_VOID(c.run("DELETE FROM compactions WHERE principal_id = $1 AND session_id = $2", principal, id));
  PRYX_TRY_VOID(c.run("DELETE FROM pins WHERE principal_id = $1 AND session_id = $2", principal, id));
  PRYX_TRY_VOID(
      c.run("DELETE FROM context_state WHERE principal_id = $1 AND session_id = $2", principal, id));
  PRYX_TRY_VOID(
      c.run("DELETE FROM idempotency_keys WHERE principal_id = $1 AND session_id = $2", principal, id));
  PRYX_TRY_VOID(ImportStore::remove(c, principal, id));
  PRYX_TRY(const auto changed,
           c.run("DELETE FROM sessions WHERE principal_id = $1 AND id = $2", principal, id));
  if (changed == 0) return fail(ErrorCode::kNotFound, "there is no session {}", id.str());
  return {};
}
Result<std::vector<std::pair<PrincipalId, SessionId>>> SessionStore::list_old_hidden(db::Connection& c,
                                                                                     WallTime before,
                                                                                     std::int64_t most) {
  return c.list(
      kOldHidden, [](const db::Row& r) { return std::pair(r.id<PrincipalId>(0), r.id<SessionId>(1)); },
      before, most);
}
Result<void> SessionStore::set_unread(db::Connection& c, const PrincipalId& principal, const SessionId& id,
                                      bool unread) {
  PRYX_TRY_VOID(c.run("UPDATE sessions SET unread = $3 WHERE principal_id = $1 AND id = $2 AND unread <> $3",
                      principal, id, unread));
  return {};
}

Result<void> SessionStore::insert_message(db::Connection& c, Message& m) {
  const bool streaming = is_streaming(m);
  const std::string parts = parts_to_text(m.parts);
  PRYX_TRY_VOID(c.run(kInsertMessage, m.principal, m.session, m.id, to_text(m.role), m.turn, m.step, parts,
                      streaming, m.created_at));
  m.seq = c.last_insert_rowid();
  PRYX_TRY(const auto hidden, c.list(
                                  kBumpSession, [](const db::Row& r) { return r.boolean(0); }, m.principal,
                                  m.session, m.created_at));
  const std::string text = searchable(m, !hidden.empty() && hidden.front());
  if (!text.empty()) PRYX_TRY_VOID(c.run(kIndexMessage, m.seq, text));
  return {};
}

Result<void> SessionStore::update_message(db::Connection& c, const Message& m) {
  const std::string parts = parts_to_text(m.parts);
  PRYX_TRY_VOID(c.run(kUpdateMessage, m.principal, m.seq, parts, is_streaming(m)));
  PRYX_TRY_VOID(c.run(kDropIndex, m.seq));
  PRYX_TRY(const auto hidden,
           c.find(kIsHidden, [](const db::Row& r) { return r.boolean(0); }, m.principal, m.session));
  const std::string text = searchable(m, hidden.value_or(false));
  if (!text.empty()) PRYX_TRY_VOID(c.run(kIndexMessage, m.seq, text));
  return {};
}

Result<Paged<Message>> SessionStore::list_messages(db::Connection& c, const PrincipalId& principal,
                                                   const SessionId& session, const Page& page,
                                                   MessageOrder order) {
  const bool is_back = order == MessageOrder::kNewestFirst;
  PRYX_TRY(const std::int64_t from, number_cursor(page.cursor, is_back ? INT64_MAX : 0));
  const std::int64_t limit = clamp_limit(page.limit);
  Paged<Message> out;
  PRYX_TRY(out.items, c.list(is_back ? db::Sql(kMessagesBefore) : kMessagesFrom, read_message, principal,
                             session, from, limit));
  if (static_cast<std::int64_t>(out.items.size()) == limit)
    out.next_cursor = std::to_string(out.items.back().seq);
  return out;
}

Result<std::optional<Message>> SessionStore::find_message(db::Connection& c, const PrincipalId& principal,
                                                          const SessionId& session, const MessageId& id) {
  return c.find(kGetMessage, read_message, principal, session, id);
}

Result<std::vector<Message>> SessionStore::load_history(db::Connection& c, const Turn& turn,
                                                        std::size_t max_bytes, HistoryRead* facts) {
  std::vector<std::pair<std::int64_t, Message>> found;  // by the seq of its turn
  std::size_t bytes = 0;
  std::int64_t unread_to = 0;
  bool has_begin = turn.message.empty();
  PRYX_TRY_VOID(c.each(
      kMessagesBack,
      [&](const db::Row& r) -> bool {
        const bool is_own = !turn.id.empty() && r.view(3) == turn.id.str();
        if (bytes <= max_bytes) bytes += r.view(5).size();
        if (bytes > max_bytes && unread_to == 0) unread_to = r.integer(0);
        if (is_own || bytes <= max_bytes) found.emplace_back(r.integer(9), read_message(r));
        has_begin = has_begin || r.view(1) == turn.message.str();  // never covered while its turn runs
        return bytes <= max_bytes || !has_begin;
      },
      turn.principal, turn.session, turn.seq));
  if (bytes > max_bytes) {
    PRYX_TRY(auto summaries,
             c.list(
                 kSummaries, [](const db::Row& r) { return std::pair(r.integer(9), read_message(r)); },
                 turn.principal, turn.session, turn.seq));
    for (auto& summary : summaries) {
      const bool is_there = std::ranges::any_of(
          found, [&](const auto& entry) { return entry.second.seq == summary.second.seq; });
      if (!is_there) found.push_back(std::move(summary));
    }
  }
  if (facts != nullptr) facts->bytes = bytes;
  if (facts != nullptr && bytes > max_bytes) {
    PRYX_TRY(const auto all, c.count(kCountHistory, turn.principal, turn.session, turn.seq));
    *facts = {.is_whole = false,
              .unread = all - static_cast<std::int64_t>(found.size()),
              .unread_to = unread_to,
              .bytes = bytes};
  }
  std::ranges::sort(found, {}, [](const auto& entry) { return std::pair(entry.first, entry.second.seq); });
  std::vector<Message> history;
  history.reserve(found.size());
  for (auto& [turn_seq, message] : found) history.push_back(std::move(message));
  return history;
}

Result<std::string> SessionStore::streamed_text(db::Connection& c, const PrincipalId& principal,
                                                const TurnId& turn, const StepId& step) {
  PRYX_TRY(const auto streaming, c.list(kStreaming, read_message, principal, turn));
  std::string text;
  for (const Message& message : streaming) {
    if (message.step != step) continue;
    for (const Part& part : message.parts) text += part.text;
  }
  return text;
}

Result<int> SessionStore::interrupt_streaming(db::Connection& c, const PrincipalId& principal,
                                              const TurnId& turn) {
  PRYX_TRY(auto messages, c.list(kStreaming, read_message, principal, turn));
  for (Message& message : messages) {
    for (Part& part : message.parts) {
      if (may_become(part.state, PartState::kInterrupted)) part.state = PartState::kInterrupted;
    }
    PRYX_TRY_VOID(update_message(c, message));
  }
  return static_cast<int>(messages.size());
}

}  // namespace pryx::agent
