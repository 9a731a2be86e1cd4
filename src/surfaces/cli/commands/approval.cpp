// SPDX-License-Identifier: MIT
// pryx approval: what waits for a person, and the answers.
#include <poll.h>

#include <algorithm>
#include <set>

#include "foundation/base/text.h"
#include "surfaces/cli/approval_card.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/signals.h"

namespace pryx::cli {
namespace {

constexpr auto kWatchStep = std::chrono::milliseconds(500);

Result<int> run_list(Context& context, const Invocation& invocation) {
  PRYX_TRY(const auto limit, invocation.find_integer("limit", 1, 200));
  PRYX_TRY(client::ApiClient * api, context.api());
  Query query;
  const std::string state = invocation.value_or("state", "pending");
  query.add("state", state == "all" ? "" : state).add("limit", limit ? fmt::format("{}", *limit) : "");
  query.add("cursor", invocation.value_or("cursor", ""));
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/approvals")));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& approval : items_of(reply.json)) {
    const std::string created = json::string_or(approval, "created_at");
    const bool tty = context.console().options().out_is_tty;
    rows.push_back({Line(json::string_or(approval, "id")), Line(json::string_or(approval, "state"), kWarning),
                    Line(tty ? relative_time(created, context.clock().wall()) : created, kDim),
                    Line(json::string_or(approval, "tool")), Line(json::string_or(approval, "rendering"))});
  }
  if (rows.empty())
    context.console().note(state == "pending" ? "nothing waits for an answer" : "none");
  else
    context.console().print_table({{"ID"}, {"STATE"}, {"ASKED"}, {"TOOL"}, {"ACTION"}}, rows);
  if (const std::string cursor = json::string_or(reply.json, "next_cursor"); !cursor.empty())
    context.console().note(fmt::format("more: --cursor {}", cursor));
  return 0;
}

Result<int> run_show(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get(path_of("/api/v1/approvals/", invocation.positional("id"))));
  if (print_if_json(context, reply)) return 0;
  context.console().print_lines(approval_card(reply.json, context.console().options().columns));
  Line line(fmt::format("state: {}", json::string_or(reply.json, "state")), kBold);
  if (const std::string by = json::string_or(reply.json, "resolved_by"); !by.empty())
    line.add(fmt::format(", by {}", by), kDim);
  context.console().print(line);
  return 0;
}

Result<int> resolve(Context& context, const std::string& id, const ApprovalAnswer& answer) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post(path_of("/api/v1/approvals/", id), to_json(answer)));
  if (!print_if_json(context, reply))
    context.console().note(fmt::format("{} {}", json::string_or(reply.json, "state"), id));
  return 0;
}

Result<int> run_approve(Context& context, const Invocation& invocation) {
  ApprovalAnswer answer{.approve = true,
                        .scope = invocation.value_or("scope", ""),
                        .rule = invocation.value_or("rule", ""),
                        .reason = {},
                        .confirm = invocation.value_or("confirm", ""),
                        .expires = invocation.value_or("expires", "")};
  const bool lasts = answer.scope == "session" || answer.scope == "always";
  if ((!answer.rule.empty() || !answer.expires.empty()) && !lasts) {
    return fail(ErrorCode::kInvalidArgument,
                "--rule and --expires belong to --scope session or always; add one of them");
  }
  return resolve(context, invocation.positional("id"), answer);
}

// What a rule would mean before it is kept.
Result<int> run_preview(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  json::object body;
  if (const auto rule = invocation.find("rule")) body["rule"] = *rule;
  PRYX_TRY(const client::Reply reply,
           api->post(path_of("/api/v1/approvals/", invocation.positional("id"), "/preview"), body));
  if (print_if_json(context, reply)) return 0;
  const json::value* matches = json::find(reply.json, "matches_call");
  context.console().print(Line(json::string_or(reply.json, "rule"), kBold));
  if (matches != nullptr && matches->is_bool() && !matches->get_bool())
    context.console().print(Line("it does not cover the call that is asked about", kBad));
  context.console().print(preview_text(reply.json));
  return 0;
}

