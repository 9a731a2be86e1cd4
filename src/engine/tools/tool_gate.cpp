// SPDX-License-Identifier: MIT
#include "engine/tools/tool_gate.h"

#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/held_directory.h"

namespace pryx::tools {

struct ToolGate::Prepared {
  Tool* tool = nullptr;
  json::object arguments;
  trust::CallFacts facts;
  PolicyInForce policy;
  CallJournal::Decided decided;
  trust::Decision decision;
};

ToolGate::ToolGate(async::EventLoop& loop, const Registry& registry, const PolicySource& policy,
                   trust::Approvals& approvals, IdSource& ids)
    : loop_(loop), registry_(registry), policy_(policy), approvals_(approvals), ids_(ids) {}

namespace {

trust::Sink sink_of(const Touches& touches) {
  if (touches.writes_own_future) return trust::Sink::kOwnFuture;
  if (touches.is_outward_sink) return trust::Sink::kEgress;
  return trust::Sink::kNone;
}

Result<trust::CallFacts> gather_facts(const Tool& tool, const json::object& arguments) {
  PRYX_TRY(Touches touches, tool.touches(arguments));
  trust::CallFacts facts;
  facts.tool = tool.description().name;
  facts.arguments = arguments;
  facts.read_only = tool.description().read_only;
  facts.sink = sink_of(touches);
  facts.paths = std::move(touches.workspace_paths);
  facts.outside_workspace = touches.outside_workspace;
  facts.hosts = std::move(touches.hosts);
  facts.parse_complete = true;
  return facts;
}

// Everything that must be the same when the approved call is launched. Turn and step are in it, so an
// approval cannot travel; the folder is, because a session can be moved to another one while the question
// stands.
std::string hash_call(const GateCall& call, const std::string& canonical_arguments,
                      const std::string& policy_version) {
  return "sha256:" +
         crypto::hash_json(
             "call/1", json::object{{"tool", call.tool},
                                    {"version", PRYX_VERSION},
                                    {"arguments", canonical_arguments},
                                    {"principal", call.context.principal.id.str()},
                                    {"session", call.context.session.str()},
                                    {"turn", call.context.turn.str()},
                                    {"step", call.context.step.str()},
                                    {"workspace",
                                     call.context.workspace ? call.context.workspace->path() : std::string()},
                                    {"policy", policy_version}});
}

std::string joined_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "; ") + line;
  return out;
}

GateResult ended(GateEnd end, std::string reason) { return {end, {}, std::move(reason)}; }

}  // namespace

// Nothing here reaches policy unless it is a known tool with arguments that fit its schema whole.
Result<ToolGate::Prepared> ToolGate::prepare(const GateCall& call) const {
  Prepared p;
  p.tool = registry_.find(call.tool);
  if (p.tool == nullptr) {
    return fail(ErrorCode::kNotFound, "there is no tool '{}' in this version of Pryx",
                utf8_prefix(call.tool, 64));
  }
  auto arguments = json::parse_object(trim(call.arguments).empty() ? "{}" : std::string_view(call.arguments),
                                      {.max_bytes = 1u << 20});
  if (!arguments)
    return fail(ErrorCode::kInvalidArgument, "the arguments of {} are not a JSON object: {}", call.tool,
                arguments.error().message);
  p.arguments = std::move(*arguments);
  const std::vector<std::string> problems = registry_.check_arguments(call.tool, p.arguments);
  if (!problems.empty())
    return fail(ErrorCode::kInvalidArgument, "the arguments of {} do not fit: {}", call.tool,
                joined_lines(problems));
  PRYX_TRY(p.facts, gather_facts(*p.tool, p.arguments));
  p.policy = policy_.policy();
  p.decided.canonical_arguments = json::canonical(p.arguments);
  p.decided.args_hash = crypto::hash_json("arguments/1", p.arguments);
  p.decided.call_hash = hash_call(call, p.decided.canonical_arguments, p.policy.version);
  p.decided.rendering = p.tool->render(p.arguments);
  p.decided.policy_version = p.policy.version;
  p.decided.effect = p.tool->description().effect;
  p.facts.call_hash = p.decided.call_hash;
  p.facts.context = call.context.context_labels;
  p.facts.session = call.context.session;
  p.facts.principal = call.context.principal.id;
  return p;
}

