// SPDX-License-Identifier: MIT
// Vault: named secrets (provider keys, channel tokens) in the table `secrets`, sealed with a subkey of the
// database's key. I/O thread only; owned by main, used by whoever makes the last hop of a call.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "foundation/async/task.h"
#include "foundation/base/clock.h"
#include "foundation/base/secret.h"
#include "foundation/db/database.h"
#include "foundation/platform/environment.h"
#include "trust/principals/principal.h"
#include "trust/vault/secret_ref.h"

namespace pryx::vault {

inline constexpr std::size_t kMaxSecretBytes = 64u << 10;

struct SecretEntry {
  std::string name;
  WallTime created_at;
  WallTime updated_at;
  bool operator==(const SecretEntry&) const = default;
};

class Vault {
 public:
  // database_key: the 64 hex digits that the database was opened with. All references outlive the vault.
  Vault(db::Database& database, const Secret& database_key, Random& random, const Clock& clock);

  [[nodiscard]] static db::ModuleMigrations migrations();

  // Makes or replaces. kInvalidArgument for a name that does not fit or an empty value, kTooLarge beyond
  // kMaxSecretBytes.
  [[nodiscard]] async::Task<Result<void>> set(Principal principal, std::string name, Secret value);
  // kNotFound when there is none; kCheckFailed when the row was changed by somebody else.
  [[nodiscard]] async::Task<Result<Secret>> get(Principal principal, std::string name);
  [[nodiscard]] async::Task<Result<std::optional<Secret>>> find(Principal principal, std::string name);
  // Names and times, by name; never values.
  [[nodiscard]] async::Task<Result<std::vector<SecretEntry>>> list(Principal principal);
  // False when there was none.
  [[nodiscard]] async::Task<Result<bool>> remove(Principal principal, std::string name);

  // What a reference stands for; kNotFound says how to provide it.
  [[nodiscard]] async::Task<Result<Secret>> resolve(Principal principal, SecretRef reference,
                                                    platform::Environment environment);

 private:
  db::Database& database_;
  Random& random_;
  const Clock& clock_;
  Secret key_;
};

}  // namespace pryx::vault
