// SPDX-License-Identifier: MIT
// Every handler, by resource. The table that binds them to methods, paths and rules is route_table.cpp.
#pragma once
#include "surfaces/server/route.h"

namespace pryx::server::routes {

#define PRYX_HANDLER(name) [[nodiscard]] async::Task<Result<Reply>> name(RouteCall& call)

// health.cpp
PRYX_HANDLER(get_health);
PRYX_HANDLER(get_ready);
PRYX_HANDLER(get_diagnostics);
PRYX_HANDLER(get_status);
// workspaces.cpp
PRYX_HANDLER(list_workspaces);
PRYX_HANDLER(open_workspace);
PRYX_HANDLER(get_workspace);
PRYX_HANDLER(rename_workspace);
PRYX_HANDLER(delete_workspace);
// sessions.cpp
PRYX_HANDLER(list_sessions);
PRYX_HANDLER(create_session);
PRYX_HANDLER(get_session);
PRYX_HANDLER(update_session);
PRYX_HANDLER(delete_session);
PRYX_HANDLER(fork_session);
// session_files.cpp
PRYX_HANDLER(export_session);
PRYX_HANDLER(preview_export);
PRYX_HANDLER(import_session);
// contexts.cpp
PRYX_HANDLER(get_context);
PRYX_HANDLER(compact_session);
PRYX_HANDLER(undo_compaction);
PRYX_HANDLER(create_pin);
PRYX_HANDLER(delete_pin);
// messages.cpp
PRYX_HANDLER(list_messages);
PRYX_HANDLER(send_message);
// attachments.cpp
PRYX_HANDLER(get_message_image);
// images.cpp
PRYX_HANDLER(fetch_image);
// stop.cpp
PRYX_HANDLER(stop_everything);
// turns.cpp
PRYX_HANDLER(list_turns);
PRYX_HANDLER(get_turn);
PRYX_HANDLER(get_step_result);
PRYX_HANDLER(cancel_turn);
PRYX_HANDLER(resume_turn);
PRYX_HANDLER(undo_turn);
// approvals.cpp
PRYX_HANDLER(list_approvals);
PRYX_HANDLER(get_approval);
PRYX_HANDLER(resolve_approval);
PRYX_HANDLER(resolve_plan);
PRYX_HANDLER(preview_rule);
PRYX_HANDLER(list_grants);
PRYX_HANDLER(change_grant);
PRYX_HANDLER(revoke_grant);
// policy.cpp
PRYX_HANDLER(get_policy);
PRYX_HANDLER(put_policy);
PRYX_HANDLER(test_policy);
PRYX_HANDLER(list_policy_templates);
PRYX_HANDLER(can_use_tool);
PRYX_HANDLER(check_policy);
PRYX_HANDLER(replay_policy);
PRYX_HANDLER(list_policy_history);
PRYX_HANDLER(get_policy_version);
// audit.cpp
PRYX_HANDLER(list_audit);
PRYX_HANDLER(verify_audit);
PRYX_HANDLER(get_audit_status);
PRYX_HANDLER(get_audit_checkpoint);
PRYX_HANDLER(get_audit_proof);
PRYX_HANDLER(export_audit);
// models.cpp
PRYX_HANDLER(list_models);
PRYX_HANDLER(get_catalog);
PRYX_HANDLER(update_catalog);
PRYX_HANDLER(get_own_models);
PRYX_HANDLER(put_own_models);
PRYX_HANDLER(list_presets);
PRYX_HANDLER(find_local);
PRYX_HANDLER(list_providers);
PRYX_HANDLER(put_provider);
PRYX_HANDLER(delete_provider);
PRYX_HANDLER(test_provider);
// secrets.cpp
PRYX_HANDLER(list_secrets);
PRYX_HANDLER(get_secret);
PRYX_HANDLER(put_secret);
PRYX_HANDLER(delete_secret);
PRYX_HANDLER(get_vault);
PRYX_HANDLER(lock_vault);
PRYX_HANDLER(unlock_vault);
PRYX_HANDLER(put_vault_passphrase);
// tokens.cpp
PRYX_HANDLER(list_tokens);
PRYX_HANDLER(create_token);
PRYX_HANDLER(delete_token);
// login.cpp
PRYX_HANDLER(make_login_link);
PRYX_HANDLER(log_in);
PRYX_HANDLER(log_out);
// agents.cpp
PRYX_HANDLER(list_agents);
PRYX_HANDLER(get_agent);
PRYX_HANDLER(list_docs);
PRYX_HANDLER(get_docs);
PRYX_HANDLER(put_agent);
PRYX_HANDLER(delete_agent);
PRYX_HANDLER(list_tools);
PRYX_HANDLER(get_tool);
// costs.cpp
PRYX_HANDLER(get_trace);
PRYX_HANDLER(list_costs);
PRYX_HANDLER(get_cheaper);
PRYX_HANDLER(get_budgets);
PRYX_HANDLER(put_budgets);
PRYX_HANDLER(get_metrics);
// memory.cpp
PRYX_HANDLER(list_egress);
PRYX_HANDLER(list_memories);
PRYX_HANDLER(save_memory);
PRYX_HANDLER(search_memories);
PRYX_HANDLER(get_memory);
PRYX_HANDLER(delete_memory);
// processes.cpp
PRYX_HANDLER(list_processes);
PRYX_HANDLER(get_process);
PRYX_HANDLER(write_to_process);
PRYX_HANDLER(stop_process);
// subagents.cpp
PRYX_HANDLER(list_subagents);
PRYX_HANDLER(list_children);
PRYX_HANDLER(spawn_child);
PRYX_HANDLER(get_subagent);
PRYX_HANDLER(cancel_subagent);
// skills.cpp
PRYX_HANDLER(list_skills);
PRYX_HANDLER(get_skill);
PRYX_HANDLER(get_skill_file);
PRYX_HANDLER(put_skill);
PRYX_HANDLER(delete_skill);
// config.cpp
PRYX_HANDLER(get_settings);
PRYX_HANDLER(put_settings);
PRYX_HANDLER(get_config);
PRYX_HANDLER(put_config);
// qr.cpp
PRYX_HANDLER(make_qr);
// app.cpp
PRYX_HANDLER(get_app);
PRYX_HANDLER(get_openapi);
PRYX_HANDLER(connect_bus);
// fronts.cpp
PRYX_HANDLER(list_openai_models);
PRYX_HANDLER(complete_chat);
PRYX_HANDLER(create_response);
PRYX_HANDLER(get_response);
PRYX_HANDLER(delete_response);
PRYX_HANDLER(create_message);
PRYX_HANDLER(count_message_tokens);

#undef PRYX_HANDLER

}  // namespace pryx::server::routes
