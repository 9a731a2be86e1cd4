// SPDX-License-Identifier: MIT
// What lasting answers leave behind, and what one would mean before it is given.
#include <algorithm>

#include "trust/approvals/approval_rows.h"
#include "trust/approvals/approvals.h"

namespace pryx::trust {
namespace {

constexpr std::int64_t kMaxPastCalls = 1000;
constexpr std::size_t kMaxSamples = 5;

bool has_run_out(const Grant& grant, WallTime at) { return grant.expires_at && *grant.expires_at <= at; }

Result<KeptGrant> find_grant(db::Connection& c, const PrincipalId& principal, const std::string& id) {
  PRYX_TRY(auto kept, rows::list_grants(c));
  for (KeptGrant& one : kept) {
    if (one.grant.principal == principal && one.grant.id == id) return std::move(one);
  }
  return fail(ErrorCode::kNotFound, "there is no grant {}", id);
}

}  // namespace

json::object RulePreview::to_json() const {
  json::array list;
  for (const Approval& sample : samples) {
    list.push_back(json::object{{"approval_id", sample.id.str()},
                                {"rendering", sample.rendering},
                                {"state", trust::to_text(sample.state)},
                                {"created_at", to_rfc3339(sample.created_at)}});
  }
  return {{"rule", rule},
          {"matches_call", matches_call},
          {"looked_at", looked_at},
          {"would_have_matched", matched},
          {"samples", std::move(list)}};
}

async::Task<Result<RulePreview>> Approvals::preview(PrincipalId principal, ApprovalId id, std::string rule) {
  PRYX_CO_TRY(const Approval asked, co_await get(principal, id));
  PRYX_CO_TRY(const GrantPattern pattern, lasting_rule(asked, rule));
  const std::string tool = asked.tool;
  PRYX_CO_TRY(auto past, co_await database_.read([=](db::Connection& c) {
    return rows::list_of_tool(c, principal, tool, kMaxPastCalls);
  }));
  RulePreview preview{.rule = pattern.to_text(), .matches_call = pattern.matches(asked.facts), .samples = {}};
  for (Approval& approval : past) {
    if (approval.id == id) continue;
    ++preview.looked_at;
    if (approval.facts.workspace != asked.facts.workspace || !pattern.matches(approval.facts)) continue;
    // A person is asked each time, whatever rules there are.
    if (forces_ask(approval.facts.context, approval.facts.sink)) continue;
    ++preview.matched;
    if (preview.samples.size() < kMaxSamples) preview.samples.push_back(std::move(approval));
  }
  co_return preview;
}

std::vector<Grant> Approvals::grants_for(const PrincipalId& principal, const SessionId& session) const {
  const WallTime now = loop_.clock().wall();
  std::vector<Grant> out;
  for (const KeptGrant& kept : grants_) {
    if (kept.grant.principal != principal || has_run_out(kept.grant, now)) continue;
    if (kept.grant.scope != GrantScope::kAlways && kept.grant.session != session) continue;
    out.push_back(kept.grant);
  }
  return out;
}

std::vector<KeptGrant> Approvals::list_grants(const PrincipalId& principal) const {
  const WallTime now = loop_.clock().wall();
  std::vector<KeptGrant> out;
  for (auto kept = grants_.rbegin(); kept != grants_.rend(); ++kept) {
    if (kept->grant.principal == principal && !has_run_out(kept->grant, now)) out.push_back(*kept);
  }
  return out;
}

Result<void> Approvals::announce_grant(db::Transaction& t, std::string name, const KeptGrant& kept,
                                       std::string surface) {
  json::object payload = kept.to_json();
  payload["grant_id"] = kept.grant.id;
  const bool is_bound = kept.grant.scope != GrantScope::kAlways;
  PRYX_TRY_VOID(events_.append(t, {.principal = kept.grant.principal,
                                   .name = std::move(name),
                                   .session = is_bound ? kept.grant.session : SessionId(),
                                   .surface = std::move(surface),
                                   .payload = std::move(payload)}));
  return {};
}

async::Task<Result<void>> Approvals::revoke_grant(Caller caller, std::string grant_id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kApprove));
  co_return co_await database_.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY(const KeptGrant kept, find_grant(t.db(), caller.principal.id, grant_id));
    PRYX_TRY_VOID(rows::delete_grant(t.db(), caller.principal.id, grant_id));
    PRYX_TRY_VOID(audit_.append(t, {.principal = caller.principal.id,
                                    .kind = "grant.revoked",
                                    .actor = caller.surface,
                                    .subject = grant_id,
                                    .detail = {}}));
    PRYX_TRY_VOID(announce_grant(t, "grant.revoked", kept, caller.surface));
    t.after_commit([this, grant_id] {
      std::erase_if(grants_, [&](const KeptGrant& k) { return k.grant.id == grant_id; });
    });
    return {};
  });
}

async::Task<Result<KeptGrant>> Approvals::change_grant(Caller caller, std::string grant_id,
                                                       WallTime expires_at) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kApprove));
  const WallTime now = loop_.clock().wall();
  if (expires_at <= now || now + kMaxGrantLifetime < expires_at)
    co_return fail(ErrorCode::kInvalidArgument,
                   "a rule is kept for a year at most, and until a time to come");
  PRYX_CO_TRY_VOID(co_await database_.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY(const auto rows, rows::set_grant_expiry(t.db(), caller.principal.id, grant_id, expires_at, now));
    if (rows == 0) return fail(ErrorCode::kNotFound, "there is no grant {}", grant_id);
    PRYX_TRY_VOID(audit_.append(t, {.principal = caller.principal.id,
                                    .kind = "grant.changed",
                                    .actor = caller.surface,
                                    .subject = grant_id,
                                    .detail = {{"expires_at", to_rfc3339(expires_at)}}}));
    PRYX_TRY(const KeptGrant kept, find_grant(t.db(), caller.principal.id, grant_id));
    PRYX_TRY_VOID(announce_grant(t, "grant.changed", kept, caller.surface));
    t.after_commit([this, grant_id, expires_at] {
      for (KeptGrant& kept : grants_) {
        if (kept.grant.id == grant_id) kept.grant.expires_at = expires_at;
      }
    });
    return {};
  }));
  for (const KeptGrant& kept : grants_) {
    if (kept.grant.id == grant_id) co_return kept;
  }
  co_return fail(ErrorCode::kNotFound, "there is no grant {}", grant_id);
}

bool Approvals::has_expired_grants() const {
  const WallTime now = loop_.clock().wall();
  return std::ranges::any_of(grants_, [now](const KeptGrant& kept) { return has_run_out(kept.grant, now); });
}

async::Task<Result<std::int64_t>> Approvals::purge_grants() {
  const WallTime now = loop_.clock().wall();
  co_return co_await database_.write([=, this](db::Transaction& t) -> Result<std::int64_t> {
    PRYX_TRY(const auto kept, rows::list_grants(t.db()));
    for (const KeptGrant& one : kept) {
      if (has_run_out(one.grant, now)) PRYX_TRY_VOID(announce_grant(t, "grant.expired", one, {}));
    }
    PRYX_TRY(const auto rows, rows::delete_expired_grants(t.db(), now));
    t.after_commit([this, now] {
      std::erase_if(grants_, [&](const KeptGrant& k) { return has_run_out(k.grant, now); });
    });
    return rows;
  });
}

}  // namespace pryx::trust
