// SPDX-License-Identifier: MIT
#include "trust/vault/vault.h"

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::vault {
namespace {

constexpr db::Migration kMigrations[] = {{1, "create secrets", R"(
CREATE TABLE secrets (
  principal_id TEXT NOT NULL,
  name TEXT NOT NULL,
  ciphertext BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (principal_id, name)
) STRICT)"},
                                         {2, "create vault_passphrases", R"(
CREATE TABLE vault_passphrases (
  principal_id TEXT PRIMARY KEY,
  sealed_key TEXT NOT NULL,
  failures INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT)"},
                                         {3, "give secrets hosts", R"(
ALTER TABLE secrets ADD COLUMN hosts TEXT NOT NULL DEFAULT '')"}};

constexpr std::string_view kUpsert =
    "INSERT INTO secrets (principal_id, name, ciphertext, created_at, updated_at, hosts) VALUES ($1, $2, "
    "$3, $4, $4, coalesce($5, '')) "
    "ON CONFLICT (principal_id, name) DO UPDATE SET ciphertext = excluded.ciphertext, updated_at = "
    "excluded.updated_at, hosts = coalesce($5, secrets.hosts)";
constexpr std::string_view kHosts = "SELECT hosts FROM secrets WHERE principal_id = $1 AND name = $2";
constexpr std::string_view kSelect = "SELECT ciphertext FROM secrets WHERE principal_id = $1 AND name = $2";
constexpr std::string_view kList =
    "SELECT name, created_at, updated_at, hosts FROM secrets WHERE principal_id = $1 ORDER BY name";
constexpr std::string_view kDelete = "DELETE FROM secrets WHERE principal_id = $1 AND name = $2";

// Part of the stored format: another id or context would be another key.
constexpr std::uint64_t kSubkeyId = 1;
constexpr std::string_view kSubkeyContext = "pryxvalt";

// Neither part can hold a NUL, so two different places never read alike.
std::string place_of(const Principal& principal, std::string_view name) {
  return fmt::format("{}{}{}", principal.id.str(), '\0', name);
}

Secret subkey_of(const Secret& database_key) {
  auto raw = from_hex(database_key.reveal());
  PRYX_CHECK(raw.has_value() && raw->size() == crypto::kKeyBytes);
  const Secret key(*raw);
  wipe(*raw);
  return crypto::derive_subkey(key, kSubkeyId, kSubkeyContext);
}

}  // namespace

Vault::Vault(db::Database& database, async::WorkerPool& pool, const Secret& database_key, Random& random,
             const Clock& clock, crypto::PassphraseCost cost)
    : database_(database),
      pool_(pool),
      random_(random),
      clock_(clock),
      cost_(cost),
      key_(subkey_of(database_key)) {}

db::ModuleMigrations Vault::migrations() { return {"trust/vault", kMigrations}; }

async::Task<Result<void>> Vault::set(Principal principal, std::string name, Secret value,
                                     std::optional<std::vector<std::string>> hosts, InTheSameCommit also) {
  PRYX_CO_TRY_VOID(check_secret_name(name));
  if (value.empty())
    co_return fail(ErrorCode::kInvalidArgument, "the value of secret {} is empty; remove the secret instead",
                   name);
  if (value.reveal().size() > kMaxSecretBytes) {
    co_return fail(ErrorCode::kTooLarge, "the value of secret {} has {} bytes; the limit is {}", name,
                   value.reveal().size(), kMaxSecretBytes);
  }
  std::optional<std::string> kept_hosts;
  if (hosts) {
    PRYX_CO_TRY(const auto read, read_secret_hosts(*hosts));
    kept_hosts = join_secret_hosts(read);
  }
  if (changing_) co_return fail(ErrorCode::kConflict, "the passphrase is being changed; try again");
  PRYX_CO_TRY(const Secret key, key_for(principal));
  std::string sealed = crypto::seal(key, value, place_of(principal, name), random_);
  const WallTime at = clock_.wall();
  const auto write = [principal, name, at, kept_hosts, sealed = std::move(sealed),
                      also = std::move(also)](db::Transaction& transaction) -> Result<void> {
    PRYX_TRY_VOID(transaction.db().run(kUpsert, principal.id, name, db::Blob{sealed}, at, kept_hosts));
    return also ? also(transaction) : Result<void>{};
  };
  ++writing_;
  const Result<void> written = co_await database_.write(write);
  --writing_;
  if (!written) co_return fail(written.error());
  co_return Result<void>();
}

async::Task<Result<std::optional<Secret>>> Vault::find(Principal principal, std::string name) {
  PRYX_CO_TRY_VOID(check_secret_name(name));
  const auto read = [principal, name](db::Connection& connection) {
    return connection.find(
        kSelect, [](const db::Row& row) { return std::string(row.view(0)); }, principal.id, name);
  };
  PRYX_CO_TRY(const std::optional<std::string> sealed, co_await database_.read(read));
  if (!sealed) co_return std::nullopt;
  PRYX_CO_TRY(const Secret key, key_for(principal));
  auto value = crypto::open_sealed(key, *sealed, place_of(principal, name));
  if (!value) {
    co_return fail(ErrorCode::kCheckFailed,
                   "secret {} was changed outside Pryx and does not open; set it again", name);
  }
  co_return std::move(*value);
}

async::Task<Result<Secret>> Vault::get(Principal principal, std::string name) {
  PRYX_CO_TRY(auto value, co_await find(principal, name));
  if (!value)
    co_return fail(ErrorCode::kNotFound, "there is no secret {}; set it with 'pryx secret set {}'", name,
                   name);
  co_return std::move(*value);
}

async::Task<Result<Secret>> Vault::get_for(Principal principal, std::string name, net::Url url) {
  PRYX_CO_TRY_VOID(check_secret_name(name));
  const auto read = [principal, name](db::Connection& connection) {
    return connection.find(
        kHosts, [](const db::Row& row) { return split_secret_hosts(row.view(0)); }, principal.id, name);
  };
  PRYX_CO_TRY(const auto hosts, co_await database_.read(read));
  const std::string host = url.port == url.default_port() ? url.host.text() : url.origin();
  if (!hosts)
    co_return fail(ErrorCode::kNotFound,
                   "there is no secret {}; set it with 'pryx secret set {} --allow-host {}'", name, name,
                   host);
  if (!may_receive(*hosts, url)) {
    std::string flags;
    for (const std::string& present : *hosts) flags += fmt::format(" --allow-host {}", present);
    co_return fail(ErrorCode::kForbidden,
                   "the secret {} may be sent to {}; to allow {} too: 'pryx secret set {}{} --allow-host {}'",
                   name, hosts->empty() ? "no host" : fmt::format("{} only", fmt::join(*hosts, ", ")), host,
                   name, flags, host);
  }
  co_return co_await get(std::move(principal), std::move(name));
}

async::Task<Result<std::vector<SecretEntry>>> Vault::list(Principal principal) {
  const auto read = [principal](db::Connection& connection) {
    return connection.list(
        kList,
        [](const db::Row& row) {
          return SecretEntry{row.text(0), row.time(1), row.time(2), split_secret_hosts(row.view(3))};
        },
        principal.id);
  };
  co_return co_await database_.read(read);
}

async::Task<Result<bool>> Vault::remove(Principal principal, std::string name,
                                        std::function<Result<void>(db::Transaction&, bool)> also) {
  PRYX_CO_TRY_VOID(check_secret_name(name));
  const auto write = [principal, name,
                      also = std::move(also)](db::Transaction& transaction) -> Result<std::int64_t> {
    PRYX_TRY(const std::int64_t rows, transaction.db().run(kDelete, principal.id, name));
    if (also) PRYX_TRY_VOID(also(transaction, rows > 0));
    return rows;
  };
  PRYX_CO_TRY(const std::int64_t removed, co_await database_.write(write));
  co_return removed > 0;
}

async::Task<Result<Secret>> Vault::resolve(Principal principal, SecretRef reference,
                                           platform::Environment environment) {
  if (reference.kind() == SecretRef::Kind::kVault) co_return co_await get(principal, reference.name());
  auto value = environment.find(reference.name());
  if (!value) {
    co_return fail(ErrorCode::kNotFound,
                   "variable {} is not set in the daemon's environment; set it and start the daemon again",
                   reference.name());
  }
  Secret secret(*value);
  wipe(*value);
  co_return secret;
}

}  // namespace pryx::vault
