// SPDX-License-Identifier: MIT
// What each attempt at a model has cost: one row, written where the request is made, in the transaction that
// records the attempt's end. Rows stay when spans and sessions are gone, and hold no content. Static
// functions for composing transactions.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/db/database.h"
#include "trust/trace/money.h"

namespace pryx::trace {

// One attempt at a model: for whom, and which.
struct CallScope {
  PrincipalId principal;
  SessionId session;
  TurnId turn;
  StepId step;
  int attempt = 1;
  std::string agent;
  std::string surface;
  std::string provider;            // as configured
  std::string provider_kind = {};  // whose wire it speaks; empty: nobody knows
  std::string model;               // "provider/model" that answers, or was asked when nothing did
  std::string purpose = "answer";  // or "compaction"
};

enum class CallOutcome : std::uint8_t { kOk, kFailed, kCancelled, kInterrupted };
[[nodiscard]] std::string_view to_text(CallOutcome outcome);

struct CostRow {
  std::int64_t seq = 0;
  CallScope scope;
  WallTime at;
  Tokens tokens;
  std::optional<NanoUsd> cost;  // nullopt: nobody knows the price
  CallOutcome outcome = CallOutcome::kOk;
};

struct Totals {
  std::int64_t calls = 0;
  Tokens tokens;
  NanoUsd cost = 0;  // of the calls whose price is known
  std::int64_t unpriced_calls = 0;
  std::int64_t estimated_calls = 0;
  Totals& operator+=(const Totals& more);
  bool operator==(const Totals&) const = default;
  // Null when nothing of it has a price; else what is known.
  [[nodiscard]] std::optional<NanoUsd> known_cost() const;
  [[nodiscard]] json::object to_json() const;  // {calls, usage, cost, unpriced_calls, estimated_calls}
};
[[nodiscard]] json::object usage_json(const Tokens& tokens);

enum class GroupBy : std::uint8_t { kSession, kModel, kProvider, kAgent, kDay, kMonth, kSurface };
[[nodiscard]] std::optional<GroupBy> group_by_from_text(std::string_view text);

struct CostQuery {
  GroupBy group_by = GroupBy::kModel;
  std::optional<WallTime> from;  // with it
  std::optional<WallTime> to;    // without it
  std::string session;           // empty: all
};
struct CostGroup {
  std::string key;
  Totals totals;
};
struct CostReport {
  std::vector<CostGroup> groups;  // the dearest first; days and months from the oldest on
  Totals total;
};

// What one model was used for: the sums, and the largest single call.
struct ModelUse {
  std::string model;
  Totals totals;
  std::int64_t largest_input = 0;
  std::int64_t largest_output = 0;
};

struct Ledger {
  [[nodiscard]] static Result<void> insert(db::Connection& c, CostRow& row);
  [[nodiscard]] static Result<std::vector<CostRow>> list_turn(db::Connection& c, const PrincipalId& principal,
                                                              const SessionId& session, const TurnId& turn);
  [[nodiscard]] static Result<Totals> totals_of_turn(db::Connection& c, const PrincipalId& principal,
                                                     const SessionId& session, const TurnId& turn);
  [[nodiscard]] static Result<Totals> totals_of_session(db::Connection& c, const PrincipalId& principal,
                                                        const SessionId& session);
  [[nodiscard]] static Result<CostReport> report(db::Connection& c, const PrincipalId& principal,
                                                 const CostQuery& query);
  // By model, the dearest first; of the query only the times and the session.
  [[nodiscard]] static Result<std::vector<ModelUse>> uses(db::Connection& c, const PrincipalId& principal,
                                                          const CostQuery& query);
};

// "2026-11-21" and "2026-11" in UTC: budgets and reports count by them.
[[nodiscard]] std::string day_of(WallTime at);
[[nodiscard]] std::string month_of(WallTime at);
[[nodiscard]] WallTime start_of_day(WallTime at);
[[nodiscard]] WallTime start_of_month(WallTime at);

}  // namespace pryx::trace
