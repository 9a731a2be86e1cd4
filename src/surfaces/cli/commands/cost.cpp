// SPDX-License-Identifier: MIT
// pryx cost: what models have cost, what they may cost, and what they would.
#include <algorithm>

#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "trust/trace/ledger.h"

namespace pryx::cli {
namespace {

std::int64_t used(const json::object& row, std::string_view key) {
  const json::value* usage = json::find(row, "usage");
  return usage == nullptr || !usage->is_object() ? 0 : json::integer_or(usage->get_object(), key, 0);
}

std::vector<Line> cells(const std::string& key, const json::object& row, Style style) {
  const std::int64_t unpriced = json::integer_or(row, "unpriced_calls", 0);
  return {Line(key, style),
          Line(fmt::format("{}", json::integer_or(row, "calls", 0))),
          Line(fmt::format("{}", used(row, "input_tokens"))),
          Line(fmt::format("{}", used(row, "cached_input_tokens")), kDim),
          Line(fmt::format("{}", used(row, "output_tokens"))),
          Line(fmt::format("{}", used(row, "reasoning_tokens")), kDim),
          Line(money_of(row, "cost"), style),
          Line(unpriced > 0 ? fmt::format("{} unpriced", unpriced) : "", kWarning)};
}

Result<int> print_report(Context& context, Query& query, std::string_view title) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/costs")));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& row : items_of(reply.json))
    rows.push_back(cells(json::string_or(row, "key"), row, kPlainStyle));
  if (rows.empty()) {
    context.console().note("no model was called in that time");
    return 0;
  }
  const json::value* total = json::find(reply.json, "total");
  if (total != nullptr && total->is_object()) rows.push_back(cells("total", total->get_object(), kBold));
  context.console().print_table({{std::string(title)},
                                 {"CALLS", true},
                                 {"IN", true},
                                 {"CACHED", true},
                                 {"OUT", true},
                                 {"REASONING", true},
                                 {"COST", true},
                                 {""}},
                                rows);
  return 0;
}

Result<int> run_summary(Context& context, const Invocation& invocation) {
  const std::string by = invocation.value_or("by", "model");
  Query query;
  query.add("group_by", by)
      .add("from", invocation.value_or("from", ""))
      .add("to", invocation.value_or("to", ""))
      .add("session", invocation.value_or("session", ""));
  std::string title = by;
  std::ranges::transform(title, title.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return print_report(context, query, title);
}

Result<std::int64_t> count_of(const Invocation& invocation, std::int64_t fallback, std::int64_t most) {
  const std::string text = invocation.positional("count");
  if (text.empty()) return fallback;
  std::int64_t count = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || count > most)
      return fail(ErrorCode::kInvalidArgument, "'{}' is no count", text);
    count = count * 10 + (c - '0');
  }
  if (count < 1 || count > most)
    return fail(ErrorCode::kInvalidArgument, "the count must be between 1 and {}", most);
  return count;
}

Result<int> run_daily(Context& context, const Invocation& invocation) {
  PRYX_TRY(const std::int64_t days, count_of(invocation, 7, 366));
  const WallTime from = trace::start_of_day(context.clock().wall() + -std::chrono::hours(24 * (days - 1)));
  Query query;
  query.add("group_by", "day").add("from", to_rfc3339(from));
  return print_report(context, query, "DAY");
}

Result<int> run_monthly(Context& context, const Invocation& invocation) {
  PRYX_TRY(const std::int64_t months, count_of(invocation, 6, 120));
  WallTime from = trace::start_of_month(context.clock().wall());
  for (std::int64_t i = 1; i < months; ++i) from = trace::start_of_month(from + -std::chrono::hours(24));
  Query query;
  query.add("group_by", "month").add("from", to_rfc3339(from));
  return print_report(context, query, "MONTH");
}

json::value limit_value(const std::string& text) {
  return text == "off" ? json::value(nullptr) : json::value(text);
}

Result<json::array> wanted_budgets(const Invocation& invocation) {
  json::array wanted;
  for (const char* scope : {"day", "month"}) {
    if (const auto limit = invocation.find(scope))
      wanted.push_back(json::object{{"scope", scope}, {"limit", limit_value(*limit)}});
  }
  const auto limit = invocation.find("limit");
  bool has_subject = false;
  for (const char* scope : {"session", "agent"}) {
    const auto subject = invocation.find(scope);
    if (!subject) continue;
    has_subject = true;
    if (!limit) return fail(ErrorCode::kInvalidArgument, "--{} needs --limit USD, or --limit off", scope);
    json::object budget{{"scope", scope}, {"limit", limit_value(*limit)}};
    if (*subject != "each") budget["subject"] = *subject;
    wanted.push_back(std::move(budget));
  }
  if (limit && !has_subject)
    return fail(ErrorCode::kInvalidArgument, "--limit goes with --session ID|each or --agent NAME|each");
  return wanted;
}

Result<int> run_budget(Context& context, const Invocation& invocation) {
  PRYX_TRY(json::array wanted, wanted_budgets(invocation));
  PRYX_TRY(client::ApiClient * api, context.api());
  client::Reply reply;
  if (wanted.empty()) {
    PRYX_TRY(reply, api->get("/api/v1/budgets"));
  } else {
    PRYX_TRY(reply, api->put("/api/v1/budgets", json::object{{"budgets", std::move(wanted)}}));
  }
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& row : items_of(reply.json)) {
    const std::string subject = json::string_or(row, "subject");
    const std::string scope = json::string_or(row, "scope");
    const bool each = subject.empty() && (scope == "session" || scope == "agent");
    rows.push_back({Line(scope), Line(each ? "each" : subject), Line(json::string_or(row, "period"), kDim),
                    Line(money_of(row, "limit")), Line(money_of(row, "spent")),
                    Line(money_of(row, "reserved"), kDim), Line(money_of(row, "left"))});
  }
  if (rows.empty())
    context.console().note("no budget is set; pryx cost budget --day 2.00 sets one");
  else
    context.console().print_table({{"BUDGET"},
                                   {"OF"},
                                   {"PERIOD"},
                                   {"LIMIT", true},
                                   {"SPENT", true},
                                   {"RESERVED", true},
                                   {"LEFT", true}},
                                  rows);
  return 0;
}

