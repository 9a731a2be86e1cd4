// SPDX-License-Identifier: MIT
#include "engine/tools/tool_gate.h"

#include <algorithm>

#include "engine/tools/call_binding.h"
#include "engine/tools/call_facts.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::tools {

struct ToolGate::Prepared {
  Tool* tool = nullptr;
  json::object arguments;
  trust::CallFacts facts;
  PolicyInForce policy;
  Binding binding;
  json::object bound;  // the document whose hash is decided.call_hash
  CallJournal::Decided decided;
  trust::Decision decision;
};

ToolGate::ToolGate(async::EventLoop& loop, const Registry& registry, const PolicySource& policy,
                   trust::Approvals& approvals, IdSource& ids, const SandboxSource* sandbox,
                   GateLimits limits)
    : loop_(loop),
      registry_(registry),
      policy_(policy),
      approvals_(approvals),
      ids_(ids),
      sandbox_(sandbox),
      limits_(limits) {}

namespace {

constexpr std::size_t kMaxArgumentBytes = 1u << 20;
constexpr std::size_t kMaxPreviewBytes = 256u << 10;
// More than this nobody reads before pressing a key: it takes typing the code of what is approved.
constexpr std::size_t kMaxOneKeyBytes = 32u << 10;

std::string joined_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "; ") + line;
  return out;
}

void note_decision(CallJournal::Decided& decided, const trust::Decision& decision) {
  decided.rule = decision.rule;
  decided.rule_is_personal = decision.is_personal;
  decided.grant_id = decision.grant_id;
  decided.reason = decision.reason;
  decided.verdict = std::string(trust::to_text(decision.verdict));
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
                                      {.max_bytes = kMaxArgumentBytes});
  if (!arguments)
    return fail(ErrorCode::kInvalidArgument, "the arguments of {} are not a JSON object: {}", call.tool,
                arguments.error().message);
  p.arguments = std::move(*arguments);
  const std::vector<std::string> problems = registry_.check_arguments(call.tool, p.arguments);
  if (!problems.empty())
    return fail(ErrorCode::kInvalidArgument, "the arguments of {} do not fit: {}", call.tool,
                joined_lines(problems));
  auto touches = p.tool->touches(p.arguments);
  if (!touches) {
    // Only a tool that is not there at all counts as such.
    return fail(ErrorCode::kInvalidArgument, "{}", touches.error().message);
  }
  p.facts = facts_of(p.tool->description(), p.arguments, std::move(*touches),
                     sandbox_ != nullptr && sandbox_->is_usable());
  p.policy = policy_.policy();
  p.decided.canonical_arguments = json::canonical(p.arguments);
  p.decided.args_hash = crypto::hash_json("arguments/1", p.arguments);
  p.decided.rendering = p.tool->render(p.arguments);
  p.decided.policy_version = p.policy.version;
  p.decided.effect = p.tool->effect(p.arguments);
  p.facts.context = call.context.context_labels;
  p.facts.session = call.context.session;
  p.facts.principal = call.context.principal.id;
  p.facts.workspace = call.context.chosen_folder;
  return p;
}

trust::Decision ToolGate::decide(const GateCall& call, const Prepared& p) const {
  const std::vector<trust::Grant> grants = approvals_.grants_for(p.facts.principal, p.facts.session);
  std::vector<std::shared_ptr<const trust::Layer>> more;
  if (call.approve) more.push_back(call.approve);
  return p.policy.engine->decide(p.facts, grants, loop_.clock().wall(), more);
}

std::vector<std::string> ToolGate::denied_paths(const GateCall& call, const Prepared& p) {
  std::vector<std::shared_ptr<const trust::Layer>> more;
  if (call.approve) more.push_back(call.approve);
  return p.policy.engine->denied_paths(p.facts, more);
}

