// SPDX-License-Identifier: MIT
// pryx policy replay, history, diff and restore: what the rules were, and what other ones would have said.
#include "foundation/platform/files.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxPolicy = 1u << 20;

json::object member(const json::object& o, std::string_view key) {
  const json::value* found = json::find(o, key);
  return found != nullptr && found->is_object() ? found->get_object() : json::object{};
}

std::vector<json::object> list_in(const json::object& o, std::string_view key) {
  std::vector<json::object> out;
  const json::value* list = json::find(o, key);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& item : list->get_array()) {
    if (item.is_object()) out.push_back(item.get_object());
  }
  return out;
}

Style colour_of(std::string_view decision) {
  return decision == "allow" ? kGood : decision == "ask" ? kWarning : kBad;
}

void print_replay(Context& context, const json::object& report) {
  Console& console = context.console();
  const std::int64_t changed = json::integer_or(report, "changed", 0);
  console.print(Line(fmt::format("{} of {} decisions since {} would change", changed,
                                 json::integer_or(report, "replayed", 0), json::string_or(report, "from")),
                     kBold));
  for (const json::object& pair : list_in(report, "changes"))
    console.print(fmt::format("  {} → {}: {}", json::string_or(pair, "was"), json::string_or(pair, "becomes"),
                              json::integer_or(pair, "count", 0)));
  std::vector<std::vector<Line>> rows;
  for (const json::object& item : list_in(report, "items")) {
    const json::object was = member(item, "was");
    const json::object becomes = member(item, "becomes");
    const std::string decision = json::string_or(becomes, "decision");
    rows.push_back({Line(json::string_or(item, "at"), kDim), Line(json::string_or(was, "decision")),
                    Line(decision, colour_of(decision)), Line(json::string_or(item, "call")),
                    Line(json::string_or(becomes, "rule"), kDim),
                    Line(json::string_or(item, "turn_id"), kDim)});
  }
  if (!rows.empty())
    console.print_table({{"AT"}, {"WAS"}, {"BECOMES"}, {"CALL"}, {"BY RULE"}, {"TURN"}}, rows);
  for (const json::object& gap : list_in(report, "gaps"))
    console.note(fmt::format("{} calls could not be decided again: {}", json::integer_or(gap, "count", 0),
                             json::string_or(gap, "text")));
  const json::value* truncated = json::find(report, "truncated");
  if (truncated != nullptr && *truncated == true)
    console.warn("there are more calls in this time; only the newest were looked at");
  if (const std::string next = json::string_or(report, "next_cursor"); !next.empty())
    console.note(fmt::format("more: --cursor {}", next));
}

Result<int> run_replay(Context& context, const Invocation& invocation) {
  PRYX_TRY(const auto days, invocation.find_integer("days", 1, 90));
  PRYX_TRY(const auto limit, invocation.find_integer("limit", 1, 500));
  json::object body;
  if (const std::string path = invocation.positional("file"); !path.empty()) {
    std::string text;
    if (path == "-") {
      PRYX_TRY(text, context.console().read_stdin(kMaxPolicy));
    } else {
      PRYX_TRY(text, platform::read_file(path, kMaxPolicy));
    }
    body["text"] = std::move(text);
  }
  if (days) body["days"] = *days;
  if (limit) body["limit"] = *limit;
  if (const auto cursor = invocation.find("cursor")) body["cursor"] = *cursor;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/policy/replay", std::move(body)));
  if (!print_if_json(context, reply)) print_replay(context, reply.json);
  return 0;
}

std::string state_of(const json::object& version) {
  const auto is = [&](const char* key) {
    const json::value* found = json::find(version, key);
    return found != nullptr && *found == true;
  };
  if (!is("exists")) return "removed";
  return is("valid") ? "" : "refused";
}

Result<int> run_history(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  if (const std::string version = invocation.positional("version"); !version.empty()) {
    PRYX_TRY(const client::Reply reply, api->get(path_of("/api/v1/policy/history/", version)));
    if (!print_if_json(context, reply)) context.console().write_data(json::string_or(reply.json, "text"));
    return 0;
  }
  PRYX_TRY(const auto limit, invocation.find_integer("limit", 1, 200));
  Query query;
  query.add("limit", limit ? fmt::format("{}", *limit) : "").add("cursor", invocation.value_or("cursor", ""));
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/policy/history")));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& version : items_of(reply.json)) {
    const std::string state = state_of(version);
    rows.push_back({Line(fmt::format("{}", json::integer_or(version, "version", 0)), kBold),
                    Line(json::string_or(version, "at"), kDim), Line(json::string_or(version, "author")),
                    Line(fmt::format("{}", json::integer_or(version, "bytes", 0))),
                    Line(state, state == "refused" ? kBad : kDim)});
  }
  if (rows.empty())
    context.console().note("there never was a policy.yaml; the built-in rules hold");
  else
    context.console().print_table({{"VERSION"}, {"AT"}, {"BY"}, {"BYTES"}, {""}}, rows);
  return 0;
}

