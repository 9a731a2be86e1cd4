// SPDX-License-Identifier: MIT
#include "foundation/config/settings_store.h"

namespace pryx::config {
namespace {

constexpr db::Migration kMigrations[] = {
    {1, "create settings",
     "CREATE TABLE settings (principal_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, updated_at "
     "INTEGER NOT NULL,"
     " PRIMARY KEY (principal_id, key)) STRICT, WITHOUT ROWID"},
};
constexpr std::string_view kPut =
    "INSERT INTO settings (principal_id, key, value, updated_at) VALUES ($1,$2,$3,$4)"
    " ON CONFLICT (principal_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";

}  // namespace

db::ModuleMigrations SettingsStore::migrations() { return {"foundation/config", kMigrations}; }

Result<std::map<std::string, json::value>> SettingsStore::list(db::Connection& c,
                                                               const PrincipalId& principal) {
  std::map<std::string, json::value> out;
  PRYX_TRY_VOID(c.each(
      "SELECT key, value FROM settings WHERE principal_id = $1",
      [&](const db::Row& r) {
        auto value = json::parse(r.view(1));
        if (value) out.emplace(r.text(0), std::move(*value));
      },
      principal));
  return out;
}

Result<void> SettingsStore::put(db::Connection& c, const PrincipalId& principal, std::string_view key,
                                const json::value& value, WallTime at) {
  if (value.is_null()) {
    PRYX_TRY_VOID(c.run("DELETE FROM settings WHERE principal_id = $1 AND key = $2", principal, key));
    return {};
  }
  PRYX_TRY_VOID(c.run(kPut, principal, key, json::to_text(value), at));
  return {};
}

}  // namespace pryx::config
