// SPDX-License-Identifier: MIT
// Over 500 lines: one sample for each schema of the document, beside the test that holds them against it.
// Holds the router and api/openapi.yaml against each other: routes, auth rules, query and body fields, and
// the fields of what the encoders write. Also holds the encoders against api/examples/*.json, so that a
// change of the wire shows in review. With PRYX_WRITE_EXAMPLES set, the examples are written anew.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/agent/context_store.h"
#include "engine/agent/policy_replay.h"
#include "engine/agent/session_document.h"
#include "engine/agent/trace_view.h"
#include "engine/agent/turn_undo.h"
#include "foundation/base/text.h"
#include "foundation/config/layers.h"
#include "surfaces/server/embedded.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/encode_cheaper.h"
#include "surfaces/server/front/front.h"
#include "surfaces/server/problem.h"
#include "surfaces/server/redaction_preview.h"
#include "surfaces/server/route.h"
#include "surfaces/server/testing/fake_exchange.h"
#include "surfaces/server/token_store.h"
#include "trust/trace/recorder.h"

namespace pryx::server {
namespace {

using Names = std::set<std::string>;

const std::string kSource = PRYX_SOURCE_DIR;

struct Operation {
  std::string auth;
  Names query;
  Names body;
  Names refused;  // body fields marked x-pryx-unsupported
  std::string response_schema;
};

std::string schema_name(const YAML::Node& reference) {
  const std::string text = reference["$ref"] ? reference["$ref"].as<std::string>() : "";
  return text.substr(text.rfind('/') + 1);
}

class Document : public ::testing::Test {
 protected:
  Document() : root_(YAML::LoadFile(kSource + "/api/openapi.yaml")) {
    for (const auto& path : root_["paths"]) {
      for (const auto& operation : path.second)
        operations_[{upper(operation.first.as<std::string>()), path.first.as<std::string>()}] =
            read(operation.second);
    }
  }
  static std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
    return text;
  }
  YAML::Node schema(const std::string& name) const {
    const YAML::Node found = root_["components"]["schemas"][name];
    return found ? found : YAML::Node(YAML::NodeType::Map);
  }
  Names properties(const std::string& name) const {
    Names names;
    for (const auto& property : schema(name)["properties"]) names.insert(property.first.as<std::string>());
    return names;
  }
  Operation read(const YAML::Node& node) const {
    Operation operation;
    operation.auth = node["x-pryx-auth"] ? node["x-pryx-auth"].as<std::string>() : "missing";
    for (const auto& parameter : node["parameters"]) {
      if (parameter["in"].as<std::string>() == "query")
        operation.query.insert(parameter["name"].as<std::string>());
    }
    if (node["requestBody"]) {
      const std::string name = schema_name(node["requestBody"]["content"]["application/json"]["schema"]);
      operation.body = properties(name);
      for (const auto& property : schema(name)["properties"]) {
        if (property.second["x-pryx-unsupported"]) operation.refused.insert(property.first.as<std::string>());
      }
    }
    for (const auto& response : node["responses"]) {
      const YAML::Node content = response.second["content"];
      if (!content || !content["application/json"] || !response.first.as<std::string>().starts_with("2"))
        continue;
      operation.response_schema = schema_name(content["application/json"]["schema"]);
    }
    return operation;
  }

