// SPDX-License-Identifier: MIT
// How a session ends for good, whoever deletes it: in one transaction its rows go, with what was asked,
// answered, told and traced of it; the key of its personal content in the audit log is destroyed; and the log
// says so. What was done stays on record. Inside a write job.
#pragma once
#include <string>
#include <vector>

#include "foundation/db/database.h"
#include "foundation/events/event_log.h"
#include "trust/approvals/approvals.h"
#include "trust/audit/audit_log.h"

namespace pryx::agent {

struct SessionDeletion {
  struct Removed {
    PrincipalId principal;
    SessionId session;
  };

  events::EventLog& events;
  audit::AuditLog& audit;
  trust::Approvals& approvals;

  // kNotFound; kConflict while one of its turns is open. For what has to end before the session does.
  [[nodiscard]] static Result<void> check(db::Connection& c, const PrincipalId& principal,
                                          const SessionId& session);
  // `by`: the surface. Refuses what check() refuses. Its processes have ended by now: what their end writes
  // down goes with it.
  [[nodiscard]] Result<void> remove(db::Transaction& transaction, const PrincipalId& principal,
                                    const SessionId& session, const std::string& by) const;
  // Conversations of stateless clients that were last used before this, the oldest first and at most so many.
  [[nodiscard]] Result<std::vector<Removed>> remove_hidden(db::Transaction& transaction, WallTime before,
                                                           std::int64_t most, const std::string& by) const;
};

}  // namespace pryx::agent
