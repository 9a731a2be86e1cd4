// SPDX-License-Identifier: MIT
// Questions and their answers. Grants: grants.cpp.
#include "trust/approvals/approvals.h"

#include "foundation/base/log.h"
#include "trust/approvals/approval_rows.h"

namespace pryx::trust {

struct Approvals::Waiting {
  explicit Waiting(async::EventLoop& loop) : settled(loop) {}
  async::OneShot<Approval> settled;
};

// How one request ends.
struct Approvals::Settling {
  PrincipalId principal;
  ApprovalId id;
  ApprovalState state = ApprovalState::kDenied;
  Resolution resolution;
  std::string by;
  std::string grant_id;  // made on the loop: ids belong to its thread
  bool in_plan = false;
};

Approvals::Approvals(async::EventLoop& loop, db::Database& database, events::EventLog& events,
                     audit::AuditLog& audit, IdSource& ids)
    : loop_(loop), database_(database), events_(events), audit_(audit), ids_(ids) {}
Approvals::~Approvals() = default;

db::ModuleMigrations Approvals::migrations() { return rows::migrations(); }

Result<std::vector<Approval>> Approvals::list_of_turn(db::Connection& c, const PrincipalId& principal,
                                                      const TurnId& turn) {
  return rows::list_of_turn(c, principal, turn);
}

async::Task<Result<void>> Approvals::start() {
  const WallTime now = loop_.clock().wall();
  const auto overdue =
      co_await database_.read([now](db::Connection& c) { return rows::list_overdue(c, now); });
  if (!overdue) co_return std::unexpected(overdue.error());
  auto grants = co_await database_.read([](db::Connection& c) { return rows::list_grants(c); });
  if (!grants) co_return std::unexpected(grants.error());
  grants_ = std::move(*grants);
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

Result<void> Approvals::create(db::Transaction& t, const Approval& a, std::string surface) {
  PRYX_TRY_VOID(rows::insert(t.db(), a));
  if (!a.replaces.empty()) PRYX_TRY_VOID(rows::retire(t.db(), a.principal, a.replaces));
  json::object payload = a.to_json();
  payload["approval_id"] = a.id.str();
  PRYX_TRY_VOID(events_.append(t, {.principal = a.principal,
                                   .name = "approval.needed",
                                   .session = a.session,
                                   .surface = std::move(surface),
                                   .payload = std::move(payload)}));
  t.after_commit([this] { ++pending_; });
  return {};
}

Result<void> Approvals::use(db::Transaction& t, const PrincipalId& principal, const ApprovalId& id,
                            const std::string& call_hash) {
  PRYX_TRY(const bool used, rows::use(t.db(), principal, id, call_hash, loop_.clock().wall()));
  if (!used)
    return fail(ErrorCode::kConflict,
                "approval {} does not answer this call any more: used, too old, or for another call",
                id.str());
  return {};
}

namespace {

Result<void> check_answer(const Approval& approval, ApprovalState to, const Resolution& resolution,
                          WallTime now) {
  const bool by_person = to == ApprovalState::kApproved || to == ApprovalState::kDenied;
  if (approval.state == ApprovalState::kPending && by_person && approval.expires_at <= now) {
    return fail(ErrorCode::kConflict, "approval {} ran out at {}", approval.id.str(),
                to_rfc3339(approval.expires_at));
  }
  if (approval.state != ApprovalState::kPending || !may_become(approval.state, to))
    return fail(ErrorCode::kConflict, "approval {} is already {}", approval.id.str(),
                to_text(approval.state));
  if (to != ApprovalState::kApproved) return {};
  const std::string code = approval.confirm_code();
  if (!resolution.confirm.empty() && resolution.confirm != code)
    return fail(ErrorCode::kInvalidArgument,
                "confirm is not the code of this call; look at it again: pryx approval show {}",
                approval.id.str());
  if (!approval.shown_whole && resolution.confirm.empty())
    return fail(ErrorCode::kInvalidArgument,
                "this call is too long to be shown whole, so it takes more than a yes: send its confirm_code "
                "as confirm (--confirm)");
  return {};
}

}  // namespace

// What "session" and "always" keep: nothing wider than the rule that the person saw, and never one that does
// not even cover the call it was made for.
Result<std::optional<KeptGrant>> Approvals::keep_grant(db::Transaction& t, const Settling& s,
                                                       const Approval& approval, WallTime now) {
  const bool lasts = s.state == ApprovalState::kApproved && s.resolution.scope != GrantScope::kOnce;
  if (!lasts) {
    if (!s.resolution.rule.empty() || s.resolution.grant_expires_at)
      return fail(ErrorCode::kInvalidArgument,
                  "rule and expiry belong to an approval with scope session or always");
    return std::nullopt;
  }
  PRYX_TRY(GrantPattern pattern, lasting_rule(approval, s.resolution.rule));
  if (pattern.tool != approval.tool)
    return fail(ErrorCode::kInvalidArgument, "the rule names {}, the call is {}", pattern.tool,
                approval.tool);
  if (!pattern.matches(approval.facts))
    return fail(ErrorCode::kInvalidArgument,
                "the rule does not cover the call that is asked about; start from {}",
                approval.rule_suggestion);
  const WallTime expires_at = s.resolution.grant_expires_at.value_or(now + kGrantLifetime);
  if (expires_at <= now || now + kMaxGrantLifetime < expires_at)
    return fail(ErrorCode::kInvalidArgument, "a rule is kept for a year at most, and until a time to come");
  KeptGrant kept{.grant = {.id = s.grant_id,
                           .scope = s.resolution.scope,
                           .pattern = std::move(pattern),
                           .session = approval.session,
                           .principal = s.principal,
                           .expires_at = expires_at,
                           .workspace = approval.facts.workspace},
                 .approval = s.id,
                 .created_at = now};
  PRYX_TRY_VOID(rows::insert_grant(t.db(), kept));
  PRYX_TRY_VOID(announce_grant(t, "grant.created", kept, s.by));
  return kept;
}

Result<Approval> Approvals::settle_in(db::Transaction& t, const Settling& s) {
  const WallTime now = loop_.clock().wall();
  PRYX_TRY(auto approval, rows::find(t.db(), s.principal, s.id));
  if (!approval) return fail(ErrorCode::kNotFound, "there is no approval {}", s.id.str());
  PRYX_TRY_VOID(check_answer(*approval, s.state, s.resolution, now));
  PRYX_TRY(std::optional<KeptGrant> grant, keep_grant(t, s, *approval, now));
  const bool approved = s.state == ApprovalState::kApproved;
  approval->state = s.state;
  approval->resolved_at = now;
  approval->resolved_by = s.by;
  approval->scope = approved ? std::string(trust::to_text(s.resolution.scope)) : std::string();
  approval->answer_reason = s.resolution.reason;
  if (approved) approval->launch_by = now + (s.in_plan ? kPlanLaunchWindow : kLaunchWindow);
  PRYX_TRY_VOID(rows::settle(t.db(), *approval));
  PRYX_TRY_VOID(audit_.append(
      t, {.principal = s.principal,
          .kind = "approval.resolved",
          .actor = s.by,
          .session = approval->session,
          .turn = approval->turn,
          .step = approval->step,
          .subject = approval->tool,
          .detail = {{"approval_id", s.id.str()},
                     {"state", trust::to_text(s.state)},
                     {"scope", approval->scope},
                     {"call_hash", approval->call_hash},
                     {"plan", s.in_plan},
                     {"grant_id", grant ? grant->grant.id : std::string()},
                     {"grant_expires_at",
                      grant ? json::value(to_rfc3339(*grant->grant.expires_at)) : json::value(nullptr)}},
          // A rule names files, commands and hosts.
          .personal = grant ? json::object{{"grant", grant->grant.pattern.to_text()}} : json::object()}));
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

void Approvals::note_settled(const Approval& approval, std::optional<KeptGrant> grant) {
  if (pending_ > 0) --pending_;
  if (grant) grants_.push_back(std::move(*grant));
  const auto found = waiting_.find(approval.id);
  if (found != waiting_.end()) found->second->settled.set(approval);
}

async::Task<Result<Approval>> Approvals::settle(PrincipalId principal, ApprovalId id, ApprovalState state,
                                                Resolution resolution, std::string by) {
  const Settling settling{.principal = std::move(principal),
                          .id = std::move(id),
                          .state = state,
                          .resolution = std::move(resolution),
                          .by = std::move(by),
                          .grant_id = ids_.make<GrantId>().str()};
  co_return co_await database_.write([&, this](db::Transaction& t) { return settle_in(t, settling); });
}

async::Task<Result<Approval>> Approvals::wait(PrincipalId principal, ApprovalId id) {
  auto& slot = waiting_[id];
  if (!slot) slot = std::make_shared<Waiting>(loop_);
  const std::shared_ptr<Waiting> waiting = slot;
  const auto current =
      co_await database_.read([=](db::Connection& c) { return rows::find(c, principal, id); });
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

async::Task<Result<std::vector<Approval>>> Approvals::resolve_plan(Caller caller, std::vector<ApprovalId> ids,
                                                                   Resolution resolution) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kApprove));
  if (ids.empty() || ids.size() > kMaxPlan)
    co_return fail(ErrorCode::kInvalidArgument, "a plan has 1 to {} calls, not {}", kMaxPlan, ids.size());
  if (resolution.scope != GrantScope::kOnce || !resolution.confirm.empty())
    co_return fail(
        ErrorCode::kInvalidArgument,
        "a plan is answered once and as it is shown; a rule or a confirmation belongs to one call");
  const ApprovalState state = resolution.approve ? ApprovalState::kApproved : ApprovalState::kDenied;
  co_return co_await database_.write([&, this](db::Transaction& t) -> Result<std::vector<Approval>> {
    std::vector<Approval> settled;
    json::array calls;
    for (const ApprovalId& id : ids) {
      PRYX_TRY(Approval one, settle_in(t, {.principal = caller.principal.id,
                                           .id = id,
                                           .state = state,
                                           .resolution = resolution,
                                           .by = caller.surface,
                                           .grant_id = {},
                                           .in_plan = true}));
      if (one.turn != (settled.empty() ? one.turn : settled.front().turn))
        return fail(ErrorCode::kInvalidArgument, "the calls of a plan belong to one turn");
      // A yes that was meant for the call as it was must not carry the one that it has become.
      if (resolution.approve && !one.changes.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "approval {} was asked again, because its call changed; it takes an answer of its own",
                    id.str());
      calls.push_back(json::object{{"approval_id", id.str()}, {"call_hash", one.call_hash}});
      settled.push_back(std::move(one));
    }
    PRYX_TRY_VOID(
        audit_.append(t, {.principal = caller.principal.id,
                          .kind = "approval.plan_resolved",
                          .actor = caller.surface,
                          .session = settled.front().session,
                          .turn = settled.front().turn,
                          .subject = fmt::format("{} calls", settled.size()),
                          .detail = {{"state", trust::to_text(state)}, {"calls", std::move(calls)}}}));
    return settled;
  });
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

Result<void> Approvals::forget_session(db::Transaction& t, const PrincipalId& principal,
                                       const SessionId& session, const std::vector<TurnId>& turns,
                                       const std::string& by) {
  // Nobody can answer them any more.
  for (const TurnId& turn : turns) {
    PRYX_TRY(const auto asked, rows::list_pending(t.db(), principal, turn));
    for (const Approval& one : asked) PRYX_TRY_VOID(supersede(t, principal, one.id));
  }
  const auto ends = [principal, session](const KeptGrant& kept) {
    const Grant& grant = kept.grant;
    return grant.principal == principal && grant.session == session && grant.scope != GrantScope::kAlways;
  };
  PRYX_TRY(const auto grants, rows::list_grants(t.db()));
  for (const KeptGrant& kept : grants) {
    if (!ends(kept)) continue;
    PRYX_TRY_VOID(audit_.append(t, {.principal = principal,
                                    .kind = "grant.revoked",
                                    .actor = by,
                                    .session = session,
                                    .subject = kept.grant.id,
                                    .detail = {}}));
    PRYX_TRY_VOID(announce_grant(t, "grant.revoked", kept, by));
  }
  PRYX_TRY_VOID(rows::forget_session(t.db(), principal, session, turns));
  t.after_commit([this, ends] { std::erase_if(grants_, ends); });
  return {};
}

async::Task<Result<Approval>> Approvals::get(PrincipalId principal, ApprovalId id) {
  auto found = co_await database_.read([=](db::Connection& c) { return rows::find(c, principal, id); });
  if (!found) co_return std::unexpected(found.error());
  if (!*found) co_return fail(ErrorCode::kNotFound, "there is no approval {}", id.str());
  co_return std::move(**found);
}

async::Task<Result<std::vector<Approval>>> Approvals::list_page(PrincipalId principal, ApprovalQuery query) {
  co_return co_await database_.read(
      [&principal, &query](db::Connection& c) { return rows::list_page(c, principal, query); });
}

async::Task<Result<std::vector<Approval>>> Approvals::list_pending(PrincipalId principal, TurnId turn) {
  co_return co_await database_.read(
      [=](db::Connection& c) { return rows::list_pending(c, principal, turn); });
}

}  // namespace pryx::trust
