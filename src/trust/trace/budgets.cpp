// SPDX-License-Identifier: MIT
#include "trust/trace/budgets.h"

#include <algorithm>
#include <array>

#include "foundation/base/text.h"

namespace pryx::trace {
namespace {

constexpr int kMaxDepth = 16;  // of turns that start turns
constexpr std::array kAlertPercents{50, 75, 90};
constexpr Duration kTurnLimitsKept = std::chrono::hours(24 * 90);
constexpr Duration kDaysKept = std::chrono::hours(24 * 40);

constexpr std::array<std::pair<BudgetScope, std::string_view>, 6> kScopes{{{BudgetScope::kSession, "session"},
                                                                           {BudgetScope::kAgent, "agent"},
                                                                           {BudgetScope::kDay, "day"},
                                                                           {BudgetScope::kMonth, "month"},
                                                                           {BudgetScope::kTurn, "turn"},
                                                                           {BudgetScope::kSlice, "slice"}}};

// An update and not a replacement, so that a limit keeps its place.
constexpr std::string_view kPut =
    "INSERT INTO budgets (principal_id, scope, subject, limit_nano, allow_unpriced, changed_at) VALUES "
    "($1,$2,$3,$4,$5,$6) ON CONFLICT (principal_id, scope, subject) DO UPDATE SET limit_nano = $4, "
    "allow_unpriced = $5, changed_at = $6";
constexpr std::string_view kRemove =
    "DELETE FROM budgets WHERE principal_id = $1 AND scope = $2 AND subject = $3";
constexpr std::string_view kGet =
    "SELECT limit_nano, allow_unpriced FROM budgets WHERE principal_id = $1 AND scope = $2 AND subject = $3";
constexpr std::string_view kSet =
    "SELECT scope, subject, limit_nano FROM budgets WHERE principal_id = $1 AND scope IN "
    "('session','agent','day','month') ORDER BY scope, subject";
constexpr std::string_view kAny = "SELECT 1 FROM budgets WHERE principal_id = $1 LIMIT 1";
constexpr std::string_view kAnyAccount = "SELECT 1 FROM budget_accounts WHERE principal_id = $1 LIMIT 1";

constexpr std::string_view kGetAccount =
    "SELECT spent, reserved, alerted FROM budget_accounts WHERE principal_id = $1 AND account = $2";
constexpr std::string_view kOpenAccount =
    "INSERT INTO budget_accounts (principal_id, account, spent, reserved) VALUES ($1,$2,$3,$4)";
constexpr std::string_view kReserve =
    "UPDATE budget_accounts SET reserved = reserved + $3 WHERE principal_id = $1 AND account = $2";
constexpr std::string_view kBook =
    "UPDATE budget_accounts SET reserved = reserved - $3, spent = spent + $4 WHERE principal_id = $1 AND "
    "account = $2";
constexpr std::string_view kNoteAlert =
    "UPDATE budget_accounts SET alerted = $3 WHERE principal_id = $1 AND account = $2";
// Accounts of one limit: its own name, or all that begin with it.
constexpr std::string_view kAlertAnew =
    "UPDATE budget_accounts SET alerted = 0 WHERE principal_id = $1 AND account >= $2 AND account < $3";

// What a late account begins with. A session counts with all that it started, and what those started.
constexpr std::string_view kSpentOfSession =
    "WITH RECURSIVE tree (id) AS (SELECT $2 UNION SELECT s.session_id FROM budget_slices s JOIN tree ON "
    "s.parent_session_id = tree.id WHERE s.principal_id = $1) SELECT coalesce(sum(nano_usd), 0) FROM costs "
    "WHERE principal_id = $1 AND session_id IN (SELECT id FROM tree)";
constexpr std::string_view kSpentOfTurn =
    "WITH RECURSIVE tree (id) AS (SELECT session_id FROM budget_slices WHERE principal_id = $1 AND "
    "parent_turn_id = $3 UNION SELECT s.session_id FROM budget_slices s JOIN tree ON s.parent_session_id = "
    "tree.id WHERE s.principal_id = $1) SELECT coalesce(sum(nano_usd), 0) FROM costs WHERE principal_id = $1 "
    "AND ((session_id = $2 AND turn_id = $3) OR session_id IN (SELECT id FROM tree))";
constexpr std::string_view kSpentSince =
    "SELECT coalesce(sum(nano_usd), 0) FROM costs WHERE principal_id = $1 AND at >= $2 AND ($3 = '' OR agent "
    "= $3)";
constexpr std::string_view kSlice =
    "SELECT parent_session_id, parent_turn_id FROM budget_slices WHERE principal_id = $1 AND session_id = $2";
constexpr std::string_view kPutSlice =
    "INSERT OR REPLACE INTO budget_slices (principal_id, session_id, parent_session_id, parent_turn_id) "
    "VALUES ($1,$2,$3,$4)";

// An account that a call counts on, and the limit that makes it exist.
struct Place {
  std::string account;
  Budget budget;  // its limit may be absent
  std::string period;
  SessionId session;  // of a turn or a tree of sessions
  TurnId turn;
};

struct AccountRow {
  NanoUsd spent = 0;
  NanoUsd reserved = 0;
  int alerted = 0;
};

Result<std::optional<Budget>> find_budget(db::Connection& c, const PrincipalId& principal, BudgetScope scope,
                                          const std::string& subject) {
  return c.find(
      kGet,
      [&](const db::Row& r) {
        return Budget{principal, scope, subject, r.optional_integer(0), r.boolean(1)};
      },
      principal, to_text(scope), subject);
}

// The limit for this one, else the one for each.
Result<Budget> limit_for(db::Connection& c, const PrincipalId& principal, BudgetScope scope,
                         const std::string& subject, bool has_default) {
  PRYX_TRY(auto own, find_budget(c, principal, scope, subject));
  if (!own && has_default) {
    PRYX_TRY(own, find_budget(c, principal, scope, ""));
  }
  Budget budget = own.value_or(Budget{principal, scope, subject, std::nullopt, false});
  budget.subject = subject;
  return budget;
}

std::string account_name(BudgetScope scope, const std::string& subject, const std::string& period) {
  std::string name(to_text(scope));
  if (!subject.empty()) name += ":" + subject;
  if (!period.empty()) name += ":" + period;
  return name;
}

// Most people set no limit; then there is nothing to look up for each call.
Result<bool> has_row(db::Connection& c, db::Sql sql, const PrincipalId& principal) {
  PRYX_TRY(const auto any, c.find(sql, [](const db::Row&) { return true; }, principal));
  return any.has_value();
}

struct Places {
  db::Connection& c;
  const PrincipalId& principal;
  bool has_limits = false;  // anywhere
  std::vector<Place> found = {};

