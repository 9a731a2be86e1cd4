// SPDX-License-Identifier: MIT
#include "admin.h"

namespace pryx::app {

Result<void> append_change(db::Transaction& t, audit::AuditLog& audit, const Caller& caller, std::string kind,
                           std::string subject, json::object detail) {
  PRYX_TRY_VOID(audit.append(t, {.principal = caller.principal.id,
                                 .kind = std::move(kind),
                                 .actor = caller.surface,
                                 .subject = std::move(subject),
                                 .detail = std::move(detail)}));
  return {};
}

async::Task<Result<void>> audit_change(db::Database& database, audit::AuditLog& audit, Caller caller,
                                       std::string kind, std::string subject, json::object detail) {
  const auto written = co_await database.write(
      [&](db::Transaction& t) { return append_change(t, audit, caller, kind, subject, detail); });
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

}  // namespace pryx::app
