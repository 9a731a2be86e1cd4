// SPDX-License-Identifier: MIT
#include "trust/approvals/approvals.h"

#include "foundation/base/log.h"

namespace pryx::trust {
namespace {

constexpr Duration kAlwaysLifetime = std::chrono::hours(24 * 90);  // "always" is reviewed four times a year

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
};

constexpr std::string_view kInsert =
    "INSERT INTO approvals (principal_id, id, session_id, turn_id, step_id, tool, arguments, rendering, "
    "call_hash, reason, rule_suggestion, state,"
    " created_at, expires_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,'pending',$12,$13)";
#define PRYX_APPROVAL_COLUMNS                                                                              \
  "SELECT principal_id, id, session_id, turn_id, step_id, tool, arguments, rendering, call_hash, reason, " \
  "rule_suggestion, state, "                                                                               \
  "created_at, expires_at, resolved_at, resolved_by, scope, answer_reason FROM approvals "
constexpr std::string_view kGet = PRYX_APPROVAL_COLUMNS "WHERE principal_id = $1 AND id = $2";
constexpr std::string_view kList =
    PRYX_APPROVAL_COLUMNS "WHERE principal_id = $1 AND ($2 = '' OR state = $2) ORDER BY id DESC LIMIT $3";
constexpr std::string_view kOverdue = PRYX_APPROVAL_COLUMNS "WHERE state = 'pending' AND expires_at <= $1";
#undef PRYX_APPROVAL_COLUMNS
constexpr std::string_view kSettle =
    "UPDATE approvals SET state = $3, resolved_at = $4, resolved_by = $5, scope = $6, answer_reason = $7 "
    "WHERE principal_id = $1 AND id = $2 AND state = 'pending'";
constexpr std::string_view kInsertGrant =
    "INSERT INTO grants (principal_id, id, scope, pattern, session_id, approval_id, created_at, expires_at) "
    "VALUES ($1,$2,$3,$4,$5,$6,$7,$8)";
constexpr std::string_view kGrants =
    "SELECT principal_id, id, scope, pattern, session_id, expires_at FROM grants";
constexpr std::string_view kDeleteGrant = "DELETE FROM grants WHERE principal_id = $1 AND id = $2";

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
  return a;
}

std::optional<Grant> read_grant(const db::Row& r) {
  Grant grant;
  grant.principal = r.id<PrincipalId>(0);
  grant.id = r.text(1);
  const auto scope = grant_scope_from_text(r.view(2));
  auto pattern = GrantPattern::parse(r.view(3));
  if (!scope || !pattern) return std::nullopt;  // unreadable means not granted
  grant.scope = *scope;
  grant.pattern = std::move(*pattern);
  grant.session = r.id<SessionId>(4);
  grant.expires_at = r.optional_time(5);
  return grant;
}

}  // namespace

std::string_view to_text(ApprovalState state) {
  switch (state) {
    case ApprovalState::kPending:
      return "pending";
    case ApprovalState::kApproved:
      return "approved";
    case ApprovalState::kDenied:
      return "denied";
    case ApprovalState::kExpired:
      return "expired";
    case ApprovalState::kSuperseded:
      return "superseded";
  }
  return "denied";
}

ApprovalState approval_state_from_text(std::string_view text) {
  for (const auto state : {ApprovalState::kPending, ApprovalState::kApproved, ApprovalState::kExpired,
                           ApprovalState::kSuperseded}) {
    if (to_text(state) == text) return state;
  }
  return ApprovalState::kDenied;
}

bool may_become(ApprovalState from, ApprovalState to) {
  return from == ApprovalState::kPending && to != ApprovalState::kPending;
}

