// SPDX-License-Identifier: MIT
#include "surfaces/server/refusal_log.h"

#include <algorithm>
#include <utility>

#include "foundation/base/log.h"
#include "trust/trace/span.h"

namespace pryx::server {

bool RefusalLog::Allowance::take(MonotonicTime now) {
  const auto due = (now - refilled_at) / kLineEvery;
  if (due > 0) {
    lines = static_cast<int>(std::min<std::int64_t>(kBurst, lines + due));
    refilled_at = lines == kBurst ? now : refilled_at + due * kLineEvery;
  }
  if (lines == 0) return false;
  --lines;
  return true;
}

void RefusalLog::write(const Refused& refused) {
  const std::string trace_id = trace::trace_id_of(refused.request_id);
  if (refused.status >= 500) {
    if (!failures_.take(clock_->monotonic())) return;
    log::warn("server.request_failed", {{"route", refused.route},
                                        {"method", refused.method},
                                        {"status", refused.status},
                                        {"code", refused.code},
                                        {"detail", refused.detail},
                                        {"request_id", refused.request_id},
                                        {"trace_id", trace_id}});
    return;
  }
  Allowance& allowance = refused.is_known_caller ? known_ : strangers_;
  const bool fits = allowance.take(clock_->monotonic());
  if (!fits) ++allowance.left_out;
  log::write(fits ? log::Level::kInfo : log::Level::kDebug, "server.request_refused",
             {{"route", refused.route},
              {"method", refused.method},
              {"status", refused.status},
              {"code", refused.code},
              {"request_id", refused.request_id},
              {"trace_id", trace_id},
              {"left_out", fits ? std::exchange(allowance.left_out, 0) : 0}});
  log::debug("server.refusal_detail", {{"detail", refused.detail}, {"request_id", refused.request_id}});
}

}  // namespace pryx::server
