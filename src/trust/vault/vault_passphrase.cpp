// SPDX-License-Identifier: MIT
// The part of the vault that a passphrase opens and locks.
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "trust/vault/vault.h"

namespace pryx::vault {
namespace {

constexpr std::string_view kSelectAll =
    "SELECT principal_id, sealed_key, failures, failed_at FROM vault_passphrases";
constexpr std::string_view kUpsertKey =
    "INSERT INTO vault_passphrases (principal_id, sealed_key, failures, failed_at, changed_at) VALUES ($1, "
    "$2, 0, 0, $3) "
    "ON CONFLICT (principal_id) DO UPDATE SET sealed_key = excluded.sealed_key, failures = 0, failed_at = 0, "
    "changed_at = "
    "excluded.changed_at";
constexpr std::string_view kDeleteKey = "DELETE FROM vault_passphrases WHERE principal_id = $1";
constexpr std::string_view kCount =
    "UPDATE vault_passphrases SET failures = $2, failed_at = $3 WHERE principal_id = $1";
constexpr std::string_view kSecrets = "SELECT name, ciphertext FROM secrets WHERE principal_id = $1";
constexpr std::string_view kReseal =
    "UPDATE secrets SET ciphertext = $3 WHERE principal_id = $1 AND name = $2";

// Guessing: a handful at once, then half a minute, doubling up to a quarter of an hour.
constexpr std::int64_t kFreeTries = 5;
constexpr Duration kFirstWait = std::chrono::seconds(30);
constexpr Duration kLongestWait = std::chrono::minutes(15);

std::string place_of_key(const Principal& principal) {
  return fmt::format("vault-key/{}", principal.id.str());
}
std::string place_of(const Principal& principal, std::string_view name) {
  return fmt::format("{}{}{}", principal.id.str(), '\0', name);
}

}  // namespace

async::Task<Result<void>> Vault::start() {
  struct Row {
    PrincipalId principal;
    Passphrase passphrase;
  };
  const auto read = [](db::Connection& connection) {
    return connection.list(kSelectAll, [](const db::Row& row) {
      return Row{PrincipalId(row.text(0)), Passphrase{row.text(1), row.integer(2), row.time(3), {}, {}}};
    });
  };
  PRYX_CO_TRY(const auto rows, co_await database_.read(read));
  for (const Row& row : rows) passphrases_.insert_or_assign(row.principal, row.passphrase);
  co_return Result<void>{};
}

std::optional<Duration> Vault::waiting_time(const Passphrase& passphrase) const {
  if (passphrase.failures < kFreeTries) return std::nullopt;
  const auto doublings = std::min<std::int64_t>(passphrase.failures - kFreeTries, 10);
  const Duration wait = std::min(kLongestWait, kFirstWait * (std::int64_t{1} << doublings));
  // A clock that was set back must not make the wait longer than it is.
  const auto passed = std::max<std::int64_t>(0, clock_.wall().unix_ms - passphrase.failed_at.unix_ms);
  const Duration left = wait - std::chrono::milliseconds(passed);
  if (left <= Duration::zero()) return std::nullopt;
  return left;
}

VaultStatus Vault::status(const Principal& principal) const {
  const auto found = passphrases_.find(principal.id);
  if (found == passphrases_.end()) return {};
  return {true, !found->second.key.has_value(), waiting_time(found->second)};
}

Result<Secret> Vault::key_for(const Principal& principal) {
  const auto found = passphrases_.find(principal.id);
  if (found == passphrases_.end()) return key_;
  if (!found->second.key)
    return fail(ErrorCode::kUnauthenticated, "the vault is locked; unlock it with 'pryx vault unlock'");
  found->second.used_at = clock_.monotonic();
  return *found->second.key;
}

// The key behind the passphrase. The try is counted on disk before it is made.
async::Task<Result<Secret>> Vault::open_key(Principal principal, Secret passphrase) {
  auto found = passphrases_.find(principal.id);
  if (found == passphrases_.end())
    co_return fail(
        ErrorCode::kConflict,
        "no passphrase is set; set one with 'pryx vault passphrase', then the vault can be locked");
  if (const auto wait = waiting_time(found->second)) {
    co_return fail(ErrorCode::kOverloaded, "too many wrong passphrases; try again in {}",
                   format_duration(std::chrono::ceil<std::chrono::seconds>(*wait)));
  }
  const std::string sealed_key = found->second.sealed_key;
  found->second.failures += 1;
  found->second.failed_at = clock_.wall();
  const auto count = [id = principal.id, failures = found->second.failures, at = found->second.failed_at](
                         db::Transaction& t) { return t.db().run(kCount, id, failures, at); };
  PRYX_CO_TRY_VOID(co_await database_.write(count));
  const auto open = [passphrase = std::move(passphrase), sealed_key,
                     place = place_of_key(principal)](std::stop_token) {
    return crypto::open_with_passphrase(passphrase, sealed_key, place);
  };
  auto key = co_await pool_.run_to_end(open);
  if (!key) co_return std::unexpected(key.error());
  found = passphrases_.find(principal.id);
  if (found == passphrases_.end() || found->second.sealed_key != sealed_key)
    co_return fail(ErrorCode::kConflict, "the passphrase was changed meanwhile; try again");
  found->second.failures = 0;
  const auto reset = [id = principal.id](db::Transaction& t) {
    return t.db().run(kCount, id, 0, WallTime{});
  };
  PRYX_CO_TRY_VOID(co_await database_.write(reset));
  co_return std::move(*key);
}

async::Task<Result<void>> Vault::unlock(Principal principal, Secret passphrase) {
  PRYX_CO_TRY(Secret key, co_await open_key(principal, std::move(passphrase)));
  const auto found = passphrases_.find(principal.id);
  if (found == passphrases_.end())
    co_return fail(ErrorCode::kConflict, "the passphrase was removed meanwhile");
  found->second.key = std::move(key);
  found->second.used_at = clock_.monotonic();
  co_return Result<void>{};
}

Result<void> Vault::lock(const Principal& principal) {
  const auto found = passphrases_.find(principal.id);
  if (found == passphrases_.end())
    return fail(
        ErrorCode::kConflict,
        "no passphrase is set, so nothing could unlock it again; set one with 'pryx vault passphrase'");
  found->second.key.reset();
  return {};
}

std::size_t Vault::lock_idle(Duration limit) {
  std::size_t locked = 0;
  for (auto& [principal, passphrase] : passphrases_) {
    if (!passphrase.key || clock_.monotonic() - passphrase.used_at < limit) continue;
    passphrase.key.reset();
    ++locked;
  }
  return locked;
}

// One commit moves every secret and the sealed key itself: old or new, never a mix. An empty sealed key
// removes the row.
async::Task<Result<void>> Vault::seal_all_anew(Principal principal, Secret from, Secret to,
                                               std::string sealed_key, InTheSameCommit also) {
  const WallTime at = clock_.wall();
  const auto write = [this, principal, from = std::move(from), to = std::move(to),
                      sealed_key = std::move(sealed_key), at,
                      also = std::move(also)](db::Transaction& t) -> Result<void> {
    struct Row {
      std::string name, sealed;
    };
    PRYX_TRY(const auto rows,
             t.db().list(
                 kSecrets, [](const db::Row& row) { return Row{row.text(0), std::string(row.view(1))}; },
                 principal.id));
    for (const Row& row : rows) {
      const std::string place = place_of(principal, row.name);
      const auto value = crypto::open_sealed(from, row.sealed, place);
      if (!value)
        return fail(ErrorCode::kCheckFailed,
                    "secret {} was changed outside Pryx and does not open; remove it, then try again",
                    row.name);
      PRYX_TRY_VOID(
          t.db().run(kReseal, principal.id, row.name, db::Blob{crypto::seal(to, *value, place, random_)}));
    }
    if (sealed_key.empty()) {
      PRYX_TRY_VOID(t.db().run(kDeleteKey, principal.id));
    } else {
      PRYX_TRY_VOID(t.db().run(kUpsertKey, principal.id, sealed_key, at));
    }
    return also ? also(t) : Result<void>{};
  };
  co_return co_await database_.write(write);
}

async::Task<Result<void>> Vault::set_passphrase(Principal principal, std::optional<Secret> current,
                                                Secret passphrase, InTheSameCommit also) {
  PRYX_CO_TRY_VOID(crypto::check_new_passphrase(passphrase));
  if (changing_ || writing_ > 0)
    co_return fail(ErrorCode::kConflict, "secrets are being written at this moment; try again");
  const bool had_one = passphrases_.contains(principal.id);
  if (had_one && !current)
    co_return fail(ErrorCode::kUnauthenticated, "a passphrase is set; give it to change it");
  changing_ = true;
  Result<Secret> from = key_;
  if (had_one) from = co_await open_key(principal, std::move(*current));
  const Secret to = crypto::make_key(random_);
  Result<std::string> sealed = std::unexpected(Error{ErrorCode::kInternal, ""});
  if (from) {
    const auto seal = [this, to, passphrase = std::move(passphrase),
                       place = place_of_key(principal)](std::stop_token) {
      return crypto::seal_with_passphrase(passphrase, to, place, random_, cost_);
    };
    sealed = co_await pool_.run_to_end(seal);
  }
  Result<void> moved;
  if (from && sealed) moved = co_await seal_all_anew(principal, *from, to, *sealed, std::move(also));
  changing_ = false;
  if (!from) co_return std::unexpected(from.error());
  if (!sealed) co_return std::unexpected(sealed.error());
  if (!moved) co_return moved;
  passphrases_.insert_or_assign(principal.id, Passphrase{*sealed, 0, {}, to, clock_.monotonic()});
  co_return Result<void>{};
}

async::Task<Result<void>> Vault::remove_passphrase(Principal principal, Secret current,
                                                   InTheSameCommit also) {
  if (changing_ || writing_ > 0)
    co_return fail(ErrorCode::kConflict, "secrets are being written at this moment; try again");
  changing_ = true;
  const Result<Secret> from = co_await open_key(principal, std::move(current));
  Result<void> moved;
  if (from) moved = co_await seal_all_anew(principal, *from, key_, "", std::move(also));
  changing_ = false;
  if (!from) co_return std::unexpected(from.error());
  if (moved) passphrases_.erase(principal.id);
  co_return moved;
}

}  // namespace pryx::vault
