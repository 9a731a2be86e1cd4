// SPDX-License-Identifier: MIT
#include "engine/agent/subagents/sub_agent_tools.h"

#include "foundation/base/text.h"
#include "trust/trace/money.h"

namespace pryx::agent {
namespace {

using tools::ToolContext;
using tools::ToolOutcome;

constexpr Duration kSpawnWait = std::chrono::minutes(10);
constexpr std::int64_t kMaxWaitSeconds = 600;

constexpr std::string_view kSpawnParameters = R"json({
  "type": "object",
  "properties": {
    "task": {"type": "string", "minLength": 1, "maxLength": 65536, "description": "All that the sub-agent needs to know; it sees nothing else of this conversation."},
    "agent": {"type": "string", "minLength": 1, "maxLength": 64, "description": "Which agent does it (default: the default one)."},
    "model": {"type": "string", "minLength": 3, "maxLength": 300, "description": "provider/model, instead of the one used here."},
    "tools": {"type": "array", "maxItems": 100, "items": {"type": "string", "minLength": 1, "maxLength": 200}, "description": "Names or globs of the tools it may use, of those you have (default: all of yours)."},
    "budget": {"type": "object", "properties": {
      "tokens": {"type": "integer", "minimum": 1000, "maximum": 1000000},
      "tool_calls": {"type": "integer", "minimum": 0, "maximum": 200},
      "usd": {"type": "string", "pattern": "^[0-9]{1,6}(\\.[0-9]{1,9})?$", "description": "What it and all it starts may cost."}}, "additionalProperties": false},
    "after": {"type": "array", "maxItems": 16, "items": {"type": "string", "minLength": 1, "maxLength": 64}, "description": "Ids of sub-agents of this conversation. It begins when they are over and is told their answers; it fails when one of them did."},
    "background": {"type": "boolean", "description": "Return at once and fetch the answer later with agent.result (default false: wait for it)."}
  },
  "required": ["task"],
  "additionalProperties": false
})json";
constexpr std::string_view kListParameters =
    R"json({"type": "object", "properties": {}, "additionalProperties": false})json";
constexpr std::string_view kIdParameters = R"json({
  "type": "object",
  "properties": {"id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "Of the sub-agent, ses_…"}},
  "required": ["id"],
  "additionalProperties": false
})json";
constexpr std::string_view kResultParameters = R"json({
  "type": "object",
  "properties": {
    "id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "Of the sub-agent, ses_…"},
    "wait_seconds": {"type": "integer", "minimum": 0, "maximum": 600, "description": "How long to wait for it (default 30)."}
  },
  "required": ["id"],
  "additionalProperties": false
})json";

constexpr std::string_view kCollectParameters = R"json({
  "type": "object",
  "properties": {
    "ids": {"type": "array", "minItems": 1, "maxItems": 16, "items": {"type": "string", "minLength": 1, "maxLength": 64}, "description": "Of sub-agents of this conversation, ses_…"},
    "wait_seconds": {"type": "integer", "minimum": 0, "maximum": 600, "description": "How long to wait for all of them (default 300)."}
  },
  "required": ["ids"],
  "additionalProperties": false
})json";

bool is_for_the_model(ErrorCode code) {
  return code != ErrorCode::kCancelled && code != ErrorCode::kStorage && code != ErrorCode::kInternal;
}

ToolOutcome refused(const Error& error) {
  return {false, error.message, error.message, {}, trust::Labels{"model"}};
}

std::string line_of(const SubAgent& agent) {
  std::string line = fmt::format("{} {} ({}): {}", agent.id.str(), agent.state(), agent.agent,
                                 utf8_prefix(split(agent.task, '\n').front(), 120));
  if (agent.turn_state == TurnState::kNeedsAttention || agent.turn_state == TurnState::kWaiting)
    line += " [waits for a person]";
  return line;
}

ToolOutcome outcome_of(const SubAgentResult& found) {
  const SubAgent& agent = found.agent;
  ToolOutcome out;
  out.labels = trust::joined(trust::Labels{"model"}, found.labels);
  out.details = agent.to_json();
  out.summary = fmt::format("{} {}", agent.id.str(), agent.state());
  if (!agent.is_over()) {
    out.text = fmt::format("{}\nIt is still at work: agent.result has its answer later.", line_of(agent));
    return out;
  }
  out.ok = agent.turn_state == TurnState::kCompleted;
  if (out.ok) {
    out.text = found.text.empty() ? "It ended without an answer." : found.text;
  } else {
    out.text = fmt::format("The sub-agent {} {}{}{}", agent.id.str(), agent.state(),
                           agent.error_detail.empty() ? "" : ": ", agent.error_detail);
    if (!found.text.empty()) out.text += "\nWhat it said before:\n" + found.text;
  }
  return out;
}

