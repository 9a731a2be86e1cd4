// SPDX-License-Identifier: MIT
// Over 500 lines: the tables of one aggregate, their migrations and all SQL on them belong together.
#include "engine/agent/session_store.h"

#include <algorithm>

#include "engine/agent/result_refs.h"
#include "engine/agent/session_document.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

// FTS rows share the message's seq, so "newest first" is the index's own order read backwards and needs no
// sort.
constexpr db::Migration kMigrations[] = {
    {1, "create sessions, turns and outbox",
     "CREATE TABLE workspaces (principal_id TEXT NOT NULL, id TEXT NOT NULL, path TEXT NOT NULL, name TEXT "
     "NOT NULL, is_private INTEGER NOT NULL,"
     " created_at INTEGER NOT NULL, PRIMARY KEY (principal_id, id)) STRICT, WITHOUT ROWID;"
     "CREATE UNIQUE INDEX workspaces_path ON workspaces (principal_id, path);"
     "CREATE TABLE sessions (principal_id TEXT NOT NULL, id TEXT NOT NULL, workspace_id TEXT, agent TEXT NOT "
     "NULL, model TEXT NOT NULL, title TEXT NOT NULL,"
     " status TEXT NOT NULL, hidden INTEGER NOT NULL, surface TEXT NOT NULL, parent_id TEXT, message_count "
     "INTEGER NOT NULL, unread INTEGER NOT NULL,"
     " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (principal_id, id)) STRICT, "
     "WITHOUT ROWID;"
     "CREATE INDEX sessions_updated ON sessions (principal_id, hidden, updated_at, id);"
     "CREATE TABLE messages (seq INTEGER PRIMARY KEY AUTOINCREMENT, principal_id TEXT NOT NULL, session_id "
     "TEXT NOT NULL, id TEXT NOT NULL, role TEXT NOT NULL,"
     " turn_id TEXT, step_id TEXT, parts TEXT NOT NULL, streaming INTEGER NOT NULL, created_at INTEGER NOT "
     "NULL) STRICT;"
     "CREATE INDEX messages_session ON messages (principal_id, session_id, seq);"
     "CREATE INDEX messages_streaming ON messages (principal_id, turn_id) WHERE streaming = 1;"
     "CREATE VIRTUAL TABLE messages_fts USING fts5(text, content='', contentless_delete=1, "
     "tokenize='unicode61 remove_diacritics 2', prefix='3');"
     "CREATE TABLE turns (seq INTEGER PRIMARY KEY AUTOINCREMENT, principal_id TEXT NOT NULL, id TEXT NOT "
     "NULL UNIQUE, session_id TEXT NOT NULL, state TEXT NOT NULL"
     " CHECK (state IN ('queued','running','waiting','needs_attention','completed','failed','cancelled')), "
     "priority INTEGER NOT NULL, surface TEXT NOT NULL,"
     " model TEXT NOT NULL, answered_by TEXT NOT NULL DEFAULT '', message_id TEXT NOT NULL, interactive "
     "INTEGER NOT NULL, approve TEXT NOT NULL, starts INTEGER NOT NULL DEFAULT 0,"
     " usage TEXT NOT NULL DEFAULT '{}', denied_calls INTEGER NOT NULL DEFAULT 0, error_code TEXT NOT NULL "
     "DEFAULT '', error_detail TEXT NOT NULL DEFAULT '',"
     " created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, format INTEGER NOT NULL) STRICT;"
     "CREATE INDEX turns_open ON turns (principal_id, session_id, seq) WHERE state IN "
     "('queued','running','waiting');"
     "CREATE INDEX turns_session ON turns (principal_id, session_id, seq);"
     "CREATE TABLE steps (principal_id TEXT NOT NULL, turn_id TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT "
     "NOT NULL UNIQUE, kind TEXT NOT NULL, state TEXT NOT NULL"
     " CHECK (state IN "
     "('planned','awaiting_approval','denied','started','done','failed','unknown','cancelled')), "
     "effect_class TEXT NOT NULL, attempt INTEGER NOT NULL,"
     " tool TEXT NOT NULL, call_id TEXT NOT NULL, args_json TEXT NOT NULL, args_hash TEXT NOT NULL, "
     "idempotency_key TEXT NOT NULL, labels TEXT NOT NULL,"
     " policy_version TEXT NOT NULL, decision_rule TEXT NOT NULL, approval_id TEXT, result_ref TEXT NOT "
     "NULL, error_code TEXT NOT NULL, summary TEXT NOT NULL,"
     " planned_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, boot_id TEXT NOT NULL, format "
     "INTEGER NOT NULL,"
     " PRIMARY KEY (principal_id, turn_id, seq)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE idempotency_keys (principal_id TEXT NOT NULL, session_id TEXT NOT NULL, key TEXT NOT "
     "NULL, body_hash TEXT NOT NULL, message_id TEXT NOT NULL,"
     " turn_id TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (principal_id, session_id, key)) "
     "STRICT, WITHOUT ROWID;"
     "CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);"
     "CREATE TABLE outbox (principal_id TEXT NOT NULL, turn_id TEXT NOT NULL, id TEXT NOT NULL, session_id "
     "TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL"
     " CHECK (state IN ('pending','sending','delivered','failed','unknown')), event_version INTEGER NOT "
     "NULL, created_at INTEGER NOT NULL, delivered_at INTEGER,"
     " PRIMARY KEY (principal_id, turn_id, id)) STRICT, WITHOUT ROWID;"
     "CREATE INDEX outbox_pending ON outbox (principal_id, event_version) WHERE state = 'pending'"},
    {2, "find what a session has pending",
     "CREATE INDEX outbox_session ON outbox (principal_id, session_id) WHERE state = 'pending'"},
    {3, "count crashes of a step apart from its attempts",
     "ALTER TABLE steps ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;"
     "UPDATE steps SET crashes = attempt - 1 WHERE state = 'started' AND attempt > 1"},
    // A prefix that has an index of its length is one list on disk; any other is merged in memory from the
    // lists of all words that begin so, which takes half a second for a common one in a million messages.
    {4, "search prefixes of four to six letters fast",
     "DROP TABLE messages_fts;"
     "CREATE VIRTUAL TABLE messages_fts USING fts5(text, content='', contentless_delete=1, "
     "tokenize='unicode61 remove_diacritics 2', prefix='3 4 5 6');"
     "INSERT INTO messages_fts (rowid, text) SELECT seq, text FROM (SELECT seq, (SELECT "
     "group_concat(json_extract(value, '$.text'), '') FROM json_each(parts) WHERE json_extract(value, "
     "'$.type') = 'text') AS text FROM messages WHERE role IN ('user','assistant') AND streaming = 0 AND "
     "json_valid(parts)) WHERE text <> ''"},
    {5, "note what a started step was bound to",
     "ALTER TABLE steps ADD COLUMN call_hash TEXT NOT NULL DEFAULT ''"},
    {6, "keep what a turn was asked beyond its message",
     "ALTER TABLE turns ADD COLUMN options TEXT NOT NULL DEFAULT ''"},
    {7, "keep which session was started by which",
     "CREATE TABLE sub_agents (principal_id TEXT NOT NULL, session_id TEXT NOT NULL, turn_id TEXT NOT NULL, "
     "parent_session TEXT NOT NULL, parent_turn TEXT, key TEXT NOT NULL, task TEXT NOT NULL, agent TEXT NOT "
     "NULL, model TEXT NOT NULL, tools TEXT NOT NULL, max_tokens INTEGER NOT NULL, max_tool_calls INTEGER "
     "NOT "
     "NULL, depth INTEGER NOT NULL, background INTEGER NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY "
     "(principal_id, session_id)) STRICT, WITHOUT ROWID;"
     "CREATE UNIQUE INDEX sub_agents_key ON sub_agents (principal_id, key);"
     "CREATE INDEX sub_agents_parent ON sub_agents (principal_id, parent_session, session_id);"
     "CREATE INDEX sub_agents_turn ON sub_agents (parent_turn)"},
    {8, "keep when each workspace had its last heartbeat",
     "CREATE TABLE heartbeats (principal_id TEXT NOT NULL, workspace_id TEXT NOT NULL, session_id TEXT NOT "
     "NULL, turn_id TEXT NOT NULL, last_at INTEGER NOT NULL, file_hash TEXT NOT NULL, was_ok INTEGER NOT "
     "NULL, "
     "settled INTEGER NOT NULL, PRIMARY KEY (principal_id, workspace_id)) STRICT, WITHOUT ROWID"},
    {9, "keep the documents that sessions were imported from",
     "CREATE TABLE session_imports (principal_id TEXT NOT NULL, session_id TEXT NOT NULL, document TEXT NOT "
     "NULL, message_count INTEGER NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL, created_at INTEGER "
     "NOT NULL, PRIMARY KEY (principal_id, session_id)) STRICT"},
    // A message that a summary stands for keeps its place and its text; the prompt reads the others.
    {10, "let summaries stand for messages, pin facts, and note what models count",
     "ALTER TABLE messages ADD COLUMN covered_by TEXT NOT NULL DEFAULT '';"
     "CREATE INDEX messages_live ON messages (principal_id, session_id, seq) WHERE covered_by = '';"
     "CREATE INDEX messages_covered ON messages (principal_id, session_id, covered_by) WHERE covered_by <> "
     "'';"
     "ALTER TABLE steps ADD COLUMN purpose TEXT NOT NULL DEFAULT '';"
     "CREATE TABLE compactions (principal_id TEXT NOT NULL, session_id TEXT NOT NULL, seq INTEGER NOT NULL, "
     "message_id TEXT NOT NULL, turn_id TEXT NOT NULL, covered INTEGER NOT NULL, tokens_before INTEGER NOT "
     "NULL, tokens_after INTEGER NOT NULL, dropped INTEGER NOT NULL, created_at INTEGER NOT NULL, undone_at "
     "INTEGER, PRIMARY KEY (principal_id, session_id, seq)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE pins (principal_id TEXT NOT NULL, session_id TEXT NOT NULL, id TEXT NOT NULL, kind TEXT "
     "NOT "
     "NULL, text TEXT NOT NULL, message_id TEXT NOT NULL, labels TEXT NOT NULL, created_at INTEGER NOT NULL, "
     "PRIMARY KEY (principal_id, session_id, id)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE context_state (principal_id TEXT NOT NULL, session_id TEXT NOT NULL, model TEXT NOT NULL, "
     "permille INTEGER NOT NULL, used INTEGER NOT NULL, context_limit INTEGER NOT NULL, updated_at INTEGER "
     "NOT "
     "NULL, PRIMARY KEY (principal_id, session_id, model)) STRICT, WITHOUT ROWID"},
    {11, "keep what the policy said of a call, apart from what came of it",
     "ALTER TABLE steps ADD COLUMN verdict TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE steps ADD COLUMN verdict_rule TEXT NOT NULL DEFAULT '';"
     "CREATE INDEX steps_decided ON steps (principal_id, planned_at, id) WHERE kind = 'tool'"},
    // Ids of children, one space between: those whose ends a child waits for before its turn begins.
    {12, "let sub-agents wait for others",
     "ALTER TABLE sub_agents ADD COLUMN waits_for TEXT NOT NULL DEFAULT ''"},
    // Of deleted sessions: whether anything else refers to a file is looked at later.
    {13, "note which files of results nobody may need any more",
     "CREATE TABLE dropped_results (ref TEXT PRIMARY KEY, dropped_at INTEGER NOT NULL) STRICT, WITHOUT "
     "ROWID"},
    // Turns that are under way are few, and have an index of their own.
    {14, "list turns by how they stand",
     "CREATE INDEX turns_ended ON turns (principal_id, state, created_at, seq) WHERE state IN "
     "('needs_attention','completed','failed','cancelled')"},
};