namespace {
trust::Decision decide(const PolicyInForce& policy, const trust::Approvals& approvals,
                       const trust::CallFacts& facts, const GateCall& call, WallTime at) {
  const std::vector<trust::Grant> grants = approvals.grants_for(facts.principal, facts.session);
  std::vector<std::shared_ptr<const trust::Layer>> more;
  if (call.approve) more.push_back(call.approve);
  return policy.engine->decide(facts, grants, at, more);
}
}  // namespace

async::Task<GateResult> ToolGate::call(GateCall call, CallJournal& journal) {
  Result<Prepared> prepared = prepare(call);
  if (!prepared && prepared.error().code == ErrorCode::kNotFound) {
    // Not there in this version: no rule could allow it, so it counts as denied.
    const auto recorded = co_await journal.record_denied({}, prepared.error().message);
    co_return ended(recorded ? GateEnd::kDenied : GateEnd::kNotRecorded, prepared.error().message);
  }
  if (!prepared) {
    const auto recorded = co_await journal.record_invalid(prepared.error().message);
    if (!recorded) co_return ended(GateEnd::kNotRecorded, recorded.error().message);
    co_return ended(GateEnd::kInvalid, prepared.error().message);
  }
  Prepared& p = *prepared;
  if (!call.pending_approval.empty()) {
    p.decided.approval = call.pending_approval;
    co_return co_await ask(call, p, journal);
  }
  p.decision = decide(p.policy, approvals_, p.facts, call, loop_.clock().wall());
  p.decided.rule = p.decision.rule;
  p.decided.reason = p.decision.reason;
  // A call that had started before a crash was decided then; only a deny of today's policy stops another
  // attempt.
  const bool may_ask = p.decision.verdict == trust::Verdict::kAsk && !call.was_started;
  if (may_ask && call.interactive) co_return co_await ask(call, p, journal);
  if (may_ask || p.decision.verdict == trust::Verdict::kDeny) {
    std::string reason = p.decision.reason;
    if (may_ask)
      reason += "; nobody can be asked in this run: use `pryx chat`, or allow it with --approve FILE";
    const auto recorded = co_await journal.record_denied(p.decided, reason);
    if (!recorded) co_return ended(GateEnd::kNotRecorded, recorded.error().message);
    co_return ended(GateEnd::kDenied, std::move(reason));
  }
  co_return co_await run(call, p, journal);
}

async::Task<GateResult> ToolGate::ask(const GateCall& call, Prepared& p, CallJournal& journal) {
  if (p.decided.approval.empty()) {
    p.decided.approval = ids_.make<ApprovalId>();
    const WallTime now = loop_.clock().wall();
    trust::Approval approval;
    approval.id = p.decided.approval;
    approval.principal = call.context.principal.id;
    approval.session = call.context.session;
    approval.turn = call.context.turn;
    approval.step = call.context.step;
    approval.tool = call.tool;
    approval.arguments = p.decided.canonical_arguments;
    approval.rendering = p.decided.rendering;
    approval.call_hash = p.decided.call_hash;
    approval.reason = p.decision.reason;
    const auto suggestion = trust::suggest_pattern(p.facts);
    // A forced ask is never answered by a grant, so none is offered.
    if (suggestion && !p.decision.forced) approval.rule_suggestion = suggestion->to_text();
    approval.created_at = now;
    approval.expires_at = now + p.policy.approval_timeout;
    const auto recorded = co_await journal.record_ask(p.decided, std::move(approval));
    if (!recorded) co_return ended(GateEnd::kNotRecorded, recorded.error().message);
  }
  const auto answer = co_await approvals_.wait(call.context.principal.id, p.decided.approval);
  if (!answer) {
    if (answer.error().code == ErrorCode::kCancelled)
      co_return ended(GateEnd::kCancelled, "cancelled while waiting for an approval");
    // The store failed: the question stands as it is on disk, and is taken up again.
    if (answer.error().code != ErrorCode::kNotFound)
      co_return ended(GateEnd::kNotRecorded, answer.error().message);
    const auto recorded = co_await journal.record_denied(p.decided, answer.error().message);
    co_return ended(recorded ? GateEnd::kDenied : GateEnd::kNotRecorded, answer.error().message);
  }
  // The bytes approved are the bytes run: policy is asked again, with this approval as the only thing that
  // was added.
  p.policy = policy_.policy();
  if (answer->state == trust::ApprovalState::kApproved) p.facts.approved_call_hash = answer->call_hash;
  p.decided.policy_version = p.policy.version;
  p.decided.call_hash = hash_call(call, p.decided.canonical_arguments, p.policy.version);
  p.facts.call_hash = p.decided.call_hash;
  p.decision = decide(p.policy, approvals_, p.facts, call, loop_.clock().wall());
  if (answer->state == trust::ApprovalState::kApproved && p.decision.verdict == trust::Verdict::kAllow) {
    // A policy that changed meanwhile may allow by itself what this approval, bound to the old one, does not
    // answer.
    const bool is_answered = answer->call_hash == p.decided.call_hash;
    p.decided.rule = is_answered ? fmt::format("approved by {} ({})", answer->resolved_by, answer->scope)
                                 : p.decision.rule;
    co_return co_await run(call, p, journal);
  }
  std::string reason;
  if (answer->state == trust::ApprovalState::kExpired)
    reason = "nobody answered in time";
  else if (answer->state == trust::ApprovalState::kApproved)
    reason = "policy or call changed after the approval";
  else
    reason = answer->answer_reason.empty() ? "denied by a person"
                                           : fmt::format("denied by a person: {}", answer->answer_reason);
  const auto recorded = co_await journal.record_denied(p.decided, reason);
  if (!recorded) co_return ended(GateEnd::kNotRecorded, recorded.error().message);
  co_return ended(GateEnd::kDenied, std::move(reason));
}

