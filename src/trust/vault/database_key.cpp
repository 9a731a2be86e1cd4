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
  for (KeyBackend* backend : {backends.secret_service, static_cast<KeyBackend*>(backends.file)}) {
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

Result<DatabaseKey> make_first(const KeyBackends& backends, Random& random) {
  DatabaseKey made;
  made.is_new = true;
  std::array<std::uint8_t, 16> id{};
  random.fill(id);
  made.key_id = "key_" + to_hex(id);
  std::string digits = to_hex(crypto::make_key(random).reveal());
  made.key = Secret(digits);
  wipe(digits);

  PRYX_TRY(const auto left_over, backends.file->find_key_id());
  if (left_over) {
    PRYX_TRY(auto key, backends.file->load(*left_over));
    made.key_id = *left_over;
    made.key = std::move(key.value());
    made.is_new = false;
    made.backend = backends.file->name();
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
                                        const platform::Environment& environment, Random& random,
                                        const Clock& clock, DatabaseState database) {
  SecretServiceBackend secret_service{platform::SecretService(environment)};
  FileBackend file(places.master_key());
  const bool may_use_keychain = places.kind == config::PlacesKind::kUser;
  return obtain_database_key(places, KeyBackends{may_use_keychain ? &secret_service : nullptr, &file}, random,
                             clock, database);
}

}  // namespace pryx::vault