  YAML::Node root_;
  std::map<std::pair<std::string, std::string>, Operation> operations_;
};

TEST_F(Document, EveryRouteIsDescribedAndEveryDescriptionIsRouted) {
  Names routed;
  for (const Route& route : route_table()) {
    const auto found = operations_.find({std::string(route.method), std::string(route.pattern)});
    const std::string name = fmt::format("{} {}", route.method, route.pattern);
    EXPECT_TRUE(routed.insert(name).second) << name << " is routed twice";
    ASSERT_NE(found, operations_.end()) << name << " is not in api/openapi.yaml";
    EXPECT_EQ(found->second.auth, route.auth.to_text()) << name;
    EXPECT_EQ(found->second.query, Names(route.query.begin(), route.query.end())) << name;
    Names body;
    Names refused;
    for (const BodyField& field : route.body) {
      body.emplace(field.name);
      if (!field.exists) refused.emplace(field.name);
    }
    EXPECT_EQ(found->second.body, body) << name;
    EXPECT_EQ(found->second.refused, refused) << name;
  }
  for (const auto& [key, operation] : operations_) {
    EXPECT_TRUE(routed.contains(key.first + " " + key.second))
        << key.first << ' ' << key.second << " is not routed";
  }
}

TEST_F(Document, PathParametersAreDeclared) {
  for (const Route& route : route_table()) {
    if (route.pattern.find('{') == std::string_view::npos) continue;
    const YAML::Node node = root_["paths"][std::string(route.pattern)][lower_ascii(route.method)];
    bool declared = false;
    for (const auto& parameter : node["parameters"]) {
      const bool is_path = parameter["in"].as<std::string>() == "path";
      declared = declared || (is_path && route.pattern.find("{" + parameter["name"].as<std::string>() +
                                                            "}") != std::string_view::npos);
    }
    EXPECT_TRUE(declared) << route.method << ' ' << route.pattern;
  }
}

TEST_F(Document, ReferencesLeadSomewhere) {
  std::ifstream in(kSource + "/api/openapi.yaml");
  std::string line;
  const std::string mark = "\"#/components/";
  while (std::getline(in, line)) {
    for (std::size_t at = line.find(mark); at != std::string::npos; at = line.find(mark, at + 1)) {
      const std::string path = line.substr(at + mark.size(), line.find('"', at + 1) - at - mark.size());
      const std::size_t slash = path.find('/');
      EXPECT_TRUE(root_["components"][path.substr(0, slash)][path.substr(slash + 1)]) << path;
    }
  }
}

TEST_F(Document, ItIsServedAsJson) {
  const auto served = json::parse_object(embedded::openapi_json());
  ASSERT_TRUE(served.has_value());
  EXPECT_EQ(json::string_or(*served, "openapi"), "3.1.0");
  EXPECT_EQ(served->at("paths").as_object().size(), root_["paths"].size());
}

// --- fields
// ---------------------------------------------------------------------------------------------------------------------------

const WallTime kAt{1'790'000'000'000};
const PrincipalId kMe("prn_owner");
const trust::Labels kLabels = trust::Labels::owner("prn_owner");

template <class IdType>
IdType id() {
  return IdType(std::string(IdType::prefix()) + "01J9ZD3V3N8J4Q6R2S7T0W5X1Y");
}

json::object sample_session() {
  return agent::Session{.principal = kMe,
                        .id = id<SessionId>(),
                        .workspace = id<WorkspaceId>(),
                        .agent = "default",
                        .model = "fake/words",
                        .title = "A title",
                        .status = "active",
                        .surface = "cli",
                        .parent = id<SessionId>(),
                        .message_count = 2,
                        .unread = true,
                        .last_turn = id<TurnId>(),
                        .last_state = agent::TurnState::kFailed,
                        .input_tokens = 1200,
                        .output_tokens = 34,
                        .cost_nano = 13'200'000,
                        .model_calls = 2,
                        .unpriced_calls = 1,
                        .created_at = kAt,
                        .updated_at = kAt}
      .to_json();
}

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

json::object sample_setting(std::string_view key) {
  config::Layer file{config::Origin::kFile, {}};
  PRYX_CHECK(file.set("log.level", "warn", "config.yaml:3").has_value());
  for (const json::value& item : config::Config({file}).describe())
    if (json::string_or(item.as_object(), "key") == key) return item.as_object();
  return {};
}

json::object sample_part() {
  agent::Part part{.type = "tool_result",
                   .text = "12 entries",
                   .tool = "fs.list",
                   .call_id = "c1",
                   .step = id<StepId>(),
                   .ok = true,
                   .result_ref = "sha256:ab",
                   .media_type = "image/png",
                   .name = "chart.png",
                   .bytes = 2048,
                   .detail = "low"};
  part.covers = {id<MessageId>().str()};
  part.count = 12;
  part.kept = {"fs.write: Denied: not here"};
  part.dropped = true;
  part.left_out = 2;
  part.denied = true;
  part.labels = kLabels;
  return part.to_json();
}

json::object sample_redaction() {
  const json::object content{
      {"messages",
       json::array{json::object{
           {"id", id<MessageId>().str()},
           {"parts", json::array{json::object{{"text", "write to anna@example.com about the harbour"}}}}}}}};
  json::object preview = preview_redaction(content, {}, {});
  preview["session_id"] = id<SessionId>().str();
  return preview;
}

json::object sample_message() {
  agent::Message message{.principal = kMe,
                         .session = id<SessionId>(),
                         .id = id<MessageId>(),
                         .role = agent::Role::kTool,
                         .turn = id<TurnId>(),
                         .step = id<StepId>(),
                         .created_at = kAt};
  json::object o = message.to_json();
  o["parts"] = json::array{sample_part()};
  return o;
}

agent::Step sample_step() {
  agent::Step step{.principal = kMe,
                   .id = id<StepId>(),
                   .turn = id<TurnId>(),
                   .seq = 1,
                   .kind = agent::StepKind::kTool,
                   .state = agent::StepState::kDone};
  step.tool = "fs.list";
  step.arguments = "{}";
  step.labels = kLabels;
  step.planned_at = kAt;
  step.started_at = kAt;
  step.ended_at = kAt;
  return step;
}

agent::Turn sample_turn_row() {
  agent::Turn turn{.principal = kMe,
                   .id = id<TurnId>(),
                   .session = id<SessionId>(),
                   .state = agent::TurnState::kFailed,
                   .surface = "cli",
                   .model = "fake/words",
                   .answered_by = "fake/words-2",
                   .message = id<MessageId>()};
  turn.error_code = "provider";
  turn.error_detail = "the provider refused";
  turn.failure = {.provider = "fake", .model = "fake/words", .http_status = 503, .request_id = "req_42"};
  turn.created_at = kAt;
  turn.started_at = kAt;
  turn.ended_at = kAt;
  return turn;
}

json::object sample_turn() {
  return encode_turn(sample_turn_row(), {sample_step()},
                     {json::object{{"step_id", id<StepId>().str()}, {"part", "text"}, {"text", "so far"}}});
}

json::object sample_approval() {
  trust::Approval approval{.id = id<ApprovalId>(),
                           .principal = kMe,
                           .session = id<SessionId>(),
                           .turn = id<TurnId>(),
                           .step = id<StepId>(),
                           .tool = "fs.write",
                           .arguments = R"({"path":"a"})",
                           .rendering = "fs.write a",
                           .call_hash = "sha256:cd",
                           .reason = "no rule matched"};
  approval.rule_suggestion = "fs.write(path: \"a\")";
  approval.created_at = kAt;
  approval.expires_at = kAt;
  approval.bound = {{"policy", "v1"}};
  approval.labels = kLabels;
  approval.changes = {"policy: \"v0\" became \"v1\""};
  return approval.to_json();
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

trace::Totals sample_totals() {
  return {.calls = 2,
          .tokens = {.input = 1200, .output = 300, .cached_input = 1000},
          .cost = 13'200'000,
          .unpriced_calls = 0,
          .estimated_calls = 0};
}

json::object sample_trace() {
  agent::TraceView view;
  view.turn.id = id<TurnId>();
  view.turn.session = id<SessionId>();
  view.turn.state = agent::TurnState::kCompleted;
  view.trace_id = trace::trace_id_of(view.turn.id.str());
  view.totals = sample_totals();
  trace::Span span = trace::model_span({.principal = kMe,
                                        .session = id<SessionId>(),
                                        .turn = id<TurnId>(),
                                        .step = id<StepId>(),
                                        .agent = "default",
                                        .surface = "cli",
                                        .provider = "openai",
                                        .model = "openai/gpt-4o-mini"},
                                       {view.trace_id, {}}, nullptr);
  span.start_ns = trace::to_ns(kAt);
  span.end_ns = span.start_ns + 1'234'567'890;
  view.spans.push_back(std::move(span));
  return view.to_json();
}

json::object sample_cost_group() {
  const trace::CostReport report{.groups = {{"openai/gpt-4o-mini", sample_totals()}},
                                 .total = sample_totals()};
  return encode_costs(report, "model").at("items").as_array()[0].as_object();
}

json::object sample_cheaper() {
  const trace::ModelUse use{.model = "openai/gpt-4o-mini", .totals = sample_totals(), .largest_input = 900};
  models::CheaperModel other;
  other.info = {.id = "gpt-5-nano", .provider = "openai"};
  other.info.as_of = "2026-07-02";
  other.info.source = "test";
  other.cost = 1'000'000;
  return encode_model_use(use, {other}, {{"openai", "work"}});
}

json::object sample_budget() {
  return trace::BudgetState{
      .budget = {.principal = kMe, .scope = trace::BudgetScope::kDay, .limit = 2'000'000'000},
      .account = "day:2026-09-21",
      .period = "2026-09-21",
      .spent = 13'200'000,
      .reserved = 1'000'000}
      .to_json();
}

json::object sample_egress() {
  egress::RequestRecord r;
  r.number = 1;
  r.session = id<SessionId>();
  r.turn = id<TurnId>();
  r.step = id<StepId>();
  r.tool = "http.request";
  r.method = "GET";
  r.scheme = "https";
  r.host = "example.com";
  r.port = 443;
  r.peer = "192.0.2.1";
  r.status = 200;
  r.state = "done";
  r.reason = "timeout";
  r.at = r.ended_at = kAt;
  return encode(r);
}

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

json::object sample_stop() {
  agent::StopReport report{
      .scope = "all", .at = kAt, .took = std::chrono::milliseconds(40), .turns = {}, .processes = {}};
  report.turn_count = 1;
  report.turns.push_back({.id = id<TurnId>(),
                          .session = id<SessionId>(),
                          .was_running = true,
                          .state = agent::TurnState::kNeedsAttention,
                          .steps = {{id<StepId>(), "shell.exec", agent::StepState::kUnknown}},
                          .problem = {}});
  report.processes.push_back(
      {.record = {.id = id<tools::shell::ProcessId>(), .hosts = {"a.example"}, .started_at = kAt},
       .lines = {{.number = 1, .text = "a line"}},
       .total_lines = 1});
  return report.to_json();
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

agent::SubAgent sample_sub_agent() {
  agent::SubAgent made{.principal = kMe,
                       .id = id<SessionId>(),
                       .turn = id<TurnId>(),
                       .parent_session = id<SessionId>(),
                       .parent_turn = id<TurnId>(),
                       .task = "Count the files",
                       .agent = "default",
                       .model = "fake/words",
                       .tools = {{"fs.*"}},
                       .max_tokens = 100'000,
                       .max_tool_calls = 10,
                       .created_at = kAt,
                       .turn_state = agent::TurnState::kFailed};
  made.error_detail = "the limit is used up";
  made.after = {id<SessionId>()};
  made.ended_at = kAt;
  return made;
}

json::object sample_sub_agent_result() {
  json::object body = sample_sub_agent().to_json();
  body["text"] = "3 files";
  body["labels"] = kLabels.to_json();
  return body;
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

// The same answer in each front's form, by the codec that read such a request.
json::object sample_answer(std::unique_ptr<FrontCodec> codec, std::string_view request) {
  PRYX_CHECK(codec->decode(json::parse_object(request).value(), kMe).has_value());
  FrontOutcome outcome{.text = "Hello",
                       .reasoning = {},
                       .calls = {{"call_1", "weather", R"({"city":"Rome"})"}},
                       .finish = models::FinishReason::kToolCalls,
                       .model = "fake/words-2",
                       .usage = {{"input_tokens", 12},
                                 {"output_tokens", 3},
                                 {"cached_input_tokens", 2},
                                 {"cache_write_tokens", 1},
                                 {"reasoning_tokens", 0}},
                       .cost = nullptr,
                       .left_out = 2};
  return codec->whole({id<SessionId>(), id<TurnId>(), 1'790'000'000, "fake/words"}, outcome);
}

json::object sample_undo() {
  agent::UndoReport report;
  report.turn = id<TurnId>();
  tools::UndoItem item;
  item.recorded.step = id<StepId>();
  item.recorded.change.path = "notes.txt";
  item.action = tools::UndoAction::kChangedSince;
  item.detail = "it was changed since";
  report.items.push_back(item);
  report.not_undone.push_back({id<StepId>(), "shell.exec", "exit code 0", "what a command did is not kept"});
  return report.to_json();
}

json::object sample_document() {
  const json::object content{{"session", sample_session()},
                             {"messages", json::array{sample_message()}},
                             {"turns", json::array{sample_turn()}},
                             {"approvals", json::array{sample_approval()}}};
  return agent::session_document(content, {.is_redacted = true, .counts = {{"email", 2}}});
}

agent::Pin sample_pin() {
  return {.principal = kMe,
          .session = id<SessionId>(),
          .id = id<agent::PinId>(),
          .kind = "rule",
          .text = "never on Sundays",
          .message = id<MessageId>(),
          .labels = kLabels,
          .created_at = kAt};
}

agent::Compaction sample_compaction() {
  return {.principal = kMe,
          .session = id<SessionId>(),
          .seq = 7,
          .message = id<MessageId>(),
          .turn = id<TurnId>(),
          .covered = 12,
          .tokens_before = 9000,
          .tokens_after = 4000,
          .dropped = false,
          .created_at = kAt,
          .undone_at = kAt};
}

json::object sample_context() {
  return {{"session_id", id<SessionId>().str()},
          {"model", "fake/words"},
          {"used_tokens", 9000},
          {"conversation_tokens", 8800},
          {"limit_tokens", 10'000},
          {"limit_known", true},
          {"percent", 90},
          {"unread_messages", 4},
          {"pins", json::array{sample_pin().to_json()}},
          {"compactions", json::array{sample_compaction().to_json()}}};
}

json::object sample_compact_preview() {
  const json::object excerpt{{"id", id<MessageId>().str()}, {"role", "user"}, {"text", "hello"}};
  return {{"session_id", id<SessionId>().str()},
          {"model", "fake/words"},
          {"messages", 12},
          {"unread_messages", 4},
          {"first", excerpt},
          {"last", excerpt},
          {"tokens_before", 9000},
          {"tokens_to_summarise", 5000},
          {"labels", kLabels.to_json()},
          {"kept", json::array{"fs.write: Denied: not here"}},
          {"pins", json::array{sample_pin().to_json()}}};
}

std::map<std::string, json::object> samples() {
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
      {"Workspace",
       agent::Workspace{kMe, id<WorkspaceId>(), "/home/me/project", "project", false, kAt}.to_json()},
      {"Session", sample_session()},
      {"SessionDocument", sample_document()},
      {"ManualPage", encode(manual::Page{"policy", "What may happen", "# What may happen\n"})},
      {"EgressRequest", sample_egress()},
      {"Trace", sample_trace()},
      {"CostGroup", sample_cost_group()},
      {"ModelUse", sample_cheaper()},
      {"CheaperModel", sample_cheaper().at("alternatives").as_array()[0].as_object()},
      {"DeletedResponse",
       {{"id", "resp_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, {"object", "response"}, {"deleted", true}}},
      {"Budget", sample_budget()},
      {"SessionHit",
       [] {
         json::object o = sample_session();
         o["snippet"] = "…the words around it…";
         return o;
       }()},
      {"Message", sample_message()},
      {"ContextReport", sample_context()},
      {"CompactPreview", sample_compact_preview()},
      {"Compaction", sample_compaction().to_json()},
      {"Pin", sample_pin().to_json()},
      {"Accepted", {{"message_id", id<MessageId>().str()}, {"turn_id", id<TurnId>().str()}}},
      {"Turn", sample_turn()},
      {"ListedTurn", encode(agent::ListedTurn{sample_turn_row(), "A title"})},
      {"Approval", sample_approval()},
      {"Grant", sample_grant()},
      {"RulePreview", sample_preview()},
      {"Policy", sample_policy()},
      {"Decision", sample_decision()},
      {"PolicyCheck",
       encode(PolicyCheck{{{.line = 9, .key = "tests[0]", .message = "fails"}}, {sample_test()}})},
      {"RedactionPreview", sample_redaction()},
      {"RedactionChange", sample_redaction()["items"].as_array().at(0).as_object()},
      {"PolicyReplay", sample_replay()},
      {"PolicyReplayItem", sample_replay()["items"].as_array().at(0).as_object()},
      {"PolicyVersion", sample_version().to_json()},
      {"PolicyVersionText", sample_version_text()},
      {"StopReport", sample_stop()},
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
      {"UndoReport", sample_undo()},
      {"Token", sample_token().to_json()},
      {"NewToken", new_token},
      {"Agent", sample_agent().to_json()},
      {"AgentView", sample_agent().to_json_with_text()},
      {"SubAgent", sample_sub_agent().to_json()},
      {"SubAgentResult", sample_sub_agent_result()},
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
      {"Process",
       tools::shell::ProcessView{
           .record = {.id = id<tools::shell::ProcessId>(), .hosts = {"a.example"}, .started_at = kAt},
           .lines = {{.number = 1, .text = "a line"}},
           .total_lines = 1}
           .to_json()},
      {"Settings",
       {{"settings", json::object{{"log.level", "info"}}},
        {"origins", json::object{{"log.level", "file"}}},
        {"sources", json::object{{"log.level", "line 3"}}},
        {"items", json::array{sample_setting("log.level"), sample_setting("approval.timeout")}},
        {"next_cursor", nullptr}}},
      {"Setting", sample_setting("undo.max_file_mib")},
      {"TextFile", encode(HumanFile{"/config/config.yaml", "a: 1", "sha256:ef", true})},
      {"OpenAiModelList",
       {{"object", "list"},
        {"data", json::array{json::object{
                     {"id", "fake/words"}, {"object", "model"}, {"created", 0}, {"owned_by", "fake"}}}}}},
      {"ChatCompletion", sample_answer(make_chat_codec(),
                                       R"({"model":"default","messages":[{"role":"user","content":"hi"}]})")},
      {"FrontResponse",
       sample_answer(make_responses_codec(),
                     R"({"model":"default","input":"hi","tools":[{"type":"function","name":"weather"}]})")},
      {"FrontMessage",
       sample_answer(make_messages_codec(),
                     R"({"model":"default","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})")},
      {"TokenCount", {{"input_tokens", 12}}},
      {"AnthropicError", anthropic_error_body({ErrorCode::kInvalidArgument, "max_tokens is missing", -1},
                                              "req_01J9ZD3V3N8J4Q6R2S7T0W5X1Y")},
      {"Problem", problem_body({ErrorCode::kOverloaded, "32 messages wait in this session already", 2000},
                               "req_01J9ZD3V3N8J4Q6R2S7T0W5X1Y")},
      {"OpenAiError", openai_error_body({ErrorCode::kInvalidArgument, "'tools' is not supported", -1},
                                        "tools", "unsupported_parameter")},
  };
}

class Fields : public Document {
 protected:
  // Follows $ref, arrays and anyOf; every object of ours must have exactly the fields the schema names.
  void compare(const std::string& where, const YAML::Node& node, const json::value& value) {
    if (node["$ref"]) return compare(where, schema(schema_name(node)), value);
    if (node["anyOf"]) {
      if (!value.is_null()) compare(where, node["anyOf"][0], value);
      return;
    }
    if (node["enum"]) check_enum(where, node["enum"], value);
    if (node["type"]) check_type(where, node["type"], value);
    if (value.is_array() && node["items"]) {
      EXPECT_FALSE(value.get_array().empty()) << where << ": the sample should have an item";
      for (const json::value& item : value.get_array()) compare(where + "[]", node["items"], item);
    }
    if (!value.is_object() || !node["properties"]) return;
    Names given;
    for (const auto& member : value.get_object()) given.emplace(member.key());
    Names known;
    for (const auto& property : node["properties"]) {
      const std::string key = property.first.as<std::string>();
      known.insert(key);
      if (value.get_object().contains(key))
        compare(where + "." + key, property.second, value.get_object().at(key));
    }
    EXPECT_EQ(given, known) << where;
  }
  static void check_enum(const std::string& where, const YAML::Node& allowed, const json::value& value) {
    for (const auto& item : allowed) {
      if (value.is_string() && item.as<std::string>() == value.get_string()) return;
    }
    ADD_FAILURE() << where << ": " << json::to_text(value) << " is not among the values of the document";
  }
  static void check_type(const std::string& where, const YAML::Node& type, const json::value& value) {
    const auto fits = [&](const std::string& name) {
      return (name == "string" && value.is_string()) ||
             (name == "integer" && (value.is_int64() || value.is_uint64())) ||
             (name == "boolean" && value.is_bool()) || (name == "object" && value.is_object()) ||
             (name == "array" && value.is_array()) || (name == "null" && value.is_null());
    };
    bool any = false;
    if (type.IsSequence()) {
      for (const auto& name : type) any = any || fits(name.as<std::string>());
    } else {
      any = fits(type.as<std::string>());
    }
    EXPECT_TRUE(any) << where << ": " << json::to_text(value);
  }
};

TEST_F(Fields, EncodersWriteWhatTheDocumentSays) {
  for (const auto& [name, sample] : samples()) {
    ASSERT_GT(schema(name).size(), 0u) << name;
    compare(name, schema(name), sample);
  }
}

TEST_F(Fields, EveryResponseHasASample) {
  const auto known = samples();
  for (const auto& [key, operation] : operations_) {
    std::string name = operation.response_schema;
    if (name.empty() || name == "AnyObject") continue;
    const YAML::Node fields = schema(name)["properties"];
    ASSERT_TRUE(fields) << name;
    const YAML::Node list = fields["items"];
    if (list) {
      EXPECT_TRUE(properties(name).contains("next_cursor")) << name;
      name = schema_name(list["items"]);
    }
    EXPECT_TRUE(known.contains(name)) << key.first << ' ' << key.second << " answers " << name;
  }
}

// Two spaces, keys in their order: what a person reads in a diff.
std::string pretty(const json::value& value, int depth = 0) {
  const std::string pad(static_cast<std::size_t>(depth) * 2 + 2, ' ');
  std::string out;
  if (value.is_object() && !value.get_object().empty()) {
    for (const auto& member : value.get_object()) {
      out += (out.empty() ? "{\n" : ",\n") + pad + json::to_text(json::value(member.key())) + ": " +
             pretty(member.value(), depth + 1);
    }
    return out + "\n" + pad.substr(2) + "}";
  }
  if (value.is_array() && !value.get_array().empty()) {
    for (const json::value& item : value.get_array())
      out += (out.empty() ? "[\n" : ",\n") + pad + pretty(item, depth + 1);
    return out + "\n" + pad.substr(2) + "]";
  }
  return json::to_text(value);
}

TEST_F(Fields, TheWireIsWhatItWas) {
  const bool writes = std::getenv("PRYX_WRITE_EXAMPLES") != nullptr;
  const std::filesystem::path folder = kSource + "/api/examples";
  Names files;
  for (const auto& [name, sample] : samples()) {
    const std::filesystem::path path = folder / (name + ".json");
    const std::string text = pretty(sample) + "\n";
    files.insert(path.filename());
    if (writes) std::ofstream(path, std::ios::binary) << text;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream kept;
    kept << in.rdbuf();
    EXPECT_EQ(kept.str(), text) << path
                                << ": if the change is meant, run this test with PRYX_WRITE_EXAMPLES=1";
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    EXPECT_TRUE(files.contains(entry.path().filename())) << entry.path() << " has no encoder";
}

}  // namespace
}  // namespace pryx::server
