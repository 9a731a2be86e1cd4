// SPDX-License-Identifier: MIT
// pryx egress: what left this machine.
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

Result<int> list_egress(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  std::string path = "/api/v1/egress";
  if (const auto limit = invocation.find("limit")) path += "?limit=" + net::percent_encode(*limit);
  PRYX_TRY(const client::Reply reply, api->get(path));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& row : items_of(reply.json)) {
    const std::int64_t status = json::integer_or(row, "status", 0);
    std::string end = json::string_or(row, "state");
    if (status > 0) end += fmt::format(" {}", status);
    rows.push_back(
        {Line(json::string_or(row, "at"), kDim), Line(json::string_or(row, "method")),
         Line(fmt::format("{}:{}", json::string_or(row, "host"), json::integer_or(row, "port", 0))),
         Line(json::string_or(row, "peer"), kDim), Line(std::move(end)),
         Line(fmt::format("{}/{}", json::integer_or(row, "bytes_out", 0),
                          json::integer_or(row, "bytes_in", 0))),
         Line(json::string_or(row, "tool"), kDim)});
  }
  if (rows.empty())
    context.console().note("nothing has left this machine through a tool");
  else
    context.console().print_table({{"AT"}, {"METHOD"}, {"HOST"}, {"PEER"}, {"END"}, {"OUT/IN"}, {"TOOL"}},
                                  rows);
  return 0;
}

}  // namespace

std::vector<Command> egress_commands() {
  return {{.noun = "egress",
           .verb = "list",
           .summary = "what tools and sandboxed programs sent out, and to whom",
           .examples = {"egress list", "egress list --limit 200 --json"},
           .flags = {{"--limit", "N", "how many, newest first (default 50)"}},
           .handler = list_egress}};
}

}  // namespace pryx::cli
