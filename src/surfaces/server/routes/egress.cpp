// SPDX-License-Identifier: MIT
#include <charconv>

#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"
#include "trust/egress/request_log.h"

namespace pryx::server {
namespace {

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

json::object encode(const egress::RequestRecord& r) {
  return {{"number", r.number},
          {"at", to_rfc3339(r.at)},
          {"ended_at", r.ended_at.unix_ms > 0 ? json::value(to_rfc3339(r.ended_at)) : json::value(nullptr)},
          {"tool", r.tool},
          {"method", r.method},
          {"scheme", r.scheme},
          {"host", r.host},
          {"port", r.port},
          {"peer", or_null(r.peer)},
          {"status", r.status > 0 ? json::value(r.status) : json::value(nullptr)},
          {"state", r.state},
          {"reason", or_null(r.reason)},
          {"bytes_out", r.bytes_out},
          {"bytes_in", r.bytes_in},
          {"session_id", or_null(r.session.str())},
          {"turn_id", or_null(r.turn.str())},
          {"step_id", or_null(r.step.str())}};
}

}  // namespace pryx::server

namespace pryx::server::routes {

async::Task<Result<Reply>> list_egress(RouteCall& call) {
  PRYX_CO_TRY(const std::int64_t limit, limit_of(call, 50, 200));
  const std::string cursor = query_or(call, "cursor");
  std::int64_t before = INT64_MAX;
  if (!cursor.empty()) {
    const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), before);
    if (error != std::errc() || end != cursor.data() + cursor.size())
      co_return fail(ErrorCode::kInvalidArgument, "the cursor is not one of ours; start without it");
  }
  PRYX_CO_TRY(const auto rows, co_await call.services().database.read(
                                   [principal = call.principal(), before, limit](db::Connection& c) {
                                     return egress::EgressLog::list(c, principal, before, limit);
                                   }));
  json::array items;
  for (const egress::RequestRecord& row : rows) items.push_back(encode(row));
  const bool is_full = rows.size() == static_cast<std::size_t>(limit) && rows.back().number > 1;
  co_return Reply::of(
      list_body(std::move(items), is_full ? std::to_string(rows.back().number) : std::string()));
}

}  // namespace pryx::server::routes
