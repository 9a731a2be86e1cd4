// SPDX-License-Identifier: MIT
// THE gate. Every tool call of every surface goes through ToolGate::call(): schema, policy, a person if it
// must be, the durable intent, then the effect, then its outcome. Nothing else can make a GatePass, so
// nothing else can run a tool. I/O thread only.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/tools/registry.h"
#include "engine/tools/tool.h"
#include "engine/tools/tool_lists.h"
#include "foundation/async/event_loop.h"
#include "trust/approvals/approvals.h"
#include "trust/policy/policy_engine.h"
#include "trust/policy/tool_reach.h"

namespace pryx::tools {

// The policy in force; replaced as a whole when a person edits it.
struct PolicyInForce {
  std::shared_ptr<const trust::PolicyEngine> engine;
  std::string version;  // hash of its rules
  Duration approval_timeout = std::chrono::minutes(5);
};
class PolicySource {
 public:
  virtual ~PolicySource() = default;
  [[nodiscard]] virtual PolicyInForce policy() const = 0;
};

// Whether programs can be run here with every layer around them. Declared for the gate's own need; apps/
// answers it from the sandbox.
class SandboxSource {
 public:
  virtual ~SandboxSource() = default;
  [[nodiscard]] virtual bool is_usable() const = 0;
};

struct GateLimits {
  int max_asks = 5;  // how often one call is asked about when what it depends on keeps changing
  // The control of the binding campaign: an approved call runs whatever became of it. Never set elsewhere.
  bool unsafe_skip_binding = false;
};

struct GateCall {
  std::string tool;
  std::string arguments;  // as the model wrote them
  ToolContext context;
  bool interactive = true;                      // false: an ask is a denial at once
  std::shared_ptr<const trust::Layer> approve;  // of --approve, may be null
  std::shared_ptr<const ToolLists> only;        // what this agent may use at most; null: every tool
  // Going on after a restart:
  ApprovalId pending_approval;  // the step was waiting for this one
  bool was_started = false;     // the step had started; its effect class allows another attempt
  std::string started_hash;     // what the call was bound to then: another one has to be decided anew
};

// How the reason of a call begins that was recorded as started and did not run after all.
inline constexpr std::string_view kNotRun = "not run";

enum class GateEnd : std::uint8_t {
  kDone,         // ran; outcome.ok says what the tool thought of it
  kInvalid,      // the arguments do not fit, or there is no such tool: never reached policy
  kDenied,       // policy, a person, silence
  kFailed,       // the tool broke
  kUnknown,      // it may have taken effect, and nobody can tell
  kCancelled,    // before or while it ran
  kNotRecorded,  // the intent could not be written, so nothing was done
};

struct GateResult {
  GateEnd end = GateEnd::kDenied;
  ToolOutcome outcome;  // kDone only
  std::string reason;   // everything else: one sentence for people and the model
};

// Where the gate writes what happens. Declared here for the gate's own need; the agent implements it over its
// step rows. Each call is one commit that includes the audit row and the events.
class CallJournal {
 public:
  virtual ~CallJournal() = default;
  struct Decided {
    std::string canonical_arguments;
    std::string args_hash;
    std::string call_hash;
    std::string rendering;
    std::string policy_version;
    std::string rule;
    bool rule_is_personal = false;  // as trust::Decision says it
    std::string grant_id;           // of the grant that allowed it; empty: none did
    std::string reason;
    std::string verdict;  // of the policy itself, before any answer; empty: it was not asked
    EffectClass effect = EffectClass::kOneShot;
    ApprovalId approval;
    // Not empty: the call starts by this approval, which is used up in the same commit. What it is bound to.
    std::string approved_hash;
  };
  [[nodiscard]] virtual async::Task<Result<void>> record_invalid(std::string reason) = 0;
  [[nodiscard]] virtual async::Task<Result<void>> record_denied(Decided decided, std::string reason) = 0;
  // The approval row is created in the same commit through Approvals::create().
  [[nodiscard]] virtual async::Task<Result<void>> record_ask(Decided decided, trust::Approval approval) = 0;
  // Evidence before effect: returns after the intent is on disk. The idempotency key is durable from here on.
  // kConflict when the approval it needs cannot be used any more.
  [[nodiscard]] virtual async::Task<Result<std::string>> record_start(Decided decided) = 0;
  [[nodiscard]] virtual async::Task<Result<void>> record_end(GateEnd end, ToolOutcome outcome,
                                                             std::string reason) = 0;
};

class ToolGate {
 public:
  // Without a sandbox source every call that needs one is denied.
  ToolGate(async::EventLoop& loop, const Registry& registry, const PolicySource& policy,
           trust::Approvals& approvals, IdSource& ids, const SandboxSource* sandbox = nullptr,
           GateLimits limits = {});
  [[nodiscard]] async::Task<GateResult> call(GateCall call, CallJournal& journal);
  // Asks before the call's turn has come, so that calls that wait for a person can be answered together;
  // call() then goes on with the approval. False, and nothing recorded, when it would not ask.
  [[nodiscard]] async::Task<Result<bool>> ask_ahead(GateCall call, std::string plan, CallJournal& journal);
  // A hypothetical call, for `pryx policy test`: the same facts and the same decision, nothing recorded.
  // `chosen_folder`: as ToolContext says; `draft`: by these rules instead of the ones in force; may be null.
  [[nodiscard]] Result<trust::Decision> test(const std::string& tool, const json::object& arguments,
                                             const trust::Labels& labels, const PrincipalId& principal,
                                             const SessionId& session, const std::string& chosen_folder,
                                             const std::shared_ptr<const trust::Layer>& draft = {}) const;
  // What the rules in force say about a tool by its name alone, for `pryx policy can`.
  [[nodiscard]] trust::ToolReach reach(const std::string& tool) const;
  [[nodiscard]] const Registry& registry() const { return registry_; }
  [[nodiscard]] PolicyInForce policy() const { return policy_.policy(); }
  // How long a question of this moment waits for its answer.
  [[nodiscard]] Duration approval_timeout() const { return policy_.policy().approval_timeout; }

