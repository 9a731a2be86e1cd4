// SPDX-License-Identifier: MIT
// A model whose price nobody knows, under a budget of money: a person decides, for this turn or by a rule for
// longer. The question and its answer are a step of the turn, so neither a crash nor a restart asks twice.
#include "engine/agent/turn_run.h"
#include "foundation/crypto/crypto.h"

namespace pryx::agent {
namespace {

constexpr std::string_view kUnpriced = "model.unpriced";  // what questions, rules and records call it
constexpr int kMaxAsks = 3;                               // an answer may come too late to be used

json::object arguments_of(const std::string& model) { return {{"model", model}}; }

bool is_about_price(const Step& step) { return step.kind == StepKind::kApproval && step.tool == kUnpriced; }

std::string refusal_of(const trust::Approval& answer, const std::string& model) {
  std::string why = "a person refused it";
  if (answer.state == trust::ApprovalState::kExpired) why = "nobody answered in time";
  if (answer.state == trust::ApprovalState::kSuperseded) why = "the question was withdrawn";
  if (!answer.answer_reason.empty()) why += ": " + answer.answer_reason;
  return fmt::format(
      "the price of {} is not known, so a budget cannot be kept with it, and {}; use a model with a price, "
      "or "
      "write its price into the model catalog",
      model, why);
}

}  // namespace

trust::CallFacts TurnRun::facts_of_price(const std::string& model) const {
  trust::CallFacts facts;
  facts.tool = kUnpriced;
  facts.arguments = arguments_of(model);
  facts.session = turn_.session;
  facts.principal = turn_.principal;
  facts.workspace = workspace_.chosen_folder;
  facts.parse_complete = true;
  return facts;
}

Step* TurnRun::find_price_step(const std::string& arguments, StepState state) {
  for (Step& step : steps_) {
    if (is_about_price(step) && step.state == state && (arguments.empty() || step.arguments == arguments))
      return &step;
  }
  return nullptr;
}

// Before the first call of each round. What nobody may be asked about is left to the reservation, which
// refuses it.
async::Task<TurnRun::Flow> TurnRun::settle_price() {
  const std::string model = model_name();
  const std::string arguments = json::canonical(arguments_of(model));
  trace_.allow_unpriced({});
  bool asks = turn_.interactive && !parts().models.describe(model).price;
  if (asks) {
    const trace::CallScope scope = trace_.scope_of(turn_, session_, model);
    const WallTime at = now();
    const auto terms = co_await parts().database.read(
        [&scope, at](db::Connection& c) { return trace::Budgets::terms(c, scope, at); });
    if (!terms) co_return co_await stopped_by_storage(terms.error());
    asks = terms->has_limit && !terms->allow_unpriced && !terms->is_of_turn;
  }
  Step* open = find_price_step({}, StepState::kAwaitingApproval);
  if (open != nullptr && (!asks || open->arguments != arguments)) {
    const auto closed = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
      PRYX_TRY_VOID(parts().approvals.supersede(t, turn_.principal, open->approval));
      return TurnStore::change_state(t.db(), *open, StepState::kCancelled, now());
    });
    if (!closed) co_return co_await stopped_by_storage(closed.error());
    open = nullptr;
  }
  if (!asks) co_return Flow::kGoOn;
  if (const Step* denied = find_price_step(arguments, StepState::kDenied); denied != nullptr)
    co_return co_await fail_turn("denied", denied->summary);
  if (find_price_step(arguments, StepState::kDone) == nullptr) {
    const std::string grant = open == nullptr ? grant_for_unpriced(model) : std::string();
    Flow settled = Flow::kGoOn;
    if (grant.empty())
      settled = co_await ask_about_price(model);
    else
      settled = co_await note_granted_price(model, grant);
    if (settled == Flow::kStop) co_return settled;
  }
  trace_.allow_unpriced(model);
  co_return Flow::kGoOn;
}

std::string TurnRun::grant_for_unpriced(const std::string& model) const {
  const trust::CallFacts facts = facts_of_price(model);
  for (const trust::Grant& grant : parts().approvals.grants_for(turn_.principal, turn_.session)) {
    if (grant.why_not(facts, now()).empty()) return grant.id;
  }
  return {};
}

Step& TurnRun::add_price_step(const std::string& model) {
  Step step{.principal = turn_.principal,
            .id = parts().ids.make<StepId>(),
            .turn = turn_.id,
            .seq = static_cast<int>(steps_.size()) + 1,
            .kind = StepKind::kApproval,
            .effect = tools::EffectClass::kIdempotent,
            .tool = std::string(kUnpriced),
            .arguments = json::canonical(arguments_of(model)),
            .planned_at = now()};
  step.args_hash = crypto::hash_json("arguments/1", arguments_of(model));
  step.summary = fmt::format("use {}, whose price is not known, beside a budget", model);
  steps_.push_back(std::move(step));
  return steps_.back();
}

// A rule answered: on record like an answer of the moment.
async::Task<TurnRun::Flow> TurnRun::note_granted_price(std::string model, std::string grant) {
  Step& step = add_price_step(model);
  step.decision_rule = fmt::format("grant {}", grant);
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    PRYX_TRY_VOID(TurnStore::insert_step(t.db(), step));
    return write_price_allowed(t, step, model);
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return Flow::kGoOn;
}