Result<int> run_pricing(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/models"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& model : items_of(reply.json)) {
    const json::value* price = json::find(model, "price");
    const bool known = price != nullptr && price->is_object();
    const json::object none;
    const json::object& p = known ? price->get_object() : none;
    rows.push_back({Line(json::string_or(model, "id")), Line(money_of(p, "input_per_million")),
                    Line(money_of(p, "cached_input_per_million"), kDim),
                    Line(money_of(p, "output_per_million")), Line(known ? "" : "unpriced", kWarning)});
  }
  if (rows.empty())
    context.console().note("no model is known; pryx provider add names a provider");
  else
    context.console().print_table(
        {{"MODEL"}, {"IN / 1M", true}, {"CACHED / 1M", true}, {"OUT / 1M", true}, {""}}, rows);
  return 0;
}

Result<int> run_optimize(Context& context, const Invocation& invocation) {
  Query query;
  query.add("from", invocation.value_or("from", ""))
      .add("to", invocation.value_or("to", ""))
      .add("session", invocation.value_or("session", ""));
  PRYX_TRY(client::ApiClient * api, context.api());
  const bool all = invocation.has("all");
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/costs/optimize")));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& use : items_of(reply.json)) {
    rows.push_back({Line(json::string_or(use, "model"), kBold), Line(money_of(use, "cost"), kBold), Line(""),
                    Line(fmt::format("{} calls", json::integer_or(use, "calls", 0)), kDim)});
    bool any = false;
    const json::value* others = json::find(use, "alternatives");
    for (const json::object& other : items_of({{"items", others == nullptr ? json::value() : *others}})) {
      const json::value* available = json::find(other, "available");
      const bool usable = available != nullptr && available->is_bool() && available->get_bool();
      if (!usable && !all) continue;
      any = true;
      rows.push_back({Line("  " + json::string_or(other, "model")), Line(money_of(other, "cost")),
                      Line(money_of(other, "saves")), Line(usable ? "" : "no provider for it yet", kDim)});
    }
    if (!any)
      rows.push_back({Line("  nothing cheaper that could have done it", kDim), Line(""), Line(""), Line("")});
  }
  if (rows.empty()) {
    context.console().note("no call with a known price in that time");
    return 0;
  }
  context.console().print_table({{"MODEL"}, {"COST", true}, {"SAVES", true}, {""}}, rows);
  const json::value* assumptions = json::find(reply.json, "assumptions");
  if (assumptions != nullptr && assumptions->is_array()) {
    for (const json::value& text : assumptions->get_array()) {
      if (text.is_string()) context.console().note(fmt::format("· {}", std::string_view(text.get_string())));
    }
  }
  return 0;
}

}  // namespace

std::vector<Command> cost_commands() {
  return {{.noun = "cost",
           .verb = "summary",
           .summary = "what models have cost, by model, session, provider, agent, surface, day or month",
           .examples = {"cost summary", "cost summary --by session --from 2026-11-01T00:00:00Z"},
           .flags = {{"--by", "GROUP", "session, model, provider, agent, day, month or surface"},
                     {"--from", "TIME", "with it, RFC 3339"},
                     {"--to", "TIME", "up to it"},
                     {"--session", "ID", "of one session"}},
           .handler = run_summary},
          {.noun = "cost",
           .verb = "daily",
           .summary = "the cost of the last days (UTC)",
           .examples = {"cost daily", "cost daily 30 --json"},
           .flags = {},
           .positionals = {{"count", "how many days (7)", false}},
           .handler = run_daily},
          {.noun = "cost",
           .verb = "monthly",
           .summary = "the cost of the last months (UTC)",
           .examples = {"cost monthly", "cost monthly 12"},
           .flags = {},
           .positionals = {{"count", "how many months (6)", false}},
           .handler = run_monthly},
          {.noun = "cost",
           .verb = "budget",
           .summary = "show the budgets, or set them",
           .examples = {"cost budget", "cost budget --day 2.00 --month 30",
                        "cost budget --session each --limit 0.50", "cost budget --day off"},
           .flags = {{"--day", "USD", "what a day may cost, or off"},
                     {"--month", "USD", "what a month may cost, or off"},
                     {"--session", "ID", "a session, or each; with --limit"},
                     {"--agent", "NAME", "an agent's month, or each; with --limit"},
                     {"--limit", "USD", "of the session or agent, or off"}},
           .handler = run_budget},
          {.noun = "cost",
           .verb = "pricing",
           .summary = "the prices of the models that can be used",
           .examples = {"cost pricing", "cost pricing --json"},
           .flags = {},
           .handler = run_pricing},
          {.noun = "cost",
           .verb = "optimize",
           .summary = "what the same work would have cost with cheaper models that could have done it",
           .examples = {"cost optimize", "cost optimize --all --from 2026-11-01T00:00:00Z"},
           .flags = {{"--from", "TIME", "with it, RFC 3339"},
                     {"--to", "TIME", "up to it"},
                     {"--session", "ID", "of one session"},
                     {"--all", "", "also models of vendors that are not set up"}},
           .handler = run_optimize}};
}

}  // namespace pryx::cli
