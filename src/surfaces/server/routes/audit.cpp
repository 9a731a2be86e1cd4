// SPDX-License-Identifier: MIT
#include "trust/audit/audit_log.h"

#include <charconv>

#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

Result<std::int64_t> before_of(const RouteCall& call) {
  const std::string cursor = query_or(call, "cursor");
  if (cursor.empty()) return INT64_MAX;
  std::int64_t before = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), before);
  if (error != std::errc() || end != cursor.data() + cursor.size())
    return fail(ErrorCode::kInvalidArgument, "the cursor is not one of ours; start without it");
  return before;
}

}  // namespace

async::Task<Result<Reply>> list_audit(RouteCall& call) {
  PRYX_CO_TRY(const std::int64_t limit, limit_of(call, 50, 200));
  PRYX_CO_TRY(const std::int64_t before, before_of(call));
  PRYX_CO_TRY(const auto rows, co_await call.services().database.read(
                                   [principal = call.principal(), before, limit](db::Connection& c) {
                                     return audit::AuditLog::list(c, principal, before, limit);
                                   }));
  json::array items;
  for (const audit::Row& row : rows) items.push_back(encode(row));
  const bool is_full = rows.size() == static_cast<std::size_t>(limit) && rows.back().index > 1;
  co_return Reply::of(
      list_body(std::move(items), is_full ? std::to_string(rows.back().index) : std::string()));
}

async::Task<Result<Reply>> verify_audit(RouteCall& call) {
  PRYX_CO_TRY(const audit::Verdict verdict, co_await call.services().database.read([](db::Connection& c) {
    return audit::AuditLog::verify(c);
  }));
  co_return Reply::of(encode(verdict));
}

}  // namespace pryx::server::routes
