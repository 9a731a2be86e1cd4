// SPDX-License-Identifier: MIT
// pryx session: conversations that were had.
#include <algorithm>
#include <map>

#include "foundation/base/text.h"
#include "surfaces/cli/archive_file.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/markdown.h"
#include "surfaces/cli/turn_follower.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kSummary = 200;

std::string first_line(std::string_view text) {
  return std::string(utf8_prefix(text.substr(0, text.find('\n')), kSummary));
}

std::string title_of(const json::object& session) {
  const std::string title = json::string_or(session, "title");
  return title.empty() ? "(no title)" : title;
}

void print_sessions(Context& context, const json::object& body, bool with_snippet) {
  std::vector<std::vector<Line>> rows;
  for (const json::object& session : items_of(body)) {
    const std::string updated = json::string_or(session, "updated_at");
    Line title(title_of(session));
    const json::value* unread = json::find(session, "unread");
    if (unread != nullptr && unread->is_bool() && unread->get_bool()) title.add(" ●", kAccent);
    const bool tty = context.console().options().out_is_tty;
    const std::string state = json::string_or(session, "last_state");
    std::vector<Line> row = {Line(json::string_or(session, "id")),
                             Line(state.empty() ? "-" : state, turn_style(state)),
                             Line(tty ? relative_time(updated, context.clock().wall()) : updated, kDim),
                             Line(fmt::format("{}", json::integer_or(session, "message_count", 0))),
                             Line(money_of(session, "cost")),
                             std::move(title)};
    if (with_snippet) row.emplace_back(first_line(json::string_or(session, "snippet")), kDim);
    rows.push_back(std::move(row));
  }
  const std::string cursor = json::string_or(body, "next_cursor");
  if (rows.empty()) {
    // A search that looked through its share of hits and found none that fits can go on.
    context.console().note(cursor.empty() ? "no sessions; pryx chat starts one"
                                          : fmt::format("none so far; more: --cursor {}", cursor));
    return;
  }
  std::vector<Column> columns = {{"ID"},         {"STATE"}, {"UPDATED"}, {"MESSAGES", true},
                                 {"COST", true}, {"TITLE"}};
  if (with_snippet) columns.push_back({"FOUND"});
  context.console().print_table(columns, rows);
  if (!cursor.empty()) context.console().note(fmt::format("more: --cursor {}", cursor));
}

Result<int> list_sessions(Context& context, const Invocation& invocation, const std::string& text) {
  PRYX_TRY(const auto limit, invocation.find_integer("limit", 1, 200));
  PRYX_TRY(client::ApiClient * api, context.api());
  Query query;
  query.add("query", text)
      .add("status", invocation.value_or("status", ""))
      .add("agent", invocation.value_or("agent", ""))
      .add("state", invocation.value_or("state", ""));
  query.add("after", invocation.value_or("after", ""))
      .add("before", invocation.value_or("before", ""))
      .add("sort", invocation.value_or("sort", ""));
  query.add("limit", limit ? fmt::format("{}", *limit) : "").add("cursor", invocation.value_or("cursor", ""));
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/sessions")));
  if (print_if_json(context, reply)) return 0;
  print_sessions(context, reply.json, !text.empty());
  return 0;
}

Result<int> run_list(Context& context, const Invocation& invocation) {
  return list_sessions(context, invocation, invocation.value_or("query", ""));
}
Result<int> run_search(Context& context, const Invocation& invocation) {
  return list_sessions(context, invocation, invocation.positional("text"));
}

void print_part(Context& context, const json::object& part, std::string_view role) {
  const std::string type = json::string_or(part, "type");
  const std::string text = json::string_or(part, "text");
  Console& console = context.console();
  if (type == "text" && role == "assistant" && console.options().out_is_tty) {
    console.print_lines(render_markdown(text, console.options().columns));
  } else if (type == "text" || type == "summary") {
    console.write_data(text + (text.ends_with('\n') ? "" : "\n"));
  } else if (type == "tool_call") {
    Line line("• ", kAccent);
    console.print(line.add(fmt::format("{} {}", json::string_or(part, "tool"), first_line(text)), kDim));
  } else if (type == "tool_result") {
    const json::value* flag = json::find(part, "ok");
    const bool ok = flag != nullptr && flag->is_bool() && flag->get_bool();
    Line line(ok ? "  ✓ " : "  ✗ ", ok ? kGood : kBad);
    console.print(line.add(fmt::format("{} {}", json::string_or(part, "tool"), first_line(text)), kDim));
  } else if (type == "reasoning") {
    if (console.options().verbose) console.print(Line(text, kDim));
  } else if (type == "notice") {
    console.print(Line(text, kWarning));  // such as who answered instead of whom
  } else {
    console.print(Line(fmt::format("[{}]", type), kDim));
  }
  if (json::string_or(part, "state") == "interrupted") console.print(Line("(interrupted)", kWarning));
}

