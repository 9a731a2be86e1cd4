// SPDX-License-Identifier: MIT
#include "trust/policy_history/policy_history.h"

#include <array>

namespace pryx::trust {
namespace {

constexpr std::array kMigrations{db::Migration{1, "create policy_versions",
                                               "CREATE TABLE policy_versions (principal_id TEXT NOT NULL, "
                                               "version INTEGER NOT NULL, at INTEGER NOT NULL, "
                                               "author TEXT NOT NULL, hash TEXT NOT NULL, present INTEGER "
                                               "NOT NULL, valid INTEGER NOT NULL, text TEXT NOT "
                                               "NULL, PRIMARY KEY (principal_id, version)) STRICT"}};

constexpr std::string_view kLast =
    "SELECT version, hash, present FROM policy_versions WHERE principal_id = $1 ORDER BY version DESC LIMIT "
    "1";
constexpr std::string_view kInsert =
    "INSERT INTO policy_versions (principal_id, version, at, author, hash, present, valid, text) VALUES "
    "($1,$2,$3,$4,$5,$6,$7,$8)";
constexpr std::string_view kList =
    "SELECT principal_id, version, at, author, hash, present, valid, length(CAST(text AS BLOB)) FROM "
    "policy_versions WHERE principal_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3";
constexpr std::string_view kFind =
    "SELECT principal_id, version, at, author, hash, present, valid, length(CAST(text AS BLOB)), text FROM "
    "policy_versions WHERE principal_id = $1 AND version = $2";
constexpr std::string_view kDropUpTo =
    "DELETE FROM policy_versions WHERE principal_id = $1 AND version <= $2";

PolicyVersion read_version(const db::Row& r) {
  PolicyVersion v;
  v.principal = r.id<PrincipalId>(0);
  v.version = r.integer(1);
  v.at = r.time(2);
  v.author = r.text(3);
  v.hash = r.text(4);
  v.present = r.boolean(5);
  v.valid = r.boolean(6);
  v.bytes = r.integer(7);
  return v;
}

// The newest one always stays, however long it is.
Result<void> drop_old(db::Connection& c, const PrincipalId& principal, std::int64_t newest) {
  PRYX_TRY(const auto versions, PolicyHistory::list(c, principal, newest, PolicyHistory::kKept + 1));
  std::int64_t bytes = 0;
  std::int64_t kept = 1;
  for (const PolicyVersion& version : versions) {
    bytes += version.bytes;
    if (++kept <= PolicyHistory::kKept && bytes <= PolicyHistory::kKeptBytes) continue;
    PRYX_TRY_VOID(c.run(kDropUpTo, principal, version.version));
    return {};
  }
  return {};
}

}  // namespace

json::object PolicyVersion::to_json() const {
  return {{"version", version}, {"at", to_rfc3339(at)}, {"author", author}, {"hash", hash},
          {"exists", present},  {"valid", valid},       {"bytes", bytes}};
}

db::ModuleMigrations PolicyHistory::migrations() { return {"policy_history", kMigrations}; }

Result<std::optional<std::int64_t>> PolicyHistory::append(db::Connection& c, const PolicyVersion& version) {
  struct Last {
    std::int64_t version;
    std::string hash;
    bool present;
  };
  PRYX_TRY(const auto last,
           c.find(
               kLast, [](const db::Row& r) { return Last{r.integer(0), r.text(1), r.boolean(2)}; },
               version.principal));
  const bool is_known =
      last ? last->hash == version.hash && last->present == version.present : !version.present;
  if (is_known) return std::optional<std::int64_t>();
  const std::int64_t number = last ? last->version + 1 : 1;
  PRYX_TRY_VOID(c.run(kInsert, version.principal, number, version.at, version.author, version.hash,
                      version.present, version.valid, version.text));
  PRYX_TRY_VOID(drop_old(c, version.principal, number));
  return std::optional(number);
}

Result<std::vector<PolicyVersion>> PolicyHistory::list(db::Connection& c, const PrincipalId& principal,
                                                       std::int64_t before, std::int64_t limit) {
  return c.list(kList, read_version, principal, before, limit);
}

Result<std::optional<PolicyVersion>> PolicyHistory::find(db::Connection& c, const PrincipalId& principal,
                                                         std::int64_t version) {
  return c.find(
      kFind,
      [](const db::Row& r) {
        PolicyVersion v = read_version(r);
        v.text = r.text(8);
        return v;
      },
      principal, version);
}

}  // namespace pryx::trust
