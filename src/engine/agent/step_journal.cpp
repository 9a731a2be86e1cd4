// SPDX-License-Identifier: MIT
#include "engine/agent/step_journal.h"

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::agent {

namespace {
constexpr std::size_t kMaxInlineResultBytes = 64u << 10;  // longer results are files named by their hash

// As they are bound; the audit log itself takes secrets out.
json::value arguments_of(const tools::CallJournal::Decided& decided) {
  auto arguments = json::parse(decided.canonical_arguments, json::kOwnText);
  return arguments ? std::move(*arguments) : json::value(nullptr);
}

// The tool's own word that there was more than it gave.
bool is_cut(const json::object& details) {
  const auto truncated = json::find_bool(details, "truncated");
  return json::integer_or(details, "left_out_bytes", 0) > 0 || (truncated && truncated->value_or(false));
}

// What decided, for the record. A person's own rule names files, commands and hosts, so it is erased with the
// session; which grant it was stays.
void put_rule(const tools::CallJournal::Decided& decided, json::object& detail, json::object& personal) {
  (decided.rule_is_personal ? personal : detail)["rule"] = decided.rule;
  if (!decided.grant_id.empty()) detail["grant_id"] = decided.grant_id;
}

trace::SpanStatus span_status(StepState state, bool ok) {
  if (state == StepState::kDenied) return trace::SpanStatus::kDenied;
  if (state == StepState::kCancelled) return trace::SpanStatus::kCancelled;
  return state == StepState::kDone && ok ? trace::SpanStatus::kOk : trace::SpanStatus::kError;
}
}  // namespace

// What every row about this step has in common.
audit::Entry StepJournal::entry_of(std::string kind) const {
  return {.principal = run_.turn_.principal,
          .kind = std::move(kind),
          .actor = run_.turn_.surface,
          .session = run_.turn_.session,
          .turn = run_.turn_.id,
          .step = step_.id,
          .subject = step_.tool};
}

void StepJournal::note(const Decided& decided) {
  step_.args_hash = decided.args_hash;
  step_.policy_version = decided.policy_version;
  step_.decision_rule = decided.rule;
  // The policy's own word is what it said first: after an answer it says that the answer counts.
  const bool is_first = step_.verdict.empty() || decided.approval.empty();
  if (is_first && !decided.verdict.empty()) {
    step_.verdict = decided.verdict;
    step_.verdict_rule = decided.rule;
  }
  if (!decided.approval.empty()) step_.approval = decided.approval;
  if (!decided.args_hash.empty()) step_.effect = decided.effect;
}

async::Task<Result<void>> StepJournal::record_invalid(std::string reason) {
  step_.error_code = "invalid_argument";
  co_return co_await finish({.state = StepState::kFailed,
                             .ok = false,
                             .text = fmt::format("Not run: {}", reason),
                             .summary = "not run",
                             .reason = reason,
                             .labels = trust::Labels{"model"},
                             .audit_kind = "tool.invalid",
                             .audit_detail = {}});
}

async::Task<Result<void>> StepJournal::record_denied(Decided decided, std::string reason) {
  note(decided);
  step_.error_code = "denied";
  ++run_.turn_.denied_calls;
  Ending ending{.state = StepState::kDenied,
                .ok = false,
                .text = fmt::format("Denied: {}", reason),
                .summary = "denied",
                .reason = reason,
                .labels = trust::Labels{"owner"},
                .audit_kind = "tool.denied",
                .audit_detail = {{"args_hash", decided.args_hash}, {"policy", decided.policy_version}}};
  put_rule(decided, ending.audit_detail, ending.audit_personal);
  co_return co_await finish(std::move(ending));
}

async::Task<Result<void>> StepJournal::record_ask(Decided decided, trust::Approval approval) {
  note(decided);
  json::object detail{{"approval_id", approval.id.str()}, {"call_hash", approval.call_hash}};
  json::object personal{{"rendering", decided.rendering}};
  put_rule(decided, detail, personal);
  const auto written = co_await run_.parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(run_.write_start(t));
    if (step_.state == StepState::kStarted) PRYX_TRY_VOID(close_lost_attempt(t));
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), step_, StepState::kAwaitingApproval, run_.now()));
    if (run_.turn_.state == TurnState::kRunning)
      PRYX_TRY_VOID(TurnStore::change_state(t.db(), run_.turn_, TurnState::kWaiting, run_.now()));
    PRYX_TRY_VOID(run_.parts().audit.append(t, {.principal = approval.principal,
                                                .kind = "approval.requested",
                                                .actor = "gate",
                                                .session = approval.session,
                                                .turn = approval.turn,
                                                .step = approval.step,
                                                .subject = approval.tool,
                                                .detail = detail,
                                                .personal = personal}));
    return run_.parts().approvals.create(t, approval, run_.turn_.surface);
  });
  if (written) run_.wait_for_a_person(true);
  co_return written;
}

