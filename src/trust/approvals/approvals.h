// SPDX-License-Identifier: MIT
// Asking a person, and remembering what they granted. A request is a durable row with a deadline; the first
// answer wins; silence, a restart and a deadline that passed while the daemon was down all mean no. I/O
// thread only, but create(), which runs in a write job.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/async/wait_list.h"
#include "foundation/base/ids.h"
#include "foundation/db/database.h"
#include "foundation/events/event_log.h"
#include "trust/audit/audit_log.h"
#include "trust/policy/grant.h"
#include "trust/principals/caller.h"

namespace pryx::trust {

enum class ApprovalState : std::uint8_t { kPending, kApproved, kDenied, kExpired, kSuperseded };
[[nodiscard]] std::string_view to_text(ApprovalState state);
[[nodiscard]] ApprovalState approval_state_from_text(std::string_view text);
[[nodiscard]] bool may_become(ApprovalState from, ApprovalState to);

struct Approval {
  ApprovalId id;
  PrincipalId principal;
  SessionId session;
  TurnId turn;
  StepId step;
  std::string tool;
  std::string arguments;        // canonical JSON: exactly what is bound
  std::string rendering;        // one line for people, raw
  std::string call_hash;        // what the approval is bound to
  std::string reason;           // why policy asks
  std::string rule_suggestion;  // the grant pattern that "always" would store; empty: none is offered
  ApprovalState state = ApprovalState::kPending;
  WallTime created_at;
  WallTime expires_at;
  std::optional<WallTime> resolved_at;
  std::string resolved_by;  // surface
  std::string scope;        // "once", "session", "always"
  std::string answer_reason;
  [[nodiscard]] json::object to_json() const;
};

struct Resolution {
  bool approve = false;
  GrantScope scope = GrantScope::kOnce;
  std::string rule;    // for `always`: the pattern as the person edited it; empty takes the suggestion
  std::string reason;  // of a denial, told to the model
};

class Approvals {
 public:
  Approvals(async::EventLoop& loop, db::Database& database, events::EventLog& events, audit::AuditLog& audit,
            IdSource& ids);
  ~Approvals();
  [[nodiscard]] static db::ModuleMigrations migrations();
  // Expires what ran out while the daemon was down and reads the grants. Call once before the first turn.
  [[nodiscard]] async::Task<Result<void>> start();

  // Inside the write job that makes the step wait; emits approval.needed with the commit.
  [[nodiscard]] Result<void> create(db::Transaction& transaction, const Approval& approval);
  // Until it is resolved or its deadline passes, which resolves it as expired. kCancelled leaves the request
  // open.
  [[nodiscard]] async::Task<Result<Approval>> wait(PrincipalId principal, ApprovalId id);
  // First answer wins: kConflict for the second. kNotFound, kInvalidArgument (a rule that is too wide).
  [[nodiscard]] async::Task<Result<Approval>> resolve(Caller caller, ApprovalId id, Resolution resolution);
  // Inside the write job that ends the turn: a request that is still pending becomes superseded, others are
  // left alone.
  [[nodiscard]] Result<void> supersede(db::Transaction& transaction, const PrincipalId& principal,
                                       const ApprovalId& id);

  [[nodiscard]] async::Task<Result<Approval>> get(PrincipalId principal, ApprovalId id);
  [[nodiscard]] async::Task<Result<std::vector<Approval>>> list(PrincipalId principal, std::string state,
                                                                std::int64_t limit);

  // What counts for a call of this session, expired ones left out.
  [[nodiscard]] std::vector<Grant> grants_for(const PrincipalId& principal, const SessionId& session) const;
  [[nodiscard]] async::Task<Result<void>> revoke_grant(PrincipalId principal, std::string grant_id);
  [[nodiscard]] std::size_t pending_count() const { return pending_; }

 private:
  struct Waiting;
  struct Settling;
  [[nodiscard]] Result<Approval> settle_in(db::Transaction& transaction, const Settling& settling);
  void note_settled(const Approval& approval, std::optional<Grant> grant);
  [[nodiscard]] async::Task<Result<Approval>> settle(PrincipalId principal, ApprovalId id,
                                                     ApprovalState state, Resolution resolution,
                                                     std::string by);
  async::EventLoop& loop_;
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  IdSource& ids_;
  std::map<ApprovalId, std::shared_ptr<Waiting>> waiting_;
  std::vector<Grant> grants_;
  std::size_t pending_ = 0;
};

}  // namespace pryx::trust