// The two versions to compare: those that were named, else the newest and the one before it.
Result<std::pair<std::string, std::string>> versions_of(client::ApiClient& api,
                                                        const Invocation& invocation) {
  const std::string from = invocation.positional("from");
  const std::string to = invocation.positional("to");
  if (!from.empty() && !to.empty()) return std::pair{from, to};
  PRYX_TRY(const client::Reply reply, api.get("/api/v1/policy/history?limit=2"));
  const auto items = items_of(reply.json);
  const auto number = [&](std::size_t i) {
    return fmt::format("{}", json::integer_or(items[i], "version", 0));
  };
  if (!from.empty() && !items.empty()) return std::pair{from, number(0)};
  if (items.size() < 2)
    return fail(ErrorCode::kNotFound, "there is no older version to compare with; pryx policy history");
  return std::pair{number(1), number(0)};
}

Result<int> run_diff(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const auto versions, versions_of(*api, invocation));
  PRYX_TRY(
      const client::Reply reply,
      api->get(
          Query().add("against", versions.first).on(path_of("/api/v1/policy/history/", versions.second))));
  if (print_if_json(context, reply)) return 0;
  const json::object diff = member(reply.json, "diff");
  const std::string text = json::string_or(diff, "text");
  if (text.empty())
    context.console().note(fmt::format("versions {} and {} are the same", versions.first, versions.second));
  else
    context.console().write_data(fmt::format("--- policy.yaml, version {}\n+++ policy.yaml, version {}\n{}",
                                             versions.first, versions.second, text));
  return 0;
}

Result<int> run_restore(Context& context, const Invocation& invocation) {
  const std::string number = invocation.positional("version");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply version, api->get(path_of("/api/v1/policy/history/", number)));
  if (state_of(version.json) == "removed")
    return fail(ErrorCode::kConflict,
                "in version {} there was no policy.yaml: remove the file, or pryx policy use default",
                number);
  PRYX_TRY(const client::Reply present, api->get("/api/v1/policy"));
  client::Call call{
      "PUT", "/api/v1/policy", json::object{{"text", json::string_or(version.json, "text")}}, {}, {}};
  call.headers.add("If-Match", "\"" + json::string_or(present.json, "hash") + "\"");
  PRYX_TRY(const client::Reply saved, api->call(std::move(call)));
  if (!print_if_json(context, saved))
    context.console().note(fmt::format("version {} is in force again; pryx policy history", number));
  return 0;
}

}  // namespace

std::vector<Command> policy_past_commands() {
  return {
      {.noun = "policy",
       .verb = "replay",
       .summary = "what other rules would have said of the calls of the last days",
       .examples = {"policy replay draft.yaml", "policy replay draft.yaml --days 30 --json", "policy replay"},
       .flags = {{"--days", "N", "how far back (7)"},
                 {"--limit", "N", "how many changed calls are listed (100)"},
                 {"--cursor", "C", "go on with the list: next_cursor of the answer before"}},
       .positionals = {{"file", "the draft, - for standard input; default: the rules in force", false}},
       .handler = run_replay},
      {.noun = "policy",
       .verb = "history",
       .summary = "every version of policy.yaml, newest first; with a number: its text",
       .examples = {"policy history", "policy history 3", "policy history --json"},
       .flags = {{"--limit", "N", "how many (50)"}, {"--cursor", "C", "go on with the list"}},
       .positionals = {{"version", "print the text of this one", false}},
       .handler = run_history},
      {.noun = "policy",
       .verb = "diff",
       .summary = "what changed between two versions of policy.yaml",
       .examples = {"policy diff", "policy diff 3", "policy diff 3 5"},
       .positionals = {{"from", "the older one; default: the last but one", false},
                       {"to", "the newer one; default: the last", false}},
       .handler = run_diff},
      {.noun = "policy",
       .verb = "restore",
       .summary = "put a version of policy.yaml in force again",
       .examples = {"policy restore 3"},
       .positionals = {{"version", "its number; pryx policy history"}},
       .handler = run_restore}};
}

}  // namespace pryx::cli
