// SPDX-License-Identifier: MIT
// Limits of money, and what is spent and reserved against them. A call reserves its estimated input and its
// largest output at catalog price in the transaction that begins it, on every account it counts on: its turn
// (--max-cost), its session, its agent's month, the day and the month, and, for work that another turn
// started, the slice it was given and the accounts of those above it. Its end gives the rest back. Accounts
// exist only where a limit does; one that begins late starts with what the ledger says. Periods are UTC.
// Static functions for composing transactions; the database's single writer makes them one after the other.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "foundation/db/database.h"
#include "trust/trace/ledger.h"
#include "trust/trace/open_calls.h"

namespace pryx::trace {

enum class BudgetScope : std::uint8_t { kSession, kAgent, kDay, kMonth, kTurn, kSlice };
[[nodiscard]] std::string_view to_text(BudgetScope scope);
// Those that a person sets: session, agent, day, month.
[[nodiscard]] std::optional<BudgetScope> budget_scope_from_text(std::string_view text);

struct Budget {
  PrincipalId principal;
  BudgetScope scope = BudgetScope::kDay;
  std::string subject;           // a session's id, an agent's name; empty: each one, or everything
  std::optional<NanoUsd> limit;  // nullopt: none (removes it; of a turn: only `allow_unpriced` counts)
  bool allow_unpriced = false;   // of a turn
};

// What a limit looks like at one moment.
struct BudgetState {
  Budget budget;
  std::string account;  // "day:2026-11-21"; empty: each session or agent has its own
  std::string period;   // "2026-11-21", "2026-11"; empty: for good
  NanoUsd spent = 0;
  NanoUsd reserved = 0;
  [[nodiscard]] json::object to_json() const;
};

struct BudgetAlert {
  Budget budget;
  std::string account;
  std::string period;
  int percent = 0;
  NanoUsd spent = 0;
  [[nodiscard]] json::object to_json() const;
};

// What a call may cost. All of it is known, or nothing.
struct Ask {
  std::optional<NanoUsd> input_at_most;     // all of the input there can be, at the dearest rate
  std::optional<NanoUsd> input_cost;        // of the input as it is estimated
  std::int64_t input_tokens = 0;            // estimated
  std::int64_t output_pico = 0;             // pico-USD for each token of the answer
  std::int64_t output_tokens = 0;           // the longest answer
  std::int64_t least_output_tokens = 1024;  // a shorter answer is not worth asking for
  bool may_be_unpriced = false;  // a person said so; a limit of the turn itself is kept all the same
};
// What a call may do after it was begun.
struct Grant {
  bool has_limit = false;
  std::int64_t output_tokens = 0;  // with a limit: the longest answer that its reservation pays for
  int settled = 0;                 // calls of the same step that a broken run left open (Recorder)
};

struct Budgets {
  // A limit that is put starts to alert anew. Removing one that is not there is no error.
  [[nodiscard]] static Result<void> put(db::Connection& c, const Budget& budget, WallTime at);
  // Those that a person set, with the accounts of this moment.
  [[nodiscard]] static Result<std::vector<BudgetState>> list(db::Connection& c, const PrincipalId& principal,
                                                             WallTime at);
  // In the transaction that starts a sub-agent: its session may spend `limit` (nullopt: no limit of its own),
  // and everything it spends counts on the accounts of the turn that started it.
  [[nodiscard]] static Result<void> open_slice(db::Connection& c, const PrincipalId& principal,
                                               const SessionId& child, const SessionId& parent_session,
                                               const TurnId& parent_turn, std::optional<NanoUsd> limit,
                                               WallTime at);
  // Whether any limit counts for a call of this turn, and whether it may use a model without a price.
  struct Terms {
    bool has_limit = false;
    bool allow_unpriced = false;
    bool is_of_turn = false;   // among them one given with the work itself: --max-cost, or a slice
    NanoUsd left = INT64_MAX;  // of the account with the least
  };
  [[nodiscard]] static Result<Terms> terms(db::Connection& c, const CallScope& scope, WallTime at);

  // Reserves and writes the row of the open call. Where the longest answer does not fit, a shorter one is
  // granted, down to the least. kBudget, and nothing written, when an account cannot take
  // it or a limit meets a model without a price. `unguarded` is the control of a test: it reserves nothing.
  [[nodiscard]] static Result<Grant> begin_call(db::Connection& c, OpenCall call, const Ask& ask, WallTime at,
                                                bool unguarded = false);
  // Takes the row away, gives its reservation back and books what it has cost. Nullopt when there is no such
  // row. Alerts are those that this call set off.
  struct Closed {
    OpenCall call;
    std::vector<BudgetAlert> alerts;
  };
  [[nodiscard]] static Result<std::optional<Closed>> end_call(db::Connection& c, const PrincipalId& principal,
                                                              const StepId& step, int attempt,
                                                              std::optional<NanoUsd> cost, WallTime at);
  // Deletes accounts of periods and turns that are over, and the limits of turns; at most so many.
  [[nodiscard]] static Result<std::int64_t> purge(db::Connection& c, WallTime now, std::int64_t batch);
};

}  // namespace pryx::trace
