// SPDX-License-Identifier: MIT
// pryx trace: what a turn did and how long it took; pryx session explain: why it did so.
#include <algorithm>

#include "foundation/platform/files.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/timeline.h"

namespace pryx::cli {
namespace {

constexpr int kExplainedTurns = 20;

const json::object& object_or_empty(const json::object& o, std::string_view key) {
  static const json::object kEmpty;
  const json::value* found = json::find(o, key);
  return found != nullptr && found->is_object() ? found->get_object() : kEmpty;
}

// A session's id means its last turn.
Result<std::string> turn_named(Context& context, const std::string& id) {
  if (!id.starts_with("ses_")) return id;
  PRYX_TRY(client::ApiClient * api, context.api());
  std::string turn;
  std::string cursor;
  for (int page = 0; page < 100; ++page) {
    Query query;
    query.add("limit", "200").add("cursor", cursor);
    PRYX_TRY(const client::Reply reply, api->get(query.on(path_of("/api/v1/sessions/", id, "/messages"))));
    for (const json::object& message : items_of(reply.json)) {
      if (const std::string of = json::string_or(message, "turn_id"); !of.empty()) turn = of;
    }
    cursor = json::string_or(reply.json, "next_cursor");
    if (cursor.empty()) break;
  }
  if (turn.empty()) return fail(ErrorCode::kNotFound, "session {} has no turn yet", id);
  return turn;
}

Result<client::Reply> fetch_trace(Context& context, const Invocation& invocation) {
  PRYX_TRY(const std::string turn, turn_named(context, invocation.positional("turn")));
  PRYX_TRY(client::ApiClient * api, context.api());
  return api->get(path_of("/api/v1/traces/", turn));
}

Result<int> show_trace(Context& context, const Invocation& invocation) {
  PRYX_TRY(const client::Reply reply, fetch_trace(context, invocation));
  if (print_if_json(context, reply)) return 0;
  const json::object& total = object_or_empty(reply.json, "total");
  const json::object& usage = object_or_empty(total, "usage");
  Line head(json::string_or(reply.json, "turn_id"), kBold);
  head.add(fmt::format("  {}  trace {}", json::string_or(reply.json, "state"),
                       json::string_or(reply.json, "trace_id")),
           kDim);
  context.console().print(head);
  context.console().print_lines(
      draw_timeline(timeline_spans(reply.json), context.console().options().columns));
  context.console().print(
      Line(fmt::format("{} calls, {} tokens in, {} out, {}", json::integer_or(total, "calls", 0),
                       json::integer_or(usage, "input_tokens", 0),
                       json::integer_or(usage, "output_tokens", 0), money_of(total, "cost", "unpriced")),
           kDim));
  return 0;
}

Result<int> export_trace(Context& context, const Invocation& invocation) {
  PRYX_TRY(const client::Reply reply, fetch_trace(context, invocation));
  const std::string text = json::to_text(reply.json) + "\n";
  const auto file = invocation.find("out");
  if (!file) {
    context.console().write_data(text);
    return 0;
  }
  PRYX_TRY_VOID(platform::atomic_write_file(*file, text, 0600));
  context.console().report_written(*file, text.size());
  return 0;
}

// "saw 12 messages and 14 tools; from file, owner". Empty: its trace does not say.
std::string seen_by(const json::object& a) {
  const std::int64_t messages = json::integer_or(a, "pryx.context.messages", 0);
  if (messages == 0) return {};
  std::string out =
      fmt::format("saw {} messages and {} tools", messages, json::integer_or(a, "pryx.context.tools", 0));
  if (const std::int64_t files = json::integer_or(a, "pryx.context.attachments", 0); files > 0)
    out += fmt::format(", with {} pictures or files", files);
  if (const std::int64_t left_out = json::integer_or(a, "pryx.context.left_out", 0); left_out > 0)
    out += fmt::format(", but not {} older messages", left_out);
  std::string labels;
  if (const json::value* list = json::find(a, "pryx.context.labels"); list != nullptr && list->is_array()) {
    for (const json::value& label : list->get_array()) {
      if (!label.is_string() || std::string_view(label.get_string()).starts_with("principal:")) continue;
      labels += (labels.empty() ? "" : ", ") + std::string(label.get_string());
    }
  }
  return labels.empty() ? out : fmt::format("{}; from {}", out, labels);
}

void explain_span(Context& context, const json::object& span) {
  const json::object& a = object_or_empty(span, "attributes");
  const std::string kind = json::string_or(span, "kind");
  const std::string status = json::string_or(span, "status");
  const std::int64_t us = json::integer_or(span, "duration_us", 0);
  Line line;
  std::string seen;
  if (kind == "queue") {
    line.add("waited      ", kDim).add(fmt::format("{} in line", duration_text(us)));
  } else if (kind == "model" || kind == "compaction") {
    line.add("model       ", kDim)
        .add(fmt::format("{}/{}",
                         json::string_or(a, "pryx.provider", json::string_or(a, "gen_ai.provider.name")),
                         json::string_or(a, "gen_ai.request.model")));
    const std::string answered = json::string_or(a, "gen_ai.response.model");
    if (!answered.empty() && answered != json::string_or(a, "gen_ai.request.model"))
      line.add(fmt::format(", answered by {}", answered));
    const std::int64_t nano = json::integer_or(a, "pryx.cost.nano_usd", -1);
    line.add(fmt::format(": {} in, {} out, {}, {}", json::integer_or(a, "gen_ai.usage.input_tokens", 0),
                         json::integer_or(a, "gen_ai.usage.output_tokens", 0), duration_text(us),
                         nano < 0 ? "unpriced" : fmt::format("${:.9f}", static_cast<double>(nano) / 1e9)));
    seen = seen_by(a);
  } else if (kind == "tool") {
    line.add("tool        ", kDim).add(json::string_or(a, "gen_ai.tool.name"));
    const std::string rule = json::string_or(a, "pryx.policy.rule");
    line.add(fmt::format(": decided by {}", rule.empty() ? "no rule" : rule));
    if (const std::string approval = json::string_or(a, "pryx.approval.id"); !approval.empty())
      line.add(fmt::format(", approval {}", approval));
    line.add(fmt::format(", {}", duration_text(us)));
  } else if (kind == "approval") {
    line.add("asked       ", kDim).add(fmt::format("about {}", json::string_or(a, "gen_ai.tool.name")));
    line.add(fmt::format(": {}", json::string_or(a, "pryx.approval.decision")));
    if (const std::string by = json::string_or(a, "pryx.approval.by"); !by.empty())
      line.add(fmt::format(" on {}", by));
    if (const std::string why = json::string_or(a, "pryx.approval.reason"); !why.empty())
      line.add(fmt::format("; asked because {}", why));
    line.add(fmt::format(", after {}", duration_text(us)));
  } else {
    return;
  }
  if (status != "ok") line.add(fmt::format("  {}", status), kWarning);
  if (const std::string why = json::string_or(span, "message"); !why.empty() && status != "ok")
    line.add(": " + why, kWarning);
  context.console().print(line);
  if (!seen.empty()) context.console().print(Line("            " + seen, kDim));
}

// Who chose the model that was asked first; empty: the trace does not say.
std::string route_of(const json::object& trace) {
  const json::value* spans = json::find(trace, "spans");
  if (spans == nullptr || !spans->is_array()) return {};
  for (const json::value& span : spans->get_array()) {
    if (!span.is_object()) continue;
    const json::object& attributes = object_or_empty(span.get_object(), "attributes");
    if (std::string route = json::string_or(attributes, "pryx.route"); !route.empty()) return route;
  }
  return {};
}

// A turn that failed names the model that it failed for, whoever chose it: the trace knows better.
std::string why_model(const std::string& named, std::string_view route, bool failed) {
  if (route == "session") return "the session's; the message named none";
  if (route == "agent") return "the one in the agent's file; neither message nor session named one";
  if (route == "default") return "the default model; neither message, session nor agent named one";
  if (route == "stand-in") return "one that stood in";
  if (named.empty()) return "the message named none";
  if (route.empty() && failed) return fmt::format("{}, which was not asked", named);
  return fmt::format("the message asked for {}", named);
}

Result<int> explain_turn(Context& context, const std::string& id) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply turn, api->get(path_of("/api/v1/turns/", id)));
  PRYX_TRY(const client::Reply trace, api->get(path_of("/api/v1/traces/", id)));
  if (context.wants_json()) {
    context.console().print_json({{"turn", turn.json}, {"trace", trace.json}});
    return 0;
  }
  const bool failed = json::string_or(turn.json, "state") == "failed";
  Line why("why model   ", kDim);
  why.add(why_model(json::string_or(turn.json, "model"), route_of(trace.json), failed));
  if (const std::string answered = json::string_or(turn.json, "answered_by"); !answered.empty())
    why.add(fmt::format("; {} answered", answered));
  context.console().print(Line(fmt::format("{}  {} on {}", id, json::string_or(turn.json, "state"),
                                           json::string_or(turn.json, "surface")),
                               kBold));
  context.console().print(why);
  if (const json::value* spans = json::find(trace.json, "spans"); spans != nullptr && spans->is_array()) {
    for (const json::value& span : spans->get_array()) {
      if (span.is_object()) explain_span(context, span.get_object());
    }
  }
  const json::object& error = object_or_empty(turn.json, "error");
  if (!error.empty())
    context.console().print(
        Line("ended       ", kDim)
            .add(fmt::format("{}: {}", json::string_or(error, "code"), json::string_or(error, "detail")),
                 kBad));
  context.console().print(Line("cost        ", kDim).add(money_of(turn.json, "cost", "unpriced")));
  return 0;
}