async::Task<GateResult> ToolGate::run(const GateCall& call, Prepared& p, CallJournal& journal) {
  const bool cancelled = co_await async::is_cancelled();
  if (cancelled) co_return ended(GateEnd::kCancelled, "cancelled before it started");
  const auto key = co_await journal.record_start(p.decided);
  if (!key)
    co_return ended(
        GateEnd::kNotRecorded,
        fmt::format("not run, because the record of it could not be written: {}", key.error().message));
  ToolContext context = call.context;
  context.idempotency_key = *key;
  const GatePass pass;
  auto outcome = co_await p.tool->run(pass, std::move(p.arguments), std::move(context));
  GateResult result;
  if (outcome) {
    result = {GateEnd::kDone, std::move(*outcome), {}};
  } else {
    const GateEnd end =
        outcome.error().code == ErrorCode::kCancelled ? GateEnd::kCancelled : GateEnd::kFailed;
    result = ended(end, outcome.error().message);
  }
  const auto recorded = co_await journal.record_end(result.end, result.outcome, result.reason);
  if (!recorded) {
    // The effect happened and its outcome is not on disk: the next start resolves it by its effect class.
    log::error(
        "gate.outcome_not_recorded",
        {{"tool", call.tool}, {"step_id", call.context.step.str()}, {"error", recorded.error().message}});
    co_return ended(GateEnd::kNotRecorded, recorded.error().message);
  }
  co_return result;
}

Result<trust::Decision> ToolGate::test(const std::string& tool, const json::object& arguments,
                                       const trust::Labels& labels, const PrincipalId& principal,
                                       const SessionId& session) const {
  GateCall call;
  call.tool = tool;
  call.arguments = json::to_text(arguments);
  call.context.principal.id = principal;
  call.context.session = session;
  call.context.context_labels = labels;
  const Tool* known = registry_.find(tool);
  const PolicyInForce policy = policy_.policy();
  trust::CallFacts facts;
  if (known != nullptr) {
    PRYX_TRY(const Prepared p, prepare(call));
    facts = p.facts;
  } else {
    // A tool that does not exist yet can still be asked about: by name, with nothing known in its favour.
    facts.tool = tool;
    facts.arguments = arguments;
    facts.context = labels;
    facts.session = session;
    facts.principal = principal;
    facts.parse_complete = true;
  }
  const std::vector<trust::Grant> grants = approvals_.grants_for(principal, session);
  return policy.engine->decide(facts, grants, loop_.clock().wall(), {}, trust::Explain::kYes);
}

}  // namespace pryx::tools
