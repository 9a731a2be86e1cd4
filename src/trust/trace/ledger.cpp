// SPDX-License-Identifier: MIT
#include "trust/trace/ledger.h"

#include <algorithm>
#include <array>
#include <map>

namespace pryx::trace {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

constexpr std::string_view kInsert =
    "INSERT INTO costs (principal_id, session_id, turn_id, step_id, attempt, at, agent, surface, provider, "
    "model, purpose, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, "
    "estimated, nano_usd, outcome) VALUES "
    "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)";
constexpr std::string_view kListTurn =
    "SELECT seq, principal_id, session_id, turn_id, step_id, attempt, at, agent, surface, provider, model, "
    "purpose, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, "
    "estimated, nano_usd, outcome FROM costs WHERE principal_id = $1 AND session_id = $2 AND turn_id = $3 "
    "ORDER BY seq";
#define PRYX_COST_SUMS                                                                                     \
  "count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), "                            \
  "coalesce(sum(cached_input_tokens), 0), coalesce(sum(cache_write_tokens), 0), "                          \
  "coalesce(sum(reasoning_tokens), 0), coalesce(sum(estimated), 0), coalesce(sum(nano_usd), 0), count(*) " \
  "- count(nano_usd)"
#define PRYX_COST_WHERE \
  " FROM costs WHERE principal_id = $1 AND at >= $2 AND at < $3 AND ($4 = '' OR session_id = $4)"
constexpr std::string_view kTurnTotals =
    "SELECT '', " PRYX_COST_SUMS " FROM costs WHERE principal_id = $1 AND session_id = $2 AND turn_id = $3";
constexpr std::string_view kSessionTotals =
    "SELECT '', " PRYX_COST_SUMS " FROM costs WHERE principal_id = $1 AND session_id = $2";
constexpr std::string_view kBySession =
    "SELECT session_id, " PRYX_COST_SUMS PRYX_COST_WHERE " GROUP BY session_id";
constexpr std::string_view kByModel = "SELECT model, " PRYX_COST_SUMS PRYX_COST_WHERE " GROUP BY model";
constexpr std::string_view kUses =
    "SELECT model, " PRYX_COST_SUMS ", max(input_tokens), max(output_tokens)" PRYX_COST_WHERE
    " GROUP BY model";
constexpr std::string_view kByProvider =
    "SELECT provider, " PRYX_COST_SUMS PRYX_COST_WHERE " GROUP BY provider";
constexpr std::string_view kByAgent = "SELECT agent, " PRYX_COST_SUMS PRYX_COST_WHERE " GROUP BY agent";
constexpr std::string_view kBySurface = "SELECT surface, " PRYX_COST_SUMS PRYX_COST_WHERE " GROUP BY surface";
// Months are made of days.
constexpr std::string_view kByDay =
    "SELECT at / 86400000, " PRYX_COST_SUMS PRYX_COST_WHERE " GROUP BY at / 86400000";
#undef PRYX_COST_SUMS
#undef PRYX_COST_WHERE

constexpr std::array<std::pair<CallOutcome, std::string_view>, 4> kOutcomes{
    {{CallOutcome::kOk, "ok"},
     {CallOutcome::kFailed, "failed"},
     {CallOutcome::kCancelled, "cancelled"},
     {CallOutcome::kInterrupted, "interrupted"}}};
constexpr std::array<std::pair<GroupBy, std::string_view>, 7> kGroups{{{GroupBy::kSession, "session"},
                                                                       {GroupBy::kModel, "model"},
                                                                       {GroupBy::kProvider, "provider"},
                                                                       {GroupBy::kAgent, "agent"},
                                                                       {GroupBy::kDay, "day"},
                                                                       {GroupBy::kMonth, "month"},
                                                                       {GroupBy::kSurface, "surface"}}};

CallOutcome outcome_from_text(std::string_view text) {
  const auto found = std::ranges::find(kOutcomes, text, &std::pair<CallOutcome, std::string_view>::second);
  return found == kOutcomes.end() ? CallOutcome::kFailed : found->first;
}

CostRow read_row(const db::Row& r) {
  CostRow row;
  row.seq = r.integer(0);
  row.scope = {.principal = r.id<PrincipalId>(1),
               .session = r.id<SessionId>(2),
               .turn = r.id<TurnId>(3),
               .step = r.id<StepId>(4),
               .attempt = static_cast<int>(r.integer(5)),
               .agent = r.text(7),
               .surface = r.text(8),
               .provider = r.text(9),
               .model = r.text(10),
               .purpose = r.text(11)};
  row.at = r.time(6);
  row.tokens = {.input = r.integer(12),
                .output = r.integer(13),
                .cached_input = r.integer(14),
                .cache_write = r.integer(15),
                .reasoning = r.integer(16),
                .estimated = r.boolean(17)};
  row.cost = r.optional_integer(18);
  row.outcome = outcome_from_text(r.view(19));
  return row;
}

CostGroup read_group(const db::Row& r) {
  CostGroup group;
  group.key = r.text(0);
  group.totals = {.calls = r.integer(1),
                  .tokens = {.input = r.integer(2),
                             .output = r.integer(3),
                             .cached_input = r.integer(4),
                             .cache_write = r.integer(5),
                             .reasoning = r.integer(6),
                             .estimated = r.integer(7) > 0},
                  .cost = r.integer(8),
                  .unpriced_calls = r.integer(9),
                  .estimated_calls = r.integer(7)};
  return group;
}

db::Sql sql_of(GroupBy group) {
  switch (group) {
    case GroupBy::kSession:
      return kBySession;
    case GroupBy::kModel:
      return kByModel;
    case GroupBy::kProvider:
      return kByProvider;
    case GroupBy::kAgent:
      return kByAgent;
    case GroupBy::kSurface:
      return kBySurface;
    case GroupBy::kDay:
    case GroupBy::kMonth:
      return kByDay;
  }
  return kByModel;
}

void fold_days(std::vector<CostGroup>& groups, GroupBy by) {
  std::map<std::string, Totals> folded;
  for (const CostGroup& group : groups) {
    const WallTime at{std::stoll(group.key) * kDayMs};
    folded[by == GroupBy::kDay ? day_of(at) : month_of(at)] += group.totals;
  }
  groups.clear();
  for (auto& [key, totals] : folded) groups.push_back({key, totals});
}

}  // namespace