// Who answered in a page of a transcript, and what it cost. However long the conversation is, a page asks for
// one page of turns, and for the one that answers across its begin.
class Answers {
 public:
  Answers(client::ApiClient& api, std::string session) : api_(api), session_(std::move(session)) {}

  // Before a page is printed; oldest message first.
  Result<void> fetch(const std::vector<json::object>& messages) {
    turns_.clear();
    const auto first = std::ranges::find(messages, "assistant", role_of);
    if (first == messages.end()) return {};
    PRYX_TRY(WallTime end, parse_rfc3339(json::string_or(messages.back(), "created_at")));
    ++end.unix_ms;  // `before` leaves out its own moment
    Query query;
    query.add("session", session_).add("limit", "200").add("before", to_rfc3339(end));
    query.add("after", json::string_or(messages.front(), "created_at"));
    PRYX_TRY(const client::Reply reply, api_.get(query.on("/api/v1/turns")));
    for (json::object& turn : items_of(reply.json)) turns_[json::string_or(turn, "id")] = std::move(turn);
    // A message that came by import or fork has no turn here: its words stand without a name.
    const std::string begun = json::string_or(*first, "turn_id");
    if (begun.empty() || begun == named_ || turns_.contains(begun)) return {};
    if (auto turn = api_.get(path_of("/api/v1/turns/", begun))) turns_[begun] = std::move(turn->json);
    return {};
  }

  // The first words of a turn's answer say who gave it and what all of it cost.
  Line head(const std::string& turn_id) {
    Line line("pryx", kBold);
    const auto turn = turns_.find(turn_id);
    if (turn == turns_.end() || turn_id == named_) return line;
    named_ = turn_id;
    const std::string by = json::string_or(turn->second, "answered_by");
    if (by.empty()) return line;
    line.add(fmt::format("  {}", by), kDim);
    if (const std::string cost = cost_of(turn->second); !cost.empty())
      line.add(fmt::format(" · {}", cost), kDim);
    return line;
  }

 private:
  static std::string role_of(const json::object& message) { return json::string_or(message, "role"); }
  client::ApiClient& api_;
  std::string session_;
  std::map<std::string, json::object, std::less<>> turns_;
  std::string named_;  // whose head was printed last
};

void print_messages(Context& context, const std::vector<json::object>& messages, Answers& answers) {
  for (const json::object& message : messages) {
    const std::string role = json::string_or(message, "role");
    if (role == "user" || role == "assistant") {
      context.console().print("");
      context.console().print(role == "user" ? Line("you", kAccent)
                                             : answers.head(json::string_or(message, "turn_id")));
    }
    const json::value* parts = json::find(message, "parts");
    if (parts == nullptr || !parts->is_array()) continue;
    for (const json::value& part : parts->get_array()) {
      if (part.is_object()) print_part(context, part.get_object(), role);
    }
  }
}

// The end of a transcript, in the order in which it is read.
Result<int> show_last(Context& context, client::ApiClient& api, const std::string& id,
                      const Invocation& invocation, std::int64_t count) {
  Query query;
  query.add("sort", "newest").add("limit", fmt::format("{}", count));
  query.add("cursor", invocation.value_or("cursor", ""));
  PRYX_TRY(const client::Reply page, api.get(query.on(path_of("/api/v1/sessions/", id, "/messages"))));
  if (print_if_json(context, page)) return 0;
  std::vector<json::object> messages = items_of(page.json);
  std::ranges::reverse(messages);
  if (const std::string cursor = json::string_or(page.json, "next_cursor"); !cursor.empty())
    context.console().note(fmt::format("earlier: --last {} --cursor {}", count, cursor));
  Answers answers(api, id);
  PRYX_TRY_VOID(answers.fetch(messages));
  print_messages(context, messages, answers);
  return 0;
}

