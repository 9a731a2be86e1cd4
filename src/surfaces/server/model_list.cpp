// SPDX-License-Identifier: MIT
#include "surfaces/server/model_list.h"

namespace pryx::server {
namespace {

constexpr Duration kLimit =
    std::chrono::seconds(5);  // one provider that hangs must not hide the others for long

async::Task<void> fetch_one(Services& services, ProviderModels& slot) {
  slot.models = co_await async::with_timeout(services.loop, services.models.list_models(slot.provider),
                                             kLimit, "list the models of " + slot.provider);
}

}  // namespace

async::Task<std::vector<ProviderModels>> fetch_models(Services& services, std::string only) {
  std::vector<ProviderModels> slots;
  for (const models::ProviderHealth& health : services.models.providers()) {
    if (only.empty() || health.name == only) slots.push_back({.provider = health.name});
  }
  async::TaskGroup group(services.loop, "models");
  for (ProviderModels& slot : slots) group.spawn("models." + slot.provider, fetch_one(services, slot));
  co_await group.wait_until_empty();
  co_await group.stop();
  co_return slots;
}

}  // namespace pryx::server