#define PRYX_SESSION_COLUMNS                                                                           \
  "id, workspace_id, agent, model, title, status, hidden, surface, parent_id, message_count, unread, " \
  "created_at, updated_at, principal_id"
constexpr std::string_view kGetSession =
    "SELECT " PRYX_SESSION_COLUMNS " FROM sessions WHERE principal_id = $1 AND id = $2";
constexpr std::string_view kListSessions = "SELECT " PRYX_SESSION_COLUMNS
                                           " FROM sessions WHERE principal_id = $1 AND hidden = 0 AND "
                                           "(updated_at < $2 OR (updated_at = $2 AND id < $3))"
                                           " AND updated_at >= $4 AND ($5 = '' OR status = $5) AND ($6 = '' "
                                           "OR agent = $6) ORDER BY updated_at DESC, id DESC LIMIT $7";
#undef PRYX_SESSION_COLUMNS
// One that has work left, or waits for a person's word, stays.
constexpr std::string_view kOldHidden =
    "SELECT principal_id, id FROM sessions s WHERE hidden = 1 AND updated_at < $1 AND NOT EXISTS (SELECT 1 "
    "FROM "
    "turns t WHERE t.principal_id = s.principal_id AND t.session_id = s.id AND t.state IN "
    "('queued','running','waiting','needs_attention')) ORDER BY updated_at LIMIT $2";
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
constexpr std::string_view kIndexMessage = "INSERT INTO messages_fts (rowid, text) VALUES ($1, $2)";
constexpr std::string_view kDropIndex = "DELETE FROM messages_fts WHERE rowid = $1";
constexpr std::string_view kUpdateMessage =
    "UPDATE messages SET parts = $3, streaming = $4 WHERE principal_id = $1 AND seq = $2";
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

