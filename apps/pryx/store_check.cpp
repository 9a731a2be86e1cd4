// SPDX-License-Identifier: MIT
#include "store_check.h"

#include <sys/stat.h>

#include <filesystem>

#include "foundation/base/log.h"
#include "foundation/db/migrations.h"
#include "foundation/platform/files.h"
#include "foundation/platform/hardening.h"
#include "foundation/platform/user_switch.h"
#include "trust/vault/database_key.h"

namespace pryx::app {

Result<void> check_store(const Clock& clock, Random& random) {
  log::configure({.level = log::Level::kError, .json = true, .sink = {}, .clock = &clock});
  ::umask(0077);
  const auto environment = platform::Environment::capture();
  PRYX_TRY(const config::Places places, config::find_places(environment, ::geteuid()));
  PRYX_TRY(const platform::FileFacts facts, platform::file_facts(places.database()));
  if (platform::is_root() && facts.uid != 0) {
    PRYX_TRY(const platform::SystemUser user, platform::get_user(facts.uid));
    PRYX_TRY_VOID(platform::drop_to_user(user));
  }
  PRYX_TRY_VOID(platform::harden_process());
  // What keeps it from being read is no damage: a disk without room, a locked key, rights.
  const auto hindered = [](const Error& why) { return fail(ErrorCode::kUnavailable, "{}", why.message); };
  std::optional<platform::FileLock> lock;
  if (auto taken = platform::FileLock::acquire(places.lock_file()))
    lock.emplace(std::move(*taken));
  else if (taken.error().code == ErrorCode::kConflict)
    return std::unexpected(taken.error());
  else
    return hindered(taken.error());
  const auto key =
      vault::obtain_database_key(places, environment, {}, random, clock, vault::DatabaseState::kExists);
  if (!key) return hindered(key.error());
  const std::string log = places.database() + "-wal";
  const bool had_log = platform::exists(log);
  const db::OpenOptions options{.path = places.database(), .key = key->key, .read_only = true};
  const auto look = [&]() -> Result<void> {
    const auto connection = db::Connection::open(options);
    const bool is_damage = !connection && (connection.error().code == ErrorCode::kUnauthenticated ||
                                           connection.error().code == ErrorCode::kCheckFailed);
    if (!connection && !is_damage) return hindered(connection.error());
    if (!connection) return std::unexpected(connection.error());
    // A reader does no harm to a daemon that comes up meanwhile, and must not keep it from coming up.
    lock.reset();
    return db::check_integrity(**connection);
  };
  Result<void> found = look();
  lock.reset();
  // A reader makes the two files of the log where there are none, and leaves them.
  std::error_code ignored;
  const auto alone = platform::FileLock::acquire(places.lock_file());
  if (alone && !had_log && std::filesystem::file_size(log, ignored) == 0 && !ignored) {
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(places.database() + suffix, ignored);
  }
  return found;
}

}  // namespace pryx::app
