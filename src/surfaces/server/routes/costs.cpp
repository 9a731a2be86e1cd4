// SPDX-License-Identifier: MIT
// Traces, costs, budgets, and the counters that Prometheus reads.
#include "engine/agent/trace_view.h"
#include "engine/models/cheaper.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/encode_cheaper.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server {

namespace {

json::object encode_alternative(const models::CheaperModel& one, const std::string& provider,
                                trace::NanoUsd cost) {
  const bool available = !provider.empty();
  return {{"model", (available ? provider : one.info.provider) + "/" + one.info.id},
          {"available", available},
          {"cost", trace::money_json(one.cost)},
          {"saves", trace::money_json(cost - one.cost)},
          {"as_of", one.info.as_of},
          {"source", one.info.source}};
}

}  // namespace

json::object encode_model_use(const trace::ModelUse& use, const std::vector<models::CheaperModel>& others,
                              const std::map<std::string, std::string, std::less<>>& vendors) {
  json::array alternatives;
  for (const models::CheaperModel& one : others) {
    const auto known = vendors.find(one.info.provider);
    alternatives.push_back(
        encode_alternative(one, known == vendors.end() ? std::string() : known->second, use.totals.cost));
  }
  json::object item = use.totals.to_json();
  item["model"] = use.model;
  item["largest_input_tokens"] = use.largest_input;
  item["alternatives"] = std::move(alternatives);
  return item;
}

json::object encode_costs(const trace::CostReport& report, std::string_view group_by) {
  json::array items;
  for (const trace::CostGroup& group : report.groups) {
    json::object row = group.totals.to_json();
    row["key"] = group.key;
    items.push_back(std::move(row));
  }
  json::object body = list_body(std::move(items));
  body["group_by"] = group_by;
  body["total"] = report.total.to_json();
  return body;
}

}  // namespace pryx::server

namespace pryx::server::routes {
namespace {

constexpr std::size_t kMaxBudgets = 100;
constexpr std::size_t kMaxSubject = 200;

Result<trace::Budget> decode_budget(const json::value& item, const PrincipalId& principal) {
  if (!item.is_object())
    return fail(ErrorCode::kInvalidArgument, "a budget is an object: scope, subject?, limit");
  const json::object& o = item.get_object();
  PRYX_TRY(const std::string scope, json::get_string(o, "scope"));
  const auto known = trace::budget_scope_from_text(scope);
  if (!known) return fail(ErrorCode::kInvalidArgument, "scope must be session, agent, day or month");
  trace::Budget budget{.principal = principal, .scope = *known};
  PRYX_TRY(const auto subject, json::find_string(o, "subject"));
  budget.subject = subject.value_or("");
  const bool takes_subject = *known == trace::BudgetScope::kSession || *known == trace::BudgetScope::kAgent;
  if (!budget.subject.empty() && !takes_subject)
    return fail(ErrorCode::kInvalidArgument, "a budget of the {} has no subject", scope);
  if (budget.subject.size() > kMaxSubject || budget.subject.find(':') != std::string::npos)
    return fail(ErrorCode::kInvalidArgument, "the subject is no session's id and no agent's name");
  if (!o.contains("limit"))
    return fail(ErrorCode::kInvalidArgument, "limit is missing: an amount of USD such as \"5.00\", or null");
  PRYX_TRY(const auto limit, json::find_string(o, "limit"));
  if (limit) {
    PRYX_TRY(budget.limit, trace::parse_money(*limit));
  }
  return budget;
}

async::Task<Result<Reply>> reply_with_budgets(RouteCall& call) {
  const WallTime now = call.services().loop.clock().wall();
  PRYX_CO_TRY(const auto states,
              co_await call.services().database.read([principal = call.principal(), now](db::Connection& c) {
                return trace::Budgets::list(c, principal, now);
              }));
  json::array items;
  for (const trace::BudgetState& state : states) items.push_back(state.to_json());
  co_return Reply::of(list_body(std::move(items)));
}

void metric(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::initializer_list<std::pair<std::string_view, std::string>> samples) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  for (const auto& [labels, value] : samples) out += fmt::format("{}{} {}\n", name, labels, value);
}

std::string number(std::int64_t value) { return fmt::format("{}", value); }
std::string number(const std::atomic<std::int64_t>& value) { return fmt::format("{}", value.load()); }

}  // namespace

