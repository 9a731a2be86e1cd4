// SPDX-License-Identifier: MIT
#include "engine/agent/session_deletion.h"

#include "engine/agent/session_store.h"
#include "engine/agent/subagents/sub_agent_store.h"
#include "engine/agent/turn_store.h"
#include "engine/tools/undo/undo_journal.h"
#include "trust/trace/span_store.h"

namespace pryx::agent {
namespace {

Result<void> remove_one(const SessionDeletion& deletion, db::Transaction& t, const PrincipalId& principal,
                        const SessionId& session, const std::string& by) {
  PRYX_TRY(const auto turns, SessionStore::turns_of(t.db(), principal, session));
  PRYX_TRY_VOID(tools::UndoJournal::forget_turns(t.db(), principal, turns));
  PRYX_TRY_VOID(deletion.approvals.forget_session(t, principal, session, turns, by));
  PRYX_TRY_VOID(SessionStore::delete_session(t.db(), principal, session));
  PRYX_TRY_VOID(trace::SpanStore::forget_session(t.db(), principal, session));
  PRYX_TRY_VOID(deletion.audit.append(t, {.principal = principal,
                                          .kind = "session.deleted",
                                          .actor = by,
                                          .session = session,
                                          .subject = session.str()}));
  PRYX_TRY_VOID(deletion.audit.erase(t, principal, session, by));
  PRYX_TRY_VOID(events::EventLog::forget_session(t, principal, session));
  PRYX_TRY_VOID(deletion.events.append(t, {.principal = principal,
                                           .name = "session.deleted",
                                           .session = session,
                                           .surface = by,
                                           .payload = {{"session_id", session.str()}}}));
  return {};
}

}  // namespace

Result<void> SessionDeletion::check(db::Connection& c, const PrincipalId& principal,
                                    const SessionId& session) {
  PRYX_TRY(const auto found, SessionStore::find_session(c, principal, session));
  if (!found) return fail(ErrorCode::kNotFound, "there is no session {}", session.str());
  PRYX_TRY(const auto open, TurnStore::count_open(c, principal, session));
  if (open > 0)
    return fail(ErrorCode::kConflict, "session {} has {} open turns; cancel them first", session.str(), open);
  PRYX_TRY(const auto below, SubAgentStore::list_below(c, principal, session, TurnId()));
  for (const SessionId& one : below) {
    PRYX_TRY(const auto agent, SubAgentStore::find(c, principal, one));
    PRYX_TRY(const std::int64_t turns, TurnStore::count_open(c, principal, one));
    // Its own one, unless that needs attention, which count_open() leaves out.
    const bool is_at_work = agent && !agent->is_over() && agent->turn_state != TurnState::kNeedsAttention;
    if (turns > (is_at_work ? 1 : 0))
      return fail(ErrorCode::kConflict, "session {} of a sub-agent has open turns; cancel them first",
                  one.str());
  }
  return {};
}

Result<std::vector<SessionId>> SessionDeletion::list_going(db::Connection& c, const PrincipalId& principal,
                                                           const SessionId& session) {
  PRYX_TRY(std::vector<SessionId> going, SubAgentStore::list_below(c, principal, session, TurnId()));
  going.push_back(session);
  return going;
}

Result<std::vector<SessionDeletion::Removed>> SessionDeletion::list_hidden(db::Connection& c, WallTime before,
                                                                           std::int64_t most) {
  PRYX_TRY(const auto old, SessionStore::list_old_hidden(c, before, most));
  std::vector<Removed> going;
  for (const auto& [principal, session] : old) {
    PRYX_TRY(const auto all, list_going(c, principal, session));
    for (const SessionId& one : all) going.push_back({principal, one});
  }
  return going;
}

Result<std::vector<SessionId>> SessionDeletion::remove(db::Transaction& t, const PrincipalId& principal,
                                                       const SessionId& session,
                                                       const std::string& by) const {
  PRYX_TRY_VOID(check(t.db(), principal, session));
  PRYX_TRY(std::vector<SessionId> going, list_going(t.db(), principal, session));
  for (const SessionId& one : going) PRYX_TRY_VOID(remove_one(*this, t, principal, one, by));
  return going;
}

Result<std::vector<SessionDeletion::Removed>> SessionDeletion::remove_hidden(db::Transaction& t,
                                                                             WallTime before,
                                                                             std::int64_t most,
                                                                             const std::string& by) const {
  PRYX_TRY(const auto old, SessionStore::list_old_hidden(t.db(), before, most));
  std::vector<Removed> removed;
  for (const auto& [principal, session] : old) {
    PRYX_TRY(const auto gone, remove(t, principal, session, by));
    for (const SessionId& one : gone) removed.push_back({principal, one});
  }
  return removed;
}

}  // namespace pryx::agent
