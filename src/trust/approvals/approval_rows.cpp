// SPDX-License-Identifier: MIT
#include "trust/approvals/approval_rows.h"

#include <algorithm>

namespace pryx::trust::rows {
namespace {

constexpr db::Migration kMigrations[] = {
    {1, "create approvals and grants",
     "CREATE TABLE approvals (principal_id TEXT NOT NULL, id TEXT NOT NULL, session_id TEXT NOT NULL, "
     "turn_id TEXT NOT NULL, step_id TEXT NOT NULL,"
     " tool TEXT NOT NULL, arguments TEXT NOT NULL, rendering TEXT NOT NULL, call_hash TEXT NOT NULL, reason "
     "TEXT NOT NULL, rule_suggestion TEXT NOT NULL,"
     " state TEXT NOT NULL CHECK (state IN ('pending','approved','denied','expired','superseded')), "
     "created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
     " resolved_at INTEGER, resolved_by TEXT NOT NULL DEFAULT '', scope TEXT NOT NULL DEFAULT '', "
     "answer_reason TEXT NOT NULL DEFAULT '',"
     " PRIMARY KEY (principal_id, id)) STRICT;"
     "CREATE INDEX approvals_state ON approvals (principal_id, state, id);"
     "CREATE TABLE grants (principal_id TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL, pattern TEXT "
     "NOT NULL, session_id TEXT,"
     " approval_id TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, PRIMARY KEY "
     "(principal_id, id)) STRICT"},
    {2, "bind approvals to what they were asked about",
     "ALTER TABLE approvals ADD COLUMN preview TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE approvals ADD COLUMN shown_whole INTEGER NOT NULL DEFAULT 1;"
     "ALTER TABLE approvals ADD COLUMN bound TEXT NOT NULL DEFAULT '{}';"
     "ALTER TABLE approvals ADD COLUMN risk TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE approvals ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';"
     "ALTER TABLE approvals ADD COLUMN changes TEXT NOT NULL DEFAULT '[]';"
     "ALTER TABLE approvals ADD COLUMN replaces TEXT;"
     "ALTER TABLE approvals ADD COLUMN plan_id TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE approvals ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';"
     "ALTER TABLE approvals ADD COLUMN launch_by INTEGER;"
     "ALTER TABLE approvals ADD COLUMN used_at INTEGER;"
     "CREATE INDEX approvals_tool ON approvals (principal_id, tool, id);"
     "CREATE INDEX approvals_turn ON approvals (principal_id, turn_id, id)"},
    // Null stays null for the grants that are there: where they were given is not known, so they cover
    // nothing until they end.
    {3, "bind grants to the folder they were given in", "ALTER TABLE grants ADD COLUMN workspace TEXT"},
};

constexpr std::string_view kInsert =
    "INSERT INTO approvals (principal_id, id, session_id, turn_id, step_id, tool, arguments, rendering, "
    "call_hash, reason, rule_suggestion, state, created_at, expires_at, preview, shown_whole, bound, risk, "
    "labels, changes, replaces, plan_id, facts) VALUES "
    "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,'pending',$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)";
#define PRYX_APPROVAL_COLUMNS                                                                              \
  "SELECT principal_id, id, session_id, turn_id, step_id, tool, arguments, rendering, call_hash, reason, " \
  "rule_suggestion, state, created_at, expires_at, resolved_at, resolved_by, scope, answer_reason, "       \
  "preview, shown_whole, bound, risk, labels, changes, replaces, plan_id, facts, launch_by, used_at FROM " \
  "approvals "
constexpr std::string_view kGet = PRYX_APPROVAL_COLUMNS "WHERE principal_id = $1 AND id = $2";
constexpr std::string_view kPage =
    PRYX_APPROVAL_COLUMNS "WHERE principal_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
constexpr std::string_view kPageOfState =
    PRYX_APPROVAL_COLUMNS "WHERE principal_id = $1 AND state = $4 AND id < $2 ORDER BY id DESC LIMIT $3";
constexpr std::string_view kListPending =
    PRYX_APPROVAL_COLUMNS "WHERE principal_id = $1 AND turn_id = $2 AND state = 'pending' ORDER BY id";
constexpr std::string_view kListTurn =
    PRYX_APPROVAL_COLUMNS "WHERE principal_id = $1 AND turn_id = $2 ORDER BY id";
constexpr std::string_view kListTool =
    PRYX_APPROVAL_COLUMNS "WHERE principal_id = $1 AND tool = $2 ORDER BY id DESC LIMIT $3";
constexpr std::string_view kOverdue = PRYX_APPROVAL_COLUMNS "WHERE state = 'pending' AND expires_at <= $1";
#undef PRYX_APPROVAL_COLUMNS
constexpr std::string_view kSettle =
    "UPDATE approvals SET state = $3, resolved_at = $4, resolved_by = $5, scope = $6, answer_reason = $7, "
    "launch_by = $8 WHERE principal_id = $1 AND id = $2 AND state = 'pending'";
constexpr std::string_view kUse =
    "UPDATE approvals SET used_at = $4 WHERE principal_id = $1 AND id = $2 AND call_hash = $3 AND state = "
    "'approved' AND used_at IS NULL AND launch_by > $4";
constexpr std::string_view kRetire =
    "UPDATE approvals SET state = 'superseded' WHERE principal_id = $1 AND id = $2 AND state = 'approved' "
    "AND used_at IS NULL";
constexpr std::string_view kInsertGrant =
    "INSERT INTO grants (principal_id, id, scope, pattern, session_id, approval_id, created_at, expires_at, "
    "workspace) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)";
constexpr std::string_view kGrants =
    "SELECT principal_id, id, scope, pattern, session_id, expires_at, approval_id, created_at, workspace "
    "FROM grants ORDER BY id";
constexpr std::string_view kDeleteGrant = "DELETE FROM grants WHERE principal_id = $1 AND id = $2";
constexpr std::string_view kDeleteSessionGrants =
    "DELETE FROM grants WHERE principal_id = $1 AND session_id = $2 AND scope <> 'always'";
constexpr std::string_view kAnswersOfGrants =
    "SELECT approval_id FROM grants WHERE principal_id = $1 AND session_id = $2";
// An answer without its content: no call has empty arguments, the least is {}.
constexpr std::string_view kBlank =
    "UPDATE approvals SET arguments = '', rendering = '', reason = '', rule_suggestion = '', answer_reason = "
    "'', preview = '', changes = '[]', facts = '{}', bound = $3 WHERE principal_id = $1 AND id = $2";
constexpr std::string_view kDeleteOfTurn =
    "DELETE FROM approvals WHERE principal_id = $1 AND turn_id = $2 AND arguments <> ''";
constexpr std::string_view kDeleteBlankOf =
    "DELETE FROM approvals WHERE principal_id = $1 AND arguments = '' AND id = (SELECT approval_id FROM "
    "grants WHERE principal_id = $1 AND id = $2)";
constexpr std::string_view kDeleteBlankExpired =
    "DELETE FROM approvals WHERE arguments = '' AND (principal_id, id) IN (SELECT principal_id, approval_id "
    "FROM grants WHERE expires_at IS NOT NULL AND expires_at <= $1)";
constexpr std::string_view kDeleteExpired =
    "DELETE FROM grants WHERE expires_at IS NOT NULL AND expires_at <= $1";
constexpr std::string_view kSetExpiry =
    "UPDATE grants SET expires_at = $3 WHERE principal_id = $1 AND id = $2 AND (expires_at IS NULL OR "
    "expires_at > $4)";

json::object object_of(std::string_view text) {
  auto parsed = json::parse_object(text, json::kOwnText);
  return parsed ? std::move(*parsed) : json::object();
}

std::vector<std::string> strings_of(std::string_view text) {
  std::vector<std::string> out;
  const auto parsed = json::parse(text, json::kOwnText);
  if (!parsed || !parsed->is_array()) return out;
  for (const json::value& item : parsed->get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

Approval read_approval(const db::Row& r) {
  Approval a;
  a.principal = r.id<PrincipalId>(0);
  a.id = r.id<ApprovalId>(1);
  a.session = r.id<SessionId>(2);
  a.turn = r.id<TurnId>(3);
  a.step = r.id<StepId>(4);
  a.tool = r.text(5);
  a.arguments = r.text(6);
  a.rendering = r.text(7);
  a.call_hash = r.text(8);
  a.reason = r.text(9);
  a.rule_suggestion = r.text(10);
  a.state = approval_state_from_text(r.view(11));
  a.created_at = r.time(12);
  a.expires_at = r.time(13);
  a.resolved_at = r.optional_time(14);
  a.resolved_by = r.text(15);
  a.scope = r.text(16);
  a.answer_reason = r.text(17);
  a.preview = r.text(18);
  a.shown_whole = r.boolean(19);
  a.bound = object_of(r.view(20));
  a.risk = r.text(21);
  auto labels = Labels::parse(r.view(22));
  a.labels = labels ? std::move(*labels) : Labels::unreadable();
  a.changes = strings_of(r.view(23));
  a.replaces = r.id<ApprovalId>(24);
  a.plan = r.text(25);
  const json::object facts = object_of(r.view(26));
  a.facts = facts_from_json(facts);
  // A question of an older release says it in what it is bound to.
  if (!facts.contains("workspace")) a.facts.workspace = json::string_or(a.bound, "workspace");
  a.facts.tool = a.tool;
  a.facts.arguments = object_of(a.arguments);
  a.facts.call_hash = a.call_hash;
  a.facts.context = a.labels;
  a.facts.session = a.session;
  a.facts.principal = a.principal;
  a.launch_by = r.optional_time(27);
  a.used_at = r.optional_time(28);
  return a;
}

std::optional<KeptGrant> read_grant(const db::Row& r) {
  KeptGrant kept;
  kept.grant.principal = r.id<PrincipalId>(0);
  kept.grant.id = r.text(1);
  const auto scope = grant_scope_from_text(r.view(2));
  auto pattern = GrantPattern::parse(r.view(3));
  if (!scope || !pattern) return std::nullopt;  // unreadable means not granted
  kept.grant.scope = *scope;
  kept.grant.pattern = std::move(*pattern);
  kept.grant.session = r.id<SessionId>(4);
  kept.grant.expires_at = r.optional_time(5);
  kept.approval = r.id<ApprovalId>(6);
  kept.created_at = r.time(7);
  kept.grant.workspace = r.optional_text(8);
  return kept;
}

// Of what an answer was bound to, the digests that the gate compares when its rule answers for a script.
json::object scripts_of(const json::object& bound) {
  const json::value* facts = json::find(bound, "facts");
  if (facts == nullptr || !facts->is_object()) return {};
  const json::value* scripts = json::find(facts->get_object(), "scripts");
  if (scripts == nullptr) return {};
  return {{"facts", json::object{{"scripts", *scripts}}}};
}

std::string texts(const std::vector<std::string>& items) {
  json::array out;
  for (const std::string& item : items) out.emplace_back(item);
  return json::to_text(json::value(std::move(out)));
}

}  // namespace

db::ModuleMigrations migrations() { return {"trust/approvals", kMigrations}; }

Result<void> insert(db::Connection& c, const Approval& a) {
  PRYX_TRY_VOID(c.run(kInsert, a.principal, a.id, a.session, a.turn, a.step, a.tool, a.arguments, a.rendering,
                      a.call_hash, a.reason, a.rule_suggestion, a.created_at, a.expires_at, a.preview,
                      a.shown_whole, json::to_text(a.bound), a.risk, a.labels.to_text(), texts(a.changes),
                      a.replaces, a.plan, json::to_text(facts_to_json(a.facts))));
  return {};
}

Result<std::optional<Approval>> find(db::Connection& c, const PrincipalId& principal, const ApprovalId& id) {
  return c.find(kGet, read_approval, principal, id);
}

// Each state is read off the index by state, and the results are merged.
Result<std::vector<Approval>> list_page(db::Connection& c, const PrincipalId& principal,
                                        const ApprovalQuery& query) {
  constexpr std::string_view kAfterAllIds = "~";
  const std::string before = query.before.empty() ? std::string(kAfterAllIds) : query.before.str();
  if (query.states.empty()) return c.list(kPage, read_approval, principal, before, query.limit);
  std::vector<Approval> found;
  for (const ApprovalState state : query.states) {
    PRYX_TRY_VOID(c.each(
        kPageOfState, [&](const db::Row& r) { found.push_back(read_approval(r)); }, principal, before,
        query.limit, to_text(state)));
  }
  std::ranges::sort(found, std::greater<>(), [](const Approval& a) { return a.id.str(); });
  if (static_cast<std::int64_t>(found.size()) > query.limit)
    found.resize(static_cast<std::size_t>(query.limit));
  return found;
}

Result<std::vector<Approval>> list_pending(db::Connection& c, const PrincipalId& principal,
                                           const TurnId& turn) {
  return c.list(kListPending, read_approval, principal, turn);
}

Result<std::vector<Approval>> list_of_turn(db::Connection& c, const PrincipalId& principal,
                                           const TurnId& turn) {
  return c.list(kListTurn, read_approval, principal, turn);
}

Result<std::vector<Approval>> list_of_tool(db::Connection& c, const PrincipalId& principal,
                                           const std::string& tool, std::int64_t limit) {
  return c.list(kListTool, read_approval, principal, tool, limit);
}

Result<std::vector<Approval>> list_overdue(db::Connection& c, WallTime at) {
  return c.list(kOverdue, read_approval, at);
}

Result<void> settle(db::Connection& c, const Approval& a) {
  PRYX_TRY(const auto changed, c.run(kSettle, a.principal, a.id, to_text(a.state), a.resolved_at,
                                     a.resolved_by, a.scope, a.answer_reason, a.launch_by));
  if (changed != 1) return fail(ErrorCode::kConflict, "approval {} is answered already", a.id.str());
  return {};
}

Result<bool> use(db::Connection& c, const PrincipalId& principal, const ApprovalId& id,
                 const std::string& call_hash, WallTime at) {
  PRYX_TRY(const auto changed, c.run(kUse, principal, id, call_hash, at));
  return changed == 1;
}

Result<void> retire(db::Connection& c, const PrincipalId& principal, const ApprovalId& id) {
  PRYX_TRY_VOID(c.run(kRetire, principal, id));
  return {};
}

Result<void> insert_grant(db::Connection& c, const KeptGrant& kept) {
  PRYX_TRY_VOID(c.run(kInsertGrant, kept.grant.principal, kept.grant.id, to_text(kept.grant.scope),
                      kept.grant.pattern.to_text(), kept.grant.session, kept.approval, kept.created_at,
                      kept.grant.expires_at, kept.grant.workspace));
  return {};
}

Result<std::vector<KeptGrant>> list_grants(db::Connection& c) {
  PRYX_TRY(auto found, c.list(kGrants, read_grant));
  std::vector<KeptGrant> out;
  for (auto& kept : found) {
    if (kept) out.push_back(std::move(*kept));
  }
  return out;
}

Result<void> forget_session(db::Connection& c, const PrincipalId& principal, const SessionId& session,
                            const std::vector<TurnId>& turns) {
  PRYX_TRY_VOID(c.run(kDeleteSessionGrants, principal, session));
  PRYX_TRY(
      const auto kept,
      c.list(kAnswersOfGrants, [](const db::Row& r) { return r.id<ApprovalId>(0); }, principal, session));
  for (const ApprovalId& id : kept) {
    PRYX_TRY(const auto answer, find(c, principal, id));
    if (answer) PRYX_TRY_VOID(c.run(kBlank, principal, id, json::to_text(scripts_of(answer->bound))));
  }
  for (const TurnId& turn : turns) PRYX_TRY_VOID(c.run(kDeleteOfTurn, principal, turn));
  return {};
}

Result<std::int64_t> delete_grant(db::Connection& c, const PrincipalId& principal, const std::string& id) {
  PRYX_TRY_VOID(c.run(kDeleteBlankOf, principal, id));
  return c.run(kDeleteGrant, principal, id);
}

Result<std::int64_t> delete_expired_grants(db::Connection& c, WallTime at) {
  PRYX_TRY_VOID(c.run(kDeleteBlankExpired, at));
  return c.run(kDeleteExpired, at);
}

Result<std::int64_t> set_grant_expiry(db::Connection& c, const PrincipalId& principal, const std::string& id,
                                      WallTime expires_at, WallTime now) {
  return c.run(kSetExpiry, principal, id, expires_at, now);
}

}  // namespace pryx::trust::rows
