// SPDX-License-Identifier: MIT
// pryx process: what the agent left running in the background.
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxInput = 1u << 20;

// "running", "exited 3", "killed by 9 (time limit)"
std::string state_of(const json::object& process) {
  std::string out = json::string_or(process, "state");
  const std::int64_t code = json::integer_or(process, "exit_code", -1);
  const std::int64_t signal = json::integer_or(process, "signal", -1);
  if (code >= 0) out += fmt::format(" {}", code);
  if (signal >= 0) out += fmt::format(" by {}", signal);
  const std::string reason = json::string_or(process, "reason");
  if (!reason.empty()) out += fmt::format(" ({})", reason);
  return out;
}

void print_lines(Context& context, const json::object& process) {
  const json::value* lines = json::find(process, "lines");
  if (lines == nullptr || !lines->is_array()) return;
  for (const json::value& item : lines->get_array()) {
    if (item.is_object()) context.console().print(json::string_or(item.get_object(), "text"));
  }
}

Result<int> run_list(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  Query query;
  if (!invocation.has("all")) query.add("state", "running");
  query.add("session_id", invocation.value_or("session", ""));
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/processes")));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& process : items_of(reply.json)) {
    rows.push_back({Line(json::string_or(process, "id")), Line(json::string_or(process, "tag")),
                    Line(json::string_or(process, "scope")), Line(state_of(process)),
                    Line(json::string_or(process, "command"), kDim)});
  }
  if (rows.empty())
    context.console().note(invocation.has("all") ? "no background processes"
                                                 : "no background process runs; --all shows ended ones");
  else
    context.console().print_table({{"ID"}, {"TAG"}, {"SCOPE"}, {"STATE"}, {"COMMAND"}}, rows);
  return 0;
}

Result<int> run_show(Context& context, const Invocation& invocation) {
  PRYX_TRY(const auto lines, invocation.find_integer("lines", 0, 500));
  PRYX_TRY(client::ApiClient * api, context.api());
  Query query;
  if (lines) query.add("lines", std::to_string(*lines));
  PRYX_TRY(const client::Reply reply,
           api->get(query.on(path_of("/api/v1/processes/", invocation.positional("id")))));
  if (print_if_json(context, reply)) return 0;
  context.console().note(fmt::format("{}  {}  {}", json::string_or(reply.json, "id"), state_of(reply.json),
                                     json::string_or(reply.json, "command")));
  print_lines(context, reply.json);
  return 0;
}

Result<int> run_write(Context& context, const Invocation& invocation) {
  json::object body;
  if (invocation.has_positional("text")) {
    body["text"] = invocation.positional("text") + "\n";
  } else if (!invocation.has("close")) {
    PRYX_TRY(std::string text, context.console().read_stdin(kMaxInput));
    body["text"] = std::move(text);
  }
  if (invocation.has("close")) body["close"] = true;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->post(path_of("/api/v1/processes/", invocation.positional("id"), "/input"), std::move(body)));
  if (context.wants_json())
    context.console().print_json({});
  else
    context.console().note("sent");
  return 0;
}

Result<int> run_stop(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->remove(path_of("/api/v1/processes/", invocation.positional("id"))));
  if (!print_if_json(context, reply))
    context.console().note(fmt::format("{} {}", json::string_or(reply.json, "id"), state_of(reply.json)));
  return 0;
}

}  // namespace

std::vector<Command> process_commands() {
  return {
      {.noun = "process",
       .verb = "list",
       .summary = "background processes of the agent",
       .examples = {"process list", "process list --all --json"},
       .flags = {{"--all", "", "also those that have ended"},
                 {"--session", "ID", "only those that this session started"}},
       .handler = run_list},
      {.noun = "process",
       .verb = "show",
       .summary = "one with its last lines of output",
       .examples = {"process show prc_01J…", "process show prc_01J… --lines 500"},
       .flags = {{"--lines", "N", "how many lines, at most 500 (100)"}},
       .positionals = {{"id", "prc_…"}},
       .handler = run_show},
      {.noun = "process",
       .verb = "write",
       .summary = "send a line, or standard input, to its standard input",
       .examples = {"process write prc_01J… yes", "process write prc_01J… < answers.txt",
                    "process write prc_01J… --close"},
       .flags = {{"--close", "", "close its standard input afterwards"}},
       .positionals = {{"id", "prc_…"}, {"text", "the line; without it standard input is read", false, true}},
       .handler = run_write},
      process_watch_command(),
      {.noun = "process",
       .verb = "stop",
       .summary = "kill one and everything below it",
       .examples = {"process stop prc_01J…"},
       .positionals = {{"id", "prc_…"}},
       .handler = run_stop}};
}

}  // namespace pryx::cli