// What waits in the turn, in the order it was asked.
Result<std::vector<json::object>> list_waiting(client::ApiClient& api, const std::string& turn) {
  std::vector<json::object> waiting;
  std::string cursor;
  do {
    Query query;
    query.add("state", "pending").add("limit", "200").add("cursor", cursor);
    PRYX_TRY(const client::Reply reply, api.get(query.on("/api/v1/approvals")));
    for (json::object& approval : items_of(reply.json)) {
      if (json::string_or(approval, "turn_id") == turn) waiting.push_back(std::move(approval));
    }
    cursor = json::string_or(reply.json, "next_cursor");
  } while (!cursor.empty());
  std::ranges::reverse(waiting);
  return waiting;
}

// The calls that a person allows after their cards; none when they do not. --yes is no answer here.
Result<std::vector<std::string>> ask_by_cards(Context& context, const std::vector<json::object>& waiting) {
  Console& console = context.console();
  if (!console.can_ask() || !console.options().out_is_tty || context.wants_json()) {
    return fail(ErrorCode::kInvalidArgument,
                "there is nobody to show the cards to; name each call that was looked at: --approval ID");
  }
  std::vector<std::string> ids;
  for (const json::object& approval : waiting) {
    const std::string id = json::string_or(approval, "id");
    console.print_lines(approval_card(approval, console.options().columns));
    if (fits_a_plan(approval))
      ids.push_back(id);
    else
      console.print(Line(fmt::format("it takes an answer of its own: pryx approval approve {}", id), kBad));
  }
  if (ids.empty()) return fail(ErrorCode::kConflict, "each of these calls takes an answer of its own");
  PRYX_TRY(const bool yes, console.confirm(fmt::format("Allow {} of {} once?", ids.size(), waiting.size())));
  if (!yes) ids.clear();
  return ids;
}

// Each by its id, so that nothing is allowed that came, or came again, meanwhile.
Result<std::vector<std::string>> calls_to_approve(Context& context, const Invocation& invocation,
                                                  client::ApiClient& api) {
  const std::string turn = invocation.positional("turn");
  PRYX_TRY(const std::vector<json::object> waiting, list_waiting(api, turn));
  if (waiting.empty()) return fail(ErrorCode::kConflict, "nothing of this turn waits for an answer");
  std::vector<std::string> named = invocation.all("approval");
  for (const std::string& id : named) {
    const auto is_it = [&id](const json::object& one) { return json::string_or(one, "id") == id; };
    if (std::ranges::none_of(waiting, is_it))
      return fail(ErrorCode::kConflict, "{} does not wait for an answer in turn {}", id, turn);
  }
  if (!named.empty()) return named;
  return ask_by_cards(context, waiting);
}

// One answer for several calls of a turn: a no for all that waits, a yes for what was looked at.
Result<int> run_plan(Context& context, const Invocation& invocation) {
  const std::string decision = invocation.positional("decision");
  if (decision != "approve" && decision != "deny")
    return fail(ErrorCode::kInvalidArgument, "the answer to a plan is approve or deny");
  if (decision == "deny" && invocation.has("approval"))
    return fail(ErrorCode::kInvalidArgument, "--approval belongs to approve; a no is for all that waits");
  json::object body{{"decision", decision}};
  if (const auto reason = invocation.find("reason")) body["reason"] = *reason;
  PRYX_TRY(client::ApiClient * api, context.api());
  if (decision == "approve") {
    PRYX_TRY(const std::vector<std::string> ids, calls_to_approve(context, invocation, *api));
    if (ids.empty()) return facts(ErrorCode::kInvalidArgument).exit_code;
    json::array list;
    for (const std::string& id : ids) list.emplace_back(id);
    body["approval_ids"] = std::move(list);
  } else {
    body["turn_id"] = invocation.positional("turn");
  }
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/approvals/plan", body));
  if (print_if_json(context, reply)) return 0;
  for (const json::object& approval : items_of(reply.json))
    context.console().note(
        fmt::format("{} {}", json::string_or(approval, "state"), json::string_or(approval, "rendering")));
  return 0;
}

Result<int> run_deny(Context& context, const Invocation& invocation) {
  return resolve(context, invocation.positional("id"),
                 {.approve = false, .scope = {}, .rule = {}, .reason = invocation.value_or("reason", "")});
}

void print_asked(Context& context, const json::object& approval) {
  if (context.wants_json()) {
    context.console().print_json(approval);
    return;
  }
  context.console().print_lines(approval_card(approval, context.console().options().columns));
  context.console().print(
      Line(fmt::format("pryx approval approve {}", json::string_or(approval, "id")), kDim));
}

