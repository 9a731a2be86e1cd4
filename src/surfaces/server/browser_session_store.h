// SPDX-License-Identifier: MIT
// The rows of browser sessions, so that a restart of the daemon does not sign its pages out. They hold the
// hash of the cookie, never the cookie; the database itself is encrypted.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "foundation/db/database.h"
#include "surfaces/server/browser_sessions.h"

namespace pryx::server {

struct BrowserSessionStore {
  static const db::Migration kTable;
  [[nodiscard]] static Result<void> insert(db::Connection& c, const std::string& key,
                                           const BrowserSession& session);
  [[nodiscard]] static Result<void> remove(db::Connection& c, const std::string& key);
  // Those whose rows can be read, by key.
  [[nodiscard]] static Result<std::vector<std::pair<std::string, BrowserSession>>> list(db::Connection& c);
  // Keeps when each was last used, and drops the rows of those that are not among them.
  [[nodiscard]] static Result<void> keep(db::Connection& c,
                                         const std::vector<std::pair<std::string, WallTime>>& alive);
};

}  // namespace pryx::server
