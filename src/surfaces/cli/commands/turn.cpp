// SPDX-License-Identifier: MIT
// pryx turn: turns of all sessions, and one by its id. What nobody knows the outcome of is settled here by a
// person.
#include "surfaces/cli/archive_file.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

void print_error(Context& context, const json::object& error) {
  context.console().print(
      Line(fmt::format("{}: {}", json::string_or(error, "code"), json::string_or(error, "detail")), kBad));
  std::string facts = json::string_or(error, "model");
  if (facts.empty()) return;
  if (const auto status = json::integer_or(error, "http_status", 0); status > 0)
    facts += fmt::format(", HTTP {}", status);
  if (const std::string id = json::string_or(error, "request_id"); !id.empty())
    facts += fmt::format(", the vendor's request {}", id);
  context.console().print(Line(facts, kDim));
}

void print_turn(Context& context, const json::object& turn) {
  const std::string state = json::string_or(turn, "state");
  Line head(json::string_or(turn, "id"), kBold);
  head.add("  ");
  head.add(state, turn_style(state));
  head.add(fmt::format("  {}  answered by {}", json::string_or(turn, "session_id"),
                       json::string_or(turn, "answered_by", "nobody yet")),
           kDim);
  context.console().print(head);
  if (const json::value* error = json::find(turn, "error"); error != nullptr && error->is_object())
    print_error(context, error->get_object());
  const json::value* steps = json::find(turn, "steps");
  if (steps == nullptr || !steps->is_array()) return;
  std::vector<std::vector<Line>> rows;
  std::string kept;     // the last step whose result is longer than the transcript shows
  std::string waiting;  // why a model is waited for, and until when
  for (const json::value& item : steps->get_array()) {
    if (!item.is_object()) continue;
    const json::object& step = item.get_object();
    if (!json::string_or(step, "result_ref").empty()) kept = json::string_or(step, "id");
    const std::string step_state = json::string_or(step, "state");
    if (step_state == "started" && json::string_or(step, "kind") == "model")
      waiting = json::string_or(step, "summary");
    rows.push_back({Line(json::string_or(step, "id"), kDim), Line(step_state, turn_style(step_state)),
                    Line(json::string_or(step, "tool", json::string_or(step, "kind"))),
                    Line(json::string_or(step, "summary"), kDim)});
  }
  context.console().print_table({{"STEP"}, {"STATE"}, {"WHAT"}, {"SUMMARY"}}, rows);
  if (!kept.empty())
    context.console().note(fmt::format("a long result is kept: pryx turn show {} --result {}",
                                       json::string_or(turn, "id"), kept));
  if (!waiting.empty()) {
    context.console().note(waiting);
    context.console().note(
        fmt::format("ask at once: pryx turn resume {} --retry", json::string_or(turn, "id")));
  }
  if (state == "needs_attention")
    context.console().note(
        fmt::format("a step may have taken effect: look, then pryx turn resume {} --retry, "
                    "--treat-as-done or --abandon",
                    json::string_or(turn, "id")));
}

Result<int> list_turns(Context& context, const Invocation& invocation) {
  PRYX_TRY(const auto limit, invocation.find_integer("limit", 1, 200));
  PRYX_TRY(client::ApiClient * api, context.api());
  Query query;
  for (const char* name : {"state", "session", "after", "before", "cursor"})
    query.add(name, invocation.value_or(name, ""));
  query.add("limit", limit ? fmt::format("{}", *limit) : "");
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/turns")));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  const bool tty = context.console().options().out_is_tty;
  for (const json::object& turn : items_of(reply.json)) {
    const std::string state = json::string_or(turn, "state");
    const std::string created = json::string_or(turn, "created_at");
    rows.push_back({Line(json::string_or(turn, "id")), Line(state, turn_style(state)),
                    Line(tty ? relative_time(created, context.clock().wall()) : created, kDim),
                    Line(json::string_or(turn, "answered_by", json::string_or(turn, "model"))),
                    Line(money_of(turn, "cost")), Line(json::string_or(turn, "session_id"), kDim),
                    Line(json::string_or(turn, "session_title"))});
  }
  if (rows.empty()) {
    context.console().note("no such turns");
    return 0;
  }
  context.console().print_table(
      {{"ID"}, {"STATE"}, {"ACCEPTED"}, {"MODEL"}, {"COST", true}, {"SESSION"}, {"TITLE"}}, rows);
  if (const std::string cursor = json::string_or(reply.json, "next_cursor"); !cursor.empty())
    context.console().note(fmt::format("more: --cursor {}", cursor));
  return 0;
}

Result<int> show_result(Context& context, const Invocation& invocation, const std::string& step) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->get(path_of("/api/v1/turns/", invocation.positional("turn"), "/steps/") +
                    path_of("", step, "/result")));
  // A terminal gets it without what would steer it; a file or another program, byte for byte.
  if (invocation.value_or("output", "").empty() && context.console().options().out_is_tty)
    context.console().write_data(reply.body);
  else
    PRYX_TRY_VOID(write_archive(context, invocation, reply.body, ""));
  return 0;
}

