// SPDX-License-Identifier: MIT
// Asking a person, and remembering what they granted. A request is a durable row with a deadline; the first
// answer wins; silence, a restart and a deadline that passed while the daemon was down all mean no. An
// approval starts one call, once, within minutes of the answer. I/O thread only, but what takes a
// Transaction, which runs in a write job.
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
#include "trust/approvals/approval.h"
#include "trust/audit/audit_log.h"
#include "trust/principals/caller.h"

namespace pryx::trust {

struct Resolution {
  bool approve = false;
  GrantScope scope = GrantScope::kOnce;
  std::string rule;     // for session and always: the pattern as the person edited it; empty: the suggestion
  std::string reason;   // of a denial, told to the model
  std::string confirm;  // the code of the call, typed by a person; needed when it was not shown whole
  std::optional<WallTime> grant_expires_at;  // of what session and always keep; none: kGrantLifetime
};

// Which calls of the past a rule would have answered, newest first.
struct RulePreview {
  std::string rule;            // as it would be kept
  bool matches_call = false;   // the one that is asked about
  std::int64_t looked_at = 0;  // past calls that a person was asked about
  std::int64_t matched = 0;
  std::vector<Approval> samples;
  [[nodiscard]] json::object to_json() const;
};

constexpr Duration kLaunchWindow = std::chrono::minutes(5);       // from the answer to the start
constexpr Duration kPlanLaunchWindow = std::chrono::minutes(30);  // the calls before it take their time
constexpr Duration kGrantLifetime = std::chrono::hours(24 * 30);
constexpr Duration kMaxGrantLifetime = std::chrono::hours(24 * 366);
constexpr std::size_t kMaxPlan = 20;  // what one answer may cover

class Approvals {
 public:
  Approvals(async::EventLoop& loop, db::Database& database, events::EventLog& events, audit::AuditLog& audit,
            IdSource& ids);
  ~Approvals();
  [[nodiscard]] static db::ModuleMigrations migrations();
  // Expires what ran out while the daemon was down and reads the grants. Call once before the first turn.
  [[nodiscard]] async::Task<Result<void>> start();

  // Inside the write job that makes the step wait; emits approval.needed with the commit. An approval that it
  // replaces cannot be used any more. `surface`: of the turn that asks.
  [[nodiscard]] Result<void> create(db::Transaction& transaction, const Approval& approval,
                                    std::string surface = {});
  // Inside the write job that records the intent: the approval is used up with it. kConflict when it is not
  // approved, bound to another call, used, or answered too long ago.
  [[nodiscard]] Result<void> use(db::Transaction& transaction, const PrincipalId& principal,
                                 const ApprovalId& id, const std::string& call_hash);
  // Until it is resolved or its deadline passes, which resolves it as expired. kCancelled leaves the request
  // open.
  [[nodiscard]] async::Task<Result<Approval>> wait(PrincipalId principal, ApprovalId id);
  // First answer wins: kConflict for the second. kNotFound, kInvalidArgument (a rule that is too wide or does
  // not match the call, a missing confirmation).
  [[nodiscard]] async::Task<Result<Approval>> resolve(Caller caller, ApprovalId id, Resolution resolution);
  // One answer for several calls: all of them or, when one cannot be answered so, none. Scope is once. What
  // was asked again with changes is approved by itself only.
  [[nodiscard]] async::Task<Result<std::vector<Approval>>> resolve_plan(Caller caller,
                                                                        std::vector<ApprovalId> ids,
                                                                        Resolution resolution);
  // Inside the write job that ends the turn: a request that is still pending becomes superseded, others are
  // left alone.
  [[nodiscard]] Result<void> supersede(db::Transaction& transaction, const PrincipalId& principal,
                                       const ApprovalId& id);

  // Inside the write job that deletes the session with all of these turns: what was asked, answered and
  // granted for it alone goes along. A rule that was kept for always stays, and of its answer what the rule
  // rests on.
  [[nodiscard]] Result<void> forget_session(db::Transaction& transaction, const PrincipalId& principal,
                                            const SessionId& session, const std::vector<TurnId>& turns,
                                            const std::string& by);

  [[nodiscard]] async::Task<Result<Approval>> get(PrincipalId principal, ApprovalId id);
  // Newest first.
  [[nodiscard]] async::Task<Result<std::vector<Approval>>> list_page(PrincipalId principal,
                                                                     ApprovalQuery query);
  // The pending ones of a turn, in the order they were asked.
  [[nodiscard]] async::Task<Result<std::vector<Approval>>> list_pending(PrincipalId principal, TurnId turn);
  // Inside a job: every question of a turn, in the order they were asked.
  [[nodiscard]] static Result<std::vector<Approval>> list_of_turn(db::Connection& connection,
                                                                  const PrincipalId& principal,
                                                                  const TurnId& turn);
  // What "session" or "always" with this rule (empty: the suggestion) would mean.
  [[nodiscard]] async::Task<Result<RulePreview>> preview(PrincipalId principal, ApprovalId id,
                                                         std::string rule);

  // What counts for a call of this session, expired ones left out.
  [[nodiscard]] std::vector<Grant> grants_for(const PrincipalId& principal, const SessionId& session) const;
  // Those that count, newest first.
  [[nodiscard]] std::vector<KeptGrant> list_grants(const PrincipalId& principal) const;
  // kNotFound. Both take effect with the commit, also for calls that are being decided.
  [[nodiscard]] async::Task<Result<void>> revoke_grant(Caller caller, std::string grant_id);
  [[nodiscard]] async::Task<Result<KeptGrant>> change_grant(Caller caller, std::string grant_id,
                                                            WallTime expires_at);
  // Deletes grants that ran out and says so on the bus.
  [[nodiscard]] async::Task<Result<std::int64_t>> purge_grants();
  // Whether purge_grants() has something to do.
  [[nodiscard]] bool has_expired_grants() const;
  [[nodiscard]] std::size_t pending_count() const { return pending_; }

 private:
  struct Waiting;
  struct Settling;
  [[nodiscard]] Result<Approval> settle_in(db::Transaction& transaction, const Settling& settling);
  [[nodiscard]] Result<std::optional<KeptGrant>> keep_grant(db::Transaction& transaction,
                                                            const Settling& settling,
                                                            const Approval& approval, WallTime now);
  // The grant as it stands, on the bus. "grant.created", "grant.changed", "grant.revoked", "grant.expired".
  [[nodiscard]] Result<void> announce_grant(db::Transaction& transaction, std::string name,
                                            const KeptGrant& kept, std::string surface);
  void note_settled(const Approval& approval, std::optional<KeptGrant> grant);
  [[nodiscard]] async::Task<Result<Approval>> settle(PrincipalId principal, ApprovalId id,
                                                     ApprovalState state, Resolution resolution,
                                                     std::string by);
  async::EventLoop& loop_;
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  IdSource& ids_;
  std::map<ApprovalId, std::shared_ptr<Waiting>> waiting_;
  std::vector<KeptGrant> grants_;
  std::size_t pending_ = 0;
};

}  // namespace pryx::trust
