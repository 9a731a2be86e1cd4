// SPDX-License-Identifier: MIT
#include "engine/agent/beyond_undo.h"

#include "foundation/base/json.h"

namespace pryx::agent {
namespace {

using tools::shell::ProcessId;
using tools::shell::ProcessState;

constexpr std::string_view kInterrupted = "it was interrupted, so what else it did is not known";

// About a background process; empty: all that it changed is noted.
std::string_view beyond_its_end(const Step& step, std::optional<ProcessState> process) {
  if (process == ProcessState::kRunning)
    return "it still runs, and what it changes is taken over when it ends; undo the turn after that";
  if (process == ProcessState::kLost) return kInterrupted;
  if (process) return {};
  return started_process(step) || step.state == StepState::kCancelled
             ? "it went on in the background, and how it ended is not known any more"
             : "";
}

}  // namespace

std::optional<ProcessId> started_process(const Step& step) {
  if (step.tool != "shell.exec") return std::nullopt;
  const std::string_view summary = step.summary;
  if (!summary.starts_with(tools::shell::ProcessTag::kPrefix)) return std::nullopt;
  return ProcessId(std::string(summary.substr(0, summary.find(' '))));
}

std::string beyond_the_journal(const Step& step, std::optional<ProcessState> process) {
  const auto arguments = json::parse_object(step.arguments);
  if (!arguments) return "it is not known what it changed";
  const json::value* background = json::find(*arguments, "background");
  const bool is_background = background != nullptr && background->is_bool() && background->as_bool();
  // A call that was refused, or that the sandbox would not start, started nothing that could send.
  const bool was_refused = step.crashes == 0 && !started_process(step) &&
                           (step.state == StepState::kDone || step.state == StepState::kFailed);
  if (is_background && (was_refused || process == ProcessState::kFailed)) return {};
  std::string reasons;
  const auto add = [&](std::string_view reason) {
    if (!reason.empty()) reasons += fmt::format("{}{}", reasons.empty() ? "" : "; ", reason);
  };
  if (step.state == StepState::kUnknown || step.crashes > 0)
    add(kInterrupted);
  else if (is_background)
    add(beyond_its_end(step, process));
  const json::value* hosts = json::find(*arguments, "hosts");
  if (hosts != nullptr && hosts->is_array() && !hosts->as_array().empty())
    add("what it sent over the network cannot be called back");
  return reasons;
}

}  // namespace pryx::agent
