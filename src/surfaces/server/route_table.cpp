// SPDX-License-Identifier: MIT
// Every way into the daemon over HTTP, in one place: method, path, who may, which body and query fields it
// knows. A route without an auth rule does not compile, and api/openapi.yaml must say the same
// (route_document_test.cpp).
#include "engine/agent/session_document.h"
#include "surfaces/server/app/app_serving.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server {
namespace {

using namespace routes;

constexpr AuthRule kAnyone = AuthRule::anyone();
constexpr AuthRule kRead = AuthRule::needs(Scope::kRead);
constexpr AuthRule kChat = AuthRule::needs(Scope::kChat);
constexpr AuthRule kApprove = AuthRule::needs(Scope::kApprove);
constexpr AuthRule kAdmin = AuthRule::needs(Scope::kAdmin);

constexpr BodyField kPathBody[] = {{"path"}};
constexpr BodyField kNameBody[] = {{"name"}};
constexpr BodyField kNewSession[] = {{"workspace"}, {"agent"}, {"model"}, {"title"}};
constexpr BodyField kSessionChange[] = {{"workspace"}, {"agent"}, {"model"}, {"title"}, {"status"}};
constexpr BodyField kFork[] = {{"message_id"}, {"title"}};
constexpr BodyField kImport[] = {{"content"}, {"manifest"}};
constexpr BodyField kMessage[] = {{"text"},        {"model"},          {"idempotency_key"},
                                  {"interactive"}, {"approve"},        {"parts"},
                                  {"max_cost"},    {"allow_unpriced"}, {"max_output_tokens"}};
constexpr BodyField kBudgets[] = {{"budgets"}};
constexpr BodyField kCompact[] = {{"preview"}, {"model"}};
constexpr BodyField kPin[] = {{"kind"}, {"text"}, {"message_id"}};
constexpr BodyField kStop[] = {{"all"}, {"session_id"}, {"turn_id"}};
constexpr BodyField kResume[] = {{"step_id"}, {"resolution"}, {"result"}};
constexpr BodyField kUndo[] = {{"dry_run"}, {"force"}};
constexpr BodyField kResolution[] = {{"decision"}, {"scope"}, {"rule"}, {"reason"}, {"confirm"}, {"expires"}};
constexpr BodyField kPlan[] = {{"turn_id"}, {"approval_ids"}, {"decision"}, {"reason"}};
constexpr BodyField kRule[] = {{"rule"}};
constexpr BodyField kGrantChange[] = {{"expires"}};
constexpr BodyField kAgainst[] = {{"against"}};
constexpr BodyField kQr[] = {{"text"}};
constexpr BodyField kImage[] = {{"url"}, {"session_id"}, {"message_id"}};
constexpr BodyField kText[] = {{"text"}, {"hash"}};
constexpr BodyField kPolicyTest[] = {{"tool"}, {"arguments"}, {"labels"}, {"session_id"}, {"text"}};
constexpr BodyField kPolicyText[] = {{"text"}};
constexpr BodyField kReplay[] = {{"text"}, {"days"}, {"limit"}, {"cursor"}};
constexpr BodyField kCatalogUpdate[] = {{"from"}};
constexpr BodyField kProvider[] = {{"kind"}, {"base_url"}, {"api"}, {"key"}, {"key_ref"}, {"no_key"}};
constexpr BodyField kSecret[] = {{"value"}, {"hosts"}};
constexpr BodyField kUnlock[] = {{"passphrase"}};
constexpr BodyField kPassphrase[] = {{"passphrase"}, {"current"}};
constexpr BodyField kToken[] = {{"name"}, {"scopes"}, {"expires_in"}, {"expires_at"}};
constexpr BodyField kCode[] = {{"code"}};
constexpr BodyField kMemory[] = {{"text"}, {"type"}, {"idempotency_key"}};
constexpr BodyField kMemorySearch[] = {{"query"}, {"limit"}, {"type"}};
constexpr BodyField kProcessInput[] = {{"text"}, {"close"}};
constexpr BodyField kChild[] = {{"task"},       {"agent"},          {"model"}, {"tools"},
                                {"max_tokens"}, {"max_tool_calls"}, {"after"}, {"max_cost"}};
constexpr BodyField kSkill[] = {{"files"}, {"replace"}};
constexpr BodyField kSettings[] = {{"settings"}};
constexpr BodyField kCompletion[] = {{"model"},
                                     {"messages"},
                                     {"stream"},
                                     {"stream_options"},
                                     {"tools"},
                                     {"tool_choice"},
                                     {"parallel_tool_calls"},
                                     {"response_format"},
                                     {"max_tokens"},
                                     {"max_completion_tokens"},
                                     {"temperature"},
                                     {"top_p"},
                                     {"presence_penalty"},
                                     {"frequency_penalty"},
                                     {"seed"},
                                     {"stop"},
                                     {"reasoning_effort"},
                                     {"prompt_cache_key"},
                                     {"n"},
                                     {"logprobs"},
                                     {"store"},
                                     {"service_tier"},
                                     {"logit_bias"},
                                     {"metadata"},
                                     {"modalities"},
                                     {"pryx"}};
constexpr BodyField kResponse[] = {{"model"},
                                   {"input"},
                                   {"instructions"},
                                   {"previous_response_id"},
                                   {"store"},
                                   {"stream"},
                                   {"stream_options"},
                                   {"tools"},
                                   {"tool_choice"},
                                   {"parallel_tool_calls"},
                                   {"text"},
                                   {"reasoning"},
                                   {"max_output_tokens"},
                                   {"temperature"},
                                   {"top_p"},
                                   {"metadata"},
                                   {"include"},
                                   {"truncation"},
                                   {"background"},
                                   {"service_tier"},
                                   {"top_logprobs"},
                                   {"prompt_cache_key"},
                                   {"pryx"}};
constexpr BodyField kFrontMessage[] = {
    {"model"},          {"messages"}, {"system"},        {"max_tokens"},    {"stream"}, {"tools"},
    {"tool_choice"},    {"thinking"}, {"output_config"}, {"temperature"},   {"top_p"},  {"top_k"},
    {"stop_sequences"}, {"metadata"}, {"service_tier"},  {"cache_control"}, {"pryx"}};
constexpr BodyField kCountTokens[] = {{"model"},         {"messages"},      {"system"},
                                      {"tools"},         {"tool_choice"},   {"thinking"},
                                      {"output_config"}, {"cache_control"}, {"pryx"}};

constexpr std::string_view kPage[] = {"limit", "cursor"};
constexpr std::string_view kCostQuery[] = {"group_by", "from", "to", "session"};
constexpr std::string_view kCheaperQuery[] = {"from", "to", "session"};
constexpr std::string_view kSessionQuery[] = {"query",  "status", "agent", "state", "after",
                                              "before", "sort",   "limit", "cursor"};
constexpr std::string_view kMessageQuery[] = {"sort", "before", "limit", "cursor"};
constexpr std::string_view kTurnQuery[] = {"state", "session", "after", "before", "limit", "cursor"};
constexpr std::string_view kWaitQuery[] = {"wait"};
constexpr std::string_view kReportQuery[] = {"format", "redact"};
constexpr std::string_view kDiagnosticsQuery[] = {"integrity"};
constexpr std::string_view kApprovalQuery[] = {"state", "limit", "cursor"};
constexpr std::string_view kAuditQuery[] = {"session", "turn",  "tool",   "surface", "action", "user",
                                            "success", "after", "before", "limit",   "cursor"};
constexpr std::string_view kVersionQuery[] = {"against"};
constexpr std::string_view kToolQuery[] = {"tool"};
constexpr std::string_view kProofQuery[] = {"index", "from"};
constexpr std::string_view kExportQuery[] = {"format",  "from",  "limit",   "size",   "session",
                                             "turn",    "tool",  "surface", "action", "user",
                                             "success", "after", "before"};
constexpr std::string_view kModelQuery[] = {"provider", "known", "sort"};
constexpr std::string_view kMemoryQuery[] = {"type", "limit", "cursor"};
constexpr std::string_view kProcessListQuery[] = {"state", "session_id"};
constexpr std::string_view kProcessQuery[] = {"lines", "after"};
constexpr std::string_view kSubAgentQuery[] = {"state", "limit"};
constexpr std::string_view kSkillQuery[] = {"workspace"};
constexpr std::string_view kSkillFileQuery[] = {"workspace", "path"};
constexpr std::string_view kBusQuery[] = {"since", "event", "events", "session_id", "surface"};

constexpr Route kRoutes[] = {
    {"GET", "/", kAnyone, get_app},
    {"GET", "/{page}", kAnyone, get_app, {}, {}, is_app_path},
    {"GET", "/openapi.json", kRead, get_openapi},

    {"GET", "/api/v1/health", kAnyone, get_health},
    {"GET", "/api/v1/health/ready", kRead, get_ready},
    {"GET", "/api/v1/diagnostics", kRead, get_diagnostics, {}, kDiagnosticsQuery},
    {"GET", "/api/v1/status", kRead, get_status},

    {"POST", "/api/v1/login", kAnyone, log_in, kCode},
    {"POST", "/api/v1/login/links", kAdmin, make_login_link},
    {"POST", "/api/v1/logout", kRead, log_out},

    {"GET", "/api/v1/workspaces", kRead, list_workspaces},
    {"POST", "/api/v1/workspaces", kChat, open_workspace, kPathBody},
    {"GET", "/api/v1/workspaces/{id}", kRead, get_workspace},
    {"PATCH", "/api/v1/workspaces/{id}", kChat, rename_workspace, kNameBody},
    {"DELETE", "/api/v1/workspaces/{id}", kChat, delete_workspace},

    {"GET", "/api/v1/sessions", kRead, list_sessions, {}, kSessionQuery},
    {"POST", "/api/v1/sessions", kChat, create_session, kNewSession},
    {"POST",
     "/api/v1/sessions/import",
     kChat,
     import_session,
     kImport,
     {},
     nullptr,
     agent::kMaxSessionFileBytes},
    {"GET", "/api/v1/sessions/{id}", kRead, get_session},
    {"PATCH", "/api/v1/sessions/{id}", kChat, update_session, kSessionChange},
    {"DELETE", "/api/v1/sessions/{id}", kChat, delete_session},
    {"POST", "/api/v1/sessions/{id}/fork", kChat, fork_session, kFork},
    {"GET", "/api/v1/sessions/{id}/export", kRead, export_session, {}, kReportQuery},
    {"GET", "/api/v1/sessions/{id}/export/preview", kRead, preview_export, {}, kPage},
    {"GET", "/api/v1/sessions/{id}/context", kRead, get_context},
    {"POST", "/api/v1/sessions/{id}/compact", kChat, compact_session, kCompact},
    {"POST", "/api/v1/sessions/{id}/compact/undo", kChat, undo_compaction},
    {"POST", "/api/v1/sessions/{id}/pins", kChat, create_pin, kPin},
    {"DELETE", "/api/v1/sessions/{id}/pins/{name}", kChat, delete_pin},
    {"GET", "/api/v1/sessions/{id}/messages", kRead, list_messages, {}, kMessageQuery},
    {"POST", "/api/v1/sessions/{id}/messages", kChat, send_message, kMessage},
    {"GET", "/api/v1/sessions/{id}/messages/{message_id}/parts/{part}/image", kRead, get_message_image},

    {"GET", "/api/v1/turns", kRead, list_turns, {}, kTurnQuery},
    {"GET", "/api/v1/turns/{id}", kRead, get_turn, {}, kWaitQuery},
    {"GET", "/api/v1/turns/{id}/steps/{step_id}/result", kRead, get_step_result},
    {"POST", "/api/v1/stop", kChat, stop_everything, kStop},
    {"POST", "/api/v1/turns/{id}/cancel", kChat, cancel_turn},
    {"POST", "/api/v1/turns/{id}/resume", kApprove, resume_turn, kResume},
    {"POST", "/api/v1/turns/{id}/undo", kApprove, undo_turn, kUndo},

    {"GET", "/api/v1/approvals", kRead, list_approvals, {}, kApprovalQuery},
    {"POST", "/api/v1/approvals/plan", kApprove, resolve_plan, kPlan},
    {"GET", "/api/v1/approvals/{id}", kRead, get_approval},
    {"POST", "/api/v1/approvals/{id}", kApprove, resolve_approval, kResolution},
    {"POST", "/api/v1/approvals/{id}/preview", kRead, preview_rule, kRule},

    {"GET", "/api/v1/grants", kRead, list_grants},
    {"PATCH", "/api/v1/grants/{id}", kApprove, change_grant, kGrantChange},
    {"DELETE", "/api/v1/grants/{id}", kApprove, revoke_grant},

    {"GET", "/api/v1/policy", kRead, get_policy},
    {"PUT", "/api/v1/policy", kAdmin, put_policy, kText},
    {"POST", "/api/v1/policy/test", kRead, test_policy, kPolicyTest},
    {"POST", "/api/v1/policy/check", kRead, check_policy, kPolicyText},
    {"POST", "/api/v1/policy/replay", kRead, replay_policy, kReplay},
    {"GET", "/api/v1/policy/history", kRead, list_policy_history, {}, kPage},
    {"GET", "/api/v1/policy/history/{version}", kRead, get_policy_version, {}, kVersionQuery},
    {"GET", "/api/v1/policy/can", kRead, can_use_tool, {}, kToolQuery},
    {"GET", "/api/v1/policy/templates", kRead, list_policy_templates},

    {"GET", "/api/v1/audit", kRead, list_audit, {}, kAuditQuery},
    {"POST", "/api/v1/audit/verify", kRead, verify_audit, kAgainst},
    {"GET", "/api/v1/audit/status", kRead, get_audit_status},
    {"GET", "/api/v1/audit/checkpoint", kRead, get_audit_checkpoint},
    {"GET", "/api/v1/audit/proof", kRead, get_audit_proof, {}, kProofQuery},
    {"GET", "/api/v1/audit/export", kAdmin, export_audit, {}, kExportQuery},

    {"GET", "/api/v1/models", kRead, list_models, {}, kModelQuery},
    {"GET", "/api/v1/models/catalog", kRead, get_catalog},
    {"POST", "/api/v1/models/catalog", kAdmin, update_catalog, kCatalogUpdate},
    {"GET", "/api/v1/models/own", kAdmin, get_own_models},
    {"PUT", "/api/v1/models/own", kAdmin, put_own_models, kText},
    {"GET", "/api/v1/providers", kRead, list_providers},
    {"GET", "/api/v1/providers/presets", kRead, list_presets},
    {"GET", "/api/v1/providers/local", kAdmin, find_local},
    {"PUT", "/api/v1/providers/{id}", kAdmin, put_provider, kProvider},
    {"DELETE", "/api/v1/providers/{id}", kAdmin, delete_provider},
    {"POST", "/api/v1/providers/{id}/test", kAdmin, test_provider},

    {"GET", "/api/v1/secrets", kAdmin, list_secrets},
    {"GET", "/api/v1/secrets/{name}", kAdmin, get_secret},
    {"PUT", "/api/v1/secrets/{name}", kAdmin, put_secret, kSecret},
    {"DELETE", "/api/v1/secrets/{name}", kAdmin, delete_secret},
    {"GET", "/api/v1/vault", kAdmin, get_vault},
    {"POST", "/api/v1/vault/lock", kAdmin, lock_vault},
    {"POST", "/api/v1/vault/unlock", kAdmin, unlock_vault, kUnlock},
    {"PUT", "/api/v1/vault/passphrase", kAdmin, put_vault_passphrase, kPassphrase},

    {"GET", "/api/v1/tokens", kAdmin, list_tokens},
    {"POST", "/api/v1/tokens", kAdmin, create_token, kToken},
    {"DELETE", "/api/v1/tokens/{id}", kAdmin, delete_token},

    {"GET", "/api/v1/agents", kRead, list_agents},
    {"GET", "/api/v1/agents/{id}", kRead, get_agent},
    {"PUT", "/api/v1/agents/{id}", kAdmin, put_agent, kText},
    {"DELETE", "/api/v1/agents/{id}", kAdmin, delete_agent},
    {"GET", "/api/v1/sessions/{id}/children", kRead, list_children},
    {"POST", "/api/v1/sessions/{id}/children", kChat, spawn_child, kChild},
    {"GET", "/api/v1/subagents", kRead, list_subagents, {}, kSubAgentQuery},
    {"GET", "/api/v1/subagents/{id}", kRead, get_subagent},
    {"POST", "/api/v1/subagents/{id}/cancel", kChat, cancel_subagent},
    {"GET", "/api/v1/tools", kRead, list_tools},
    {"GET", "/api/v1/tools/{name}", kRead, get_tool},

    {"GET", "/api/v1/skills", kRead, list_skills, {}, kSkillQuery},
    {"GET", "/api/v1/skills/{name}", kRead, get_skill, {}, kSkillQuery},
    {"GET", "/api/v1/skills/{name}/file", kRead, get_skill_file, {}, kSkillFileQuery},
    {"PUT", "/api/v1/skills/{name}", kAdmin, put_skill, kSkill},
    {"DELETE", "/api/v1/skills/{name}", kAdmin, delete_skill},

    {"GET", "/api/v1/docs", kRead, list_docs},
    {"GET", "/api/v1/docs/{topic}", kRead, get_docs},
    {"POST", "/api/v1/qr", kRead, make_qr, kQr},
    {"GET", "/api/v1/egress", kRead, list_egress, {}, kPage},
    {"POST", "/api/v1/images/fetch", kApprove, fetch_image, kImage},

    {"GET", "/api/v1/traces/{turn_id}", kRead, get_trace},
    {"GET", "/api/v1/costs", kRead, list_costs, {}, kCostQuery},
    {"GET", "/api/v1/costs/optimize", kRead, get_cheaper, {}, kCheaperQuery},
    {"GET", "/api/v1/budgets", kRead, get_budgets},
    {"PUT", "/api/v1/budgets", kAdmin, put_budgets, kBudgets},
    {"GET", "/metrics", kRead, get_metrics},

    {"GET", "/api/v1/memory", kRead, list_memories, {}, kMemoryQuery},
    {"POST", "/api/v1/memory", kChat, save_memory, kMemory},
    {"POST", "/api/v1/memory/search", kRead, search_memories, kMemorySearch},
    {"GET", "/api/v1/memory/{id}", kRead, get_memory},
    {"DELETE", "/api/v1/memory/{id}", kChat, delete_memory},

    {"GET", "/api/v1/processes", kRead, list_processes, {}, kProcessListQuery},
    {"GET", "/api/v1/processes/{id}", kRead, get_process, {}, kProcessQuery},
    {"POST", "/api/v1/processes/{id}/input", kApprove, write_to_process, kProcessInput},
    {"DELETE", "/api/v1/processes/{id}", kChat, stop_process},

    {"GET", "/api/v1/settings", kRead, get_settings},
    {"PUT", "/api/v1/settings", kAdmin, put_settings, kSettings},
    {"GET", "/api/v1/config", kAdmin, get_config},
    {"PUT", "/api/v1/config", kAdmin, put_config, kText},

    {"GET", "/api/v1/ws", kRead, connect_bus, {}, kBusQuery},

    {"GET", "/v1/models", kRead, list_openai_models},
    {"POST", "/v1/chat/completions", kChat, complete_chat, kCompletion},
    {"POST", "/v1/responses", kChat, create_response, kResponse},
    {"GET", "/v1/responses/{id}", kRead, get_response},
    {"DELETE", "/v1/responses/{id}", kChat, delete_response},
    {"POST", "/v1/messages", kChat, create_message, kFrontMessage},
    {"POST", "/v1/messages/count_tokens", kRead, count_message_tokens, kCountTokens},
};

}  // namespace

std::span<const Route> route_table() { return kRoutes; }

}  // namespace pryx::server
