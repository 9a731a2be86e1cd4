// SPDX-License-Identifier: MIT
#include "trust/approvals/approvals.h"

#include "surfaces/server/messages.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {

async::Task<Result<Reply>> list_approvals(RouteCall& call) {
  const std::string state = query_or(call, "state");
  if (!state.empty() && trust::to_text(trust::approval_state_from_text(state)) != state) {
    co_return fail(ErrorCode::kInvalidArgument,
                   "state must be pending, approved, denied, expired or superseded");
  }
  PRYX_CO_TRY(const std::int64_t limit, limit_of(call, 50, 200));
  PRYX_CO_TRY(const auto found, co_await call.services().approvals.list(call.principal(), state, limit));
  json::array items;
  for (const trust::Approval& approval : found) items.push_back(approval.to_json());
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> get_approval(RouteCall& call) {
  PRYX_CO_TRY(ApprovalId id, path_id<ApprovalId>(call));
  PRYX_CO_TRY(const trust::Approval approval,
              co_await call.services().approvals.get(call.principal(), std::move(id)));
  co_return Reply::of(approval.to_json());
}

async::Task<Result<Reply>> resolve_approval(RouteCall& call) {
  PRYX_CO_TRY(ApprovalId id, path_id<ApprovalId>(call));
  PRYX_CO_TRY(trust::Resolution resolution, decode_resolution(call.body));
  PRYX_CO_TRY(const trust::Approval approval, co_await call.services().approvals.resolve(
                                                  call.caller(), std::move(id), std::move(resolution)));
  co_return Reply::of(approval.to_json());
}

}  // namespace pryx::server::routes
