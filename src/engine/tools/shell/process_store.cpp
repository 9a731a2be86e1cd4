// SPDX-License-Identifier: MIT
#include "engine/tools/shell/process_store.h"

#include <array>

#include "foundation/base/text.h"

namespace pryx::tools::shell {
namespace {

// All lines of a ring when they are of ordinary length; a list reads up to kKeptEnded of these.
constexpr std::size_t kMaxTailBytes = 128u << 10;

constexpr std::string_view kCreate = R"sql(
CREATE TABLE processes (
  principal_id TEXT NOT NULL,
  id TEXT NOT NULL,
  session_id TEXT,
  scope TEXT NOT NULL CHECK (scope IN ('session', 'global')),
  mode TEXT NOT NULL CHECK (mode IN ('pump-dump', 'streaming', 'hybrid')),
  tag TEXT NOT NULL,
  command TEXT NOT NULL,
  cwd TEXT NOT NULL,
  hosts TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'exited', 'killed', 'failed', 'lost')),
  exit_code INTEGER,
  signal INTEGER,
  reason TEXT NOT NULL,
  tail TEXT NOT NULL,
  total_lines INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (principal_id, id)
) STRICT;
CREATE INDEX processes_session ON processes (principal_id, session_id);
CREATE INDEX processes_state ON processes (state);
)sql";
constexpr std::array kMigrations{
    db::Migration{1, "create processes", kCreate},
    db::Migration{2, "keep which secrets a process was given",
                  "ALTER TABLE processes ADD COLUMN secrets TEXT NOT NULL DEFAULT '[]'"},
    db::Migration{3, "remember which lines the agent was given",
                  "ALTER TABLE processes ADD COLUMN handed_out INTEGER NOT NULL DEFAULT 0"}};

constexpr std::string_view kInsert =
    "INSERT INTO processes (principal_id, id, session_id, scope, mode, tag, command, cwd, hosts, state, "
    "exit_code, signal, reason, tail, total_lines, started_at, ended_at, secrets)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL, '', '[]', 0, $11, NULL, $12)";
constexpr std::string_view kSaveEnd =
    "UPDATE processes SET state = $3, exit_code = $4, signal = $5, reason = $6, tail = $7, total_lines = $8, "
    "ended_at = $9, handed_out = $10 WHERE principal_id = $1 AND id = $2 AND state = 'running'";
constexpr std::string_view kMarkHandedOut =
    "UPDATE processes SET handed_out = $3 WHERE principal_id = $1 AND id = $2 AND handed_out < $3";
constexpr std::string_view kLostReason = "the daemon ended without a stop, and it with it";
constexpr std::string_view kMarkLost =
    "UPDATE processes SET state = 'lost', reason = $2, ended_at = $1 WHERE state = 'running'";
#define PRYX_PROCESS_COLUMNS                                                                                \
  "principal_id, id, session_id, scope, mode, tag, command, cwd, hosts, state, exit_code, signal, reason, " \
  "tail, total_lines, started_at, ended_at, secrets, handed_out"
constexpr std::string_view kFind =
    "SELECT " PRYX_PROCESS_COLUMNS " FROM processes WHERE principal_id = $1 AND id = $2";
constexpr std::string_view kList =
    "SELECT " PRYX_PROCESS_COLUMNS " FROM processes WHERE principal_id = $1 ORDER BY id DESC LIMIT $2";
constexpr std::string_view kListRunning =
    "SELECT " PRYX_PROCESS_COLUMNS " FROM processes WHERE state = 'running' ORDER BY principal_id, id";
#undef PRYX_PROCESS_COLUMNS
constexpr std::string_view kRemoveSession =
    "DELETE FROM processes WHERE principal_id = $1 AND session_id = $2 AND state <> 'running'";
constexpr std::string_view kPurge =
    "DELETE FROM processes WHERE principal_id = $1 AND state <> 'running' AND id NOT IN"
    " (SELECT id FROM processes WHERE principal_id = $1 AND state <> 'running' ORDER BY id DESC LIMIT $2)";

json::value to_json(const OutputLine& line) {
  return json::array{line.number, line.stream == OutputStream::kOutput ? 1 : 2, line.text};
}

std::string tail_text(const std::vector<OutputLine>& lines) {
  std::size_t first = lines.size(), bytes = 0;
  while (first > 0 && bytes + lines[first - 1].text.size() <= kMaxTailBytes)
    bytes += lines[--first].text.size();
  json::array out;
  for (std::size_t i = first; i < lines.size(); ++i) out.push_back(to_json(lines[i]));
  return json::to_text(json::value(std::move(out)));
}

std::vector<OutputLine> read_tail(std::string_view text) {
  std::vector<OutputLine> out;
  const auto parsed = json::parse(text, json::kOwnText);
  if (!parsed || !parsed->is_array()) return out;
  for (const json::value& item : parsed->as_array()) {
    const json::array* line = item.if_array();
    if (line == nullptr || line->size() != 3 || !line->at(0).is_int64() || !line->at(2).is_string()) continue;
    out.push_back({static_cast<std::uint64_t>(line->at(0).as_int64()),
                   line->at(1) == json::value(2) ? OutputStream::kErrorOutput : OutputStream::kOutput,
                   std::string(line->at(2).as_string()), true});
  }
  return out;
}