async::Task<Result<void>> ToolGate::bind(const GateCall& call, Prepared& p) const {
  auto binding = co_await p.tool->bind(p.arguments, call.context);
  if (!binding) co_return std::unexpected(std::move(binding.error()));
  p.binding = std::move(*binding);
  p.policy = policy_.policy();
  BoundCall bound = bind_call(call.tool, registry_.digest(call.tool), p.decided.args_hash, call.context,
                              p.binding.facts, p.policy.version);
  p.bound = std::move(bound.document);
  p.decided.policy_version = p.policy.version;
  p.decided.call_hash = std::move(bound.hash);
  p.facts.call_hash = p.decided.call_hash;
  co_return Result<void>{};
}

async::Task<GateResult> ToolGate::deny(const Prepared& p, std::string reason, CallJournal& journal) const {
  const auto recorded = co_await journal.record_denied(p.decided, reason);
  if (!recorded) co_return ended(GateEnd::kNotRecorded, recorded.error().message);
  co_return ended(GateEnd::kDenied, std::move(reason));
}

// What it depends on cannot be read: there is nothing that could be approved, and nothing is run.
async::Task<GateResult> ToolGate::refuse_unbound(const Prepared& p, Error error, CallJournal& journal) const {
  if (error.code == ErrorCode::kCancelled) co_return ended(GateEnd::kCancelled, error.message);
  if (error.code == ErrorCode::kDenied) co_return co_await deny(p, error.message, journal);
  const auto recorded = co_await journal.record_invalid(error.message);
  if (!recorded) co_return ended(GateEnd::kNotRecorded, recorded.error().message);
  co_return ended(GateEnd::kInvalid, std::move(error.message));
}

async::Task<GateResult> ToolGate::call(GateCall call, CallJournal& journal) {
  if (call.only != nullptr && !is_listed(*call.only, call.tool)) {
    const std::string reason =
        fmt::format("{} is not among the tools of this agent", utf8_prefix(call.tool, 64));
    const auto recorded = co_await journal.record_denied({}, reason);
    co_return ended(recorded ? GateEnd::kDenied : GateEnd::kNotRecorded, reason);
  }
  Result<Prepared> prepared = prepare(call);
  const bool is_never = !prepared && (prepared.error().code == ErrorCode::kNotFound ||
                                      prepared.error().code == ErrorCode::kDenied);
  if (is_never) {
    // Not there in this version, or what the tool never does: no rule could allow it, so it counts as denied.
    const auto recorded = co_await journal.record_denied({}, prepared.error().message);
    co_return ended(recorded ? GateEnd::kDenied : GateEnd::kNotRecorded, prepared.error().message);
  }
  if (!prepared) {
    const auto recorded = co_await journal.record_invalid(prepared.error().message);
    if (!recorded) co_return ended(GateEnd::kNotRecorded, recorded.error().message);
    co_return ended(GateEnd::kInvalid, prepared.error().message);
  }
  Prepared& p = *prepared;
  if (call.pending_approval.empty()) {
    // What is denied is not even looked at: a refusal tells nothing about the files it names.
    p.decision = decide(call, p);
    note_decision(p.decided, p.decision);
    if (p.decision.verdict == trust::Verdict::kDeny) co_return co_await deny(p, p.decision.reason, journal);
  }
  const auto bound = co_await bind(call, p);
  if (!bound) co_return co_await refuse_unbound(p, bound.error(), journal);
  if (!call.pending_approval.empty()) {
    p.decided.approval = call.pending_approval;
    co_return co_await ask(call, p, journal);
  }
  const auto decided = co_await decide_bound(call, p);
  if (!decided) co_return ended(GateEnd::kNotRecorded, decided.error().message);
  // A call that had started before a crash was decided then, as what it was bound to then; only a deny of
  // today's policy stops another attempt of the very same one.
  const bool keeps_right = call.was_started && call.started_hash == p.decided.call_hash;
  const bool must_ask = p.decision.verdict == trust::Verdict::kAsk && !keeps_right;
  if (must_ask && call.interactive) co_return co_await ask(call, p, journal);
  if (must_ask) {
    co_return co_await deny(
        p,
        p.decision.reason +
            "; nobody can be asked in this run: use `pryx chat`, or allow it with --approve FILE",
        journal);
  }
  if (p.decision.verdict == trust::Verdict::kDeny) co_return co_await deny(p, p.decision.reason, journal);
  co_return co_await run(call, p, journal);
}

