// SPDX-License-Identifier: MIT
// The tables of this module: approvals and grants. Private to it.
#pragma once
#include "foundation/db/database.h"
#include "trust/approvals/approval.h"

namespace pryx::trust::rows {

[[nodiscard]] db::ModuleMigrations migrations();

[[nodiscard]] Result<void> insert(db::Connection& c, const Approval& approval);
[[nodiscard]] Result<std::optional<Approval>> find(db::Connection& c, const PrincipalId& principal,
                                                   const ApprovalId& id);
// Newest first.
[[nodiscard]] Result<std::vector<Approval>> list_page(db::Connection& c, const PrincipalId& principal,
                                                      const ApprovalQuery& query);
[[nodiscard]] Result<std::vector<Approval>> list_pending(db::Connection& c, const PrincipalId& principal,
                                                         const TurnId& turn);
// All of them, in the order they were asked.
[[nodiscard]] Result<std::vector<Approval>> list_of_turn(db::Connection& c, const PrincipalId& principal,
                                                         const TurnId& turn);
[[nodiscard]] Result<std::vector<Approval>> list_of_tool(db::Connection& c, const PrincipalId& principal,
                                                         const std::string& tool, std::int64_t limit);
[[nodiscard]] Result<std::vector<Approval>> list_overdue(db::Connection& c, WallTime at);
// The answer, from pending.
[[nodiscard]] Result<void> settle(db::Connection& c, const Approval& approval);
// False when it is not there to be used.
[[nodiscard]] Result<bool> use(db::Connection& c, const PrincipalId& principal, const ApprovalId& id,
                               const std::string& call_hash, WallTime at);
// An approved one that was not used becomes superseded.
[[nodiscard]] Result<void> retire(db::Connection& c, const PrincipalId& principal, const ApprovalId& id);

[[nodiscard]] Result<void> insert_grant(db::Connection& c, const KeptGrant& kept);
[[nodiscard]] Result<std::vector<KeptGrant>> list_grants(db::Connection& c);
// Questions, answers and grants of a session and its turns. The answer behind a rule that was kept for always
// stays as long as the rule, without its content.
[[nodiscard]] Result<void> forget_session(db::Connection& c, const PrincipalId& principal,
                                          const SessionId& session, const std::vector<TurnId>& turns);
[[nodiscard]] Result<std::int64_t> delete_grant(db::Connection& c, const PrincipalId& principal,
                                                const std::string& id);
[[nodiscard]] Result<std::int64_t> delete_expired_grants(db::Connection& c, WallTime at);
// One that ran out stays so.
[[nodiscard]] Result<std::int64_t> set_grant_expiry(db::Connection& c, const PrincipalId& principal,
                                                    const std::string& id, WallTime expires_at, WallTime now);

}  // namespace pryx::trust::rows
