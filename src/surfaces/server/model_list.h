// SPDX-License-Identifier: MIT
// The models of all providers, asked for at once, each provider with a time limit of its own.
#pragma once
#include "surfaces/server/server.h"

namespace pryx::server {

struct ProviderModels {
  std::string provider;
  Result<std::vector<models::ModelInfo>> models = std::vector<models::ModelInfo>{};
};
// `only`: a provider's name; empty: all.
[[nodiscard]] async::Task<std::vector<ProviderModels>> fetch_models(Services& services, std::string only);

}  // namespace pryx::server