json::object Approval::to_json() const {
  json::object o;
  o["id"] = id.str();
  o["session_id"] = session.str();
  o["turn_id"] = turn.str();
  o["step_id"] = step.str();
  o["tool"] = tool;
  const auto parsed = json::parse(arguments);
  o["arguments"] = parsed ? *parsed : json::value(nullptr);
  o["rendering"] = rendering;
  o["call_hash"] = call_hash;
  o["reason"] = reason;
  o["rule_suggestion"] = rule_suggestion.empty() ? json::value(nullptr) : json::value(rule_suggestion);
  o["state"] = trust::to_text(state);
  o["created_at"] = to_rfc3339(created_at);
  o["expires_at"] = to_rfc3339(expires_at);
  o["resolved_at"] = resolved_at ? json::value(to_rfc3339(*resolved_at)) : json::value(nullptr);
  o["resolved_by"] = resolved_by.empty() ? json::value(nullptr) : json::value(resolved_by);
  o["scope"] = scope.empty() ? json::value(nullptr) : json::value(scope);
  o["answer_reason"] = answer_reason.empty() ? json::value(nullptr) : json::value(answer_reason);
  return o;
}

struct Approvals::Waiting {
  explicit Waiting(async::EventLoop& loop) : settled(loop) {}
  async::OneShot<Approval> settled;
};

Approvals::Approvals(async::EventLoop& loop, db::Database& database, events::EventLog& events,
                     audit::AuditLog& audit, IdSource& ids)
    : loop_(loop), database_(database), events_(events), audit_(audit), ids_(ids) {}
Approvals::~Approvals() = default;

db::ModuleMigrations Approvals::migrations() { return {"trust/approvals", kMigrations}; }

async::Task<Result<void>> Approvals::start() {
  const WallTime now = loop_.clock().wall();
  const auto overdue =
      co_await database_.read([now](db::Connection& c) { return c.list(kOverdue, read_approval, now); });
  if (!overdue) co_return std::unexpected(overdue.error());
  const auto grants = co_await database_.read([](db::Connection& c) { return c.list(kGrants, read_grant); });
  if (!grants) co_return std::unexpected(grants.error());
  for (const auto& grant : *grants) {
    if (grant) grants_.push_back(*grant);
  }
  const auto pending = co_await database_.read(
      [](db::Connection& c) { return c.count("SELECT count(*) FROM approvals WHERE state = 'pending'"); });
  if (!pending) co_return std::unexpected(pending.error());
  pending_ = static_cast<std::size_t>(*pending);
  for (const Approval& approval : *overdue) {
    const auto settled =
        co_await settle(approval.principal, approval.id, ApprovalState::kExpired, {}, "deadline");
    if (!settled) co_return std::unexpected(settled.error());
  }
  co_return Result<void>{};
}

Result<void> Approvals::create(db::Transaction& t, const Approval& a) {
  PRYX_TRY_VOID(t.db().run(kInsert, a.principal, a.id, a.session, a.turn, a.step, a.tool, a.arguments,
                           a.rendering, a.call_hash, a.reason, a.rule_suggestion, a.created_at,
                           a.expires_at));
  json::object payload = a.to_json();
  payload["approval_id"] = a.id.str();
  PRYX_TRY_VOID(events_.append(t, {.principal = a.principal,
                                   .name = "approval.needed",
                                   .session = a.session,
                                   .surface = {},
                                   .payload = std::move(payload)}));
  t.after_commit([this] { ++pending_; });
  return {};
}

// How one request ends.
struct Approvals::Settling {
  PrincipalId principal;
  ApprovalId id;
  ApprovalState state = ApprovalState::kDenied;
  Resolution resolution;
  std::string by;
  std::string grant_id;  // made on the loop: ids belong to its thread
};