std::vector<Part> parts_from_text(std::string_view text) {
  std::vector<Part> parts;
  const auto parsed = json::parse(text, json::kOwnText);
  if (!parsed || !parsed->is_array()) return parts;
  for (const json::value& item : parsed->get_array()) {
    if (item.is_object()) parts.push_back(Part::from_json(item.get_object()));
  }
  return parts;
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
Result<std::vector<Seen>> first_hits(db::Connection& c, std::string_view sql, const PrincipalId& principal,
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
    if (!session || session->hidden) continue;
    if (!query.status.empty() && session->status != query.status) continue;
    if (!query.agent.empty() && session->agent != query.agent) continue;
    if (query.after && session->updated_at < *query.after) continue;
    if (query.before && session->updated_at >= *query.before) continue;
    page.items.push_back({std::move(*session), make_snippet(hit.parts, query.query)});
  }
  return page;
}

}  // namespace

db::ModuleMigrations SessionStore::migrations() { return {"engine/agent", kMigrations}; }

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
Result<std::int64_t> SessionStore::purge_hidden(db::Connection& c, WallTime before, std::int64_t most) {
  PRYX_TRY(
      const auto old,
      c.list(
          kOldHidden, [](const db::Row& r) { return std::pair(r.id<PrincipalId>(0), r.id<SessionId>(1)); },
          before, most));
  for (const auto& [principal, id] : old) PRYX_TRY_VOID(delete_session(c, principal, id));
  return static_cast<std::int64_t>(old.size());
}
Result<void> SessionStore::set_unread(db::Connection& c, const PrincipalId& principal, const SessionId& id,
                                      bool unread) {
  PRYX_TRY_VOID(c.run("UPDATE sessions SET unread = $3 WHERE principal_id = $1 AND id = $2 AND unread <> $3",
                      principal, id, unread));
  return {};
}