async::Task<Result<Reply>> get_trace(RouteCall& call) {
  PRYX_CO_TRY(const TurnId id, path_id<TurnId>(call));
  const std::int64_t now = call.services().trace.now_ns();
  PRYX_CO_TRY(const auto view, co_await call.services().database.read(
                                   [principal = call.principal(), id, now](db::Connection& c) {
                                     return agent::load_trace(c, principal, id, now);
                                   }));
  if (!view) co_return fail(ErrorCode::kNotFound, "there is no turn {}", id.str());
  co_return Reply::of(view->to_json());
}

async::Task<Result<Reply>> list_costs(RouteCall& call) {
  const std::string group_by = call.request.query_value("group_by").value_or("model");
  const auto known = trace::group_by_from_text(group_by);
  if (!known)
    co_return fail(ErrorCode::kInvalidArgument,
                   "group_by must be session, model, provider, agent, day, month or surface");
  trace::CostQuery query{.group_by = *known, .session = query_or(call, "session")};
  PRYX_CO_TRY(query.from, time_of(call, "from"));
  PRYX_CO_TRY(query.to, time_of(call, "to"));
  PRYX_CO_TRY(const auto report, co_await call.services().database.read(
                                     [principal = call.principal(), query](db::Connection& c) {
                                       return trace::Ledger::report(c, principal, query);
                                     }));
  co_return Reply::of(encode_costs(report, group_by));
}

namespace {
constexpr std::size_t kAlternatives = 5;
}  // namespace

// What the same tokens would have cost elsewhere. Nobody is asked; nothing is changed.
async::Task<Result<Reply>> get_cheaper(RouteCall& call) {
  trace::CostQuery query{.session = query_or(call, "session")};
  PRYX_CO_TRY(query.from, time_of(call, "from"));
  PRYX_CO_TRY(query.to, time_of(call, "to"));
  PRYX_CO_TRY(const auto uses, co_await call.services().database.read(
                                   [principal = call.principal(), query](db::Connection& c) {
                                     return trace::Ledger::uses(c, principal, query);
                                   }));
  const models::ModelRouter& router = call.services().models;
  const auto vendors = router.vendors();
  json::array items;
  trace::NanoUsd spent = 0, best = 0;
  for (const trace::ModelUse& use : uses) {
    if (use.totals.calls == use.totals.unpriced_calls) continue;
    const trace::Tokens& t = use.totals.tokens;
    const models::PastUse past{.usage = {.input_tokens = t.input,
                                         .output_tokens = t.output,
                                         .cached_input_tokens = t.cached_input,
                                         .cache_write_tokens = t.cache_write,
                                         .reasoning_tokens = t.reasoning},
                               .largest_input = use.largest_input,
                               .largest_output = use.largest_output,
                               .cost = use.totals.cost};
    const auto others =
        models::cheaper_models(router.catalog(), router.describe(use.model), past, kAlternatives);
    spent = trace::add_money(spent, use.totals.cost);
    best = trace::add_money(best, others.empty() ? use.totals.cost : others.front().cost);
    items.push_back(encode_model_use(use, others, vendors));
  }
  json::object body = list_body(std::move(items));
  body["cost"] = trace::money_json(spent);
  body["cheapest"] = trace::money_json(best);
  body["saves"] = trace::money_json(spent - best);
  json::array assumptions;
  for (std::string& text : models::cheaper_assumptions()) assumptions.push_back(json::value(std::move(text)));
  body["assumptions"] = std::move(assumptions);
  co_return Reply::of(body);
}

