// SPDX-License-Identifier: MIT
// Attempts at models that are under way, with what each has reserved: one row from the transaction that
// begins it to the one that ends it, so what a dead daemon left open is known. Static functions for composing
// transactions.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "foundation/db/database.h"
#include "trust/trace/ledger.h"

namespace pryx::trace {

struct OpenCall {
  CallScope scope;
  std::int64_t started_ns = 0;
  std::int64_t input_estimate = 0;  // what the input is likely to be, for a call that is lost
  NanoUsd reserved = 0;
  std::optional<NanoUsd> input_cost;  // of that input; nullopt: nobody knows the price
  std::int64_t output_pico = 0;       // pico-USD for each token of an answer that is lost
  std::vector<std::string> accounts;  // "+day:2026-11-21": reserved on; "agent:…": counts on it, no limit yet
  std::string boot_id;
};

struct OpenCalls {
  [[nodiscard]] static Result<void> insert(db::Connection& c, const OpenCall& call);
  [[nodiscard]] static Result<std::optional<OpenCall>> find(db::Connection& c, const PrincipalId& principal,
                                                            const StepId& step, int attempt);
  [[nodiscard]] static Result<void> drop(db::Connection& c, const PrincipalId& principal, const StepId& step,
                                         int attempt);
  [[nodiscard]] static Result<void> set_accounts(db::Connection& c, const OpenCall& call);
  [[nodiscard]] static Result<std::vector<OpenCall>> list(db::Connection& c, const PrincipalId& principal);
  [[nodiscard]] static Result<std::vector<OpenCall>> list_of_step(db::Connection& c,
                                                                  const PrincipalId& principal,
                                                                  const StepId& step);
  [[nodiscard]] static Result<std::vector<OpenCall>> list_of_turn(db::Connection& c,
                                                                  const PrincipalId& principal,
                                                                  const TurnId& turn);
  // Those of other lives of the daemon.
  [[nodiscard]] static Result<std::vector<OpenCall>> list_lost(db::Connection& c, std::string_view boot_id);
};

}  // namespace pryx::trace