// Each waiting approval once, as it comes, until a signal or --timeout.
Result<int> run_watch(Context& context, const Invocation&) {
  PRYX_TRY(SignalPipe signals, SignalPipe::open(false));
  context.set_interrupt_fd(signals.fd());
  PRYX_TRY(client::ApiClient * api, context.api());
  std::set<std::string> seen;
  const client::Waiting waiting{&context.clock(), -1};
  std::optional<MonotonicTime> end;
  if (const auto limit = context.globals().timeout) end = context.clock().monotonic() + *limit;
  while (!end || context.clock().monotonic() < *end) {
    auto reply = api->get("/api/v1/approvals?state=pending&limit=200");
    if (!reply && reply.error().code == ErrorCode::kCancelled) break;
    if (!reply) return fail(std::move(reply.error()));
    std::set<std::string> pending;
    for (const json::object& approval : items_of(reply->json)) {
      const std::string id = json::string_or(approval, "id");
      if (!seen.contains(id)) print_asked(context, approval);
      pending.insert(id);
    }
    seen = std::move(pending);
    if (client::wait_for_fd(signals.fd(), POLLIN, context.clock().monotonic() + kWatchStep, waiting) ==
        client::Readiness::kReady)
      break;
  }
  const auto number = signals.take();
  return number ? 128 + *number : 0;
}

}  // namespace

std::vector<Command> approval_commands() {
  return {
      {.noun = "approval",
       .verb = "list",
       .summary = "what waits for an answer",
       .examples = {"approval list", "approval list --state decided --limit 20",
                    "approval list --state all --json"},
       .flags =
           {{"--state", "S[,S]",
             "pending (default), approved, denied, expired, superseded; decided: all but pending; or all"},
            {"--limit", "N", "at most so many"},
            {"--cursor", "C", "go on where a page ended"}},
       .handler = run_list},
      {.noun = "approval",
       .verb = "show",
       .summary = "one of them, in full",
       .examples = {"approval show apr_01J…"},
       .positionals = {{"id", "the approval"}},
       .handler = run_show},
      {.noun = "approval",
       .verb = "approve",
       .summary = "allow it",
       .examples =
           {"approval approve apr_01J…", "approval approve apr_01J… --scope session",
            "approval approve apr_01J… --scope always --rule 'fs.write(path: \"notes/*\")' --expires 7d"},
       .flags = {{"--scope", "once|session|always", "for this call (default), this session, or from now on"},
                 {"--rule", "RULE", "what session or always allow; default: the suggested rule"},
                 {"--expires", "D", "how long the rule is kept, 30d by default"},
                 {"--confirm", "CODE", "the code of a call that is too long to be shown whole"}},
       .positionals = {{"id", "the approval"}},
       .handler = run_approve},
      {.noun = "approval",
       .verb = "deny",
       .summary = "refuse it",
       .examples = {"approval deny apr_01J… --reason \"use the staging server\""},
       .flags = {{"--reason", "TEXT", "told to the agent"}},
       .positionals = {{"id", "the approval"}},
       .handler = run_deny},
      {.noun = "approval",
       .verb = "preview",
       .summary = "which past calls a rule would have answered",
       .examples = {"approval preview apr_01J…",
                    "approval preview apr_01J… --rule 'fs.write(path: \"notes/*\")'"},
       .flags = {{"--rule", "RULE", "default: the suggested rule"}},
       .positionals = {{"id", "the approval"}},
       .handler = run_preview},
      {.noun = "approval",
       .verb = "plan",
       .summary = "one answer for all that waits in a turn",
       .examples = {"approval plan trn_01J… approve",
                    "approval plan trn_01J… approve --approval apr_01J… --approval apr_01K…",
                    "approval plan trn_01J… deny --reason \"too much at once\""},
       .flags = {{"--approval", "ID",
                  "approve this call, which was looked at; without any the cards are shown and you are asked",
                  true},
                 {"--reason", "TEXT", "of a denial, told to the agent"}},
       .positionals = {{"turn", "the turn"}, {"decision", "approve or deny"}},
       .handler = run_plan},
      {.noun = "approval",
       .verb = "watch",
       .summary = "print each as it comes",
       .examples = {"approval watch --json"},
       .handler = run_watch}};
}

}  // namespace pryx::cli
