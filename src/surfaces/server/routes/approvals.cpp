// SPDX-License-Identifier: MIT
#include "trust/approvals/approvals.h"

#include "surfaces/server/messages.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

WallTime now_of(const RouteCall& call) { return call.services().loop.clock().wall(); }

// approval_ids as given or, for a denial, what waits in the turn. A yes names its calls: what waits by now
// may be what nobody has looked at.
async::Task<Result<std::vector<ApprovalId>>> plan_of(RouteCall& call, const trust::Resolution& resolution) {
  std::vector<ApprovalId> ids;
  const json::value* given = json::find(call.body, "approval_ids");
  PRYX_CO_TRY(const auto turn_text, json::find_string(call.body, "turn_id"));
  if ((given == nullptr) == !turn_text)
    co_return fail(ErrorCode::kInvalidArgument, "name the calls by approval_ids or by turn_id, one of them");
  if (given != nullptr) {
    if (!given->is_array()) co_return fail(ErrorCode::kInvalidArgument, "approval_ids must be a list of ids");
    for (const json::value& item : given->get_array()) {
      auto id =
          ApprovalId::parse(item.is_string() ? std::string_view(item.get_string()) : std::string_view());
      if (!id) co_return fail(ErrorCode::kInvalidArgument, "approval_ids must be a list of ids");
      ids.push_back(std::move(*id));
    }
    co_return ids;
  }
  if (resolution.approve)
    co_return fail(ErrorCode::kInvalidArgument,
                   "turn_id is for denials; name the calls that were looked at as approval_ids");
  auto turn = TurnId::parse(*turn_text);
  if (!turn) co_return fail(ErrorCode::kNotFound, "there is no such turn");
  PRYX_CO_TRY(const auto pending,
              co_await call.services().approvals.list_pending(call.principal(), std::move(*turn)));
  for (const trust::Approval& approval : pending) ids.push_back(approval.id);
  if (ids.empty()) co_return fail(ErrorCode::kConflict, "nothing of this turn waits for an answer");
  co_return ids;
}

}  // namespace

async::Task<Result<Reply>> list_approvals(RouteCall& call) {
  trust::ApprovalQuery query;
  if (const std::string states = query_or(call, "state"); !states.empty()) {
    PRYX_CO_TRY(query.states, trust::approval_states_from_list(states));
  }
  PRYX_CO_TRY(query.limit, limit_of(call, 50, 200));
  if (const std::string cursor = query_or(call, "cursor"); !cursor.empty()) {
    auto id = ApprovalId::parse(cursor);
    if (!id) co_return fail(ErrorCode::kInvalidArgument, "the cursor is not one of ours; start without it");
    query.before = std::move(*id);
  }
  const std::int64_t limit = query.limit;
  PRYX_CO_TRY(const auto found,
              co_await call.services().approvals.list_page(call.principal(), std::move(query)));
  json::array items;
  for (const trust::Approval& approval : found) items.push_back(approval.to_json());
  const bool has_more = static_cast<std::int64_t>(found.size()) == limit;
  co_return Reply::of(list_body(std::move(items), has_more ? found.back().id.str() : std::string()));
}

async::Task<Result<Reply>> get_approval(RouteCall& call) {
  PRYX_CO_TRY(ApprovalId id, path_id<ApprovalId>(call));
  PRYX_CO_TRY(const trust::Approval approval,
              co_await call.services().approvals.get(call.principal(), std::move(id)));
  co_return Reply::of(approval.to_json());
}

async::Task<Result<Reply>> resolve_approval(RouteCall& call) {
  PRYX_CO_TRY(ApprovalId id, path_id<ApprovalId>(call));
  PRYX_CO_TRY(trust::Resolution resolution, decode_resolution(call.body, now_of(call)));
  PRYX_CO_TRY(const trust::Approval approval, co_await call.services().approvals.resolve(
                                                  call.caller(), std::move(id), std::move(resolution)));
  co_return Reply::of(approval.to_json());
}

// One answer for several calls of a turn: all of them or none.
async::Task<Result<Reply>> resolve_plan(RouteCall& call) {
  PRYX_CO_TRY(trust::Resolution resolution, decode_resolution(call.body, now_of(call)));
  auto ids = co_await plan_of(call, resolution);
  if (!ids) co_return std::unexpected(ids.error());
  PRYX_CO_TRY(const auto settled, co_await call.services().approvals.resolve_plan(
                                      call.caller(), std::move(*ids), std::move(resolution)));
  json::array items;
  for (const trust::Approval& approval : settled) items.push_back(approval.to_json());
  co_return Reply::of(list_body(std::move(items)));
}

// What a lasting rule would have answered in the past, before it is kept.
async::Task<Result<Reply>> preview_rule(RouteCall& call) {
  PRYX_CO_TRY(ApprovalId id, path_id<ApprovalId>(call));
  PRYX_CO_TRY(auto rule, json::find_string(call.body, "rule"));
  PRYX_CO_TRY(const trust::RulePreview preview,
              co_await call.services().approvals.preview(call.principal(), std::move(id),
                                                         std::move(rule).value_or("")));
  co_return Reply::of(preview.to_json());
}

async::Task<Result<Reply>> list_grants(RouteCall& call) {
  json::array items;
  for (const trust::KeptGrant& kept : call.services().approvals.list_grants(call.principal()))
    items.push_back(kept.to_json());
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> change_grant(RouteCall& call) {
  PRYX_CO_TRY(GrantId id, path_id<GrantId>(call));
  PRYX_CO_TRY(const std::string expires, json::get_string(call.body, "expires"));
  PRYX_CO_TRY(const WallTime at, decode_expiry(expires, now_of(call)));
  PRYX_CO_TRY(const trust::KeptGrant kept,
              co_await call.services().approvals.change_grant(call.caller(), id.str(), at));
  co_return Reply::of(kept.to_json());
}

async::Task<Result<Reply>> revoke_grant(RouteCall& call) {
  PRYX_CO_TRY(GrantId id, path_id<GrantId>(call));
  PRYX_CO_TRY_VOID(co_await call.services().approvals.revoke_grant(call.caller(), id.str()));
  co_return Reply::empty();
}

}  // namespace pryx::server::routes