 private:
  struct Prepared;
  [[nodiscard]] Result<Prepared> prepare(const GateCall& call) const;
  [[nodiscard]] trust::Decision decide(const GateCall& call, const Prepared& prepared) const;
  [[nodiscard]] static std::vector<std::string> denied_paths(const GateCall& call, const Prepared& prepared);
  // Decides what was bound, with what it is bound to: a kept rule counts for the scripts that it was kept
  // for.
  [[nodiscard]] async::Task<Result<void>> decide_bound(const GateCall& call, Prepared& prepared) const;
  [[nodiscard]] async::Task<Result<void>> check_rule(Prepared& prepared) const;
  // Finds out what the call depends on right now, and hashes it with the policy of right now.
  [[nodiscard]] async::Task<Result<void>> bind(const GateCall& call, Prepared& prepared) const;
  [[nodiscard]] trust::Approval make_question(const GateCall& call, const Prepared& prepared,
                                              std::vector<std::string> changes);
  // Why an approval does not answer the call as it is; empty when it does.
  [[nodiscard]] std::vector<std::string> why_stale(const trust::Approval& answer,
                                                   const Prepared& prepared) const;
  [[nodiscard]] async::Task<GateResult> deny(const Prepared& prepared, std::string reason,
                                             CallJournal& journal) const;
  [[nodiscard]] async::Task<GateResult> refuse_unbound(const Prepared& prepared, Error error,
                                                       CallJournal& journal) const;
  [[nodiscard]] async::Task<GateResult> ask(const GateCall& call, Prepared& prepared, CallJournal& journal);
  [[nodiscard]] async::Task<GateResult> wait_ended(const Prepared& prepared, Error error,
                                                   CallJournal& journal) const;
  [[nodiscard]] async::Task<GateResult> run(const GateCall& call, Prepared& prepared, CallJournal& journal);
  [[nodiscard]] async::Task<GateResult> end(const GateCall& call, GateResult result,
                                            CallJournal& journal) const;

  async::EventLoop& loop_;
  const Registry& registry_;
  const PolicySource& policy_;
  trust::Approvals& approvals_;
  IdSource& ids_;
  const SandboxSource* sandbox_;
  GateLimits limits_;
};

}  // namespace pryx::tools