Result<int> run_show(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("id");
  PRYX_TRY(const auto limit, invocation.find_integer("limit", 1, 200));
  PRYX_TRY(const auto last, invocation.find_integer("last", 1, 200));
  if (limit && last)
    return fail(ErrorCode::kInvalidArgument, "--last counts from the end and --limit from the beginning");
  PRYX_TRY(client::ApiClient * api, context.api());
  const bool wants_messages = invocation.has("messages") || last;
  if (!wants_messages || !context.wants_json()) {
    PRYX_TRY(const client::Reply reply, api->get(path_of("/api/v1/sessions/", id)));
    if (print_if_json(context, reply)) return 0;
    Line line(title_of(reply.json), kBold);
    line.add(
        fmt::format("  {} · {} · {} messages", json::string_or(reply.json, "id"),
                    json::string_or(reply.json, "status"), json::integer_or(reply.json, "message_count", 0)),
        kDim);
    context.console().print(line);
  }
  if (last) return show_last(context, *api, id, invocation, *last);
  std::string cursor = invocation.value_or("cursor", "");
  Answers answers(*api, id);
  while (true) {
    Query query;
    query.add("limit", fmt::format("{}", limit.value_or(200))).add("cursor", cursor);
    PRYX_TRY(const client::Reply page, api->get(query.on(path_of("/api/v1/sessions/", id, "/messages"))));
    if (print_if_json(context, page)) return 0;
    const std::vector<json::object> messages = items_of(page.json);
    PRYX_TRY_VOID(answers.fetch(messages));
    print_messages(context, messages, answers);
    cursor = json::string_or(page.json, "next_cursor");
    if (cursor.empty()) return 0;
    if (limit) {
      context.console().note(fmt::format("more: --cursor {}", cursor));
      return 0;
    }
  }
}

Result<int> run_fork(Context& context, const Invocation& invocation) {
  json::object body;
  if (const auto title = invocation.find("title")) body["title"] = *title;
  if (const auto message = invocation.find("message")) body["message_id"] = *message;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->post(path_of("/api/v1/sessions/", invocation.positional("id"), "/fork"), std::move(body)));
  if (!print_if_json(context, reply)) context.console().print(json::string_or(reply.json, "id"));
  return 0;
}

Result<int> run_edit(Context& context, const Invocation& invocation) {
  json::object body;
  for (const char* field : {"title", "model", "agent", "status"}) {
    if (const auto value = invocation.find(field)) body[field] = *value;
  }
  if (body.empty())
    return fail(ErrorCode::kInvalidArgument, "say what to change: --title, --model, --agent or --status");
  PRYX_TRY(client::ApiClient * api, context.api());
  const std::string id = invocation.positional("id");
  client::Call call{"PATCH", path_of("/api/v1/sessions/", id), std::move(body), {}, {}};
  PRYX_TRY(const client::Reply reply, api->call(std::move(call)));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("changed {}", id));
  return 0;
}

constexpr std::size_t kMaxImportBytes = 64u << 20;  // what the daemon writes at most, and takes
constexpr std::size_t kLongImportBytes = 1u << 20;  // from here on it may take longer than a person expects

// What would be taken out, place by place; writes no file.
Result<int> preview_export(Context& context, const Invocation& invocation) {
  for (const char* flag : {"no-redact", "encrypt", "passphrase-stdin", "output", "format"}) {
    if (invocation.has(flag))
      return fail(ErrorCode::kInvalidArgument,
                  "--dry-run shows what would be taken out and writes nothing; leave out --{}", flag);
  }
  PRYX_TRY(client::ApiClient * api, context.api());
  const std::string path = path_of("/api/v1/sessions/", invocation.positional("id"), "/export/preview");
  json::array items;
  json::object last;
  std::string cursor;
  do {
    PRYX_TRY(const client::Reply page, api->get(Query().add("limit", "200").add("cursor", cursor).on(path)));
    for (const json::value& item : page.json.at("items").as_array()) items.push_back(item);
    last = page.json;
    cursor = json::string_or(last, "next_cursor");
  } while (!cursor.empty());
  if (context.wants_json()) {
    last["items"] = std::move(items);
    context.console().print_json(last);
    return 0;
  }
  for (const json::value& item : items) {
    const json::object& change = item.as_object();
    context.console().print(fmt::format("{}\n  - {}\n  + {}", json::string_or(change, "where"),
                                        json::string_or(change, "before"), json::string_or(change, "after")));
  }
  std::string counts;
  for (const json::value& item : last.at("counts").as_array()) {
    counts += fmt::format(
        "{}{} {} in {} places", counts.empty() ? "" : ", ", json::integer_or(item.as_object(), "values", 0),
        json::string_or(item.as_object(), "detector"), json::integer_or(item.as_object(), "places", 0));
  }
  context.console().note(counts.empty() ? "nothing would be taken out" : "would be taken out: " + counts);
  return 0;
}

