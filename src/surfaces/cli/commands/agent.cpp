// SPDX-License-Identifier: MIT
// pryx agent: agents as files. pryx subagent: work that was handed to one of them.
#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxFile = 256u << 10;

Style colour_of(std::string_view state) {
  if (state == "completed" || state == "file" || state == "built_in") return kGood;
  return state == "failed" || state == "invalid" || state == "last_good" ? kBad : kDim;
}

Result<int> list_agents(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/agents"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& agent : items_of(reply.json)) {
    const std::string state = json::string_or(agent, "state");
    rows.push_back({Line(json::string_or(agent, "id")), Line(state, colour_of(state)),
                    Line(json::string_or(agent, "model")),
                    Line(json::string_or(agent, "description"), kDim)});
  }
  context.console().print_table({{"AGENT"}, {"STATE"}, {"MODEL"}, {"WHAT IT IS"}}, rows);
  return 0;
}

Result<int> show_agent(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get(path_of("/api/v1/agents/", invocation.positional("name"))));
  if (print_if_json(context, reply)) return 0;
  const std::string state = json::string_or(reply.json, "state");
  context.console().print(
      Line(json::string_or(reply.json, "id"), kBold).add("  ").add(state, colour_of(state)));
  context.console().print(json::string_or(reply.json, "description"));
  if (const json::value* problems = json::find(reply.json, "problems");
      problems != nullptr && problems->is_array()) {
    for (const json::value& item : problems->get_array()) {
      if (!item.is_object()) continue;
      const json::object& problem = item.get_object();
      context.console().warn(fmt::format("line {}: {} {}", json::integer_or(problem, "line", 1),
                                         json::string_or(problem, "key"),
                                         json::string_or(problem, "message")));
    }
  }
  const std::string text = json::string_or(reply.json, "text");
  if (!text.empty()) context.console().write_data(text);
  return 0;
}

Result<int> set_agent(Context& context, const Invocation& invocation) {
  const std::string file = invocation.positional("file");
  std::string text;
  if (file == "-") {
    PRYX_TRY(text, context.console().read_stdin(kMaxFile));
  } else {
    PRYX_TRY(text, platform::read_file(file, kMaxFile));
  }
  const std::string target = path_of("/api/v1/agents/", invocation.positional("name"));
  PRYX_TRY(client::ApiClient * api, context.api());
  const auto present = api->get(target);
  if (!present && present.error().code != ErrorCode::kNotFound) return std::unexpected(present.error());
  json::object body{{"text", text}};
  // The hash of no text at all, when there is no file yet.
  body["hash"] = present ? json::string_or(present->json, "hash")
                         : "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  PRYX_TRY(const client::Reply reply, api->put(target, std::move(body)));
  if (!print_if_json(context, reply))
    context.console().note(fmt::format("{} is in force", json::string_or(reply.json, "id")));
  return 0;
}

Result<int> remove_agent(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("name");
  PRYX_TRY(const bool sure, context.console().confirm(fmt::format("remove the agent {}?", name)));
  if (!sure) return 2;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->remove(path_of("/api/v1/agents/", name)));
  if (context.wants_json())
    context.console().print_json({{"removed", name}});
  else
    context.console().note(fmt::format("removed {}", name));
  return 0;
}

Result<int> list_subagents(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  std::string target;
  if (const auto session = invocation.find("session"))
    target = path_of("/api/v1/sessions/", *session, "/children");
  else
    target = Query().add("state", invocation.has("all") ? "" : "open").on("/api/v1/subagents");
  PRYX_TRY(const client::Reply reply, api->get(target));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& made : items_of(reply.json)) {
    const std::string state = json::string_or(made, "state");
    const std::string task = json::string_or(made, "task");
    rows.push_back({Line(json::string_or(made, "id")), Line(state, colour_of(state)),
                    Line(json::string_or(made, "agent")), Line(std::string(utf8_prefix(task, 80)), kDim)});
  }
  if (rows.empty())
    context.console().note("no sub-agent is at work; --all shows ended ones");
  else
    context.console().print_table({{"ID"}, {"STATE"}, {"AGENT"}, {"TASK"}}, rows);
  return 0;
}

Result<int> show_subagent(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get(path_of("/api/v1/subagents/", invocation.positional("id"))));
  if (print_if_json(context, reply)) return 0;
  const std::string state = json::string_or(reply.json, "state");
  context.console().print(
      Line(json::string_or(reply.json, "id"), kBold).add("  ").add(state, colour_of(state)));
  context.console().print(json::string_or(reply.json, "task"));
  Line spent(fmt::format("{} of {} tokens", json::integer_or(reply.json, "used_tokens", 0),
                         json::integer_or(reply.json, "max_tokens", 0)),
             kDim);
  if (const std::string by = json::string_or(reply.json, "answered_by"); !by.empty())
    spent.add(fmt::format(", {}, {}", by, money_of(reply.json, "cost", "unpriced")), kDim);
  context.console().print(spent);
  const std::string error = json::string_or(reply.json, "error");
  if (!error.empty()) context.console().print(Line(error, kBad));
  const std::string text = json::string_or(reply.json, "text");
  if (!text.empty()) context.console().write_data("\n" + text + "\n");
  return 0;
}