namespace {

const json::object* object_in(const json::object& o, std::string_view key) {
  const json::value* found = json::find(o, key);
  return found != nullptr && found->is_object() ? &found->get_object() : nullptr;
}

// Whether a question was about these scripts, with these bytes. Older questions have them among the files.
bool was_about(const trust::Approval& question, const json::object& scripts) {
  const json::object* facts = object_in(question.bound, "facts");
  if (facts == nullptr) return false;
  const json::object* then = object_in(*facts, "scripts");
  if (then == nullptr) then = object_in(*facts, "files");
  if (then == nullptr) return false;
  return std::ranges::all_of(scripts, [&](const auto& script) {
    const json::value* known = json::find(*then, script.key());
    return known != nullptr && *known == script.value();
  });
}

}  // namespace

// Each time that a call was bound it is decided like this, also after an answer that no longer fits it: what
// a rule allows then has to be what the rule was kept for.
async::Task<Result<void>> ToolGate::decide_bound(const GateCall& call, Prepared& p) const {
  p.facts.digest_changed = false;
  p.decision = decide(call, p);
  PRYX_CO_TRY_VOID(co_await check_rule(p));
  if (p.facts.digest_changed) p.decision = decide(call, p);
  note_decision(p.decided, p.decision);
  co_return Result<void>{};
}

// A rule names a script; what the script does, whoever writes into the workspace decides. So a rule that a
// person kept answers for it as it was when they kept it, and asks once it is another.
async::Task<Result<void>> ToolGate::check_rule(Prepared& p) const {
  const json::object* scripts = object_in(p.binding.facts, "scripts");
  const bool by_rule = p.decision.verdict == trust::Verdict::kAllow && !p.decision.grant_id.empty();
  if (!by_rule || scripts == nullptr || scripts->empty()) co_return Result<void>{};
  const WallTime now = loop_.clock().wall();
  for (const trust::KeptGrant& kept : approvals_.list_grants(p.facts.principal)) {
    if (!kept.grant.why_not(p.facts, now).empty()) continue;
    const auto question = co_await approvals_.get(p.facts.principal, kept.approval);
    if (!question && question.error().code != ErrorCode::kNotFound)
      co_return std::unexpected(question.error());
    if (question && was_about(*question, *scripts)) co_return Result<void>{};
  }
  p.facts.digest_changed = true;
  co_return Result<void>{};
}

async::Task<Result<bool>> ToolGate::ask_ahead(GateCall call, std::string plan, CallJournal& journal) {
  Result<Prepared> prepared = prepare(call);
  if (!prepared || !call.interactive) co_return false;
  if (call.only != nullptr && !is_listed(*call.only, call.tool)) co_return false;
  Prepared& p = *prepared;
  p.decision = decide(call, p);
  if (p.decision.verdict != trust::Verdict::kAsk) co_return false;
  const auto bound = co_await bind(call, p);
  if (!bound) co_return false;
  p.decision = decide(call, p);
  if (p.decision.verdict != trust::Verdict::kAsk) co_return false;
  note_decision(p.decided, p.decision);
  trust::Approval question = make_question(call, p, {});
  question.plan = std::move(plan);
  p.decided.approval = question.id;
  const auto recorded = co_await journal.record_ask(p.decided, std::move(question));
  if (!recorded) co_return std::unexpected(recorded.error());
  co_return true;
}