// An attempt of another life, which may be made again. Now that a person is asked first there may be no
// further one, so the record of this one ends here.
Result<void> StepJournal::close_lost_attempt(db::Transaction& t) {
  PRYX_TRY_VOID(trace_tool(t, run_.parts().trace, run_.turn_, step_, trace::SpanStatus::kInterrupted,
                           "the daemon stopped while it ran"));
  audit::Entry entry = entry_of("tool.interrupted");
  entry.detail["attempt"] = step_.attempt;
  entry.success = false;
  PRYX_TRY_VOID(run_.parts().audit.append(t, entry));
  return {};
}

async::Task<Result<std::string>> StepJournal::record_start(Decided decided) {
  run_.wait_for_a_person(false);
  note(decided);
  step_.call_hash = decided.call_hash;
  step_.idempotency_key = crypto::hash_json(
      "effect-key/1",
      json::object{{"turn", run_.turn_.id.str()}, {"step", step_.id.str()}, {"args", decided.args_hash}});
  audit::Entry entry = entry_of("tool.intent");
  entry.personal = {{"args", arguments_of(decided)}, {"rendering", decided.rendering}};
  const auto written = co_await run_.parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(run_.write_start(t));
    if (run_.turn_.state == TurnState::kWaiting)
      PRYX_TRY_VOID(TurnStore::change_state(t.db(), run_.turn_, TurnState::kRunning, run_.now()));
    // The approval is used up by the very commit that starts the call: neither a crash nor a second start
    // finds it again.
    if (!decided.approved_hash.empty())
      PRYX_TRY_VOID(
          run_.parts().approvals.use(t, run_.turn_.principal, decided.approval, decided.approved_hash));
    // Begun by a life that did not come to its end.
    if (step_.state == StepState::kStarted)
      PRYX_TRY_VOID(trace_tool(t, run_.parts().trace, run_.turn_, step_, trace::SpanStatus::kInterrupted,
                               "the daemon stopped while it ran"));
    PRYX_TRY_VOID(
        TurnStore::start_attempt(t.db(), step_, run_.parts().boot_id, run_.crashes_of(step_), run_.now()));
    entry.detail = {{"args_hash", decided.args_hash},   {"call_hash", decided.call_hash},
                    {"policy", decided.policy_version}, {"attempt", step_.attempt},
                    {"key", step_.idempotency_key},     {"approval_id", decided.approval.str()}};
    put_rule(decided, entry.detail, entry.personal);
    PRYX_TRY_VOID(run_.parts().audit.append(t, entry));
    return run_.emit(t, "tool.started",
                     {{"step_id", step_.id.str()}, {"tool", step_.tool}, {"attempt", step_.attempt}});
  });
  if (!written) co_return std::unexpected(written.error());
  run_.trace_.tool_started(step_);
  co_return step_.idempotency_key;
}

async::Task<Result<void>> StepJournal::record_end(tools::GateEnd end, tools::ToolOutcome outcome,
                                                  std::string reason) {
  // Nobody but the daemon's stop cancelled it: the step stays started, and the next start goes on by its
  // effect class.
  if (end == tools::GateEnd::kCancelled && run_.is_put_off()) co_return Result<void>{};
  const bool may_repeat =
      step_.effect == tools::EffectClass::kPure || step_.effect == tools::EffectClass::kIdempotent;
  if (end == tools::GateEnd::kUnknown && !may_repeat) {
    why_unknown_ = std::move(reason);
    co_return Result<void>{};
  }
  const bool had_begun = end == tools::GateEnd::kCancelled && step_.state == StepState::kStarted &&
                         !reason.starts_with(tools::kNotRun);
  if (had_begun && (run_.is_stopped() || run_.is_out_of_time()) && !may_repeat) {
    why_unknown_ = run_.is_stopped()
                       ? fmt::format("stopped by the owner while it ran; {}", reason)
                       : fmt::format("cut while it ran: {}; {}", run_.why_out_of_time(), reason);
    co_return Result<void>{};
  }
  Ending ending;
  if (end == tools::GateEnd::kDone) {
    ending.state = StepState::kDone;
    ending.ok = outcome.ok;
    ending.text = std::move(outcome.text);
    ending.stored = is_cut(outcome.details) ? Stored::kInPart : Stored::kWhole;
    ending.summary = std::move(outcome.summary);
    // A tool that cannot say where its text came from is not trusted with it.
    const bool is_unlabelled = outcome.labels.empty() && !ending.text.empty();
    ending.labels =
        is_unlabelled ? trust::Labels::unreadable() : trust::with_sensitivity(std::move(outcome.labels));
  } else if (had_begun && !may_repeat) {
    // As for a step that rested while its turn was cancelled: the next turn's model must not take it for
    // undone.
    ending = {.state = StepState::kCancelled,
              .ok = false,
              .text = "Cancelled while it ran; it may or may not have taken effect.",
              .summary = "cancelled, effect unknown",
              .reason = reason,
              .labels = {},
              .audit_kind = "tool.unknown",
              .audit_detail = {{"attempt", step_.attempt}, {"detail", "it was cancelled while it ran"}}};
  } else if (end == tools::GateEnd::kCancelled) {
    ending = {.state = StepState::kCancelled,
              .ok = false,
              .text = "Cancelled.",
              .summary = "cancelled",
              .reason = reason,
              .labels = {},
              .audit_kind = {},
              .audit_detail = {}};
  } else {
    ending = {.state = StepState::kFailed,
              .ok = false,
              .text = fmt::format("Failed: {}", reason),
              .summary = "failed",
              .reason = reason,
              .labels = trust::Labels{"model"},
              .audit_kind = {},
              .audit_detail = {}};
    step_.error_code = "tool_failed";
  }
  if (ending.text.size() > kMaxInlineResultBytes) {
    const auto stored = co_await run_.parts().results.put(ending.text);
    if (!stored) co_return std::unexpected(stored.error());
    step_.result_ref = *stored;
  }
  if (ending.audit_kind.empty()) {
    ending.audit_kind = "tool.outcome";
    ending.audit_detail = {{"ok", ending.ok},
                           {"result_hash", crypto::hash_json("result/1", json::value(ending.text))},
                           {"bytes", ending.text.size()}};
  }
  ending.reason = std::move(reason);
  co_return co_await finish(std::move(ending));
}