Result<Paged<SessionHit>> SessionStore::list_sessions(db::Connection& c, const PrincipalId& principal,
                                                      const SessionQuery& query) {
  if (!trim(query.query).empty()) return search_sessions(c, principal, query);
  PRYX_TRY(const TimeCursor from,
           time_cursor(query.page.cursor, query.before ? query.before->unix_ms : INT64_MAX));
  const std::int64_t limit = clamp_limit(query.page.limit);
  PRYX_TRY(auto sessions, c.list(kListSessions, read_session, principal, from.time, from.tie,
                                 query.after ? query.after->unix_ms : 0, query.status, query.agent, limit));
  Paged<SessionHit> page;
  if (static_cast<std::int64_t>(sessions.size()) == limit) {
    page.next_cursor = time_cursor_text(sessions.back().updated_at.unix_ms, sessions.back().id.str());
  }
  for (Session& session : sessions) page.items.push_back({std::move(session), {}});
  return page;
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
                                                   const SessionId& session, const Page& page) {
  PRYX_TRY(const std::int64_t after, number_cursor(page.cursor, 0));
  const std::int64_t limit = clamp_limit(page.limit);
  Paged<Message> out;
  PRYX_TRY(out.items, c.list(kMessagesFrom, read_message, principal, session, after, limit));
  if (static_cast<std::int64_t>(out.items.size()) == limit)
    out.next_cursor = std::to_string(out.items.back().seq);
  return out;
}

Result<std::optional<Message>> SessionStore::find_message(db::Connection& c, const PrincipalId& principal,
                                                          const SessionId& session, const MessageId& id) {
  return c.find(kGetMessage, read_message, principal, session, id);
}

Result<std::vector<Message>> SessionStore::load_history(db::Connection& c, const Turn& turn,
                                                        std::size_t max_bytes, bool* is_whole) {
  std::vector<std::pair<std::int64_t, Message>> found;  // by the seq of its turn
  std::size_t bytes = 0;
  bool has_begin = turn.message.empty();
  PRYX_TRY_VOID(c.each(
      kMessagesBack,
      [&](const db::Row& r) -> bool {
        const bool is_own = r.view(3) == turn.id.str();
        if (bytes <= max_bytes) bytes += r.view(5).size();
        if (is_own || bytes <= max_bytes) found.emplace_back(r.integer(9), read_message(r));
        has_begin = has_begin || r.view(1) == turn.message.str();  // never covered while its turn runs
        return bytes <= max_bytes || !has_begin;
      },
      turn.principal, turn.session, turn.seq));
  if (is_whole != nullptr) *is_whole = bytes <= max_bytes;
  std::ranges::sort(found, {}, [](const auto& entry) { return std::pair(entry.first, entry.second.seq); });
  std::vector<Message> history;
  history.reserve(found.size());
  for (auto& [turn_seq, message] : found) history.push_back(std::move(message));
  return history;
}

Result<std::int64_t> SessionStore::streamed_bytes(db::Connection& c, const PrincipalId& principal,
                                                  const TurnId& turn, const StepId& step) {
  PRYX_TRY(const auto streaming, c.list(kStreaming, read_message, principal, turn));
  std::int64_t bytes = 0;
  for (const Message& message : streaming) {
    if (message.step != step) continue;
    for (const Part& part : message.parts) bytes += static_cast<std::int64_t>(part.text.size());
  }
  return bytes;
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
