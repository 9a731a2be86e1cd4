// SPDX-License-Identifier: MIT
#include "trust/vault/database_key.h"

#include "foundation/base/json.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/files.h"

namespace pryx::vault {
namespace {

constexpr std::size_t kMaxRecord = 16u << 10;

Result<KeyRecord> parse_record(std::string_view text) {
  PRYX_TRY(const json::object object, json::parse_object(text, {.max_bytes = kMaxRecord, .max_depth = 4}));
  KeyRecord record;
  PRYX_TRY(record.backend, json::get_string(object, "backend"));
  PRYX_TRY(record.key_id, json::get_string(object, "key_id"));
  PRYX_TRY(const std::string created_at, json::get_string(object, "created_at"));
  PRYX_TRY(record.created_at, parse_rfc3339(created_at));
  if (record.key_id.empty()) return fail(ErrorCode::kInvalidArgument, "key_id is empty");
  return record;
}

Result<void> write_record(const config::Places& places, const KeyRecord& record) {
  json::object object;
  object["backend"] = record.backend;
  object["key_id"] = record.key_id;
  object["created_at"] = to_rfc3339(record.created_at);
  return platform::atomic_write_file(places.key_record(), json::to_text(object) + "\n", 0600);
}

KeyBackend* find_backend(const KeyBackends& backends, std::string_view name) {
  for (KeyBackend* backend :
       {backends.secret_service, static_cast<KeyBackend*>(backends.file),
        static_cast<KeyBackend*>(backends.credential), static_cast<KeyBackend*>(backends.sealed_file)}) {
    if (backend != nullptr && backend->name() == name) return backend;
  }
  return nullptr;
}

// The recorded key, or why a person has to act.
Result<DatabaseKey> load_recorded(const config::Places& places, const KeyBackends& backends,
                                  const KeyRecord& record) {
  KeyBackend* backend = find_backend(backends, record.backend);
  if (backend == nullptr) {
    return fail(ErrorCode::kUnauthenticated,
                "{} says that the database key is kept in '{}', which this start cannot use; start Pryx as "
                "it was set up",
                places.key_record(), utf8_prefix(record.backend, 40));
  }
  auto key = backend->load(record.key_id);
  if (!key) {
    return fail(ErrorCode::kUnauthenticated, "the database key {} cannot be read ({}); {}", record.key_id,
                key.error().message, backend->how_to_unlock());
  }
  if (!*key) {
    return fail(ErrorCode::kUnauthenticated, "the database key {} is not in its place ({}); {}",
                record.key_id, backend->name(), backend->how_to_unlock());
  }
  return DatabaseKey{std::move(**key), record.key_id, record.backend, false, ""};
}

// Stored and read back: a backend that takes a key and cannot give it is found out before anything is
// encrypted with it.
Result<void> store_proven(KeyBackend& backend, const std::string& key_id, const Secret& key) {
  PRYX_TRY_VOID(backend.store(key_id, key));
  PRYX_TRY(const auto again, backend.load(key_id));
  if (again && again->equals(key.reveal())) return {};
  return fail(ErrorCode::kUnavailable, "the key that was stored in '{}' does not come back", backend.name());
}

Result<DatabaseKey> take_over(KeyBackend& backend, const std::string& key_id) {
  auto key = backend.load(key_id);
  if (!key)
    return fail(ErrorCode::kUnauthenticated, "the database key {} cannot be read ({}); {}", key_id,
                key.error().message, backend.how_to_unlock());
  PRYX_CHECK(key->has_value());
  return DatabaseKey{std::move(**key), key_id, std::string(backend.name()), false, ""};
}

Result<DatabaseKey> make_first(const KeyBackends& backends, Random& random) {
  DatabaseKey made;
  made.is_new = true;
  std::array<std::uint8_t, 16> id{};
  random.fill(id);
  made.key_id = "key_" + to_hex(id);
  std::string digits = to_hex(crypto::make_key(random).reveal());
  made.key = Secret(digits);
  wipe(digits);

  // A start that was cut between the key and its record goes on with that key; a credential is there before
  // any start.
  PRYX_TRY(const auto file_id, backends.file->find_key_id());
  if (file_id) return take_over(*backends.file, *file_id);
  if (backends.sealed_file != nullptr) {
    PRYX_TRY(const auto sealed_id, backends.sealed_file->find_key_id());
    if (sealed_id) return take_over(*backends.sealed_file, *sealed_id);
  }
  if (backends.credential != nullptr) {
    PRYX_TRY(const auto credential_id, backends.credential->find_key_id());
    if (credential_id) return take_over(*backends.credential, *credential_id);
  }
  if (backends.sealed_file != nullptr && backends.sealed_file->has_passphrase()) {
    PRYX_TRY_VOID(store_proven(*backends.sealed_file, made.key_id, made.key));
    made.backend = backends.sealed_file->name();
    return made;
  }
  if (backends.secret_service != nullptr) {
    const auto stored = store_proven(*backends.secret_service, made.key_id, made.key);
    if (stored) {
      made.backend = backends.secret_service->name();
      return made;
    }
    made.note = stored.error().message;
    log::warn("vault.keychain_not_used", {{"reason", made.note}});
  }
  PRYX_TRY_VOID(store_proven(*backends.file, made.key_id, made.key));
  made.backend = backends.file->name();
  return made;
}

}  // namespace

Result<std::optional<KeyRecord>> read_key_record(const config::Places& places) {
  const auto text = platform::read_file(places.key_record(), kMaxRecord);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  auto record = parse_record(*text);
  if (!record) {
    return fail(ErrorCode::kUnauthenticated, "{} cannot be read ({}); restore it from a backup",
                places.key_record(), record.error().message);
  }
  return std::move(*record);
}

Result<DatabaseKey> obtain_database_key(const config::Places& places, KeyBackends backends, Random& random,
                                        const Clock& clock, DatabaseState database) {
  PRYX_CHECK(backends.file != nullptr);
  const auto record = read_key_record(places);
  if (!record) return fail(ErrorCode::kUnauthenticated, "{}", record.error().message);
  if (*record) return load_recorded(places, backends, **record);
  if (database == DatabaseState::kExists) {
    return fail(ErrorCode::kUnauthenticated,
                "database {} exists, but {}, which says where its key is kept, does not; restore that file "
                "from a backup",
                places.database(), places.key_record());
  }
  PRYX_TRY(DatabaseKey made, make_first(backends, random));
  PRYX_TRY_VOID(write_record(places, {made.backend, made.key_id, clock.wall()}));
  return made;
}

Result<DatabaseKey> obtain_database_key(const config::Places& places,
                                        const platform::Environment& environment, const StartSecrets& secrets,
                                        Random& random, const Clock& clock, DatabaseState database) {
  SecretServiceBackend secret_service{platform::SecretService(environment)};
  FileBackend file(places.master_key());
  CredentialBackend credential(secrets.master_key);
  SealedFileBackend sealed_file(places.sealed_master_key(), secrets.passphrase, random);
  const bool may_use_keychain = places.kind == config::PlacesKind::kUser;
  PRYX_TRY(DatabaseKey key, obtain_database_key(places,
                                                KeyBackends{may_use_keychain ? &secret_service : nullptr,
                                                            &file, &credential, &sealed_file},
                                                random, clock, database));
  // A sealing that was cut after its record: the plain copy goes with the next start that proved the sealed
  // one.
  const bool is_sealed = key.backend == sealed_file.name();
  if (is_sealed && platform::exists(places.master_key()))
    PRYX_TRY_VOID(platform::overwrite_and_remove(places.master_key()));
  return key;
}

Result<StartSecrets> read_start_secrets(const platform::Environment& environment) {
  StartSecrets secrets;
  const auto directory = environment.find("CREDENTIALS_DIRECTORY");
  if (!directory) return secrets;
  const auto read = [&](std::string_view name) -> Result<std::optional<Secret>> {
    auto text = platform::read_file(fmt::format("{}/{}", *directory, name), kMaxRecord);
    if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
    if (!text) return std::unexpected(text.error());
    Secret secret{std::string(trim(*text))};
    wipe(*text);
    return std::optional(std::move(secret));
  };
  PRYX_TRY(secrets.master_key, read("pryx.master-key"));
  PRYX_TRY(secrets.passphrase, read("pryx.passphrase"));
  return secrets;
}

Result<void> seal_key_file(const config::Places& places, Secret passphrase, Random& random,
                           const Clock& clock, crypto::PassphraseCost cost) {
  FileBackend file(places.master_key());
  SealedFileBackend sealed(places.sealed_master_key(), std::move(passphrase), random, cost);
  PRYX_TRY(const auto record, read_key_record(places));
  if (!record || record->backend != file.name())
    return fail(ErrorCode::kConflict,
                "the database key is not in the file {} (it is in '{}'), so there is nothing to seal",
                places.master_key(), record ? record->backend : "no place yet");
  PRYX_TRY(const auto key, file.load(record->key_id));
  if (!key)
    return fail(ErrorCode::kUnauthenticated, "the database key {} is not in {}", record->key_id,
                places.master_key());
  // Left over from a sealing that was cut before its record: it may be under another passphrase.
  if (platform::exists(places.sealed_master_key()))
    PRYX_TRY_VOID(platform::overwrite_and_remove(places.sealed_master_key()));
  PRYX_TRY_VOID(store_proven(sealed, record->key_id, *key));
  PRYX_TRY_VOID(write_record(places, {std::string(sealed.name()), record->key_id, clock.wall()}));
  return platform::overwrite_and_remove(places.master_key());
}

Result<void> unseal_key_file(const config::Places& places, Secret passphrase, Random& random,
                             const Clock& clock) {
  FileBackend file(places.master_key());
  SealedFileBackend sealed(places.sealed_master_key(), std::move(passphrase), random);
  PRYX_TRY(const auto record, read_key_record(places));
  if (!record || record->backend != sealed.name())
    return fail(ErrorCode::kConflict,
                "the database key is not in a sealed file, so there is nothing to unseal");
  PRYX_TRY(const auto key, sealed.load(record->key_id));
  if (!key)
    return fail(ErrorCode::kUnauthenticated, "the database key {} is not in {}", record->key_id,
                places.sealed_master_key());
  PRYX_TRY_VOID(store_proven(file, record->key_id, *key));
  PRYX_TRY_VOID(write_record(places, {std::string(file.name()), record->key_id, clock.wall()}));
  return platform::overwrite_and_remove(places.sealed_master_key());
}

}  // namespace pryx::vault
