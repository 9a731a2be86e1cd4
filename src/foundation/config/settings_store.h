// SPDX-License-Identifier: MIT
// What Pryx itself changes of the configuration: an overlay of key and JSON value over the human's file.
// Keys that no setting has are kept and count for nothing here: the daemon's marks of what it has recorded
// are among them. Static functions for jobs.
#pragma once
#include <map>
#include <string>

#include "foundation/base/json.h"
#include "foundation/db/database.h"

namespace pryx::config {

struct SettingsStore {
  [[nodiscard]] static db::ModuleMigrations migrations();
  [[nodiscard]] static Result<std::map<std::string, json::value>> list(db::Connection& c,
                                                                       const PrincipalId& principal);
  // A null value removes the entry.
  [[nodiscard]] static Result<void> put(db::Connection& c, const PrincipalId& principal, std::string_view key,
                                        const json::value& value, WallTime at);
};

}  // namespace pryx::config
