// SPDX-License-Identifier: MIT
#include "engine/agent/context_store.h"
#include "engine/agent/session_document.h"
#include "engine/agent/trace_view.h"
#include "engine/agent/turn_undo.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/encode_cheaper.h"
#include "surfaces/server/front/front.h"
#include "surfaces/server/problem.h"
#include "surfaces/server/redaction_preview.h"
#include "surfaces/server/testing/sample_values.h"
#include "surfaces/server/testing/wire_samples.h"
#include "trust/trace/recorder.h"

namespace pryx::server::testing {
namespace {

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

}  // namespace

WireSamples samples_of_work() {
  return {
      {"Workspace",
       agent::Workspace{kMe, id<WorkspaceId>(), "/home/me/project", "project", false, kAt}.to_json()},
      {"Session", sample_session()},
      {"SessionDocument", sample_document()},
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
      {"RedactionPreview", sample_redaction()},
      {"RedactionChange", sample_redaction()["items"].as_array().at(0).as_object()},
      {"StopReport", sample_stop()},
      {"UndoReport", sample_undo()},
      {"SubAgent", sample_sub_agent().to_json()},
      {"SubAgentResult", sample_sub_agent_result()},
      {"Process",
       tools::shell::ProcessView{
           .record = {.id = id<tools::shell::ProcessId>(), .hosts = {"a.example"}, .started_at = kAt},
           .lines = {{.number = 1, .text = "a line"}},
           .total_lines = 1}
           .to_json()},
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

}  // namespace pryx::server::testing