Result<int> show_turn(Context& context, const Invocation& invocation) {
  if (const auto step = invocation.find("result")) return show_result(context, invocation, *step);
  if (invocation.has("output"))
    return fail(ErrorCode::kInvalidArgument, "-o goes with --result; a turn is printed");
  PRYX_TRY(client::ApiClient * api, context.api());
  std::string path = path_of("/api/v1/turns/", invocation.positional("turn"));
  PRYX_TRY(const auto wait, invocation.find_integer("wait", 0, 600));
  client::Call call{.target = std::move(path), .body = {}, .headers = {}, .timeout = {}};
  if (wait) {
    call.target += fmt::format("?wait={}", *wait);
    call.timeout = std::chrono::seconds(*wait + 10);
  }
  PRYX_TRY(const client::Reply reply, api->call(std::move(call)));
  if (!print_if_json(context, reply)) print_turn(context, reply.json);
  const std::string state = json::string_or(reply.json, "state");
  const bool goes_on = state == "queued" || state == "running" || state == "waiting";
  return wait && goes_on ? facts(ErrorCode::kTimeout).exit_code : 0;
}

Result<int> cancel_turn_by_id(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  const std::string id = invocation.positional("turn");
  PRYX_TRY(const client::Reply reply, api->post(path_of("/api/v1/turns/", id, "/cancel"), {}));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("cancelled {}", id));
  return 0;
}

// The step whose outcome nobody knows, when there is just one; to run it again, also one that waits for its
// model.
Result<std::string> find_open_step(client::ApiClient& api, const std::string& turn,
                                   std::string_view resolution) {
  PRYX_TRY(const client::Reply reply, api.get(path_of("/api/v1/turns/", turn)));
  const json::value* steps = json::find(reply.json, "steps");
  std::string waiting;
  if (steps != nullptr && steps->is_array()) {
    for (const json::value& item : steps->get_array()) {
      if (!item.is_object()) continue;
      const json::object& step = item.get_object();
      const std::string state = json::string_or(step, "state");
      if (state == "unknown") return json::string_or(step, "id");
      if (state == "started" && json::string_or(step, "kind") == "model")
        waiting = json::string_or(step, "id");
    }
  }
  if (resolution == "retry" && !waiting.empty()) return waiting;
  return fail(ErrorCode::kConflict, "{} has no step of unknown outcome; pryx turn show {}", turn, turn);
}

Result<int> resume_turn(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("turn");
  std::vector<std::string> chosen;
  for (const auto& [flag, word] :
       {std::pair{"retry", "retry"}, {"treat-as-done", "treat_as_done"}, {"abandon", "abandon"}}) {
    if (invocation.has(flag)) chosen.emplace_back(word);
  }
  if (chosen.size() != 1)
    return fail(ErrorCode::kInvalidArgument, "say one of --retry, --treat-as-done and --abandon");
  PRYX_TRY(client::ApiClient * api, context.api());
  std::string step = invocation.value_or("step", "");
  if (step.empty()) {
    PRYX_TRY(step, find_open_step(*api, id, chosen.front()));
  }
  json::object body{{"step_id", step}, {"resolution", chosen.front()}};
  if (const auto result = invocation.find("result")) body["result"] = *result;
  PRYX_TRY(const client::Reply reply, api->post(path_of("/api/v1/turns/", id, "/resume"), std::move(body)));
  if (!print_if_json(context, reply))
    context.console().note(fmt::format("{} goes on; pryx turn show {}", id, id));
  return 0;
}

}  // namespace

std::vector<Command> turn_commands() {
  const std::vector<Positional> turn = {{"turn", "the turn, trn_…"}};
  return {
      {.noun = "turn",
       .verb = "list",
       .summary = "turns of all sessions, newest first",
       .examples = {"turn list --state queued,running,waiting", "turn list --state needs_attention",
                    "turn list --session ses_01J… --json"},
       .flags = {{"--state", "S[,S]",
                  "queued, running, waiting, needs_attention, completed, failed or cancelled"},
                 {"--session", "ID", "only of this session"},
                 {"--after", "TIME", "accepted at this time or later"},
                 {"--before", "TIME", "accepted before this time"},
                 {"--limit", "N", "at most so many"},
                 {"--cursor", "C", "go on where a page ended"}},
       .handler = list_turns},
      {.noun = "turn",
       .verb = "show",
       .summary = "one turn with its steps",
       .examples = {"turn show trn_01J…", "turn show trn_01J… --json", "turn show trn_01J… --wait 60",
                    "turn show trn_01J… --result stp_01J… -o output.txt"},
       .flags = {{"--wait", "SECONDS", "wait so long for its end, at most 600; exit 9 when it goes on"},
                 {"--result", "STEP", "the kept result of this step instead, byte for byte"},
                 {"-o,--output", "FILE", "with --result: into this file, else to stdout"}},
       .positionals = turn,
       .handler = show_turn},
      {.noun = "turn",
       .verb = "cancel",
       .summary = "stop a turn, wherever it stands",
       .examples = {"turn cancel trn_01J…"},
       .positionals = turn,
       .handler = cancel_turn_by_id},
      {.noun = "turn",
       .verb = "resume",
       .summary = "settle a step whose outcome nobody knows, or ask a model at once that is waited for",
       .examples = {"turn resume trn_01J… --retry", "turn resume trn_01J… --treat-as-done --result \"sent\"",
                    "turn resume trn_01J… --abandon"},
       .flags = {{"--retry", "", "run the step again"},
                 {"--treat-as-done", "", "it took effect"},
                 {"--abandon", "", "give the turn up"},
                 {"--step", "ID", "which step, when there are several"},
                 {"--result", "TEXT", "what the model is told, with --treat-as-done"}},
       .positionals = turn,
       .handler = resume_turn}};
}

}  // namespace pryx::cli
