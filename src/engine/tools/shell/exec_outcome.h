// SPDX-License-Identifier: MIT
// What the model and people are told about a command that ended: how it ended first, then what it printed.
// Pure.
#pragma once
#include "engine/tools/shell/child_run.h"
#include "engine/tools/shell/output_keeper.h"
#include "engine/tools/tool.h"

namespace pryx::tools::shell {

struct ExecReport {
  const ChildEnd& end;
  const OutputKeeper& output;
  const OutputKeeper& error_output;
  Duration took{};
  Duration limit{};
};
[[nodiscard]] ToolOutcome describe_end(const ExecReport& report);

// Of what programs print: it may come from any file they could read, with a network from anywhere, and with a
// secret from that, in a form that no filter knows.
[[nodiscard]] trust::Labels output_labels(const Principal& principal, bool has_network, bool has_secret);
// A result that says no, for the model to try something else.
[[nodiscard]] ToolOutcome refuse(std::string text);

}  // namespace pryx::tools::shell