trust::Approval ToolGate::make_question(const GateCall& call, const Prepared& p,
                                        std::vector<std::string> changes) {
  const WallTime now = loop_.clock().wall();
  trust::Approval approval;
  approval.id = ids_.make<ApprovalId>();
  approval.principal = call.context.principal.id;
  approval.session = call.context.session;
  approval.turn = call.context.turn;
  approval.step = call.context.step;
  approval.tool = call.tool;
  approval.arguments = p.decided.canonical_arguments;
  approval.rendering = p.decided.rendering;
  approval.call_hash = p.decided.call_hash;
  approval.bound = p.bound;
  approval.reason = p.decision.reason;
  approval.risk = to_text(p.tool->description().risk);
  approval.labels = p.facts.context;
  approval.changes = std::move(changes);
  approval.replaces = p.decided.approval;
  const bool fits = p.binding.preview.size() <= kMaxPreviewBytes;
  approval.preview = fits ? p.binding.preview : std::string(utf8_prefix(p.binding.preview, kMaxPreviewBytes));
  approval.shown_whole =
      p.binding.shown_whole && fits && approval.arguments.size() + approval.preview.size() <= kMaxOneKeyBytes;
  const auto suggestion = trust::suggest_pattern(p.facts);
  // A forced ask is never answered by a grant, so none is offered; but a rule may be kept anew for a script
  // that changed.
  const bool only_changed = p.facts.digest_changed && p.facts.parse_complete && !p.facts.hands_out_secret &&
                            !trust::forces_ask(p.facts.context, p.facts.sink);
  if (suggestion && (!p.decision.forced || only_changed)) approval.rule_suggestion = suggestion->to_text();
  approval.facts = p.facts;
  approval.created_at = now;
  approval.expires_at = now + p.policy.approval_timeout;
  return approval;
}

std::vector<std::string> ToolGate::why_stale(const trust::Approval& answer, const Prepared& p) const {
  if (limits_.unsafe_skip_binding) return {};
  std::vector<std::string> out;
  if (answer.used_at) out.emplace_back("the approval was used before");
  if (!answer.launch_by || *answer.launch_by <= loop_.clock().wall())
    out.emplace_back("the call did not start in time after the answer");
  if (answer.call_hash == p.decided.call_hash) return out;
  if (answer.bound.empty())
    out.emplace_back("Pryx was upgraded");
  else
    for (std::string& change : changes_between(answer.bound, p.bound)) out.push_back(std::move(change));
  if (out.empty()) out.emplace_back("what the call is bound to");
  return out;
}

// The store failed: the question stands as it is on disk, and is taken up again.
async::Task<GateResult> ToolGate::wait_ended(const Prepared& p, Error error, CallJournal& journal) const {
  if (error.code == ErrorCode::kCancelled)
    co_return ended(GateEnd::kCancelled, "cancelled while waiting for an approval");
  if (error.code != ErrorCode::kNotFound) co_return ended(GateEnd::kNotRecorded, error.message);
  co_return co_await deny(p, error.message, journal);
}

namespace {
std::string refusal_of(const trust::Approval& answer) {
  if (answer.state == trust::ApprovalState::kExpired) return "nobody answered in time";
  if (answer.state == trust::ApprovalState::kSuperseded) return "the question was withdrawn";
  return answer.answer_reason.empty() ? "denied by a person"
                                      : fmt::format("denied by a person: {}", answer.answer_reason);
}
}  // namespace

// The bytes approved are the bytes run: after the answer everything is found out and decided again, with this
// approval as the only thing that was added. What differs is asked about anew, and never run.
async::Task<GateResult> ToolGate::ask(const GateCall& call, Prepared& p, CallJournal& journal) {
  std::vector<std::string> changes;
  for (int asked = 0; asked < limits_.max_asks; ++asked) {
    if (p.decided.approval.empty() || !changes.empty()) {
      trust::Approval question = make_question(call, p, std::move(changes));
      p.decided.approval = question.id;
      const auto recorded = co_await journal.record_ask(p.decided, std::move(question));
      if (!recorded) co_return ended(GateEnd::kNotRecorded, recorded.error().message);
    }
    const auto answer = co_await approvals_.wait(call.context.principal.id, p.decided.approval);
    if (!answer) co_return co_await wait_ended(p, answer.error(), journal);
    if (answer->state != trust::ApprovalState::kApproved)
      co_return co_await deny(p, refusal_of(*answer), journal);
    const auto bound = co_await bind(call, p);
    if (!bound) co_return co_await refuse_unbound(p, bound.error(), journal);
    changes = why_stale(*answer, p);
    p.facts.approved_call_hash = changes.empty() ? p.decided.call_hash : std::string();
    const auto decided = co_await decide_bound(call, p);
    if (!decided) co_return ended(GateEnd::kNotRecorded, decided.error().message);
    if (p.decision.verdict == trust::Verdict::kDeny)
      co_return co_await deny(p, fmt::format("after the approval: {}", p.decision.reason), journal);
    // A rule of meanwhile may allow by itself what this approval does not answer.
    if (!changes.empty() && p.decision.verdict == trust::Verdict::kAsk && call.interactive) continue;
    if (p.decision.verdict != trust::Verdict::kAllow)
      co_return co_await deny(p, fmt::format("changed after the approval: {}", joined_lines(changes)),
                              journal);
    if (changes.empty()) {
      p.decided.rule = fmt::format("approved by {} ({})", answer->resolved_by, answer->scope);
      p.decided.rule_is_personal = false;
      p.decided.approved_hash = answer->call_hash;
    }
    co_return co_await run(call, p, journal);
  }
  co_return co_await deny(
      p, fmt::format("what it depends on changed each of the {} times it was approved", limits_.max_asks),
      journal);
}

