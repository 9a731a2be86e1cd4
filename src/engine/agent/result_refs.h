// SPDX-License-Identifier: MIT
// Which files of results and images rows refer to. A file is named by its hash, so several sessions may share
// one: when a session goes, what it referred to is noted, and a housekeeping round looks whether anybody else
// does. Static functions for composing transactions.
#pragma once
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/db/database.h"

namespace pryx::agent {

struct ResultRefs {
  // Inside the transaction that deletes the session, before its rows go.
  [[nodiscard]] static Result<void> note_dropped(db::Connection& c, const PrincipalId& principal,
                                                 const SessionId& session);
  // Of the oldest `most` that were noted, those that nobody refers to. Reads every row that refers to a file.
  [[nodiscard]] static Result<std::vector<std::string>> list_unneeded(db::Connection& c, std::int64_t most);
  // The oldest `most` were looked at.
  [[nodiscard]] static Result<void> forget_dropped(db::Connection& c, std::int64_t most);
};

}  // namespace pryx::agent