std::string_view to_text(CallOutcome outcome) {
  return std::ranges::find(kOutcomes, outcome, &std::pair<CallOutcome, std::string_view>::first)->second;
}
std::optional<GroupBy> group_by_from_text(std::string_view text) {
  const auto found = std::ranges::find(kGroups, text, &std::pair<GroupBy, std::string_view>::second);
  if (found == kGroups.end()) return std::nullopt;
  return found->first;
}

Totals& Totals::operator+=(const Totals& more) {
  calls += more.calls;
  tokens += more.tokens;
  cost = add_money(cost, more.cost);
  unpriced_calls += more.unpriced_calls;
  estimated_calls += more.estimated_calls;
  return *this;
}

std::optional<NanoUsd> Totals::known_cost() const {
  if (unpriced_calls > 0 && unpriced_calls == calls) return std::nullopt;
  return cost;
}

json::object usage_json(const Tokens& tokens) {
  return {{"input_tokens", tokens.input},
          {"output_tokens", tokens.output},
          {"cached_input_tokens", tokens.cached_input},
          {"cache_write_tokens", tokens.cache_write},
          {"reasoning_tokens", tokens.reasoning},
          {"estimated", tokens.estimated}};
}

json::object Totals::to_json() const {
  return {{"calls", calls},
          {"usage", usage_json(tokens)},
          {"cost", money_json(known_cost())},
          {"unpriced_calls", unpriced_calls},
          {"estimated_calls", estimated_calls}};
}

Result<void> Ledger::insert(db::Connection& c, CostRow& row) {
  const CallScope& s = row.scope;
  PRYX_TRY_VOID(c.run(kInsert, s.principal, s.session, s.turn, s.step, s.attempt, row.at, s.agent, s.surface,
                      s.provider, s.model, s.purpose, row.tokens.input, row.tokens.output,
                      row.tokens.cached_input, row.tokens.cache_write, row.tokens.reasoning,
                      row.tokens.estimated, row.cost, to_text(row.outcome)));
  row.seq = c.last_insert_rowid();
  return {};
}

Result<std::vector<CostRow>> Ledger::list_turn(db::Connection& c, const PrincipalId& principal,
                                               const SessionId& session, const TurnId& turn) {
  return c.list(kListTurn, read_row, principal, session, turn);
}

Result<Totals> Ledger::totals_of_turn(db::Connection& c, const PrincipalId& principal,
                                      const SessionId& session, const TurnId& turn) {
  PRYX_TRY(auto group, c.find(kTurnTotals, read_group, principal, session, turn));
  return group ? group->totals : Totals{};
}

Result<Totals> Ledger::totals_of_session(db::Connection& c, const PrincipalId& principal,
                                         const SessionId& session) {
  PRYX_TRY(auto group, c.find(kSessionTotals, read_group, principal, session));
  return group ? group->totals : Totals{};
}

Result<CostReport> Ledger::report(db::Connection& c, const PrincipalId& principal, const CostQuery& query) {
  const WallTime from = query.from.value_or(WallTime{0});
  const WallTime to = query.to.value_or(WallTime{INT64_MAX});
  CostReport report;
  PRYX_TRY(report.groups, c.list(sql_of(query.group_by), read_group, principal, from, to, query.session));
  const bool by_time = query.group_by == GroupBy::kDay || query.group_by == GroupBy::kMonth;
  if (by_time) {
    fold_days(report.groups, query.group_by);
  } else {
    std::ranges::sort(report.groups, [](const CostGroup& a, const CostGroup& b) {
      return a.totals.cost != b.totals.cost ? a.totals.cost > b.totals.cost : a.key < b.key;
    });
  }
  for (const CostGroup& group : report.groups) report.total += group.totals;
  return report;
}

Result<std::vector<ModelUse>> Ledger::uses(db::Connection& c, const PrincipalId& principal,
                                           const CostQuery& query) {
  const WallTime from = query.from.value_or(WallTime{0});
  const WallTime to = query.to.value_or(WallTime{INT64_MAX});
  PRYX_TRY(auto found, c.list(
                           kUses,
                           [](const db::Row& r) {
                             CostGroup group = read_group(r);
                             return ModelUse{std::move(group.key), group.totals, r.integer(10),
                                             r.integer(11)};
                           },
                           principal, from, to, query.session));
  std::ranges::sort(found, [](const ModelUse& a, const ModelUse& b) {
    return a.totals.cost != b.totals.cost ? a.totals.cost > b.totals.cost : a.model < b.model;
  });
  return found;
}

std::string day_of(WallTime at) { return to_rfc3339(at).substr(0, 10); }
std::string month_of(WallTime at) { return to_rfc3339(at).substr(0, 7); }
WallTime start_of_day(WallTime at) { return WallTime{at.unix_ms - at.unix_ms % kDayMs}; }
WallTime start_of_month(WallTime at) {
  const auto parsed = parse_rfc3339(month_of(at) + "-01T00:00:00Z");
  return parsed.value_or(start_of_day(at));
}

}  // namespace pryx::trace