Result<Approval> Approvals::settle_in(db::Transaction& t, const Settling& s) {
  const WallTime now = loop_.clock().wall();
  PRYX_TRY(auto approval, t.db().find(kGet, read_approval, s.principal, s.id));
  if (!approval) return fail(ErrorCode::kNotFound, "there is no approval {}", s.id.str());
  const bool by_person = s.state == ApprovalState::kApproved || s.state == ApprovalState::kDenied;
  if (approval->state == ApprovalState::kPending && by_person && approval->expires_at <= now) {
    return fail(ErrorCode::kConflict, "approval {} ran out at {}", s.id.str(),
                to_rfc3339(approval->expires_at));
  }
  if (!may_become(approval->state, s.state))
    return fail(ErrorCode::kConflict, "approval {} is already {}", s.id.str(),
                trust::to_text(approval->state));
  const bool approved = s.state == ApprovalState::kApproved;
  const std::string scope = approved ? std::string(trust::to_text(s.resolution.scope)) : std::string();
  std::optional<Grant> grant;
  if (approved && s.resolution.scope != GrantScope::kOnce) {
    // No rule is offered for a call that policy must ask about each time, and a person cannot bring one
    // along: the grant would answer other calls than the one that was shown.
    if (approval->rule_suggestion.empty())
      return fail(ErrorCode::kInvalidArgument,
                  "this call can only be approved once: no rule may be kept for it");
    const std::string& rule = s.resolution.rule.empty() ? approval->rule_suggestion : s.resolution.rule;
    PRYX_TRY(GrantPattern pattern, GrantPattern::parse(rule));
    if (pattern.tool != approval->tool)
      return fail(ErrorCode::kInvalidArgument, "the rule names {}, the call is {}", pattern.tool,
                  approval->tool);
    Grant made{.id = s.grant_id,
               .scope = s.resolution.scope,
               .pattern = std::move(pattern),
               .session = approval->session,
               .principal = s.principal,
               .expires_at = std::nullopt};
    if (s.resolution.scope == GrantScope::kAlways) made.expires_at = now + kAlwaysLifetime;
    PRYX_TRY_VOID(t.db().run(kInsertGrant, s.principal, made.id, trust::to_text(made.scope),
                             made.pattern.to_text(), made.session, s.id, now, made.expires_at));
    grant = std::move(made);
  }
  PRYX_TRY_VOID(
      t.db().run(kSettle, s.principal, s.id, trust::to_text(s.state), now, s.by, scope, s.resolution.reason));
  approval->state = s.state;
  approval->resolved_at = now;
  approval->resolved_by = s.by;
  approval->scope = scope;
  approval->answer_reason = s.resolution.reason;
  PRYX_TRY_VOID(audit_.append(t, {.principal = s.principal,
                                  .kind = "approval.resolved",
                                  .actor = s.by,
                                  .session = approval->session,
                                  .turn = approval->turn,
                                  .step = approval->step,
                                  .subject = approval->tool,
                                  .detail = {{"approval_id", s.id.str()},
                                             {"state", trust::to_text(s.state)},
                                             {"scope", scope},
                                             {"call_hash", approval->call_hash},
                                             {"grant", grant ? grant->pattern.to_text() : std::string()}}}));
  json::object payload = approval->to_json();
  payload["approval_id"] = s.id.str();
  PRYX_TRY_VOID(events_.append(t, {.principal = s.principal,
                                   .name = "approval.resolved",
                                   .session = approval->session,
                                   .surface = s.by,
                                   .payload = std::move(payload)}));
  t.after_commit([this, settled = *approval, grant = std::move(grant)]() mutable {
    note_settled(settled, std::move(grant));
  });
  return std::move(*approval);
}

void Approvals::note_settled(const Approval& approval, std::optional<Grant> grant) {
  if (pending_ > 0) --pending_;
  if (grant) grants_.push_back(std::move(*grant));
  const auto found = waiting_.find(approval.id);
  if (found != waiting_.end()) found->second->settled.set(approval);
}

async::Task<Result<Approval>> Approvals::settle(PrincipalId principal, ApprovalId id, ApprovalState state,
                                                Resolution resolution, std::string by) {
  const Settling settling{std::move(principal),  std::move(id), state,
                          std::move(resolution), std::move(by), ids_.make<GrantId>().str()};
  co_return co_await database_.write([&, this](db::Transaction& t) { return settle_in(t, settling); });
}