async::Task<Result<Reply>> get_budgets(RouteCall& call) { co_return co_await reply_with_budgets(call); }

async::Task<Result<Reply>> put_budgets(RouteCall& call) {
  const json::value* given = json::find(call.body, "budgets");
  if (given == nullptr || !given->is_array() || given->get_array().size() > kMaxBudgets)
    co_return fail(ErrorCode::kInvalidArgument, "budgets must be a list of at most {} budgets", kMaxBudgets);
  std::vector<trace::Budget> budgets;
  for (const json::value& item : given->get_array()) {
    PRYX_CO_TRY(trace::Budget budget, decode_budget(item, call.principal()));
    budgets.push_back(std::move(budget));
  }
  Services& services = call.services();
  const WallTime now = services.loop.clock().wall();
  PRYX_CO_TRY_VOID(co_await services.database.write([&](db::Transaction& t) -> Result<void> {
    for (const trace::Budget& budget : budgets) {
      PRYX_TRY_VOID(trace::Budgets::put(t.db(), budget, now));
      PRYX_TRY_VOID(services.audit.append(
          t, {.principal = call.principal(),
              .kind = "budget.changed",
              .actor = call.caller().surface,
              .subject = fmt::format("{} {}", trace::to_text(budget.scope), budget.subject),
              .detail = {{"limit", trace::money_json(budget.limit)}}}));
    }
    return {};
  }));
  co_return co_await reply_with_budgets(call);
}

// Label values come from closed sets, so the number of series is bounded.
async::Task<Result<Reply>> get_metrics(RouteCall& call) {
  Services& s = call.services();
  const trace::Counts& n = s.trace.counts();
  std::string out;
  metric(out, "pryx_turns_total", "counter", "Turns that ended since the daemon started.",
         {{"{state=\"completed\"}", number(n.turns_ok)},
          {"{state=\"failed\"}", number(n.turns_failed)},
          {"{state=\"cancelled\"}", number(n.turns_cancelled)}});
  metric(out, "pryx_model_calls_total", "counter", "Attempts at models.",
         {{"{outcome=\"ok\"}", number(n.calls_ok)}, {"{outcome=\"failed\"}", number(n.calls_failed)}});
  metric(out, "pryx_tool_calls_total", "counter", "Tool calls that ended.",
         {{"{outcome=\"ok\"}", number(n.tools_ok)},
          {"{outcome=\"failed\"}", number(n.tools_failed)},
          {"{outcome=\"denied\"}", number(n.tools_denied)}});
  metric(out, "pryx_tokens_total", "counter", "Tokens, as booked.",
         {{"{type=\"input\"}", number(n.input_tokens)}, {"{type=\"output\"}", number(n.output_tokens)}});
  metric(out, "pryx_cost_usd_total", "counter", "What models have cost, where the price is known.",
         {{"", trace::money_text(n.cost_nano.load())}});
  metric(out, "pryx_budget_refusals_total", "counter", "Calls that a budget refused.",
         {{"", number(n.budget_refusals)}});
  metric(out, "pryx_spans_total", "counter", "Spans that were written.", {{"", number(n.spans)}});
  metric(out, "pryx_turns_queued", "gauge", "Turns that wait for a slot.",
         {{"", number(static_cast<std::int64_t>(s.dispatcher.queued()))}});
  metric(out, "pryx_approvals_pending", "gauge", "Questions that wait for a person.",
         {{"", number(static_cast<std::int64_t>(s.approvals.pending_count()))}});
  metric(out, "pryx_event_version", "gauge", "The last version of the event log.",
         {{"", number(static_cast<std::int64_t>(s.events.last_version()))}});
  Reply reply;
  reply.body = std::move(out);
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  co_return reply;
}

}  // namespace pryx::server::routes
