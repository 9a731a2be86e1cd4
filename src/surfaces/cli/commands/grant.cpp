// SPDX-License-Identifier: MIT
// pryx grant: what was allowed for a session or from then on.
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

std::string folder_of(const json::object& grant) {
  const std::string path = json::string_or(grant, "workspace", "nowhere any more");
  return path.empty() ? "where no folder was chosen" : path;
}

Result<int> run_list(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/grants"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& grant : items_of(reply.json)) {
    rows.push_back({Line(json::string_or(grant, "id")), Line(json::string_or(grant, "scope"), kWarning),
                    Line(json::string_or(grant, "expires_at", "never"), kDim), Line(folder_of(grant)),
                    Line(json::string_or(grant, "rule"))});
  }
  if (rows.empty())
    context.console().note("nothing is granted: every call that policy asks about asks");
  else
    context.console().print_table({{"ID"}, {"SCOPE"}, {"UNTIL"}, {"FOLDER"}, {"RULE"}}, rows);
  return 0;
}

Result<int> run_rm(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("id");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->remove(path_of("/api/v1/grants/", id)));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("taken back: {}", id));
  return 0;
}

Result<int> run_extend(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->patch(path_of("/api/v1/grants/", invocation.positional("id")),
                      json::object{{"expires", invocation.positional("expires")}}));
  if (!print_if_json(context, reply))
    context.console().note(fmt::format("kept until {}", json::string_or(reply.json, "expires_at")));
  return 0;
}

}  // namespace

std::vector<Command> grant_commands() {
  return {{.noun = "grant",
           .verb = "list",
           .summary = "what is allowed for a session or from then on",
           .examples = {"grant list", "grant list --json"},
           .handler = run_list},
          {.noun = "grant",
           .verb = "rm",
           .summary = "take one back at once",
           .examples = {"grant rm grt_01J…"},
           .positionals = {{"id", "the grant"}},
           .handler = run_rm},
          {.noun = "grant",
           .verb = "expire",
           .summary = "move its end",
           .examples = {"grant expire grt_01J… 7d", "grant expire grt_01J… 2026-12-24T18:00:00Z"},
           .positionals = {{"id", "the grant"}, {"expires", "a duration from now, or a time"}},
           .handler = run_extend}};
}

}  // namespace pryx::cli
