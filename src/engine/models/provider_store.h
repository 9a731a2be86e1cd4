// SPDX-License-Identifier: MIT
// The providers a person configured, as rows. Keys are in the vault; here is only the name of the secret.
// Static functions for write and read jobs.
#pragma once
#include <vector>

#include "engine/models/provider_config.h"
#include "foundation/db/database.h"

namespace pryx::models {

struct ProviderStore {
  [[nodiscard]] static db::ModuleMigrations migrations();
  [[nodiscard]] static Result<std::vector<ProviderConfig>> list(db::Connection& c,
                                                                const PrincipalId& principal);
  [[nodiscard]] static Result<void> put(db::Connection& c, const PrincipalId& principal,
                                        const ProviderConfig& config, WallTime at);
  [[nodiscard]] static Result<bool> remove(db::Connection& c, const PrincipalId& principal,
                                           std::string_view name);
};

}  // namespace pryx::models
