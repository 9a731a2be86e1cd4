// SPDX-License-Identifier: MIT
// How a session ends for good, whoever deletes it: in one transaction its rows go, with what was asked,
// answered, told and traced of it; the key of its personal content in the audit log is destroyed; and the log
// says so. The sessions of its sub-agents, at any depth, go the same way in the same transaction: they hold
// what was read and written for it, and nobody would look for it there. What was done stays on record. Inside
// a write job.
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

  // kNotFound; kConflict while one of its turns is open, or one that a person began in the session of one of
  // its sub-agents. For what has to end before the session does: a sub-agent's own turn among it.
  [[nodiscard]] static Result<void> check(db::Connection& c, const PrincipalId& principal,
                                          const SessionId& session);
  // All that goes with it, itself last.
  [[nodiscard]] static Result<std::vector<SessionId>> list_going(db::Connection& c,
                                                                 const PrincipalId& principal,
                                                                 const SessionId& session);
  // The same of those that remove_hidden() takes.
  [[nodiscard]] static Result<std::vector<Removed>> list_hidden(db::Connection& c, WallTime before,
                                                                std::int64_t most);
  // `by`: the surface. Refuses what check() refuses, and while a sub-agent is at work. Their processes have
  // ended by now: what their end writes down goes with them. What went: see list_going().
  [[nodiscard]] Result<std::vector<SessionId>> remove(db::Transaction& transaction,
                                                      const PrincipalId& principal, const SessionId& session,
                                                      const std::string& by) const;
  // Conversations of stateless clients that were last used before this, the oldest first and at most so many;
  // those of their sub-agents are not counted.
  [[nodiscard]] Result<std::vector<Removed>> remove_hidden(db::Transaction& transaction, WallTime before,
                                                           std::int64_t most, const std::string& by) const;
};

}  // namespace pryx::agent