Result<int> spawn_subagent(Context& context, const Invocation& invocation) {
  json::object body{{"task", invocation.positional("task")}};
  if (const auto agent = invocation.find("agent")) body["agent"] = *agent;
  if (const auto model = invocation.find("model")) body["model"] = *model;
  PRYX_TRY(const auto tokens, invocation.find_integer("max-tokens", 1000, 100'000'000));
  if (tokens) body["max_tokens"] = *tokens;
  PRYX_TRY(const auto calls, invocation.find_integer("max-tool-calls", 0, 10'000));
  if (calls) body["max_tool_calls"] = *calls;
  if (const auto tools = invocation.all("tool"); !tools.empty()) {
    json::array list;
    for (const std::string& tool : tools) list.emplace_back(tool);
    body["tools"] = std::move(list);
  }
  if (const auto after = invocation.all("after"); !after.empty())
    body["after"] = json::array(after.begin(), after.end());
  if (const auto max_cost = invocation.find("max-cost")) body["max_cost"] = *max_cost;
  const auto session = invocation.find("session");
  if (!session) return fail(ErrorCode::kInvalidArgument, "say whose sub-agent it is: --session ses_…");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->post(path_of("/api/v1/sessions/", *session, "/children"), std::move(body)));
  if (!print_if_json(context, reply)) context.console().print(json::string_or(reply.json, "id"));
  return 0;
}

Result<int> cancel_subagent(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  const std::string id = invocation.positional("id");
  PRYX_TRY(const client::Reply reply, api->post(path_of("/api/v1/subagents/", id, "/cancel"), {}));
  if (context.wants_json())
    context.console().print_json({{"cancelled", id}});
  else
    context.console().note(fmt::format("cancelled {}", id));
  return 0;
}

}  // namespace

std::vector<Command> agent_commands() {
  return {{.noun = "agent",
           .verb = "list",
           .summary = "which agents there are",
           .examples = {"agent list"},
           .handler = list_agents},
          {.noun = "agent",
           .verb = "show",
           .summary = "one of them, with its file and what is wrong with it",
           .examples = {"agent show default"},
           .positionals = {{"name", "the agent"}},
           .handler = show_agent},
          {.noun = "agent",
           .verb = "set",
           .summary = "make one, or give it another text",
           .examples = {"agent set reviewer reviewer.yaml", "agent set reviewer - < reviewer.yaml"},
           .positionals = {{"name", "the agent"}, {"file", "YAML; - reads standard input"}},
           .handler = set_agent},
          {.noun = "agent",
           .verb = "rm",
           .summary = "remove the file of one",
           .examples = {"agent rm reviewer --yes"},
           .positionals = {{"name", "the agent"}},
           .handler = remove_agent}};
}

std::vector<Command> subagent_commands() {
  return {{.noun = "subagent",
           .verb = "list",
           .summary = "work that agents handed on, and how far it is",
           .examples = {"subagent list", "subagent list --session ses_01J… --json"},
           .flags = {{"--all", "", "also those that have ended"},
                     {"--session", "ID", "only those that this session started"}},
           .handler = list_subagents},
          {.noun = "subagent",
           .verb = "show",
           .summary = "one with its answer",
           .examples = {"subagent show ses_01J…"},
           .positionals = {{"id", "ses_…"}},
           .handler = show_subagent},
          {.noun = "subagent",
           .verb = "spawn",
           .summary = "start one in the background, with no more rights than its session",
           .examples = {"subagent spawn \"count the TODOs\" --session ses_01J… --tool fs.search"},
           .flags = {{"--session", "ID", "the session it belongs to"},
                     {"--agent", "A", "which agent does it"},
                     {"--model", "P/M", "which model answers"},
                     {"--tool", "NAME", "a tool it may use, or a glob; may be repeated", true},
                     {"--after", "ID", "begin when this one is over, with its answer; may be repeated", true},
                     {"--max-cost", "USD", "what it and all it starts may cost"},
                     {"--max-tokens", "N", "input and output together (100000)"},
                     {"--max-tool-calls", "N", "tool calls (10)"}},
           .positionals = {{"task", "all that it needs to know"}},
           .handler = spawn_subagent},
          {.noun = "subagent",
           .verb = "cancel",
           .summary = "end one and all that it started",
           .examples = {"subagent cancel ses_01J…"},
           .positionals = {{"id", "ses_…"}},
           .handler = cancel_subagent}};
}

}  // namespace pryx::cli
