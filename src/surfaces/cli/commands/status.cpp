// SPDX-License-Identifier: MIT
// pryx status, pryx version, and the status line below the overview.
#include "surfaces/cli/status.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

std::int64_t nested(const json::object& body, std::string_view group, std::string_view key) {
  const json::value* value = json::find(body, group);
  return value != nullptr && value->is_object() ? json::integer_or(value->get_object(), key, 0) : 0;
}

void add_row(std::vector<std::vector<Line>>& rows, std::string_view name, Line value) {
  if (!value.empty()) rows.push_back({Line(name, kDim), std::move(value)});
}

Result<int> run_status(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/status"));
  if (print_if_json(context, reply)) return 0;
  const json::object& s = reply.json;
  std::vector<std::vector<Line>> rows;
  const std::string mode = json::string_or(s, "mode", "normal");
  add_row(rows, "state",
          mode == "normal" ? Line("running", kGood)
                           : Line(mode + " mode: " + json::string_or(s, "safe_mode_reason"), kBad));
  add_row(rows, "version", Line(json::string_or(s, "version")));
  add_row(rows, "pid", Line(fmt::format("{}", json::integer_or(s, "pid", 0))));
  add_row(rows, "up", Line(format_duration(std::chrono::seconds(json::integer_or(s, "uptime_seconds", 0)))));
  add_row(rows, "url", Line(json::string_or(s, "url", "none (socket only)")));
  add_row(rows, "elsewhere", Line(json::string_or(s, "public_url")));
  add_row(rows, "model", Line(json::string_or(s, "default_model")));
  add_row(rows, "turns",
          Line(fmt::format("{} running, {} queued", nested(s, "turns", "running"),
                           nested(s, "turns", "queued"))));
  const std::int64_t waiting = json::integer_or(s, "approvals_pending", 0);
  add_row(rows, "approvals",
          waiting == 0 ? Line("none waiting")
                       : Line(fmt::format("{} waiting: pryx approval list", waiting), kWarning));
  const std::string backend = json::string_or(s, "key_backend");
  add_row(rows, "key",
          backend == "file" ? Line("in a file beside the data; see pryx doctor", kWarning) : Line(backend));
  if (!context.console().options().out_is_tty) {
    context.console().print_table({{"name"}, {"value"}}, rows);
    return 0;
  }
  for (const auto& row : rows) {
    Line line(fmt::format("{:<10} ", row[0].text()), kDim);
    for (const Span& span : row[1].spans) line.add(span.text, span.style);
    context.console().print(line);
  }
  return 0;
}

Result<int> run_version(Context& context, const Invocation&) {
  if (context.wants_json())
    context.console().print_json({{"version", PRYX_VERSION}});
  else
    context.console().print("pryx " PRYX_VERSION);
  return 0;
}

}  // namespace

Line status_line(Context& context) {
  auto api = context.api_if_running();
  if (!api) return Line("daemon: not running (pryx daemon start)", kDim);
  const auto reply = (*api)->call({"GET", "/api/v1/status", {}, {}, std::chrono::seconds(2)});
  if (!reply) return Line("daemon: does not answer (pryx daemon status)", kWarning);
  const std::int64_t waiting = json::integer_or(reply->json, "approvals_pending", 0);
  Line line("daemon: running", kGood);
  line.add(fmt::format(" · model {}", json::string_or(reply->json, "default_model")), kDim);
  if (waiting > 0)
    line.add(fmt::format(" · {} approval{} waiting", waiting, waiting == 1 ? "" : "s"), kWarning);
  return line;
}

std::vector<Command> status_commands() {
  return {{.noun = "status",
           .summary = "what the daemon is doing; starts it when none runs (pryx daemon status does not)",
           .examples = {"status", "status --json"},
           .handler = run_status},
          {.noun = "version",
           .summary = "the version of this program",
           .examples = {"version"},
           .handler = run_version}};
}

}  // namespace pryx::cli