enum class Kind : std::uint8_t { kSpawn, kList, kStatus, kResult, kCollect, kCancel };
struct Facts {
  Kind kind;
  std::string_view name, description, parameters;
  bool read_only;
};
constexpr Facts kFacts[] = {
    {Kind::kSpawn, "agent.spawn",
     "Hands one self-contained task to a sub-agent with a conversation of its own and returns its answer. It "
     "has no more rights than you, and at most 100000 tokens and 10 tool calls unless its agent's file "
     "allows more. At most 10 run at a time.",
     kSpawnParameters, false},
    {Kind::kList, "agent.list", "Lists the sub-agents of this conversation and how far they are.",
     kListParameters, true},
    {Kind::kStatus, "agent.status", "How far one sub-agent is, without waiting.", kIdParameters, true},
    {Kind::kResult, "agent.result", "Waits for a sub-agent and returns its answer.", kResultParameters, true},
    {Kind::kCollect, "agent.collect", "Waits for several sub-agents and returns the answers of all of them.",
     kCollectParameters, true},
    {Kind::kCancel, "agent.cancel", "Cancels a sub-agent of this conversation and all that it started.",
     kIdParameters, false},
};

class SubAgentTool final : public tools::Tool {
 public:
  SubAgentTool(const Facts& facts, std::shared_ptr<const SubAgentAccess> access)
      : kind_(facts.kind), access_(std::move(access)) {
    description_.name = facts.name;
    description_.description = facts.description;
    auto parameters = json::parse_object(facts.parameters);
    PRYX_CHECK(parameters.has_value());
    description_.parameters = std::move(*parameters);
    // A step that is run again finds the sub-agent that it started by its key, and waits for that one.
    description_.effect = facts.read_only ? tools::EffectClass::kPure : tools::EffectClass::kIdempotent;
    description_.risk = tools::Risk::kLow;
    description_.read_only = facts.read_only;
  }
  [[nodiscard]] const tools::ToolDescription& description() const override { return description_; }
  // What a sub-agent does asks for itself.
  [[nodiscard]] Result<tools::Touches> touches(const json::object&) const override {
    return tools::Touches{};
  }
  [[nodiscard]] std::string render(const json::object& arguments) const override {
    std::string out = description_.name;
    const std::string agent = json::string_or(arguments, "agent");
    if (!agent.empty()) out += " " + agent;
    const std::string id = json::string_or(arguments, "id");
    if (!id.empty()) out += " " + id;
    const std::string task = json::string_or(arguments, "task");
    if (!task.empty()) out += ": " + task;
    return out;
  }
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const tools::GatePass&, json::object arguments,
                                                     ToolContext context) override {
    if (access_->service == nullptr) co_return fail(ErrorCode::kUnavailable, "sub-agents are not ready yet");
    auto done = co_await run_kind(std::move(arguments), std::move(context));
    if (!done && is_for_the_model(done.error().code)) co_return refused(done.error());
    co_return done;
  }

 private:
  [[nodiscard]] SubAgents& service() const { return *access_->service; }

  async::Task<Result<ToolOutcome>> run_kind(json::object arguments, ToolContext context) {
    if (kind_ == Kind::kSpawn) co_return co_await spawn(std::move(arguments), std::move(context));
    if (kind_ == Kind::kList) co_return co_await list(std::move(context));
    if (kind_ == Kind::kCollect) co_return co_await collect(std::move(arguments), std::move(context));
    const auto id = SessionId::parse(json::string_or(arguments, "id"));
    if (!id) co_return fail(ErrorCode::kNotFound, "there is no such sub-agent");
    PRYX_CO_TRY(SubAgentResult found, co_await service().result(context.principal.id, *id));
    if (found.agent.parent_session != context.session)
      co_return fail(ErrorCode::kNotFound, "there is no sub-agent {} of this conversation", id->str());
    if (kind_ == Kind::kCancel) co_return co_await cancel(std::move(context), std::move(found));
    if (kind_ == Kind::kResult) {
      const std::int64_t seconds =
          std::clamp<std::int64_t>(json::integer_or(arguments, "wait_seconds", 30), 0, kMaxWaitSeconds);
      PRYX_CO_TRY(found, co_await service().wait(context.principal.id, *id, std::chrono::seconds(seconds),
                                                 context.session));
      if (found.agent.is_over()) co_await service().note_received(found.agent);
      co_return outcome_of(found);
    }
    ToolOutcome out;
    out.text = line_of(found.agent);
    out.summary = std::string(found.agent.state());
    out.details = found.agent.to_json();
    out.labels = trust::Labels{"model"};
    co_return out;
  }

  async::Task<Result<ToolOutcome>> spawn(json::object arguments, ToolContext context) {
    SpawnRequest request{.parent = context.session,
                         .parent_turn = context.turn,
                         .key = context.idempotency_key,
                         .task = json::string_or(arguments, "task"),
                         .agent = json::string_or(arguments, "agent"),
                         .model = json::string_or(arguments, "model"),
                         .labels = trust::joined(context.context_labels, trust::Labels{"model"})};
    if (const json::value* list = json::find(arguments, "tools"); list != nullptr && list->is_array()) {
      request.tools.emplace();
      for (const json::value& name : list->get_array()) {
        if (name.is_string()) request.tools->emplace_back(name.get_string());
      }
    }
    if (const json::value* budget = json::find(arguments, "budget");
        budget != nullptr && budget->is_object()) {
      PRYX_CO_TRY(request.max_tokens, json::find_integer(budget->get_object(), "tokens"));
      PRYX_CO_TRY(const auto calls, json::find_integer(budget->get_object(), "tool_calls"));
      if (calls) request.max_tool_calls = static_cast<int>(*calls);
      const std::string usd = json::string_or(budget->get_object(), "usd");
      if (!usd.empty()) {
        PRYX_CO_TRY(request.max_cost, trace::parse_money(usd));
      }
    }
    PRYX_CO_TRY(request.after, ids_in(arguments, "after"));
    PRYX_CO_TRY(const auto background, json::find_bool(arguments, "background"));
    request.background = background.value_or(false);
    const bool waits = !request.background;
    const Caller caller{.principal = context.principal, .scopes = Scopes{Scope::kChat}, .surface = "agent"};
    PRYX_CO_TRY(const SubAgent made, co_await service().spawn(caller, std::move(request)));
    SubAgentResult found{.agent = made, .text = {}, .labels = {}};
    // A step that is run again may find that the one in the background has ended, and its answer belongs to
    // it.
    if (waits || made.is_over()) {
      PRYX_CO_TRY(found, co_await service().wait(context.principal.id, made.id, kSpawnWait, context.session));
    }
    if (found.agent.is_over()) co_await service().note_received(found.agent);
    co_return outcome_of(found);
  }

  static Result<std::vector<SessionId>> ids_in(const json::object& arguments, std::string_view key) {
    std::vector<SessionId> out;
    const json::value* list = json::find(arguments, key);
    if (list == nullptr || !list->is_array()) return out;
    for (const json::value& item : list->get_array()) {
      if (!item.is_string()) continue;  // the schema refuses it before
      const auto id = SessionId::parse(std::string_view(item.get_string()));
      if (!id) return fail(ErrorCode::kNotFound, "there is no such sub-agent: {}", json::to_text(item));
      out.push_back(*id);
    }
    return out;
  }

  async::Task<Result<ToolOutcome>> collect(json::object arguments, ToolContext context) {
    PRYX_CO_TRY(const std::vector<SessionId> ids, ids_in(arguments, "ids"));
    const std::int64_t seconds =
        std::clamp<std::int64_t>(json::integer_or(arguments, "wait_seconds", 300), 0, kMaxWaitSeconds);
    PRYX_CO_TRY(const auto found, co_await service().collect(context.principal.id, context.session, ids,
                                                             std::chrono::seconds(seconds)));
    ToolOutcome out;
    out.labels = trust::Labels{"model"};
    json::array details;
    std::size_t done = 0;
    for (const SubAgentResult& one : found) {
      const ToolOutcome single = outcome_of(one);
      if (one.agent.is_over()) co_await service().note_received(one.agent);
      done += one.agent.is_over() ? 1 : 0;
      out.ok = out.ok && single.ok;
      out.text += fmt::format("{}\n{}\n\n", line_of(one.agent), single.text);
      out.labels.join(single.labels);
      details.push_back(one.agent.to_json());
    }
    out.summary = fmt::format("{} of {} are over", done, found.size());
    out.details = {{"sub_agents", std::move(details)}};
    co_return out;
  }

  async::Task<Result<ToolOutcome>> list(ToolContext context) {
    PRYX_CO_TRY(const auto all, co_await service().list(context.principal.id, {.parent = context.session}));
    ToolOutcome out;
    for (const SubAgent& agent : all) out.text += line_of(agent) + "\n";
    if (all.empty()) out.text = "There are no sub-agents.";
    out.summary = fmt::format("{} sub-agents", all.size());
    out.labels = trust::Labels{"model"};
    co_return out;
  }

  async::Task<Result<ToolOutcome>> cancel(ToolContext context, SubAgentResult found) {
    const Caller caller{.principal = context.principal, .scopes = Scopes{Scope::kChat}, .surface = "agent"};
    if (!found.agent.is_over()) {
      const auto cancelled = co_await service().cancel(caller, found.agent.id);
      if (!cancelled && cancelled.error().code != ErrorCode::kConflict)
        co_return std::unexpected(cancelled.error());
      PRYX_CO_TRY(found, co_await service().result(context.principal.id, found.agent.id));
    }
    co_return ToolOutcome{true, line_of(found.agent), std::string(found.agent.state()), found.agent.to_json(),
                          trust::Labels{"model"}};
  }

  Kind kind_;
  std::shared_ptr<const SubAgentAccess> access_;
  tools::ToolDescription description_;
};

}  // namespace

Result<void> add_sub_agent_tools(tools::Registry& registry, std::shared_ptr<const SubAgentAccess> access) {
  for (const Facts& facts : kFacts)
    PRYX_TRY_VOID(registry.add(std::make_unique<SubAgentTool>(facts, access)));
  return {};
}

}  // namespace pryx::agent
