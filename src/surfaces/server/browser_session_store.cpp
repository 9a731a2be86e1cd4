// SPDX-License-Identifier: MIT
#include "surfaces/server/browser_session_store.h"

#include <map>

namespace pryx::server {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO browser_sessions (principal_id, key, csrf, scopes, expires_at, used_at) VALUES "
    "($1,$2,$3,$4,$5,$6)";
constexpr std::string_view kAll =
    "SELECT principal_id, key, csrf, scopes, expires_at, used_at FROM browser_sessions ORDER BY used_at DESC";
constexpr std::string_view kDelete = "DELETE FROM browser_sessions WHERE key = $1";
constexpr std::string_view kTouch = "UPDATE browser_sessions SET used_at = $2 WHERE key = $1";

}  // namespace

const db::Migration BrowserSessionStore::kTable{
    2, "create browser sessions",
    "CREATE TABLE browser_sessions (principal_id TEXT NOT NULL, key TEXT NOT NULL, csrf TEXT NOT NULL, "
    "scopes TEXT NOT "
    "NULL, expires_at INTEGER NOT NULL, used_at INTEGER NOT NULL, PRIMARY KEY (key)) STRICT, WITHOUT ROWID"};

Result<void> BrowserSessionStore::insert(db::Connection& c, const std::string& key,
                                         const BrowserSession& session) {
  PRYX_TRY_VOID(c.run(kInsert, session.principal.id, key, session.csrf, session.scopes.to_text(),
                      session.expires_at, session.last_used));
  return {};
}

Result<void> BrowserSessionStore::remove(db::Connection& c, const std::string& key) {
  PRYX_TRY_VOID(c.run(kDelete, key));
  return {};
}

Result<std::vector<std::pair<std::string, BrowserSession>>> BrowserSessionStore::list(db::Connection& c) {
  struct Stored {
    std::string key;
    std::string scopes;
    BrowserSession session;
  };
  PRYX_TRY(const auto rows, c.list(kAll, [](const db::Row& r) {
    return Stored{r.text(1), r.text(3), {{.id = r.id<PrincipalId>(0)}, {}, r.text(2), r.time(4), r.time(5)}};
  }));
  std::vector<std::pair<std::string, BrowserSession>> found;
  for (const Stored& row : rows) {
    const auto scopes = Scopes::parse(row.scopes);
    if (!scopes) continue;  // what cannot be read opens nothing
    found.emplace_back(row.key, row.session);
    found.back().second.scopes = *scopes;
  }
  return found;
}

Result<void> BrowserSessionStore::keep(db::Connection& c,
                                       const std::vector<std::pair<std::string, WallTime>>& alive) {
  const std::map<std::string, WallTime> used(alive.begin(), alive.end());
  PRYX_TRY(const auto rows, list(c));
  for (const auto& [key, session] : rows) {
    const auto found = used.find(key);
    if (found == used.end())
      PRYX_TRY_VOID(c.run(kDelete, key));
    else if (found->second > session.last_used)
      PRYX_TRY_VOID(c.run(kTouch, key, found->second));
  }
  return {};
}

}  // namespace pryx::server
