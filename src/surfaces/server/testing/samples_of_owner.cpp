// SPDX-License-Identifier: MIT
#include "engine/agent/policy_replay.h"
#include "foundation/config/layers.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/testing/house.h"
#include "surfaces/server/testing/sample_values.h"
#include "surfaces/server/testing/wire_samples.h"
#include "surfaces/server/token_store.h"
#include "trust/policy/policy_tests.h"
#include "trust/policy/tool_reach.h"

namespace pryx::server::testing {
namespace {

json::object sample_local_server() {
  const models::LocalModel model{.id = "llama3.2:3b",
                                 .size_bytes = 2'019'393'189,
                                 .context_tokens = 131'072,
                                 .quantization = "Q4_K_M",
                                 .parameters = "3.2B",
                                 .loaded = false};
  const models::LocalServer server{.server = "ollama",
                                   .kind = "ollama",
                                   .name = "ollama",
                                   .base_url = "http://127.0.0.1:11434",
                                   .version = "0.12.3",
                                   .models = {model}};
  const LocalServers found{
      .servers = {}, .ports = {11434}, .memory = platform::MemoryInfo{16'000'000'000, 8'000'000'000}};
  return encode(server, found, {});
}

json::object sample_config_file() {
  ConfigStatus status;
  status.file = HumanFile{"/config/config.yaml", "log.level: loud", "sha256:ef", true};
  status.in_force = "last_good";
  status.problem = FileProblem{1, "log.level: 'loud' is not allowed; give one of debug, info, warn, error"};
  return encode(status);
}

json::object sample_setting(std::string_view key) {
  config::Layer file{config::Origin::kFile, {}};
  PRYX_CHECK(file.set("log.level", "warn", "config.yaml:3").has_value());
  for (const json::value& item : config::Config({file}).describe())
    if (json::string_or(item.as_object(), "key") == key) return item.as_object();
  return {};
}

json::object sample_grant() {
  return trust::KeptGrant{.grant = {.id = id<GrantId>().str(),
                                    .scope = trust::GrantScope::kSession,
                                    .pattern = trust::GrantPattern::parse("fs.write(path: \"a\")").value(),
                                    .session = id<SessionId>(),
                                    .principal = kMe,
                                    .expires_at = kAt,
                                    .workspace = "/home/me/project"},
                          .approval = id<ApprovalId>(),
                          .created_at = kAt}
      .to_json();
}

json::object sample_preview() {
  trust::RulePreview preview{.rule = "fs.write(path: \"a\")", .matches_call = true, .samples = {}};
  trust::Approval past;
  past.id = id<ApprovalId>();
  past.rendering = "fs.write a";
  past.created_at = kAt;
  preview.looked_at = 3;
  preview.matched = 1;
  preview.samples = {past};
  return preview.to_json();
}

Token sample_token() { return {kMe, id<TokenId>(), "ci", Scopes{Scope::kChat}, kAt, kAt}; }

trust::PolicyTestResult sample_test() {
  return {.name = "no shell",
          .tool = "shell.exec",
          .line = 9,
          .expect = "deny",
          .got = "allow",
          .rule = "policy.yaml: tools.allowed: shell.*",
          .rule_line = 4,
          .reason = "policy.yaml allows shell.exec"};
}

std::shared_ptr<const trust::Layer> sample_layer() {
  const std::vector<trust::Rule> rules = {{.verdict = trust::Verdict::kAllow,
                                           .tool = "shell.*",
                                           .when = {trust::Condition::kTrustedContext},
                                           .line = 4,
                                           .commands = {"git log *"},
                                           .domains = {"a.example"},
                                           .paths = {"src/*"}}};
  return std::make_shared<const trust::Layer>(trust::LayerKind::kBase, "policy.yaml", rules);
}

json::object sample_policy() {
  return encode(PolicyStatus{{"/config/policy.yaml", "tools: {}", "sha256:ef", true},
                             "last_good",
                             "tools: {}",
                             "v1",
                             {{.line = 2, .key = "tools.denid", .message = "unknown key"}},
                             {sample_test()},
                             sample_layer()});
}

json::object sample_replay() {
  agent::ReplayReport report{.from = kAt,
                             .to = kAt,
                             .replayed = 7,
                             .changed = 1,
                             .truncated = true,
                             .items = {},
                             .next_cursor = "1.2.stp"};
  report.pairs[0][2] = 1;
  report.gaps[static_cast<std::size_t>(agent::ReplayGap::kErased)] = 2;
  trust::Decision decision;
  decision.rule = "policy.yaml: tools.denied: shell.*";
  decision.line = 4;
  decision.reason = "policy.yaml denies shell.exec";
  report.items.push_back({.step = id<StepId>(),
                          .turn = id<TurnId>(),
                          .session = id<SessionId>(),
                          .at = kAt,
                          .tool = "shell.exec",
                          .call = "shell.exec ls",
                          .was = trust::Verdict::kAllow,
                          .was_rule = "policy.yaml: tools.allowed: shell.*",
                          .becomes = decision});
  return report.to_json();
}

trust::PolicyVersion sample_version() {
  return {.principal = kMe,
          .version = 3,
          .at = kAt,
          .author = "cli",
          .hash = "sha256:ef",
          .text = "tools: {}",
          .bytes = 9};
}

json::object sample_version_text() {
  json::object o = sample_version().to_json();
  o["text"] = "tools: {}";
  o["diff"] =
      json::object{{"against", 2}, {"text", "@@ -1 +1 @@\n"}, {"whole", true}, {"added", 1}, {"removed", 1}};
  return o;
}

AgentEntry sample_agent() {
  AgentEntry entry;
  entry.profile.fallbacks = {"fake/other"};
  entry.profile.tools = std::vector<std::string>{"fs.*"};
  entry.profile.skills = {"code-review"};
  entry.profile.limits = {.max_steps = 5, .max_tokens = 5000, .max_tool_calls = 3};
  entry.profile.heartbeat.every = std::chrono::minutes(30);
  entry.state = "last_good";
  entry.problems = {{2, "tools", "must be a list", false}};
  entry.file = {"/config/agents/default.yaml", "a: 1", "sha256:ef", true};
  return entry;
}

SkillView sample_skill() {
  skills::SkillText text{.name = "tea",
                         .description = "Makes tea",
                         .license = "MIT",
                         .allowed_tools = {"fs.read"},
                         .metadata = {{"version", "1"}}};
  text.requires_ = {{"kettle"}, {"TEA"}, {"tea.kind"}};
  text.install = {{"brew", "kettle", "Kettle"}};
  SkillView view;
  view.skill.name = "tea";
  view.skill.source = skills::Source::kUser;
  view.skill.folder = "/config/skills/tea";
  view.skill.hash = "sha256:ab";
  view.skill.text = std::make_shared<const skills::SkillText>(std::move(text));
  view.skill.problems = {{2, "name", "is missing"}};
  view.skill.missing = {"program kettle"};
  view.text = "---";
  view.files = {"SKILL.md"};
  return view;
}

json::object sample_decision() {
  trust::Decision decision;
  decision.rule = "tools.denied: shell.*";
  decision.line = 4;
  decision.reason = "denied by policy.yaml";
  decision.considered = {{.step = trust::DecisionStep::kDeny,
                          .layer = "policy.yaml",
                          .rule = "tools.denied: shell.*",
                          .outcome = "decides",
                          .line = 4}};
  return decision.to_json();
}

json::object sample_reach() {
  json::object reach = trust::tool_reach(*trust::deny_all_but_reads().layer, "fs.write", false).to_json();
  reach["tool"] = "fs.write";
  reach["known"] = true;
  return reach;
}

json::object sample_model() {
  models::ModelInfo model{
      .id = "words", .provider = "fake", .context_tokens = 1000, .max_output_tokens = 100};
  model.price = models::Price{.rates = {.input = 1'500'000, .output = 6'000'000, .cache_read = 150'000},
                              .above_tokens = 200'000,
                              .above = models::Rates{.input = 3'000'000, .output = 9'000'000}};
  return encode(model, "fake/words");
}

}  // namespace

WireSamples samples_of_owner() {
  const DaemonInfo info{"0.1.0",
                        42,
                        "http://127.0.0.1:7799",
                        "/run/pryx.sock",
                        kAt,
                        "safe",
                        "five crashes in ten minutes",
                        "file",
                        "https://pryx.example.net"};
  const std::vector<Component> components{{"store", "degraded", true, "the disk is nearly full", "4.6"}};
  const audit::Row row{.index = 7,
                       .at = kAt,
                       .entry = {.principal = kMe,
                                 .kind = "tool.intent",
                                 .actor = "cli",
                                 .session = id<SessionId>(),
                                 .turn = id<TurnId>(),
                                 .step = id<StepId>(),
                                 .subject = "fs.read",
                                 .detail = {{"rule", "x"}}},
                       .hash = "ab12"};
  audit::Row outcome = row;
  outcome.entry.success = true;
  outcome.entry.personal = {{"reason", "x"}};
  outcome.state = audit::Personal::kPresent;
  const models::ProviderConfig config{"cloud", "openai", "https://example.test/v1", "provider/cloud"};
  json::object new_token = sample_token().to_json();
  new_token["token"] = "pryx_" + std::string(43, 'x');
  return {
      {"Health", {{"status", "ok"}}},
      {"Ready", {{"status", "ready"}, {"components", encode(components)}}},
      {"Diagnostics", {{"status", "ready"}, {"version", "0.1.0"}, {"components", encode(components)}}},
      {"Status", encode_status({.info = info, .now = kAt, .default_model = "starter/commands"})},
      {"Login", {{"csrf_token", "x"}, {"expires_at", to_rfc3339(kAt)}}},
      {"LoginLink",
       {{"url", "http://127.0.0.1:7799/#code=a.b"},
        {"public_url", "https://pryx.example.net/#code=a.b"},
        {"code", "a.b"},
        {"expires_at", to_rfc3339(kAt)}}},
      {"ManualPage", encode(manual::Page{"policy", "What may happen", "# What may happen\n"})},
      {"Grant", sample_grant()},
      {"RulePreview", sample_preview()},
      {"Policy", sample_policy()},
      {"Decision", sample_decision()},
      {"PolicyCheck",
       encode(PolicyCheck{{{.line = 9, .key = "tests[0]", .message = "fails"}}, {sample_test()}})},
      {"PolicyReplay", sample_replay()},
      {"PolicyReplayItem", sample_replay()["items"].as_array().at(0).as_object()},
      {"PolicyVersion", sample_version().to_json()},
      {"PolicyVersionText", sample_version_text()},
      {"PolicyTemplate", encode(trust::PolicyTemplate{"calm", "Everything asks.", "name: calm\n"})},
      {"ToolReach", sample_reach()},
      {"AuditEntry", encode(outcome)},
      {"AuditCheckpoint",
       {{"size", 3}, {"at", to_rfc3339(kAt)}, {"note", "a\n"}, {"key", "a+b+c"}, {"copies", "a file"}}},
      {"AuditProof",
       {{"checkpoint", "a\n"},
        {"entry", {{"index", 3}, {"kind", "tool.intent"}}},
        {"from", nullptr},
        {"from_root", nullptr},
        {"index", 3},
        {"leaf", "ab"},
        {"path", json::array{"cd"}},
        {"root", "ef"},
        {"size", 4}}},
      {"AuditStatus",
       encode(AuditState{
           .size = 9,
           .signed_size = 7,
           .signed_at = kAt,
           .problem = "",
           .verified = audit::Verified{{7, 3, "the entry was changed", 2, 1, "ab12"}, kAt, "cli"}})},
      {"AuditVerdict", encode(audit::Verdict{7, 3, "the entry was changed", 2, 1, "ab12"})},
      {"Model", sample_model()},
      {"Catalog", encode(CatalogStatus{.as_of = "2026-07-02",
                                       .source = "models.dev@f3fc692299",
                                       .models = 393,
                                       .from = "https://example.test/models.yaml",
                                       .fetched_at = "2026-11-21T12:00:00Z"})},
      {"ProviderPreset", encode(models::presets().front())},
      {"LocalServer", sample_local_server()},
      {"LocalModel", sample_local_server().at("models").as_array()[0].as_object()},
      {"Provider", encode(models::ProviderHealth{"cloud", "openai", "https://example.test/v1"}, &config)},
      {"ProviderTest", {{"ok", true}, {"provider", "cloud"}, {"models", 3}}},
      {"Secret", encode(SecretEntry{"deploy", kAt, {"api.example.com"}})},
      {"Vault", encode(vault::VaultStatus{true, true, std::chrono::seconds(30)})},
      {"Token", sample_token().to_json()},
      {"NewToken", new_token},
      {"Agent", sample_agent().to_json()},
      {"AgentView", sample_agent().to_json_with_text()},
      {"Tool", encode(testing::NoteTool().description())},
      {"Skill", sample_skill().skill.to_json()},
      {"SkillView", sample_skill().to_json()},
      {"SkillFile",
       {{"path", "scripts/run.sh"},
        {"size", 9},
        {"text", "echo hi\n"},
        {"base64", nullptr},
        {"executable", true}}},
      {"Memory", encode(memory::Memory{id<MemoryId>(), memory::MemoryType::kLongterm, "a text", kLabels,
                                       kLabels, id<SessionId>(), kAt})},
      {"Settings",
       {{"settings", json::object{{"log.level", "info"}}},
        {"origins", json::object{{"log.level", "file"}}},
        {"sources", json::object{{"log.level", "line 3"}}},
        {"items", json::array{sample_setting("log.level"), sample_setting("approval.timeout")}},
        {"next_cursor", nullptr}}},
      {"Setting", sample_setting("undo.max_file_mib")},
      {"TextFile", encode(HumanFile{"/config/models.yaml", "a: 1", "sha256:ef", true})},
      {"ConfigFile", sample_config_file()},
  };
}

}  // namespace pryx::server::testing
