// SPDX-License-Identifier: MIT
#include "settings_event.h"

#include "foundation/base/log.h"
#include "trust/principals/principal.h"

namespace pryx::app {
namespace {

std::string name_of(SetUp what) {
  switch (what) {
    case SetUp::kConfig:
      return "config";
    case SetUp::kSettings:
      return "settings";
    case SetUp::kProviders:
      return "providers";
    case SetUp::kModels:
      return "models";
    case SetUp::kAgents:
      return "agents";
    case SetUp::kSecrets:
      return "secrets";
    case SetUp::kMemory:
      return "memory";
    case SetUp::kSkills:
      return "skills";
  }
  return "settings";
}

}  // namespace

Result<void> append_settings_changed(db::Transaction& t, events::EventLog& events,
                                     const PrincipalId& principal, SetUp what, std::string surface) {
  PRYX_TRY_VOID(events.append(t, {.principal = principal,
                                  .name = "settings.changed",
                                  .session = {},
                                  .surface = std::move(surface),
                                  .payload = {{"what", name_of(what)}}}));
  return {};
}

async::Task<void> tell_settings_changed(db::Database& database, events::EventLog& events, SetUp what,
                                        std::string surface) {
  const auto told = co_await database.write(
      [&](db::Transaction& t) { return append_settings_changed(t, events, owner().id, what, surface); });
  if (!told) log::error("settings.event_not_written", {{"error", told.error().message}});
}

}  // namespace pryx::app