// The newest turns of a session, from the oldest of them on.
Result<int> explain_session(Context& context, const std::string& session) {
  PRYX_TRY(client::ApiClient * api, context.api());
  Query query;
  query.add("session", session).add("limit", fmt::format("{}", kExplainedTurns));
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/turns")));
  std::vector<json::object> turns = items_of(reply.json);
  if (turns.empty()) return fail(ErrorCode::kNotFound, "session {} has no turn yet", session);
  if (!json::string_or(reply.json, "next_cursor").empty())
    context.console().note(fmt::format("the newest {} turns; pryx turn list has the others", turns.size()));
  std::ranges::reverse(turns);
  bool is_first = true;
  for (const json::object& turn : turns) {
    if (!std::exchange(is_first, false)) context.console().print("");
    PRYX_TRY(const int code, explain_turn(context, json::string_or(turn, "id")));
    if (code != 0) return code;
  }
  return 0;
}

Result<int> explain(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("id");
  // One document: of a session that is its last turn.
  if (id.starts_with("ses_") && !context.wants_json()) return explain_session(context, id);
  PRYX_TRY(const std::string turn, turn_named(context, id));
  return explain_turn(context, turn);
}

}  // namespace

std::vector<Command> trace_commands() {
  const std::vector<Positional> turn = {{"turn", "a turn's id, or a session's for its last turn"}};
  return {{.noun = "trace",
           .verb = "show",
           .summary = "draw what a turn did over time, with tokens and cost",
           .examples = {"trace show trn_01J9ZD3V3N8J4Q6R2S7T0W5X1Y",
                        "trace show ses_01J9ZD3V3N8J4Q6R2S7T0W5X1Y --json"},
           .flags = {},
           .positionals = turn,
           .handler = show_trace},
          {.noun = "trace",
           .verb = "export",
           .summary = "the spans of a turn as JSON",
           .examples = {"trace export trn_01J9ZD3V3N8J4Q6R2S7T0W5X1Y --out turn.json"},
           .flags = {{"--out", "FILE", "write to a file instead of standard output"}},
           .positionals = turn,
           .handler = export_trace}};
}

std::vector<Command> explain_commands() {
  return {{.noun = "session",
           .verb = "explain",
           .summary = "why turns did what they did: model, decisions, approvals, cost",
           .examples = {"session explain ses_01J9ZD3V3N8J4Q6R2S7T0W5X1Y",
                        "session explain trn_01J9ZD3V3N8J4Q6R2S7T0W5X1Y --json"},
           .flags = {},
           .positionals = {{"id", "a session's id (its newest 20 turns; with --json the last), or a turn's"}},
           .handler = explain}};
}

}  // namespace pryx::cli
