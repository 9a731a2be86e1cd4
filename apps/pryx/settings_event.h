// SPDX-License-Identifier: MIT
// "settings.changed" on the bus: what a person sets up is another thing now, whoever changed it and from
// where, so that pages which show it ask again. It says which kind of thing, and none of its names and
// values.
#pragma once
#include <cstdint>
#include <string>

#include "foundation/db/database.h"
#include "foundation/events/event_log.h"

namespace pryx::app {

// As api/events/settings.changed.json lists them.
enum class SetUp : std::uint8_t {
  kConfig,    // config.yaml
  kSettings,  // in the database
  kProviders,
  kModels,  // the catalog, or models.yaml
  kAgents,
  kSecrets,  // or the vault's lock
  kMemory,
  kSkills,
};

// In the commit of the change.
[[nodiscard]] Result<void> append_settings_changed(db::Transaction& t, events::EventLog& events,
                                                   const PrincipalId& principal, SetUp what,
                                                   std::string surface);
// In a commit of its own, after a change of the owner's that is none of the database's. A failure is in the
// daemon's log when this returns: the change itself stands.
[[nodiscard]] async::Task<void> tell_settings_changed(db::Database& database, events::EventLog& events,
                                                      SetUp what, std::string surface);

}  // namespace pryx::app
