// SPDX-License-Identifier: MIT
// Vault: named secrets (provider keys, channel tokens) in the table `secrets`, sealed with a subkey of the
// database's key, or with a key of their own that a passphrase opens: then the vault can be locked, and is at
// each start. I/O thread only; owned by main, used by whoever makes the last hop of a call.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foundation/async/task.h"
#include "foundation/async/worker_pool.h"
#include "foundation/base/clock.h"
#include "foundation/base/secret.h"
#include "foundation/crypto/passphrase.h"
#include "foundation/db/database.h"
#include "foundation/platform/environment.h"
#include "trust/principals/principal.h"
#include "trust/vault/secret_hosts.h"
#include "trust/vault/secret_ref.h"

namespace pryx::vault {

inline constexpr std::size_t kMaxSecretBytes = 64u << 10;

struct SecretEntry {
  std::string name;
  WallTime created_at;
  WallTime updated_at;
  std::vector<std::string> hosts = {};  // who may be sent it in a request; empty: nobody
  bool operator==(const SecretEntry&) const = default;
};

struct VaultStatus {
  bool has_passphrase = false;
  bool locked = false;
  std::optional<Duration> try_again_in;  // too many wrong passphrases
};

// What is written in the very commit of a change: its record. An error of it undoes the change.
using InTheSameCommit = std::function<Result<void>(db::Transaction&)>;

class Vault {
 public:
  // database_key: the 64 hex digits that the database was opened with. All references outlive the vault.
  Vault(db::Database& database, async::WorkerPool& pool, const Secret& database_key, Random& random,
        const Clock& clock, crypto::PassphraseCost cost = {});

  // Whose secrets are under a passphrase; those begin locked. Call once before the first use.
  [[nodiscard]] async::Task<Result<void>> start();
  [[nodiscard]] VaultStatus status(const Principal& principal) const;
  // Puts the secrets under a passphrase, or under another one; every secret is sealed anew in one commit.
  // `current` is needed when there is one. Leaves the vault unlocked.
  [[nodiscard]] async::Task<Result<void>> set_passphrase(Principal principal, std::optional<Secret> current,
                                                         Secret passphrase, InTheSameCommit also = {});
  // Back to the database's key alone.
  [[nodiscard]] async::Task<Result<void>> remove_passphrase(Principal principal, Secret current,
                                                            InTheSameCommit also = {});
  // kUnauthenticated for a wrong passphrase, kOverloaded while too many wrong ones make it wait; the count
  // outlives a restart, and is raised before each try.
  [[nodiscard]] async::Task<Result<void>> unlock(Principal principal, Secret passphrase);
  // Forgets the key. kConflict without a passphrase: nothing could unlock it again.
  [[nodiscard]] Result<void> lock(const Principal& principal);
  // Locks what was not used for that long; for a timer. Returns how many.
  std::size_t lock_idle(Duration limit);

  [[nodiscard]] static db::ModuleMigrations migrations();

  // Makes or replaces. kInvalidArgument for a name that does not fit or an empty value, kTooLarge beyond
  // kMaxSecretBytes. Without `hosts` those of before stay.
  [[nodiscard]] async::Task<Result<void>> set(Principal principal, std::string name, Secret value,
                                              std::optional<std::vector<std::string>> hosts = std::nullopt,
                                              InTheSameCommit also = {});
  // kNotFound when there is none; kCheckFailed when the row was changed by somebody else.
  [[nodiscard]] async::Task<Result<Secret>> get(Principal principal, std::string name);
  // For a request to that address: kForbidden, with the command that changes it, unless the secret names it.
  [[nodiscard]] async::Task<Result<Secret>> get_for(Principal principal, std::string name, net::Url url);
  [[nodiscard]] async::Task<Result<std::optional<Secret>>> find(Principal principal, std::string name);
  // Names and times, by name; never values.
  [[nodiscard]] async::Task<Result<std::vector<SecretEntry>>> list(Principal principal);
  // False when there was none; `also` is written then all the same.
  [[nodiscard]] async::Task<Result<bool>> remove(
      Principal principal, std::string name, std::function<Result<void>(db::Transaction&, bool)> also = {});

  // A locked vault answers set, get and find with kUnauthenticated and how to unlock it.

  // What a reference stands for; kNotFound says how to provide it.
  [[nodiscard]] async::Task<Result<Secret>> resolve(Principal principal, SecretRef reference,
                                                    platform::Environment environment);

 private:
  struct Passphrase {
    std::string sealed_key;
    std::int64_t failures = 0;
    WallTime failed_at;
    std::optional<Secret> key;  // none: locked
    MonotonicTime used_at;
  };
  [[nodiscard]] Result<Secret> key_for(const Principal& principal);
  [[nodiscard]] std::optional<Duration> waiting_time(const Passphrase& passphrase) const;
  [[nodiscard]] async::Task<Result<Secret>> open_key(Principal principal, Secret passphrase);
  [[nodiscard]] async::Task<Result<void>> seal_all_anew(Principal principal, Secret from, Secret to,
                                                        std::string sealed_key, InTheSameCommit also);

  db::Database& database_;
  async::WorkerPool& pool_;
  Random& random_;
  const Clock& clock_;
  crypto::PassphraseCost cost_;
  Secret key_;
  std::map<PrincipalId, Passphrase> passphrases_;
  int writing_ = 0;        // set() calls between sealing and commit
  bool changing_ = false;  // all secrets are being sealed anew
};

}  // namespace pryx::vault