async::Task<GateResult> ToolGate::run(const GateCall& call, Prepared& p, CallJournal& journal) {
  const bool cancelled = co_await async::is_cancelled();
  if (cancelled) co_return ended(GateEnd::kCancelled, "cancelled before it started");
  const auto key = co_await journal.record_start(p.decided);
  if (!key)
    co_return ended(
        GateEnd::kNotRecorded,
        fmt::format("not run, because the record of it could not be written: {}", key.error().message));
  // Writing the record took time: what was decided on is looked at a last time before it takes effect.
  const std::string recorded_hash = p.decided.call_hash;
  const json::object recorded = std::move(p.bound);
  const auto bound = co_await bind(call, p);
  if (!bound) {
    const bool cancels = bound.error().code == ErrorCode::kCancelled;
    co_return co_await end(call,
                           ended(cancels ? GateEnd::kCancelled : GateEnd::kFailed,
                                 fmt::format("not run: {}", bound.error().message)),
                           journal);
  }
  if (p.decided.call_hash != recorded_hash && !limits_.unsafe_skip_binding) {
    const std::string what = joined_lines(changes_between(recorded, p.bound));
    co_return co_await end(
        call,
        ended(GateEnd::kFailed, fmt::format("not run, because it changed at the last moment: {}", what)),
        journal);
  }
  ToolContext context = call.context;
  context.idempotency_key = *key;
  context.binding = std::move(p.binding);
  context.denied_paths = denied_paths(call, p);
  const GatePass pass;
  auto outcome = co_await p.tool->run(pass, std::move(p.arguments), std::move(context));
  GateResult result;
  if (outcome && outcome->is_unknown) {
    result = ended(GateEnd::kUnknown, std::move(outcome->text));
  } else if (outcome) {
    result = {GateEnd::kDone, std::move(*outcome), {}};
  } else {
    const GateEnd how =
        outcome.error().code == ErrorCode::kCancelled ? GateEnd::kCancelled : GateEnd::kFailed;
    result = ended(how, outcome.error().message);
  }
  co_return co_await end(call, std::move(result), journal);
}

async::Task<GateResult> ToolGate::end(const GateCall& call, GateResult result, CallJournal& journal) const {
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
                                       const SessionId& session, const std::string& chosen_folder,
                                       const std::shared_ptr<const trust::Layer>& draft) const {
  PRYX_TRY(trust::CallFacts facts,
           imagined_facts(registry_, tool, arguments, sandbox_ != nullptr && sandbox_->is_usable()));
  facts.context = labels;
  facts.session = session;
  facts.principal = principal;
  facts.workspace = chosen_folder;
  const std::vector<trust::Grant> grants = approvals_.grants_for(principal, session);
  const auto engine =
      draft == nullptr ? policy_.policy().engine : std::make_shared<const trust::PolicyEngine>(draft);
  return engine->decide(facts, grants, loop_.clock().wall(), {}, trust::Explain::kYes);
}

trust::ToolReach ToolGate::reach(const std::string& tool) const {
  const Tool* known = registry_.find(tool);
  std::optional<bool> reads_only;
  if (known != nullptr) reads_only = known->description().read_only;
  return trust::tool_reach(policy_.policy().engine->base(), tool, reads_only);
}

}  // namespace pryx::tools
