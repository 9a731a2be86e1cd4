// SPDX-License-Identifier: MIT
// One function per noun: its rows. all_commands() is the whole command line.
#pragma once
#include <vector>

#include "surfaces/cli/command.h"

namespace pryx::cli {

[[nodiscard]] std::vector<Command> exec_commands();
[[nodiscard]] std::vector<Command> chat_commands();
[[nodiscard]] std::vector<Command> session_commands();
[[nodiscard]] std::vector<Command> session_context_commands();
[[nodiscard]] std::vector<Command> approval_commands();
[[nodiscard]] std::vector<Command> grant_commands();
[[nodiscard]] std::vector<Command> turn_commands();
[[nodiscard]] std::vector<Command> undo_commands();
[[nodiscard]] std::vector<Command> policy_commands();
[[nodiscard]] std::vector<Command> policy_past_commands();
[[nodiscard]] std::vector<Command> stop_commands();
[[nodiscard]] std::vector<Command> audit_commands();
[[nodiscard]] std::vector<Command> model_commands();
[[nodiscard]] std::vector<Command> provider_commands();
[[nodiscard]] std::vector<Command> secret_commands();
[[nodiscard]] std::vector<Command> vault_commands();
[[nodiscard]] std::vector<Command> token_commands();
[[nodiscard]] std::vector<Command> workspace_commands();
[[nodiscard]] std::vector<Command> tool_commands();
[[nodiscard]] std::vector<Command> process_commands();
[[nodiscard]] Command process_watch_command();
[[nodiscard]] std::vector<Command> agent_commands();
[[nodiscard]] std::vector<Command> subagent_commands();
[[nodiscard]] std::vector<Command> skill_commands();
[[nodiscard]] std::vector<Command> memory_commands();
[[nodiscard]] std::vector<Command> egress_commands();
[[nodiscard]] std::vector<Command> trace_commands();
[[nodiscard]] std::vector<Command> cost_commands();
[[nodiscard]] std::vector<Command> explain_commands();
[[nodiscard]] std::vector<Command> config_commands();
[[nodiscard]] std::vector<Command> config_archive_commands();
[[nodiscard]] std::vector<Command> status_commands();
[[nodiscard]] std::vector<Command> doctor_commands();
[[nodiscard]] std::vector<Command> open_commands();
[[nodiscard]] std::vector<Command> daemon_commands();
[[nodiscard]] std::vector<Command> serve_commands();
[[nodiscard]] std::vector<Command> help_commands();  // and completion
[[nodiscard]] std::vector<Command> docs_commands();
[[nodiscard]] std::vector<Command> setup_commands();
[[nodiscard]] std::vector<Command> complete_commands();  // what completion scripts ask
[[nodiscard]] std::vector<Command> refused_commands();  // of the contract, for features that do not exist yet

[[nodiscard]] std::vector<Command> all_commands();

}  // namespace pryx::cli
