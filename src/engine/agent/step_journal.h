// SPDX-License-Identifier: MIT
// Writes what the gate does with one tool step: step row, audit row, transcript and events, one commit each.
// Private to this module.
#pragma once
#include "engine/agent/turn_run.h"

namespace pryx::agent {

class StepJournal final : public tools::CallJournal {
 public:
  StepJournal(TurnRun& run, Step& step) : run_(run), step_(step) {}
  [[nodiscard]] async::Task<Result<void>> record_invalid(std::string reason) override;
  [[nodiscard]] async::Task<Result<void>> record_denied(Decided decided, std::string reason) override;
  [[nodiscard]] async::Task<Result<void>> record_ask(Decided decided, trust::Approval approval) override;
  [[nodiscard]] async::Task<Result<std::string>> record_start(Decided decided) override;
  [[nodiscard]] async::Task<Result<void>> record_end(tools::GateEnd end, tools::ToolOutcome outcome,
                                                     std::string reason) override;
  // A step whose effect a person or the outside world vouched for.
  [[nodiscard]] async::Task<Result<void>> record_settled(StepState state, std::string text, bool ok);

  // Cut by the panic button while it took effect, or its tool cannot tell: the step stays started, and
  // becomes unknown.
  [[nodiscard]] bool is_left_unknown() const { return !why_unknown_.empty(); }
  [[nodiscard]] const std::string& why_unknown() const { return why_unknown_; }

 private:
  struct Ending {
    StepState state = StepState::kDone;
    bool ok = true;
    std::string text;  // for the model and the transcript
    std::string summary;
    std::string reason;  // for people, when it did not go well
    trust::Labels labels;
    std::string audit_kind;
    json::object audit_detail;
    json::object audit_personal = {};  // beside the reason
    Stored stored = Stored::kWhole;
  };
  [[nodiscard]] audit::Entry entry_of(std::string kind) const;
  void note(const Decided& decided);
  [[nodiscard]] Result<void> close_lost_attempt(db::Transaction& t);
  [[nodiscard]] async::Task<Result<void>> finish(Ending ending);
  TurnRun& run_;
  Step& step_;
  std::string why_unknown_;
};

}  // namespace pryx::agent
