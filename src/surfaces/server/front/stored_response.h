// SPDX-License-Identifier: MIT
// A response that was stored, read again by its id, and taken away. What it says comes from the turn's own
// rows.
#pragma once
#include <optional>

#include "engine/agent/records.h"
#include "foundation/db/database.h"

namespace pryx::server {

struct StoredResponse {
  agent::Turn turn;
  json::object body;
  bool is_alone = false;  // its hidden session has no other turn
};

// nullopt: there is none of this id, or it was not to be stored.
[[nodiscard]] Result<std::optional<StoredResponse>> read_response(db::Connection& c,
                                                                  const PrincipalId& principal,
                                                                  const TurnId& id, std::int64_t now_ns);

}  // namespace pryx::server
