// SPDX-License-Identifier: MIT
#include "surfaces/server/model_list.h"

#include "foundation/base/log.h"
#include "foundation/net/url.h"
#include "surfaces/server/route.h"

namespace pryx::server {
namespace {

constexpr Duration kLimit =
    std::chrono::seconds(5);  // one provider that hangs must not hide the others for long

async::Task<void> fetch_one(Services& services, ProviderModels& slot) {
  slot.models = co_await async::with_timeout(services.loop, services.models.list_models(slot.provider),
                                             kLimit, "list the models of " + slot.provider);
}

bool runs_here(const models::ProviderHealth& provider) {
  const auto url = net::parse_url(provider.base_url);
  if (!url) return false;
  return url->host.address ? net::is_loopback(*url->host.address) : url->host.name == "localhost";
}

// The router remembers what they say.
async::Task<void> ask_for_next_time(ServerCore& core, std::vector<std::string> providers) {
  for (const std::string& provider : providers) {
    const auto listed =
        co_await async::with_timeout(core.services.loop, core.services.models.list_models(provider), kLimit,
                                     "list the models of " + provider);
    if (!listed) log::debug("models.not_listed", {{"provider", provider}, {"error", listed.error().message}});
  }
  core.is_asking_for_models = false;
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

std::vector<ProviderModels> known_models(ServerCore& core, std::string_view only) {
  std::vector<ProviderModels> out;
  std::vector<std::string> due;
  for (const models::ProviderHealth& health : core.services.models.providers()) {
    if (!only.empty() && health.name != only) continue;
    out.push_back({.provider = health.name, .models = core.services.models.known_models(health.name)});
    if (core.services.models.is_list_due(health.name) && runs_here(health)) due.push_back(health.name);
  }
  if (!due.empty() && !core.is_asking_for_models) {
    core.is_asking_for_models = true;
    core.background.spawn("models.learn", ask_for_next_time(core, std::move(due)));
  }
  return out;
}

}  // namespace pryx::server