async::Task<Result<Approval>> Approvals::wait(PrincipalId principal, ApprovalId id) {
  auto& slot = waiting_[id];
  if (!slot) slot = std::make_shared<Waiting>(loop_);
  const std::shared_ptr<Waiting> waiting = slot;
  const auto current =
      co_await database_.read([=](db::Connection& c) { return c.find(kGet, read_approval, principal, id); });
  if (!current || !*current || (*current)->state != ApprovalState::kPending) waiting_.erase(id);
  if (!current) co_return std::unexpected(current.error());
  if (!*current) co_return fail(ErrorCode::kNotFound, "there is no approval {}", id.str());
  if ((*current)->state != ApprovalState::kPending) co_return **current;
  const std::int64_t left_ms = (*current)->expires_at.unix_ms - loop_.clock().wall().unix_ms;
  const auto end =
      co_await waiting->settled.wait(std::chrono::milliseconds(std::max<std::int64_t>(left_ms, 0)));
  waiting_.erase(id);
  if (end) co_return *end;
  // A cancelled waiter may be a daemon that goes down: the question stays open, and whoever ends the turn
  // supersedes it.
  if (end.error().code != ErrorCode::kTimeout) co_return std::unexpected(end.error());
  auto settled = co_await settle(principal, id, ApprovalState::kExpired, {}, "deadline");
  if (!settled && settled.error().code == ErrorCode::kConflict) {
    // Somebody answered in the same instant: their answer is the one on disk.
    settled = co_await get(principal, id);
  }
  co_return settled;
}

async::Task<Result<Approval>> Approvals::resolve(Caller caller, ApprovalId id, Resolution resolution) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kApprove));
  const ApprovalState state = resolution.approve ? ApprovalState::kApproved : ApprovalState::kDenied;
  co_return co_await settle(caller.principal.id, id, state, std::move(resolution), caller.surface);
}

Result<void> Approvals::supersede(db::Transaction& t, const PrincipalId& principal, const ApprovalId& id) {
  const auto settled = settle_in(t, {.principal = principal,
                                     .id = id,
                                     .state = ApprovalState::kSuperseded,
                                     .resolution = {},
                                     .by = "turn ended",
                                     .grant_id = {}});
  if (!settled && settled.error().code != ErrorCode::kConflict &&
      settled.error().code != ErrorCode::kNotFound)
    return std::unexpected(settled.error());
  return {};
}

async::Task<Result<Approval>> Approvals::get(PrincipalId principal, ApprovalId id) {
  auto found =
      co_await database_.read([=](db::Connection& c) { return c.find(kGet, read_approval, principal, id); });
  if (!found) co_return std::unexpected(found.error());
  if (!*found) co_return fail(ErrorCode::kNotFound, "there is no approval {}", id.str());
  co_return std::move(**found);
}

async::Task<Result<std::vector<Approval>>> Approvals::list(PrincipalId principal, std::string state,
                                                           std::int64_t limit) {
  co_return co_await database_.read(
      [=](db::Connection& c) { return c.list(kList, read_approval, principal, state, limit); });
}

std::vector<Grant> Approvals::grants_for(const PrincipalId& principal, const SessionId& session) const {
  const WallTime now = loop_.clock().wall();
  std::vector<Grant> out;
  for (const Grant& grant : grants_) {
    if (grant.principal != principal || (grant.expires_at && *grant.expires_at <= now)) continue;
    if (grant.scope != GrantScope::kAlways && grant.session != session) continue;
    out.push_back(grant);
  }
  return out;
}

async::Task<Result<void>> Approvals::revoke_grant(PrincipalId principal, std::string grant_id) {
  const auto changed = co_await database_.write([&](db::Transaction& t) -> Result<std::int64_t> {
    PRYX_TRY(const auto rows, t.db().run(kDeleteGrant, principal, grant_id));
    PRYX_TRY_VOID(audit_.append(t, {.principal = principal,
                                    .kind = "grant.revoked",
                                    .actor = "owner",
                                    .subject = grant_id,
                                    .detail = {}}));
    return rows;
  });
  if (!changed) co_return std::unexpected(changed.error());
  std::erase_if(grants_, [&](const Grant& grant) { return grant.id == grant_id; });
  if (*changed == 0) co_return fail(ErrorCode::kNotFound, "there is no grant {}", grant_id);
  co_return Result<void>{};
}

}  // namespace pryx::trust
