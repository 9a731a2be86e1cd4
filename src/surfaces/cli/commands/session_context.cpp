// SPDX-License-Identifier: MIT
// pryx session context|compact|pin|unpin: what the next prompt of a session holds.
#include "foundation/base/text.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/compact.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

std::vector<json::object> objects_in(const json::object& body, std::string_view key) {
  std::vector<json::object> out;
  const json::value* list = json::find(body, key);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& item : list->get_array()) {
    if (item.is_object()) out.push_back(item.get_object());
  }
  return out;
}

Result<int> run_context(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->get(path_of("/api/v1/sessions/", invocation.positional("id"), "/context")));
  if (print_if_json(context, reply)) return 0;
  Console& console = context.console();
  const std::int64_t percent = json::integer_or(reply.json, "percent", 0);
  Line line(fmt::format("{} %", percent), percent >= 80 ? kWarning : kBold);
  line.add(fmt::format("  {} of {} tokens, {}", json::integer_or(reply.json, "used_tokens", 0),
                       json::integer_or(reply.json, "limit_tokens", 0), json::string_or(reply.json, "model")),
           kDim);
  console.print(line);
  if (const std::int64_t unread = json::integer_or(reply.json, "unread_messages", 0); unread > 0)
    console.print(Line(fmt::format("not counted: {} older messages, more than is read at once; no prompt has "
                                   "them, the transcript has",
                                   unread),
                       kWarning));
  for (const json::object& pin : objects_in(reply.json, "pins"))
    console.print(Line(fmt::format("pinned {} ({}): {}", json::string_or(pin, "id"),
                                   json::string_or(pin, "kind"), json::string_or(pin, "text"))));
  for (const json::object& done : objects_in(reply.json, "compactions")) {
    const bool undone = !json::string_or(done, "undone_at").empty();
    console.print(Line(fmt::format("summary of {} messages, {}{}", json::integer_or(done, "covered", 0),
                                   json::string_or(done, "created_at"), undone ? ", taken back" : ""),
                       undone ? kDim : Style{}));
  }
  return 0;
}

Result<int> preview(Context& context, const std::string& id) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->post(path_of("/api/v1/sessions/", id, "/compact"), {{"preview", true}}));
  if (print_if_json(context, reply)) return 0;
  Console& console = context.console();
  const std::int64_t messages = json::integer_or(reply.json, "messages", 0);
  if (messages == 0) {
    console.note("there is nothing to summarise yet: the newest answers stay as they are");
    return 0;
  }
  console.print(Line(fmt::format("{} messages would be summarised, about {} of {} tokens", messages,
                                 json::integer_or(reply.json, "tokens_to_summarise", 0),
                                 json::integer_or(reply.json, "tokens_before", 0))));
  if (const std::int64_t unread = json::integer_or(reply.json, "unread_messages", 0); unread > 0)
    console.print(Line(
        fmt::format("the summary would not tell of {} of them: they are more than is read at once", unread),
        kWarning));
  for (const std::string_view end : {"first", "last"}) {
    const json::value* excerpt = json::find(reply.json, end);
    if (excerpt != nullptr && excerpt->is_object())
      console.print(Line(fmt::format("{}: {}", end, json::string_or(excerpt->get_object(), "text")), kDim));
  }
  return 0;
}

Result<int> run_compact(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("id");
  if (invocation.has("preview") && invocation.has("undo"))
    return fail(ErrorCode::kInvalidArgument, "--preview and --undo exclude each other");
  if (invocation.has("preview")) return preview(context, id);
  if (invocation.has("undo") && context.wants_json()) {
    PRYX_TRY(client::ApiClient * api, context.api());
    PRYX_TRY(const client::Reply reply,
             api->post(path_of("/api/v1/sessions/", id, "/compact/undo"), json::object{}));
    (void)print_if_json(context, reply);
    return 0;
  }
  if (invocation.has("undo")) {
    PRYX_TRY(const std::string line, undo_compaction(context, id));
    context.console().note(line);
    return 0;
  }
  PRYX_TRY(const CompactOutcome outcome, compact_session(context, id, invocation.value_or("model", "")));
  if (context.wants_json())
    context.console().print_json(outcome.turn);
  else
    context.console().note(outcome.line);
  return 0;
}

Result<int> run_pin(Context& context, const Invocation& invocation) {
  json::object body;
  if (const std::string text = invocation.positional("text"); !text.empty()) body["text"] = text;
  if (const auto kind = invocation.find("kind")) body["kind"] = *kind;
  if (const auto message = invocation.find("message")) body["message_id"] = *message;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->post(path_of("/api/v1/sessions/", invocation.positional("id"), "/pins"), std::move(body)));
  if (!print_if_json(context, reply)) context.console().print(json::string_or(reply.json, "id"));
  return 0;
}

Result<int> run_unpin(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  const std::string session = path_of("/api/v1/sessions/", invocation.positional("id"), "/pins/");
  PRYX_TRY(const client::Reply reply, api->remove(path_of(session, invocation.positional("pin"))));
  if (!print_if_json(context, reply)) context.console().note("taken away");
  return 0;
}

}  // namespace

std::vector<Command> session_context_commands() {
  return {{.noun = "session",
           .verb = "context",
           .summary = "how full its context is, its summaries and pins",
           .examples = {"session context ses_01J…", "session context ses_01J… --json"},
           .positionals = {{"id", "the session"}},
           .handler = run_context},
          {.noun = "session",
           .verb = "compact",
           .summary = "let a summary stand for all but the newest answers",
           .examples = {"session compact ses_01J… --preview", "session compact ses_01J…",
                        "session compact ses_01J… --undo"},
           .flags = {{"--preview", "", "only say what would be summarised"},
                     {"--undo", "", "take the newest summary back"},
                     {"-m,--model", "P/M", "the model that writes it"}},
           .positionals = {{"id", "the session"}},
           .handler = run_compact},
          {.noun = "session",
           .verb = "pin",
           .summary = "a line for every prompt, whatever is summarised",
           .examples = {"session pin ses_01J… \"never touch the vendor folder\" --kind rule",
                        "session pin ses_01J… --message msg_01J…"},
           .flags = {{"--kind", "rule|fact|obligation", "what it is (fact)"},
                     {"--message", "ID", "its text, when no other is given"}},
           .positionals = {{"id", "the session"}, {"text", "what is pinned", false, true}},
           .handler = run_pin},
          {.noun = "session",
           .verb = "unpin",
           .summary = "take a pin away",
           .examples = {"session unpin ses_01J… pin_01J…"},
           .positionals = {{"id", "the session"}, {"pin", "the pin; pryx session context names them"}},
           .handler = run_unpin}};
}

}  // namespace pryx::cli
