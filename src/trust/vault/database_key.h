// SPDX-License-Identifier: MIT
// The key of the database at start: read from the backend that data/key.json names, or made at the very first
// start. When a database exists and its key cannot be had, the answer is kUnauthenticated with how to unlock;
// nothing is made, switched or touched. Blocking.
#pragma once
#include <cstdint>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/base/secret.h"
#include "foundation/config/places.h"
#include "foundation/platform/environment.h"
#include "trust/vault/key_backend.h"

namespace pryx::vault {

enum class DatabaseState : std::uint8_t { kAbsent, kExists };

struct DatabaseKey {
  Secret key;  // 64 hex digits, as db::OpenOptions wants it
  std::string key_id;
  std::string backend;  // "secret_service", "systemd_credential", "sealed_file" or "file"
  bool is_new = false;  // made by this start
  std::string note;     // why the keychain is not used, for the log and for `pryx doctor`; may be empty
};

struct KeyBackends {
  KeyBackend* secret_service = nullptr;  // null: not to be used (PRYX_HOME, system user)
  FileBackend* file = nullptr;
  CredentialBackend* credential = nullptr;
  SealedFileBackend* sealed_file = nullptr;
};

// What only the start knows: handed over by the service manager or typed by a person. Read before root
// becomes another user, who may not see the credentials.
struct StartSecrets {
  std::optional<Secret> master_key;  // credential pryx.master-key
  std::optional<Secret> passphrase;  // credential pryx.passphrase, or --passphrase-stdin
};
[[nodiscard]] Result<StartSecrets> read_start_secrets(const platform::Environment& environment);

// At the very first start the key goes to the credential when there is one, into a sealed file when there is
// a passphrase, else to the keychain, else into the file.
[[nodiscard]] Result<DatabaseKey> obtain_database_key(const config::Places& places,
                                                      const platform::Environment& environment,
                                                      const StartSecrets& secrets, Random& random,
                                                      const Clock& clock, DatabaseState database);
// The same with given backends.
[[nodiscard]] Result<DatabaseKey> obtain_database_key(const config::Places& places, KeyBackends backends,
                                                      Random& random, const Clock& clock,
                                                      DatabaseState database);

struct KeyRecord {
  std::string backend;
  std::string key_id;
  WallTime created_at;
};
// Moves the key of a database that nobody serves (the caller holds the lock file) from the plain file into a
// sealed one, or back. kConflict when it is not where it would move from. Cut at any point, the next start
// finds the key.
[[nodiscard]] Result<void> seal_key_file(const config::Places& places, Secret passphrase, Random& random,
                                         const Clock& clock, crypto::PassphraseCost cost = {});
[[nodiscard]] Result<void> unseal_key_file(const config::Places& places, Secret passphrase, Random& random,
                                           const Clock& clock);

// data/key.json, for `pryx doctor`; nothing before the first start.
[[nodiscard]] Result<std::optional<KeyRecord>> read_key_record(const config::Places& places);

}  // namespace pryx::vault
