// SPDX-License-Identifier: MIT
#include <set>

#include "engine/models/model_choice.h"
#include "engine/models/model_router.h"
#include "engine/models/presets.h"

#include "foundation/base/text.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/if_match.h"
#include "surfaces/server/model_list.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

constexpr Duration kTestLimit = std::chrono::seconds(20);

const models::ProviderConfig* find_config(const std::vector<models::ProviderConfig>& configs,
                                          std::string_view name) {
  const auto found = std::ranges::find(configs, name, &models::ProviderConfig::name);
  return found == configs.end() ? nullptr : &*found;
}

Result<ProviderChange> decode_change(const RouteCall& call) {
  ProviderChange change;
  change.config.name = call.path_values.at(0);
  PRYX_TRY(const auto kind, json::find_string(call.body, "kind"));
  PRYX_TRY(auto base_url, json::find_string(call.body, "base_url"));
  // A vendor that is known by this name needs no further words.
  const models::Preset* preset = models::find_preset(change.config.name);
  if (!kind && preset == nullptr)
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is no vendor that is known by name; say its kind (`pryx provider presets` lists those)",
                utf8_prefix(change.config.name, 64));
  change.config.kind = kind ? *kind : std::string(preset->kind);
  if (!base_url && preset != nullptr && change.config.kind == preset->kind)
    base_url = std::string(preset->base_url);
  PRYX_TRY(auto key, json::find_string(call.body, "key"));
  PRYX_TRY(const auto no_key, json::find_bool(call.body, "no_key"));
  change.config.base_url = std::move(base_url).value_or("");
  PRYX_TRY(auto api, json::find_string(call.body, "api"));
  change.keeps_api = !api.has_value();
  change.config.api = std::move(api).value_or("");
  change.remove_key = no_key.value_or(false);
  PRYX_TRY(const auto key_ref, json::find_string(call.body, "key_ref"));
  if (key_ref && (key || change.remove_key))
    return fail(ErrorCode::kInvalidArgument, "key_ref excludes key and no_key");
  if (key_ref) {
    PRYX_TRY(const vault::SecretRef reference, vault::SecretRef::parse(*key_ref));
    change.key_reference = reference;
  }
  if (key && change.remove_key) return fail(ErrorCode::kInvalidArgument, "key and no_key exclude each other");
  if (key) {
    change.key.emplace(std::string(trim(*key)));
    wipe(*key);
  }
  return change;
}

// What is found and no provider yet never gets the name of one: who takes the suggestion would give that
// other provider a new address and remove its key. `stored` also has those that could not be loaded.
void suggest_free_names(std::vector<models::LocalServer>& servers,
                        const std::vector<models::ProviderHealth>& running,
                        const std::vector<models::ProviderConfig>& stored) {
  std::set<std::string> taken;
  for (const models::ProviderHealth& health : running) taken.insert(health.name);
  for (const models::ProviderConfig& config : stored) taken.insert(config.name);
  for (models::LocalServer& server : servers) {
    const auto same = std::ranges::find(running, server.base_url, &models::ProviderHealth::base_url);
    if (same != running.end()) continue;
    const std::string wanted = server.name;
    for (int number = 2; !taken.insert(server.name).second; ++number)
      server.name = wanted + "-" + std::to_string(number);
  }
}

}  // namespace

async::Task<Result<Reply>> list_models(RouteCall& call) {
  const std::string only = query_or(call, "provider");
  const std::string known = query_or(call, "known");
  if (!known.empty() && known != "true" && known != "false")
    co_return fail(ErrorCode::kInvalidArgument, "known must be true or false");
  const std::string sort = query_or(call, "sort");
  if (!sort.empty() && sort != "id" && sort != "suggested")
    co_return fail(ErrorCode::kInvalidArgument, "sort must be id or suggested");
  std::vector<ProviderModels> found;
  if (known == "true")
    found = known_models(call.core, only);
  else
    found = co_await fetch_models(call.services(), only);
  json::array items;
  json::array errors;
  for (ProviderModels& slot : found) {
    if (slot.models && sort == "suggested") models::sort_for_choice(*slot.models);
    if (!slot.models) {
      errors.push_back(json::object{{"provider", slot.provider},
                                    {"code", facts(slot.models.error().code).wire},
                                    {"detail", slot.models.error().message}});
      continue;
    }
    for (const models::ModelInfo& model : *slot.models)
      items.push_back(encode(model, call.services().turns.default_model()));
  }
  json::object body = list_body(std::move(items));
  body["errors"] = std::move(errors);
  co_return Reply::of(body);
}

