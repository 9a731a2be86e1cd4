// SPDX-License-Identifier: MIT
// pryx stop: the panic button. It never starts a daemon: one that does not run does nothing.
#include "foundation/base/ids.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

Style style_of(std::string_view state) {
  if (state == "needs_attention" || state == "unknown") return kWarning;
  return state == "stopping" || state == "running" ? kBad : kGood;
}

Result<json::object> scope_of(const Invocation& invocation) {
  const std::string id = invocation.positional("id");
  const bool all = invocation.has("all");
  if (all && !id.empty())
    return fail(ErrorCode::kInvalidArgument, "--all stops everything; leave out {}", id);
  if (all) return json::object{{"all", true}};
  if (id.empty()) return json::object{};
  if (SessionId::parse(id)) return json::object{{"session_id", id}};
  if (TurnId::parse(id)) return json::object{{"turn_id", id}};
  return fail(ErrorCode::kInvalidArgument, "'{}' is neither a session (ses_…) nor a turn (trn_…)", id);
}

void print_report(Context& context, const json::object& report) {
  Console& console = context.console();
  std::vector<std::vector<Line>> rows;
  const auto add = [&](std::string_view list, std::string_view id, std::string_view what) {
    const json::value* items = json::find(report, list);
    if (items == nullptr || !items->is_array()) return;
    for (const json::value& item : items->get_array()) {
      if (!item.is_object()) continue;
      const json::object& o = item.get_object();
      const std::string state = json::string_or(o, "state");
      rows.push_back(
          {Line(json::string_or(o, id)), Line(state, style_of(state)),
           Line(what.empty() ? json::string_or(o, "session_id") : json::string_or(o, what), kDim)});
    }
  };
  add("turns", "turn_id", "");
  add("processes", "id", "command");
  if (rows.empty())
    console.note("nothing was running");
  else
    console.print_table({{"STOPPED"}, {"STATE"}, {"WHERE"}}, rows);
  console.note(fmt::format("stopped in {} ms", json::integer_or(report, "took_ms", 0)));
  if (const auto left = json::integer_or(report, "processes_left", 0); left > 0)
    console.note(fmt::format("{} background processes run on; pryx stop --all ends them too", left));
  for (const json::value& item : json::find(report, "turns")->as_array()) {
    const json::object& turn = item.as_object();
    if (json::string_or(turn, "state") == "needs_attention")
      console.warn(
          fmt::format("{} was cut in the middle of a call: look, then pryx turn resume {} --retry, "
                      "--treat-as-done or --abandon",
                      json::string_or(turn, "turn_id"), json::string_or(turn, "turn_id")));
  }
}

Result<int> run_stop(Context& context, const Invocation& invocation) {
  PRYX_TRY(json::object body, scope_of(invocation));
  auto api = context.api_if_running();
  if (!api && api.error().code == ErrorCode::kUnavailable && context.globals().host.empty()) {
    if (context.wants_json())
      context.console().print_json(
          {{"running", false}, {"turns", json::array{}}, {"processes", json::array{}}});
    else
      context.console().note("no daemon runs, so nothing does");
    return 0;
  }
  if (!api) return std::unexpected(api.error());
  PRYX_TRY(const client::Reply reply, (*api)->post("/api/v1/stop", std::move(body)));
  const std::int64_t unfinished = json::integer_or(reply.json, "unfinished", 0);
  const int code = unfinished > 0 ? facts(ErrorCode::kTimeout).exit_code : 0;
  if (print_if_json(context, reply)) return code;
  print_report(context, reply.json);
  if (unfinished > 0)
    context.console().warn(fmt::format(
        "{} were told and have no end on disk yet; pryx stop again shows how they stand", unfinished));
  return code;
}

}  // namespace

std::vector<Command> stop_commands() {
  return {{.noun = "stop",
           .verb = "",
           .summary = "stop what is running, at once: turns, their commands, requests and answers",
           .examples = {"stop", "stop --all", "stop ses_01J…", "stop trn_01J… --json"},
           .flags = {{"--all", "", "background processes too"}},
           .positionals = {{"id", "only this session or turn, with its sub-agents; default: every session",
                            false}},
           .handler = run_stop}};
}

}  // namespace pryx::cli
