// SPDX-License-Identifier: MIT
// What Pryx itself changes of the configuration: an overlay of key and JSON value over the human's file.
// Static functions for jobs.
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
