// SPDX-License-Identifier: MIT
#include "surfaces/cli/commands/commands.h"

namespace pryx::cli {
namespace {

// In the order of the overview.
// clang-format off
constexpr std::vector<Command> (*kNouns[])() = {
    setup_commands,
    exec_commands,
    chat_commands,
    session_commands,
    explain_commands,
    session_context_commands,
    approval_commands,
    grant_commands,
    turn_commands,
    stop_commands,
    undo_commands,
    policy_commands,
    policy_past_commands,
    audit_commands,
    trace_commands,
    cost_commands,
    model_commands,
    provider_commands,
    secret_commands,
    vault_commands,
    token_commands,
    workspace_commands,
    tool_commands,
    process_commands,
    agent_commands,
    subagent_commands,
    skill_commands,
    memory_commands,
    egress_commands,
    config_commands,
    config_archive_commands,
    status_commands,
    doctor_commands,
    help_commands,
    docs_commands,
    complete_commands,
    open_commands,
    daemon_commands,
    serve_commands,
    refused_commands,
};
// clang-format on

}  // namespace

std::vector<Command> all_commands() {
  std::vector<Command> all;
  for (auto* commands : kNouns) {
    std::vector<Command> rows = commands();
    all.insert(all.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  }
  return all;
}

std::vector<Command> refused_commands() {
  struct Refused {
    std::string_view noun, verb, text;
  };
  static constexpr Refused kRefused[] = {
      {"mcp", "list", "pryx mcp is not in this version; no MCP servers are run yet"},
      {"mcp", "add", "pryx mcp is not in this version; no MCP servers are run yet"},
      {"mcp", "import", "pryx mcp is not in this version; no MCP servers are run yet"},
      {"mcp", "test", "pryx mcp is not in this version; no MCP servers are run yet"},
      {"mcp", "serve", "pryx mcp is not in this version; no MCP servers are run yet"},
      {"mcp", "rm", "pryx mcp is not in this version; no MCP servers are run yet"},
      {"tool", "call", "pryx tool call is not in this version; ask for it in a turn: pryx exec"},
      {"tui", "", "pryx tui is not in this version; pryx chat talks in the terminal"},
  };
  std::vector<Command> rows;
  for (const Refused& refused : kRefused) {
    Command row;
    row.noun = refused.noun;
    row.verb = refused.verb;
    row.positionals = {{"argument", "", false, true}};
    row.refused = refused.text;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace pryx::cli