std::vector<std::string> read_names(std::string_view text) {
  std::vector<std::string> out;
  const auto parsed = json::parse(text, json::kOwnText);
  if (!parsed || !parsed->is_array()) return out;
  for (const json::value& item : parsed->as_array()) {
    if (item.is_string()) out.emplace_back(item.as_string());
  }
  return out;
}

std::string names_text(const std::vector<std::string>& names) {
  json::array out;
  for (const std::string& name : names) out.emplace_back(name);
  return json::to_text(json::value(std::move(out)));
}

std::optional<int> read_number(const db::Row& row, int column) {
  const auto value = row.optional_integer(column);
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

ProcessView read_row(const db::Row& row) {
  ProcessView out;
  ProcessRecord& r = out.record;
  r.principal = row.id<PrincipalId>(0);
  r.id = row.id<ProcessId>(1);
  r.session = row.id<SessionId>(2);
  r.scope = process_scope_from_text(row.view(3)).value_or(ProcessScope::kSession);
  r.mode = process_mode_from_text(row.view(4)).value_or(ProcessMode::kHybrid);
  r.tag = row.text(5);
  r.command = row.text(6);
  r.cwd = row.text(7);
  r.hosts = read_names(row.view(8));
  r.state = process_state_from_text(row.view(9)).value_or(ProcessState::kLost);
  r.exit_code = read_number(row, 10);
  r.signal = read_number(row, 11);
  r.reason = row.text(12);
  out.lines = read_tail(row.view(13));
  out.total_lines = static_cast<std::uint64_t>(row.integer(14));
  r.started_at = row.time(15);
  r.ended_at = row.optional_time(16);
  r.secrets = read_names(row.view(17));
  out.handed_out = static_cast<std::uint64_t>(row.integer(18));
  return out;
}

}  // namespace

db::ModuleMigrations ProcessStore::migrations() { return {"engine/tools/shell", kMigrations}; }

Result<void> ProcessStore::insert(db::Connection& db, const ProcessRecord& r) {
  PRYX_TRY_VOID(db.run(kInsert, r.principal, r.id, r.session, to_text(r.scope), to_text(r.mode), r.tag,
                       r.command, r.cwd, names_text(r.hosts), to_text(r.state), r.started_at,
                       names_text(r.secrets)));
  return {};
}

Result<void> ProcessStore::save_end(db::Connection& db, const ProcessRecord& r,
                                    const std::vector<OutputLine>& tail, std::uint64_t handed_out) {
  PRYX_CHECK(may_become(ProcessState::kRunning, r.state));
  const std::uint64_t lines = tail.empty() ? 0 : tail.back().number;
  PRYX_TRY(const std::int64_t changed,
           db.run(kSaveEnd, r.principal, r.id, to_text(r.state), r.exit_code, r.signal, r.reason,
                  tail_text(tail), lines, r.ended_at, handed_out));
  if (changed == 0) return fail(ErrorCode::kConflict, "process {} has ended before", r.id.str());
  return {};
}

Result<void> ProcessStore::mark_handed_out(db::Connection& db, const PrincipalId& principal,
                                           const ProcessId& id, std::uint64_t number) {
  PRYX_TRY_VOID(db.run(kMarkHandedOut, principal, id, number));
  return {};
}

Result<std::vector<ProcessRecord>> ProcessStore::mark_lost(db::Connection& db, WallTime at) {
  PRYX_TRY(const auto running, db.list(kListRunning, read_row));
  PRYX_TRY_VOID(db.run(kMarkLost, at, kLostReason));
  std::vector<ProcessRecord> out;
  for (const ProcessView& one : running) {
    out.push_back(one.record);
    out.back().state = ProcessState::kLost;
    out.back().reason = kLostReason;
    out.back().ended_at = at;
  }
  return out;
}

Result<std::optional<ProcessView>> ProcessStore::find(db::Connection& db, const PrincipalId& principal,
                                                      const ProcessId& id) {
  return db.find(kFind, read_row, principal, id);
}

Result<std::vector<ProcessView>> ProcessStore::list(db::Connection& db, const PrincipalId& principal,
                                                    std::int64_t limit) {
  return db.list(kList, read_row, principal, limit);
}

Result<void> ProcessStore::remove_session(db::Connection& db, const PrincipalId& principal,
                                          const SessionId& session) {
  PRYX_TRY_VOID(db.run(kRemoveSession, principal, session));
  return {};
}

Result<void> ProcessStore::purge(db::Connection& db, const PrincipalId& principal) {
  PRYX_TRY_VOID(db.run(kPurge, principal, kKeptEnded));
  return {};
}

}  // namespace pryx::tools::shell
