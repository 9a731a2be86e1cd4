// SPDX-License-Identifier: MIT
#include "engine/agent/session_deletion.h"

#include "engine/agent/session_store.h"
#include "engine/agent/turn_store.h"
#include "engine/tools/undo/undo_journal.h"
#include "trust/trace/span_store.h"

namespace pryx::agent {

Result<void> SessionDeletion::check(db::Connection& c, const PrincipalId& principal,
                                    const SessionId& session) {
  PRYX_TRY(const auto found, SessionStore::find_session(c, principal, session));
  if (!found) return fail(ErrorCode::kNotFound, "there is no session {}", session.str());
  PRYX_TRY(const auto open, TurnStore::count_open(c, principal, session));
  if (open > 0)
    return fail(ErrorCode::kConflict, "session {} has {} open turns; cancel them first", session.str(), open);
  return {};
}

Result<void> SessionDeletion::remove(db::Transaction& t, const PrincipalId& principal,
                                     const SessionId& session, const std::string& by) const {
  PRYX_TRY_VOID(check(t.db(), principal, session));
  PRYX_TRY(const auto turns, SessionStore::turns_of(t.db(), principal, session));
  PRYX_TRY_VOID(tools::UndoJournal::forget_turns(t.db(), principal, turns));
  PRYX_TRY_VOID(approvals.forget_session(t, principal, session, turns, by));
  PRYX_TRY_VOID(SessionStore::delete_session(t.db(), principal, session));
  PRYX_TRY_VOID(trace::SpanStore::forget_session(t.db(), principal, session));
  PRYX_TRY_VOID(audit.append(t, {.principal = principal,
                                 .kind = "session.deleted",
                                 .actor = by,
                                 .session = session,
                                 .subject = session.str()}));
  PRYX_TRY_VOID(audit.erase(t, principal, session, by));
  PRYX_TRY_VOID(events::EventLog::forget_session(t, principal, session));
  PRYX_TRY_VOID(events.append(t, {.principal = principal,
                                  .name = "session.deleted",
                                  .session = session,
                                  .surface = by,
                                  .payload = {{"session_id", session.str()}}}));
  return {};
}

Result<std::vector<SessionDeletion::Removed>> SessionDeletion::remove_hidden(db::Transaction& t,
                                                                             WallTime before,
                                                                             std::int64_t most,
                                                                             const std::string& by) const {
  PRYX_TRY(const auto old, SessionStore::list_old_hidden(t.db(), before, most));
  std::vector<Removed> removed;
  for (const auto& [principal, session] : old) {
    PRYX_TRY_VOID(remove(t, principal, session, by));
    removed.push_back({principal, session});
  }
  return removed;
}

}  // namespace pryx::agent