  Result<void> add(BudgetScope scope, const std::string& subject, const std::string& period,
                   const SessionId& session, const TurnId& turn) {
    const bool has_default = scope == BudgetScope::kSession || scope == BudgetScope::kAgent;
    Budget budget{principal, scope, subject, std::nullopt, false};
    if (has_limits) {
      PRYX_TRY(budget, limit_for(c, principal, scope, subject, has_default));
    }
    found.push_back({account_name(scope, subject, period), std::move(budget), period, session, turn});
    return {};
  }
};

// Everything a call of this turn counts on, the narrowest first.
Result<std::vector<Place>> places_of(db::Connection& c, const CallScope& scope, WallTime at) {
  SessionId session = scope.session;
  TurnId turn = scope.turn;
  const PrincipalId& me = scope.principal;
  Places places{c, me};
  PRYX_TRY(places.has_limits, has_row(c, kAny, me));
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    PRYX_TRY_VOID(places.add(BudgetScope::kTurn, turn.str(), "", session, turn));
    PRYX_TRY_VOID(places.add(BudgetScope::kSession, session.str(), "", session, {}));
    PRYX_TRY(const auto parent,
             c.find(
                 kSlice, [](const db::Row& r) { return std::pair(r.id<SessionId>(0), r.id<TurnId>(1)); }, me,
                 session));
    if (!parent) break;
    PRYX_TRY_VOID(places.add(BudgetScope::kSlice, session.str(), "", session, {}));
    session = parent->first;
    turn = parent->second;
  }
  PRYX_TRY_VOID(places.add(BudgetScope::kAgent, scope.agent, month_of(at), {}, {}));
  PRYX_TRY_VOID(places.add(BudgetScope::kDay, "", day_of(at), {}, {}));
  PRYX_TRY_VOID(places.add(BudgetScope::kMonth, "", month_of(at), {}, {}));
  return std::move(places.found);
}

Result<std::optional<AccountRow>> find_account(db::Connection& c, const PrincipalId& principal,
                                               const std::string& account) {
  return c.find(
      kGetAccount,
      [](const db::Row& r) { return AccountRow{r.integer(0), r.integer(1), static_cast<int>(r.integer(2))}; },
      principal, account);
}

Result<NanoUsd> spent_before(db::Connection& c, const Place& place, WallTime at) {
  const PrincipalId& me = place.budget.principal;
  switch (place.budget.scope) {
    case BudgetScope::kTurn:
      return c.count(kSpentOfTurn, me, place.session, place.turn);
    case BudgetScope::kSession:
    case BudgetScope::kSlice:
      return c.count(kSpentOfSession, me, place.session);
    case BudgetScope::kAgent:
      return c.count(kSpentSince, me, start_of_month(at), place.budget.subject);
    case BudgetScope::kDay:
      return c.count(kSpentSince, me, start_of_day(at), "");
    case BudgetScope::kMonth:
      return c.count(kSpentSince, me, start_of_month(at), "");
  }
  return NanoUsd{0};
}

// Calls that began before the limit was set count on the account from here on.
// --max-cost, or a slice: who gives such a limit wants it kept, so nothing unpriced runs beside it.
bool is_given_with_work(BudgetScope scope) {
  return scope == BudgetScope::kTurn || scope == BudgetScope::kSlice;
}

Result<NanoUsd> join_open_calls(db::Connection& c, const PrincipalId& principal, const std::string& account) {
  PRYX_TRY(auto calls, OpenCalls::list(c, principal));
  NanoUsd reserved = 0;
  for (OpenCall& call : calls) {
    const auto name = std::ranges::find(call.accounts, account);
    if (name == call.accounts.end()) continue;
    *name = "+" + account;
    reserved = add_money(reserved, call.reserved);
    PRYX_TRY_VOID(OpenCalls::set_accounts(c, call));
  }
  return reserved;
}

Result<AccountRow> open_account(db::Connection& c, const Place& place, WallTime at) {
  const PrincipalId& me = place.budget.principal;
  PRYX_TRY(const auto known, find_account(c, me, place.account));
  if (known) return *known;
  PRYX_TRY(const NanoUsd spent, spent_before(c, place, at));
  PRYX_TRY(const NanoUsd reserved, join_open_calls(c, me, place.account));
  PRYX_TRY_VOID(c.run(kOpenAccount, me, place.account, spent, reserved));
  return AccountRow{spent, reserved, 0};
}

std::string describe(const Place& place) {
  switch (place.budget.scope) {
    case BudgetScope::kTurn:
      return "this turn's limit";
    case BudgetScope::kSession:
      return "the budget of this session";
    case BudgetScope::kSlice:
      return "the slice that this sub-agent was given";
    case BudgetScope::kAgent:
      return fmt::format("the budget of agent {} for {}", place.budget.subject, place.period);
    case BudgetScope::kDay:
      return fmt::format("the budget of the day {}", place.period);
    case BudgetScope::kMonth:
      return fmt::format("the budget of the month {}", place.period);
  }
  return "a budget";
}

std::string way_out(const Place& place) {
  switch (place.budget.scope) {
    case BudgetScope::kTurn:
      return "ask again with a larger --max-cost, or with a cheaper model";
    case BudgetScope::kSlice:
      return "give it a larger slice, or a cheaper model";
    case BudgetScope::kSession:
      return fmt::format("raise it with `pryx cost budget --session {} --limit USD`, or use a cheaper model",
                         place.budget.subject);
    case BudgetScope::kAgent:
      return fmt::format("raise it with `pryx cost budget --agent {} --limit USD`, or use a cheaper model",
                         place.budget.subject);
    case BudgetScope::kDay:
      return "raise it with `pryx cost budget --day USD`, use a cheaper model, or wait until tomorrow (UTC)";
    case BudgetScope::kMonth:
      return "raise it with `pryx cost budget --month USD`, or use a cheaper model";
  }
  return "raise it, or use a cheaper model";
}

Result<void> check_room(const Place& place, const AccountRow& row, NanoUsd amount) {
  const NanoUsd limit = *place.budget.limit;
  if (add_money(add_money(row.spent, row.reserved), amount) <= limit) return {};
  return fail(ErrorCode::kBudget,
              "{} is ${}, of which ${} is spent and ${} reserved, and this call may cost up to ${}: {}",
              describe(place), money_text(limit), money_text(row.spent), money_text(row.reserved),
              money_text(amount), way_out(place));
}

std::unexpected<Error> no_price(const std::string& model) {
  return fail(ErrorCode::kBudget,
              "the price of {} is not known, so a budget cannot be kept with it: allow it for one turn with "
              "--allow-unpriced, write its price into the model catalog, or use a model with a price",
              model);
}

NanoUsd output_cost(const Ask& ask, std::int64_t tokens) {
  const __int128 nano = (static_cast<__int128>(ask.output_pico) * tokens + 999) / 1000;
  return static_cast<NanoUsd>(std::min<__int128>(INT64_MAX, nano));
}

// The longest answer that fits, but not less than the least: whether that fits is judged apart.
std::int64_t fitting_output(const Ask& ask, NanoUsd room) {
  if (ask.output_pico <= 0 || add_money(*ask.input_at_most, output_cost(ask, ask.output_tokens)) <= room)
    return ask.output_tokens;
  const __int128 left = std::max<NanoUsd>(0, room - *ask.input_at_most);
  const std::int64_t fits = static_cast<std::int64_t>(left * 1000 / ask.output_pico);
  return std::min(ask.output_tokens, std::max(ask.least_output_tokens, fits));
}

// Which marks this booking passed. A tenth of a percent of a limit does not matter, an overflow would.
std::vector<int> passed_marks(NanoUsd spent, NanoUsd limit, int alerted) {
  std::vector<int> passed;
  for (const int percent : kAlertPercents) {
    const bool reached = static_cast<__int128>(spent) * 100 >= static_cast<__int128>(limit) * percent;
    if (reached && percent > alerted) passed.push_back(percent);
  }
  return passed;
}

bool is_told(BudgetScope scope) { return scope != BudgetScope::kTurn && scope != BudgetScope::kSlice; }

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

std::string_view to_text(BudgetScope scope) {
  return std::ranges::find(kScopes, scope, &std::pair<BudgetScope, std::string_view>::first)->second;
}
std::optional<BudgetScope> budget_scope_from_text(std::string_view text) {
  const auto found = std::ranges::find(kScopes, text, &std::pair<BudgetScope, std::string_view>::second);
  if (found == kScopes.end() || !is_told(found->first)) return std::nullopt;
  return found->first;
}

json::object BudgetState::to_json() const {
  const bool is_known = !account.empty();
  const NanoUsd used = add_money(spent, reserved);
  return {{"scope", trace::to_text(budget.scope)},
          {"subject", text_or_null(budget.subject)},
          {"period", text_or_null(period)},
          {"limit", money_json(budget.limit)},
          {"spent", is_known ? money_json(spent) : json::value(nullptr)},
          {"reserved", is_known ? money_json(reserved) : json::value(nullptr)},
          {"left", is_known && budget.limit ? money_json(std::max<NanoUsd>(0, *budget.limit - used))
                                            : json::value(nullptr)}};
}

json::object BudgetAlert::to_json() const {
  return {{"scope", trace::to_text(budget.scope)}, {"subject", text_or_null(budget.subject)},
          {"period", text_or_null(period)},        {"percent", percent},
          {"limit", money_json(budget.limit)},     {"spent", money_json(spent)}};
}

Result<void> Budgets::put(db::Connection& c, const Budget& b, WallTime at) {
  const bool is_empty = !b.limit && !b.allow_unpriced;
  if (is_empty)
    PRYX_TRY_VOID(c.run(kRemove, b.principal, to_text(b.scope), b.subject));
  else
    PRYX_TRY_VOID(c.run(kPut, b.principal, to_text(b.scope), b.subject, b.limit, b.allow_unpriced, at));
  const std::string from = account_name(b.scope, b.subject, "");
  PRYX_TRY_VOID(c.run(kAlertAnew, b.principal, from, from + "\x7f"));
  return {};
}

Result<std::vector<BudgetState>> Budgets::list(db::Connection& c, const PrincipalId& principal, WallTime at) {
  std::vector<BudgetState> states;
  PRYX_TRY(const auto set, c.list(
                               kSet,
                               [&](const db::Row& r) {
                                 return Budget{principal,
                                               budget_scope_from_text(r.view(0)).value_or(BudgetScope::kDay),
                                               r.text(1), r.optional_integer(2), false};
                               },
                               principal));
  for (const Budget& budget : set) {
    BudgetState state{.budget = budget, .account = {}, .period = {}};
    if (budget.scope == BudgetScope::kDay) state.period = day_of(at);
    if (budget.scope == BudgetScope::kMonth || budget.scope == BudgetScope::kAgent)
      state.period = month_of(at);
    const bool is_each = budget.subject.empty() &&
                         (budget.scope == BudgetScope::kSession || budget.scope == BudgetScope::kAgent);
    if (!is_each) {
      Place place{account_name(budget.scope, budget.subject, state.period),
                  budget,
                  state.period,
                  SessionId(budget.subject),
                  {}};
      state.account = place.account;
      PRYX_TRY(const auto known, find_account(c, principal, place.account));
      if (known) {
        state.spent = known->spent;
        state.reserved = known->reserved;
      } else {
        PRYX_TRY(state.spent, spent_before(c, place, at));
      }
    }
    states.push_back(std::move(state));
  }
  return states;
}

Result<void> Budgets::open_slice(db::Connection& c, const PrincipalId& principal, const SessionId& child,
                                 const SessionId& parent_session, const TurnId& parent_turn,
                                 std::optional<NanoUsd> limit, WallTime at) {
  if (child == parent_session)
    return fail(ErrorCode::kInvalidArgument, "session {} cannot be its own sub-agent", child.str());
  PRYX_TRY_VOID(c.run(kPutSlice, principal, child, parent_session, parent_turn.str()));
  if (!limit) return {};
  return put(c, {principal, BudgetScope::kSlice, child.str(), limit, false}, at);
}

Result<Budgets::Terms> Budgets::terms(db::Connection& c, const CallScope& scope, WallTime at) {
  Terms terms;
  PRYX_TRY(const bool any, has_row(c, kAny, scope.principal));
  if (!any) return terms;
  PRYX_TRY(const auto places, places_of(c, scope, at));
  for (const Place& place : places) {
    terms.allow_unpriced = terms.allow_unpriced || place.budget.allow_unpriced;
    if (!place.budget.limit) continue;
    terms.has_limit = true;
    terms.is_of_turn = terms.is_of_turn || is_given_with_work(place.budget.scope);
    PRYX_TRY(const auto row, find_account(c, scope.principal, place.account));
    AccountRow known = row.value_or(AccountRow{});
    if (!row) {
      PRYX_TRY(known.spent, spent_before(c, place, at));
    }
    terms.left = std::min(terms.left, *place.budget.limit - add_money(known.spent, known.reserved));
  }
  return terms;
}

Result<Grant> Budgets::begin_call(db::Connection& c, OpenCall call, const Ask& ask, WallTime at,
                                  bool unguarded) {
  const PrincipalId& me = call.scope.principal;
  PRYX_TRY(const auto places, places_of(c, call.scope, at));
  Grant grant{.output_tokens = ask.output_tokens};
  bool may_be_unpriced = false;
  bool is_of_turn = false;
  NanoUsd room = INT64_MAX;
  for (const Place& place : places) {
    may_be_unpriced = may_be_unpriced || place.budget.allow_unpriced;
    if (!place.budget.limit) continue;
    grant.has_limit = true;
    is_of_turn = is_of_turn || is_given_with_work(place.budget.scope);
    PRYX_TRY(const AccountRow row, open_account(c, place, at));
    room = std::min(room, *place.budget.limit - add_money(row.spent, row.reserved));
  }
  may_be_unpriced = may_be_unpriced || (ask.may_be_unpriced && !is_of_turn);
  if (grant.has_limit && !ask.input_at_most && !may_be_unpriced) return no_price(call.scope.model);
  if (ask.input_at_most) grant.output_tokens = fitting_output(ask, room);
  call.reserved =
      ask.input_at_most ? add_money(*ask.input_at_most, output_cost(ask, grant.output_tokens)) : 0;
  PRYX_TRY(const bool has_accounts, has_row(c, kAnyAccount, me));
  for (const Place& place : places) {
    std::optional<AccountRow> known;
    if (has_accounts) {
      PRYX_TRY(known, find_account(c, me, place.account));
    }
    if (place.budget.limit && !unguarded) PRYX_TRY_VOID(check_room(place, *known, call.reserved));
    // Without a limit it may exist from the time of an earlier one.
    call.accounts.push_back((known ? "+" : "") + place.account);
  }
  if (unguarded) call.reserved = 0;
  call.input_estimate = ask.input_tokens;
  call.input_cost = ask.input_cost;
  call.output_pico = ask.output_pico;
  for (const std::string& name : call.accounts) {
    if (name.starts_with('+') && call.reserved > 0)
      PRYX_TRY_VOID(c.run(kReserve, me, name.substr(1), call.reserved));
  }
  PRYX_TRY_VOID(OpenCalls::insert(c, call));
  return grant;
}

Result<std::optional<Budgets::Closed>> Budgets::end_call(db::Connection& c, const PrincipalId& principal,
                                                         const StepId& step, int attempt,
                                                         std::optional<NanoUsd> cost, WallTime at) {
  PRYX_TRY(auto call, OpenCalls::find(c, principal, step, attempt));
  if (!call) return std::optional<Closed>();
  PRYX_TRY_VOID(OpenCalls::drop(c, principal, step, attempt));
  std::vector<BudgetAlert> alerts;
  // The limits of this moment, for accounts of the moment the call began.
  const bool was_booked =
      std::ranges::any_of(call->accounts, [](const std::string& name) { return name.starts_with('+'); });
  if (!was_booked) return std::optional(Closed{std::move(*call), {}});
  PRYX_TRY(const auto places, places_of(c, call->scope, at));
  for (const std::string& name : call->accounts) {
    if (!name.starts_with('+')) continue;
    const std::string account = name.substr(1);
    PRYX_TRY_VOID(c.run(kBook, principal, account, call->reserved, cost.value_or(0)));
    const auto place = std::ranges::find(places, account, &Place::account);
    if (place == places.end() || !place->budget.limit || !is_told(place->budget.scope)) continue;
    PRYX_TRY(const auto row, find_account(c, principal, account));
    if (!row) continue;
    for (const int percent : passed_marks(row->spent, *place->budget.limit, row->alerted)) {
      alerts.push_back({place->budget, account, place->period, percent, row->spent});
      PRYX_TRY_VOID(c.run(kNoteAlert, principal, account, percent));
    }
  }
  return std::optional(Closed{std::move(*call), std::move(alerts)});
}

Result<std::int64_t> Budgets::purge(db::Connection& c, WallTime now, std::int64_t batch) {
  constexpr std::string_view kOldTurnAccounts =
      "DELETE FROM budget_accounts WHERE account IN (SELECT 'turn:' || subject FROM budgets WHERE scope = "
      "'turn' AND changed_at < $1 ORDER BY changed_at LIMIT $2)";
  constexpr std::string_view kOldTurnLimits =
      "DELETE FROM budgets WHERE scope = 'turn' AND subject IN (SELECT subject FROM budgets WHERE scope = "
      "'turn' AND changed_at < $1 ORDER BY changed_at LIMIT $2)";
  constexpr std::string_view kOldDays =
      "DELETE FROM budget_accounts WHERE account >= 'day:' AND account < $1";
  const WallTime before = now + -kTurnLimitsKept;
  PRYX_TRY_VOID(c.run(kOldTurnAccounts, before, batch));
  PRYX_TRY_VOID(c.run(kOldDays, "day:" + day_of(now + -kDaysKept)));
  return c.run(kOldTurnLimits, before, batch);
}

}  // namespace pryx::trace