Result<void> TurnRun::write_price_allowed(db::Transaction& t, Step& step, const std::string& model) {
  PRYX_TRY_VOID(TurnStore::start_attempt(t.db(), step, parts().boot_id, step.crashes, now()));
  PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kDone, now()));
  PRYX_TRY_VOID(parts().audit.append(
      t, {.principal = turn_.principal,
          .kind = "model.unpriced_allowed",
          .actor = turn_.surface,
          .session = turn_.session,
          .turn = turn_.id,
          .step = step.id,
          .subject = model,
          .detail = {{"rule", step.decision_rule}, {"approval_id", step.approval.str()}}}));
  return emit(t, "step.finished", {{"step_id", step.id.str()}, {"kind", "approval"}, {"state", "done"}});
}

trust::Approval TurnRun::question_about_price(const Step& step, const std::string& model) {
  trust::Approval question;
  question.id = parts().ids.make<ApprovalId>();
  question.principal = turn_.principal;
  question.session = turn_.session;
  question.turn = turn_.id;
  question.step = step.id;
  question.tool = kUnpriced;
  question.arguments = step.arguments;
  question.rendering = step.summary;
  question.bound = {{"tool", kUnpriced},
                    {"arguments", step.args_hash},
                    {"principal", turn_.principal.str()},
                    {"session", turn_.session.str()},
                    {"turn", turn_.id.str()},
                    {"step", step.id.str()}};
  question.call_hash = crypto::hash_json("unpriced/1", question.bound);
  question.reason = fmt::format(
      "a budget counts for this turn, and what {} costs is not known: its calls would not count against it",
      model);
  question.preview =
      "Once: every call of this turn may use the model. Its tokens are counted, its cost is not.\n";
  question.risk = tools::to_text(tools::Risk::kMedium);
  question.replaces = step.approval;
  question.facts = facts_of_price(model);
  question.facts.call_hash = question.call_hash;
  if (const auto rule = trust::suggest_pattern(question.facts)) question.rule_suggestion = rule->to_text();
  question.created_at = now();
  question.expires_at = now() + parts().gate.approval_timeout();
  return question;
}

async::Task<Result<void>> TurnRun::put_price_question(Step& step, bool is_new, std::string model) {
  const trust::Approval question = question_about_price(step, model);
  step.approval = question.id;
  co_return co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    if (is_new) PRYX_TRY_VOID(TurnStore::insert_step(t.db(), step));
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kAwaitingApproval, now()));
    if (turn_.state == TurnState::kRunning)
      PRYX_TRY_VOID(TurnStore::change_state(t.db(), turn_, TurnState::kWaiting, now()));
    PRYX_TRY_VOID(parts().audit.append(
        t, {.principal = question.principal,
            .kind = "approval.requested",
            .actor = "budget",
            .session = question.session,
            .turn = question.turn,
            .step = question.step,
            .subject = question.tool,
            .detail = {{"approval_id", question.id.str()}, {"call_hash", question.call_hash}},
            .personal = {{"rendering", question.rendering}}}));
    return parts().approvals.create(t, question, turn_.surface);
  });
}

async::Task<TurnRun::Flow> TurnRun::ask_about_price(std::string model) {
  Step* step = find_price_step({}, StepState::kAwaitingApproval);
  bool is_new = step == nullptr;
  bool must_ask = is_new;
  if (is_new) step = &add_price_step(model);
  for (int asked = 0; asked < kMaxAsks; ++asked) {
    Result<void> waits;
    if (must_ask)
      waits = co_await put_price_question(*step, is_new, model);
    else
      waits = co_await note_waiting();
    if (!waits) co_return co_await stopped_by_storage(waits.error());
    is_new = false;
    wait_for_a_person(true);
    const auto answer = co_await parts().approvals.wait(turn_.principal, step->approval);
    wait_for_a_person(false);
    if (!answer && answer.error().code == ErrorCode::kCancelled) co_return co_await cancel_turn();
    if (!answer) co_return co_await stopped_by_storage(answer.error());
    const bool approved = answer->state == trust::ApprovalState::kApproved;
    // Answered too long ago: a restart came between.
    must_ask = approved && (answer->used_at || !answer->launch_by || *answer->launch_by <= now());
    if (must_ask) continue;
    const auto written = co_await write_price_answer(*step, *answer, model);
    if (!written) co_return co_await stopped_by_storage(written.error());
    if (!approved) co_return co_await fail_turn("denied", step->summary);
    co_return Flow::kGoOn;
  }
  co_return co_await fail_turn("denied", "no answer about the price of the model came in time to be used");
}

async::Task<Result<void>> TurnRun::write_price_answer(Step& step, trust::Approval answer, std::string model) {
  co_return co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    if (turn_.state == TurnState::kWaiting)
      PRYX_TRY_VOID(TurnStore::change_state(t.db(), turn_, TurnState::kRunning, now()));
    if (answer.state == trust::ApprovalState::kApproved) {
      PRYX_TRY_VOID(parts().approvals.use(t, turn_.principal, step.approval, answer.call_hash));
      step.decision_rule = fmt::format("approved by {} ({})", answer.resolved_by, answer.scope);
      step.call_hash = answer.call_hash;
      return write_price_allowed(t, step, model);
    }
    step.error_code = "denied";
    step.summary = refusal_of(answer, model);
    PRYX_TRY_VOID(TurnStore::change_state(t.db(), step, StepState::kDenied, now()));
    return emit(t, "step.finished", {{"step_id", step.id.str()}, {"kind", "approval"}, {"state", "denied"}});
  });
}

}  // namespace pryx::agent