async::Task<Result<Reply>> get_catalog(RouteCall& call) {
  co_return Reply::of(encode(call.services().providers.catalog(call.caller())));
}

async::Task<Result<Reply>> update_catalog(RouteCall& call) {
  PRYX_CO_TRY(auto from, json::find_string(call.body, "from"));
  PRYX_CO_TRY(const CatalogStatus status,
              co_await call.services().providers.update_catalog(call.caller(), std::move(from).value_or("")));
  co_return Reply::of(encode(status));
}

async::Task<Result<Reply>> get_own_models(RouteCall& call) {
  PRYX_CO_TRY(const HumanFile file, co_await call.services().providers.own_models(call.caller()));
  Reply reply = Reply::of(encode(file));
  add_etag(reply, file.hash);
  co_return reply;
}

async::Task<Result<Reply>> put_own_models(RouteCall& call) {
  PRYX_CO_TRY(std::string text, json::get_string(call.body, "text"));
  PRYX_CO_TRY(std::string hash, expected_hash(call));
  PRYX_CO_TRY(const HumanFile file, co_await call.services().providers.put_own_models(
                                        call.caller(), std::move(text), std::move(hash)));
  Reply reply = Reply::of(encode(file));
  add_etag(reply, file.hash);
  co_return reply;
}

async::Task<Result<Reply>> list_presets(RouteCall&) {
  json::array items;
  for (const models::Preset& preset : models::presets()) items.push_back(encode(preset));
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> find_local(RouteCall& call) {
  LocalServers found = co_await call.services().providers.find_local(call.caller());
  PRYX_CO_TRY(const auto configs, co_await call.services().providers.list(call.caller()));
  const std::vector<models::ProviderHealth> providers = call.services().models.providers();
  suggest_free_names(found.servers, providers, configs);
  json::array items;
  for (const models::LocalServer& server : found.servers) items.push_back(encode(server, found, providers));
  json::object body = list_body(std::move(items));
  body["ports"] = json::array(found.ports.begin(), found.ports.end());
  if (found.memory) {
    body["memory"] = json::object{{"total_bytes", found.memory->total_bytes},
                                  {"available_bytes", found.memory->available_bytes}};
  } else {
    body["memory"] = nullptr;
  }
  co_return Reply::of(body);
}

async::Task<Result<Reply>> list_providers(RouteCall& call) {
  PRYX_CO_TRY(const auto configs, co_await call.services().providers.list(call.caller()));
  json::array items;
  for (const models::ProviderHealth& health : call.services().models.providers())
    items.push_back(encode(health, find_config(configs, health.name)));
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> put_provider(RouteCall& call) {
  PRYX_CO_TRY(ProviderChange change, decode_change(call));
  PRYX_CO_TRY(const models::ProviderConfig config,
              co_await call.services().providers.put(call.caller(), std::move(change)));
  for (const models::ProviderHealth& health : call.services().models.providers()) {
    if (health.name == config.name) co_return Reply::of(encode(health, &config));
  }
  co_return Reply::of(encode(models::ProviderHealth{config.name, config.kind, config.base_url}, &config));
}

async::Task<Result<Reply>> delete_provider(RouteCall& call) {
  PRYX_CO_TRY(const bool removed,
              co_await call.services().providers.remove(call.caller(), call.path_values.at(0)));
  if (!removed)
    co_return fail(ErrorCode::kNotFound, "there is no provider '{}'",
                   utf8_prefix(call.path_values.at(0), 64));
  co_return Reply::empty();
}

async::Task<Result<Reply>> test_provider(RouteCall& call) {
  const std::string name = call.path_values.at(0);
  PRYX_CO_TRY(const std::size_t count,
              co_await async::with_timeout(call.services().loop, call.services().models.test_provider(name),
                                           kTestLimit, "test the provider " + name));
  co_return Reply::of({{"ok", true}, {"provider", name}, {"models", count}});
}

}  // namespace pryx::server::routes
