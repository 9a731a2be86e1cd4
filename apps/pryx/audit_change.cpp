// SPDX-License-Identifier: MIT
#include "admin.h"

namespace pryx::app {

async::Task<Result<void>> audit_change(db::Database& database, audit::AuditLog& audit, Caller caller,
                                       std::string kind, std::string subject, json::object detail) {
  const auto written = co_await database.write([&](db::Transaction& t) {
    return audit.append(t, {.principal = caller.principal.id,
                            .kind = kind,
                            .actor = caller.surface,
                            .subject = subject,
                            .detail = detail});
  });
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

}  // namespace pryx::app
