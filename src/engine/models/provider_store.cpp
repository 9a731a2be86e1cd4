// SPDX-License-Identifier: MIT
#include "engine/models/provider_store.h"

namespace pryx::models {
namespace {

constexpr db::Migration kMigrations[] = {
    {1, "create providers",
     "CREATE TABLE providers (principal_id TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, base_url "
     "TEXT NOT NULL, key_secret TEXT NOT NULL,"
     " updated_at INTEGER NOT NULL, PRIMARY KEY (principal_id, name)) STRICT, WITHOUT ROWID"},
    {2, "say which API of a provider is spoken",
     "ALTER TABLE providers ADD COLUMN api TEXT NOT NULL DEFAULT ''"},
};
constexpr std::string_view kPut =
    "INSERT INTO providers (principal_id, name, kind, base_url, key_secret, updated_at, api) VALUES "
    "($1,$2,$3,$4,$5,$6,$7)"
    " ON CONFLICT (principal_id, name) DO UPDATE SET kind = excluded.kind, base_url = excluded.base_url, "
    "key_secret = excluded.key_secret, updated_at = excluded.updated_at, api = excluded.api";

}  // namespace

db::ModuleMigrations ProviderStore::migrations() { return {"engine/models", kMigrations}; }

Result<std::vector<ProviderConfig>> ProviderStore::list(db::Connection& c, const PrincipalId& principal) {
  return c.list(
      "SELECT name, kind, base_url, key_secret, api FROM providers WHERE principal_id = $1 ORDER BY name",
      [](const db::Row& r) { return ProviderConfig{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4)}; },
      principal);
}

Result<void> ProviderStore::put(db::Connection& c, const PrincipalId& principal, const ProviderConfig& config,
                                WallTime at) {
  PRYX_TRY_VOID(c.run(kPut, principal, config.name, config.kind, config.base_url, config.key_secret_name, at,
                      config.api));
  return {};
}

Result<bool> ProviderStore::remove(db::Connection& c, const PrincipalId& principal, std::string_view name) {
  PRYX_TRY(const auto changed,
           c.run("DELETE FROM providers WHERE principal_id = $1 AND name = $2", principal, name));
  return changed > 0;
}

}  // namespace pryx::models