Result<int> run_attachment(Context& context, const Invocation& invocation) {
  const std::string output = invocation.value_or("output", "");
  if (output.empty() && context.console().options().out_is_tty)
    return fail(ErrorCode::kInvalidArgument, "an image is no text for a terminal; name a file with -o");
  PRYX_TRY(client::ApiClient * api, context.api());
  const std::string part = invocation.has_positional("part") ? invocation.positional("part") : "0";
  PRYX_TRY(const client::Reply reply,
           api->get(path_of("/api/v1/sessions/", invocation.positional("id"), "/messages/") +
                    path_of("", invocation.positional("message"), "/parts/") + path_of("", part, "/image")));
  PRYX_TRY_VOID(write_archive(context, invocation, reply.body, ""));
  return 0;
}

Result<int> run_export(Context& context, const Invocation& invocation) {
  if (invocation.has("redact") && invocation.has("no-redact"))
    return fail(ErrorCode::kInvalidArgument, "--redact and --no-redact exclude each other");
  if (invocation.has("dry-run")) return preview_export(context, invocation);
  PRYX_TRY(client::ApiClient * api, context.api());
  Query query;
  query.add("format", invocation.value_or("format", "json"));
  query.add("redact", invocation.has("no-redact") ? "false" : "true");
  PRYX_TRY(const client::Reply reply,
           api->get(query.on(path_of("/api/v1/sessions/", invocation.positional("id"), "/export"))));
  PRYX_TRY_VOID(write_archive(context, invocation, reply.body,
                              invocation.has("no-redact") ? ", nothing taken out" : ""));
  return 0;
}

Result<int> run_import(Context& context, const Invocation& invocation) {
  const std::string path = invocation.positional("file");
  PRYX_TRY(const std::string text, read_archive(context, invocation, path));
  if (text.size() > kMaxImportBytes)
    return fail(ErrorCode::kTooLarge, "{} has more than {} MiB", path, kMaxImportBytes >> 20);
  auto document = json::parse_object(text, {.max_bytes = kMaxImportBytes});
  if (!document)
    return fail(ErrorCode::kInvalidArgument, "{} is no exported session: {}", path, document.error().message);
  PRYX_TRY(client::ApiClient * api, context.api());
  const Duration limit = context.call_timeout(text.size());
  if (text.size() >= kLongImportBytes)
    context.console().note(fmt::format("{} MiB are read, checked and indexed; that may take up to {}",
                                       text.size() >> 20, format_duration(limit)));
  client::Call call{.method = "POST", .target = "/api/v1/sessions/import", .body = std::move(*document)};
  call.timeout = limit;
  PRYX_TRY(const client::Reply reply, api->call(std::move(call)));
  if (!print_if_json(context, reply)) context.console().print(json::string_or(reply.json, "id"));
  return 0;
}

Result<int> run_rm(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("id");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply found, api->get(path_of("/api/v1/sessions/", id)));
  PRYX_TRY(const bool yes,
           context.console().confirm(fmt::format(
               "Delete session {} \"{}\", its {} messages and its sub-agents?", id,
               json::string_or(found.json, "title"), json::integer_or(found.json, "message_count", 0))));
  if (!yes) return facts(ErrorCode::kInvalidArgument).exit_code;
  PRYX_TRY(const client::Reply reply, api->remove(path_of("/api/v1/sessions/", id)));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("deleted {}", id));
  return 0;
}

}  // namespace

