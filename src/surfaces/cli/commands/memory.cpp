// SPDX-License-Identifier: MIT
// pryx memory: what the agent may remember beyond one conversation.
#include "foundation/base/text.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kSummary = 120;

std::string origins_of(const json::object& memory) {
  std::string out;
  const json::value* labels = json::find(memory, "labels");
  if (labels == nullptr || !labels->is_array()) return out;
  for (const json::value& label : labels->get_array()) {
    if (!label.is_string() || label.get_string().starts_with("principal:")) continue;
    out += (out.empty() ? "" : " ") + std::string(label.get_string());
  }
  return out;
}

void print_memories(Context& context, const json::object& body) {
  std::vector<std::vector<Line>> rows;
  for (const json::object& memory : items_of(body)) {
    const std::string text = json::string_or(memory, "text");
    const std::string at = json::string_or(memory, "created_at");
    const bool tty = context.console().options().out_is_tty;
    rows.push_back({Line(json::string_or(memory, "id")), Line(json::string_or(memory, "type")),
                    Line(tty ? relative_time(at, context.clock().wall()) : at, kDim),
                    Line(origins_of(memory), kDim),
                    Line(std::string(utf8_prefix(text.substr(0, text.find('\n')), kSummary)))});
  }
  if (rows.empty()) {
    context.console().note("nothing is remembered; pryx memory add TEXT saves a note");
    return;
  }
  context.console().print_table({{"ID"}, {"TYPE"}, {"SAVED"}, {"FROM"}, {"TEXT"}}, rows);
  if (const std::string cursor = json::string_or(body, "next_cursor"); !cursor.empty())
    context.console().note(fmt::format("more: --cursor {}", cursor));
}

Result<int> run_list(Context& context, const Invocation& invocation) {
  PRYX_TRY(const auto limit, invocation.find_integer("limit", 1, 100));
  PRYX_TRY(client::ApiClient * api, context.api());
  Query query;
  query.add("type", invocation.value_or("type", "")).add("cursor", invocation.value_or("cursor", ""));
  query.add("limit", limit ? fmt::format("{}", *limit) : "");
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/memory")));
  if (!print_if_json(context, reply)) print_memories(context, reply.json);
  return 0;
}

Result<int> run_search(Context& context, const Invocation& invocation) {
  PRYX_TRY(const auto limit, invocation.find_integer("limit", 1, 100));
  json::object body{{"query", invocation.positional("text")}};
  if (limit) body["limit"] = *limit;
  if (const auto type = invocation.find("type")) body["type"] = *type;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/memory/search", std::move(body)));
  if (!print_if_json(context, reply)) print_memories(context, reply.json);
  return 0;
}

Result<int> run_add(Context& context, const Invocation& invocation) {
  json::object body{{"text", invocation.positional("text")}};
  if (const auto type = invocation.find("type")) body["type"] = *type;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/memory", std::move(body)));
  if (!print_if_json(context, reply)) context.console().print(json::string_or(reply.json, "id"));
  return 0;
}

Result<int> run_show(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get(path_of("/api/v1/memory/", invocation.positional("id"))));
  if (print_if_json(context, reply)) return 0;
  Line head(json::string_or(reply.json, "type"), kBold);
  head.add(fmt::format("  {}  from {}", json::string_or(reply.json, "created_at"), origins_of(reply.json)),
           kDim);
  context.console().print(head);
  context.console().write_data(json::string_or(reply.json, "text") + "\n");
  return 0;
}

Result<int> run_rm(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("id");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->remove(path_of("/api/v1/memory/", id)));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("forgot {}", id));
  return 0;
}

}  // namespace

std::vector<Command> memory_commands() {
  const Flag type{"--type", "longterm|daily|session", "only these"};
  return {
      {.noun = "memory",
       .verb = "list",
       .summary = "what is remembered, newest first",
       .examples = {"memory list", "memory list --type daily --json"},
       .flags = {type,
                 {"--limit", "N", "at most so many (50)"},
                 {"--cursor", "C", "go on where a list ended"}},
       .handler = run_list},
      {.noun = "memory",
       .verb = "add",
       .summary = "save a note",
       .examples = {"memory add \"The tide table is in the blue folder\"",
                    "memory add \"Anna is away today\" --type daily"},
       .flags = {{"--type", "longterm|daily",
                  "longterm (the default) keeps its weight, daily fades within days"}},
       .positionals = {{"text", "the note", true, true}},
       .handler = run_add},
      {.noun = "memory",
       .verb = "search",
       .summary = "best match first; what is old counts less",
       .examples = {"memory search \"tide table\"", "memory search birth* --limit 3 --json"},
       .flags = {type, {"--limit", "N", "at most so many (8)"}},
       .positionals = {{"text", "words; a star behind three letters asks for all that begin so", true, true}},
       .handler = run_search},
      {.noun = "memory",
       .verb = "show",
       .summary = "one note with where it came from",
       .examples = {"memory show mem_01J…"},
       .positionals = {{"id", "the note"}},
       .handler = run_show},
      {.noun = "memory",
       .verb = "rm",
       .summary = "forget a note for good",
       .examples = {"memory rm mem_01J…"},
       .positionals = {{"id", "the note"}},
       .handler = run_rm}};
}

}  // namespace pryx::cli
