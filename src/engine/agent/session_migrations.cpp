// SPDX-License-Identifier: MIT
// The tables of this module as they grew: forward only, numbered, never changed once they were released.
#include "engine/agent/session_store.h"

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
    // Of a session whose last turn is under way there is no entry: each of its messages would move it.
    {15, "say of each session how its last turn stands and what its turns have used",
     "ALTER TABLE sessions ADD COLUMN last_turn_id TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE sessions ADD COLUMN last_state TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE sessions ADD COLUMN input_tokens INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE sessions ADD COLUMN output_tokens INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE sessions ADD COLUMN cost_nano INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE sessions ADD COLUMN model_calls INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE sessions ADD COLUMN unpriced_calls INTEGER NOT NULL DEFAULT 0;"
     "UPDATE sessions SET last_turn_id = t.id, last_state = t.state, input_tokens = u.input, output_tokens = "
     "u.output, cost_nano = u.cost, model_calls = u.calls, unpriced_calls = u.unpriced FROM (SELECT "
     "principal_id, session_id, max(seq) AS last, sum(coalesce(json_extract(usage, '$.in'), 0)) AS input, "
     "sum(coalesce(json_extract(usage, '$.out'), 0)) AS output, sum(coalesce(json_extract(usage, "
     "'$.nano_usd'), 0)) AS cost, sum(coalesce(json_extract(usage, '$.calls'), 0)) AS calls, "
     "sum(coalesce(json_extract(usage, '$.unpriced'), 0)) AS unpriced FROM turns WHERE json_valid(usage) "
     "GROUP BY principal_id, session_id) u JOIN turns t ON t.seq = u.last WHERE sessions.principal_id = "
     "u.principal_id AND sessions.id = u.session_id;"
     "CREATE INDEX sessions_ended ON sessions (principal_id, last_state, updated_at, id) WHERE hidden = 0 "
     "AND "
     "last_state IN ('needs_attention','completed','failed','cancelled')"},
    {16, "keep which model failed a turn, and what its vendor calls the request",
     "ALTER TABLE turns ADD COLUMN failure TEXT NOT NULL DEFAULT ''"},
};

}  // namespace

db::ModuleMigrations SessionStore::migrations() { return {"engine/agent", kMigrations}; }

}  // namespace pryx::agent