std::vector<Command> session_commands() {
  const std::vector<Flag> list_flags = {
      {"--status", "active|archived", "active or archived"},
      {"--agent", "A", "of this agent"},
      {"--state", "S[,S]", "whose last turn stands so, such as failed or running"},
      {"--after", "TIME", "changed after, RFC 3339"},
      {"--before", "TIME", "changed before"},
      {"--sort", "newest|relevance", "the order"},
      {"--limit", "N", "at most so many (50)"},
      {"--cursor", "C", "go on where a list ended"}};
  std::vector<Flag> export_flags = {
      {"--format", "json|markdown|html", "json can be imported again"},
      {"--redact", "", "take out what is personal or secret (the default)"},
      {"--no-redact", "", "the whole text"},
      {"--dry-run", "", "only show what would be taken out; values are masked"}};
  for (Flag& flag : sealing_flags()) export_flags.push_back(std::move(flag));
  std::vector<Flag> with_query = list_flags;
  with_query.insert(with_query.begin(), {"--query", "TEXT", "only sessions in which this was said"});
  return {{.noun = "session",
           .verb = "list",
           .summary = "newest first",
           .examples = {"session list", "session list --state failed,needs_attention",
                        "session list --status archived --json"},
           .flags = with_query,
           .handler = run_list},
          {.noun = "session",
           .verb = "show",
           .summary = "the transcript",
           .examples = {"session show ses_01J…", "session show ses_01J… --json",
                        "session show ses_01J… --messages --json", "session show ses_01J… --last 20"},
           .flags = {{"--messages", "", "only the messages"},
                     {"--last", "N", "the last messages, so many of them"},
                     {"--limit", "N", "one page of so many messages"},
                     {"--cursor", "C", "go on where a page ended"}},
           .positionals = {{"id", "the session"}},
           .handler = run_show},
          {.noun = "session",
           .verb = "search",
           .summary = "find what was said",
           .examples = {"session search \"invoice march\"", "session search deploy --sort relevance"},
           .flags = list_flags,
           .positionals = {{"text", "words; prefixes need three letters", true, true}},
           .handler = run_search},
          {.noun = "session",
           .verb = "fork",
           .summary = "a copy that goes its own way",
           .examples = {"session fork ses_01J… --title \"another try\""},
           .flags = {{"--title", "T", "its title"}, {"--message", "ID", "up to this message"}},
           .positionals = {{"id", "the session"}},
           .handler = run_fork},
          {.noun = "session",
           .verb = "edit",
           .summary = "its title, model or agent; put it away or take it back",
           .examples = {"session edit ses_01J… --title \"Harbour plan\"",
                        "session edit ses_01J… --model ollama/qwen3:8b",
                        "session edit ses_01J… --status archived"},
           .flags = {{"--title", "T", "its title"},
                     {"--model", "P/M", "who answers from now on"},
                     {"--agent", "A", "which agent works on it"},
                     {"--status", "active|archived", "active or archived"}},
           .positionals = {{"id", "the session"}},
           .handler = run_edit},
          {.noun = "session",
           .verb = "export",
           .summary = "the whole session as one file, without what is personal or secret",
           .examples = {"session export ses_01J… --dry-run",
                        "session export ses_01J… --format html -o report.html",
                        "session export ses_01J… --no-redact -o backup.json",
                        "session export ses_01J… --no-redact --encrypt -o backup.pryx"},
           .flags = export_flags,
           .positionals = {{"id", "the session"}},
           .handler = run_export},
          {.noun = "session",
           .verb = "attachment",
           .summary = "the bytes of an image that was sent with a message",
           .examples = {"session attachment ses_01J… msg_01J… -o picture.png",
                        "session attachment ses_01J… msg_01J… 2 -o second.png"},
           .flags = {{"-o,--output", "FILE", "else stdout"}},
           .positionals = {{"id", "the session"},
                           {"message", "the message"},
                           {"part", "which of its parts, from 0 (0)", false}},
           .handler = run_attachment},
          {.noun = "session",
           .verb = "import",
           .summary = "keep an exported session, with the id it had",
           .examples = {"session import backup.json", "session import - < backup.json",
                        "session import backup.pryx"},
           .flags = {opening_flag()},
           .positionals = {{"file", "what session export wrote; - reads stdin"}},
           .handler = run_import},
          {.noun = "session",
           .verb = "rm",
           .summary = "delete it for good",
           .examples = {"session rm ses_01J… --yes"},
           .positionals = {{"id", "the session"}},
           .handler = run_rm}};
}

}  // namespace pryx::cli