async::Task<Result<void>> StepJournal::record_settled(StepState state, std::string text, bool ok) {
  co_return co_await finish({.state = state,
                             .ok = ok,
                             .text = std::move(text),
                             .summary = "settled after a restart",
                             .reason = {},
                             .labels = trust::Labels{"owner"},
                             .audit_kind = "tool.outcome",
                             .audit_detail = {{"ok", ok}, {"settled", true}}});
}

async::Task<Result<void>> StepJournal::finish(Ending ending) {
  run_.wait_for_a_person(false);
  Message message{.principal = run_.turn_.principal,
                  .session = run_.turn_.session,
                  .id = run_.parts().ids.make<MessageId>(),
                  .role = Role::kTool,
                  .turn = run_.turn_.id,
                  .step = step_.id,
                  .created_at = run_.now()};
  Part part;
  part.type = "tool_result";
  part.text = to_valid_utf8(ending.text);
  if (!step_.result_ref.empty()) part.text = trim_for_model(part.text, step_.result_ref, ending.stored);
  part.tool = step_.tool;
  part.call_id = step_.call_id;
  part.step = step_.id;
  part.ok = ending.ok;
  part.denied = ending.state == StepState::kDenied;
  part.result_ref = step_.result_ref;
  part.labels = trust::joined(ending.labels, step_.labels);
  message.parts.push_back(std::move(part));
  step_.summary = to_valid_utf8(utf8_prefix(ending.summary, 500));
  if (!ending.reason.empty()) ending.audit_personal["reason"] = ending.reason;
  audit::Entry entry = entry_of(ending.audit_kind);
  entry.detail = std::move(ending.audit_detail);
  entry.success = ending.ok;
  entry.personal = std::move(ending.audit_personal);
  const auto written = co_await run_.parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(run_.write_start(t));
    if (run_.turn_.state == TurnState::kWaiting)
      PRYX_TRY_VOID(TurnStore::change_state(t.db(), run_.turn_, TurnState::kRunning, run_.now()));
    // Ended without the answer that it waited for, as when the tool is not there any more: nobody needs to
    // answer now.
    if (step_.state == StepState::kAwaitingApproval)
      PRYX_TRY_VOID(run_.parts().approvals.supersede(t, run_.turn_.principal, step_.approval));
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), step_, ending.state, run_.now()));
    PRYX_TRY_VOID(TurnStore::save_progress(t.db(), run_.turn_));
    PRYX_TRY_VOID(
        run_.trace_.tool_ended(t, run_.turn_, step_, span_status(ending.state, ending.ok), ending.reason));
    PRYX_TRY_VOID(SessionStore::insert_message(t.db(), message));
    PRYX_TRY_VOID(run_.parts().audit.append(t, entry));
    PRYX_TRY_VOID(run_.emit(t, "tool.finished",
                            {{"step_id", step_.id.str()},
                             {"tool", step_.tool},
                             {"ok", ending.ok},
                             {"state", to_text(ending.state)},
                             {"summary", step_.summary},
                             {"reason", ending.reason}}));
    return run_.emit(t, "step.finished",
                     {{"step_id", step_.id.str()},
                      {"kind", "tool"},
                      {"tool", step_.tool},
                      {"state", to_text(ending.state)}});
  });
  if (!written) co_return written;
  run_.history_.push_back(std::move(message));
  co_return Result<void>{};
}

}  // namespace pryx::agent
