// SPDX-License-Identifier: MIT
// The models of all providers, asked for at once, each provider with a time limit of its own; or what is
// remembered of them, for those that cannot wait.
#pragma once
#include "surfaces/server/server.h"

namespace pryx::server {

struct ServerCore;

struct ProviderModels {
  std::string provider;
  Result<std::vector<models::ModelInfo>> models = std::vector<models::ModelInfo>{};
};
// `only`: a provider's name; empty: all.
[[nodiscard]] async::Task<std::vector<ProviderModels>> fetch_models(Services& services, std::string only);
// From memory; nobody is waited for. A server of this machine whose list is due is asked meanwhile for the
// next time: that sends nothing anywhere.
[[nodiscard]] std::vector<ProviderModels> known_models(ServerCore& core, std::string_view only);

}  // namespace pryx::server
