// SPDX-License-Identifier: MIT
// What a list of sessions says of their turns: how the last one stands, and what all of them have used. Kept
// in the session's row by the commit that changes a turn, so that no list reads turns. Called by the turn
// store only, inside its write jobs.
#pragma once
#include "engine/agent/records.h"
#include "foundation/db/database.h"

namespace pryx::agent {

struct SessionTotals {
  [[nodiscard]] static Result<void> turn_accepted(db::Connection& c, const Turn& turn);
  // Of the last turn only; an older one that ends later says nothing about how the session stands.
  [[nodiscard]] static Result<void> turn_stands(db::Connection& c, const Turn& turn);
  // `before`: what the turn's row said until now.
  [[nodiscard]] static Result<void> turn_used(db::Connection& c, const Turn& before, const Turn& turn);
};

}  // namespace pryx::agent
