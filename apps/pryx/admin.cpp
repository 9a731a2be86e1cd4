// SPDX-License-Identifier: MIT
// Over 500 lines: one class for each part that the API administers, and nothing else.
#include "admin.h"

#include "engine/models/local_servers.h"
#include "engine/models/provider_store.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/config/settings_store.h"
#include "key_health.h"
#include "recorded_marks.h"
#include "setting_lists.h"
#include "settings_event.h"
#include "trust/principals/principal.h"

namespace pryx::app {
namespace {

constexpr std::string_view kDefaultModelSetting = "model.default";

std::string key_name(std::string_view provider) { return fmt::format("provider/{}", provider); }

bool is_provider_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name == "starter") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

std::string key_name_after(const server::ProviderChange& change, std::string_view present) {
  if (change.key_reference) return change.key_reference->to_text();
  if (change.key) return key_name(change.config.name);
  return change.remove_key ? std::string() : std::string(present);
}

async::Task<Result<Secret>> VaultKeys::get_key(std::string secret_name, bool) {
  // A reference that a person gave, or the name under which the provider's own key is kept.
  const auto reference = vault::SecretRef::parse(secret_name);
  if (reference) co_return co_await vault_.resolve(owner(), *reference, environment_);
  co_return co_await vault_.get(owner(), std::move(secret_name));
}

Providers::Providers(async::EventLoop& loop, db::Database& database, events::EventLog& events,
                     audit::AuditLog& audit, vault::Vault& vault, models::ModelRouter& router,
                     CatalogKeeper& catalog, net::HttpClient& http)
    : loop_(loop),
      database_(database),
      events_(events),
      audit_(audit),
      vault_(vault),
      router_(router),
      catalog_(catalog),
      http_(http) {}

async::Task<server::LocalServers> Providers::find_local(Caller) {
  server::LocalServers out{.servers = {}, .ports = local_ports_, .memory = platform::read_memory_info()};
  out.servers = co_await models::find_local_servers(loop_, http_, out.ports);
  co_return out;
}

async::Task<Result<void>> Providers::start() {
  const auto stored =
      co_await database_.read([](db::Connection& c) { return models::ProviderStore::list(c, owner().id); });
  if (!stored) co_return std::unexpected(stored.error());
  for (const models::ProviderConfig& config : *stored) {
    // A provider that cannot be set up any more is a warning, not a reason to stay down.
    const auto put = router_.put_provider(config);
    if (!put) log::warn("provider.not_loaded", {{"name", config.name}, {"error", put.error().message}});
  }
  co_return Result<void>{};
}

async::Task<Result<std::vector<models::ProviderConfig>>> Providers::list(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  co_return co_await database_.read(
      [id = caller.principal.id](db::Connection& c) { return models::ProviderStore::list(c, id); });
}

async::Task<Result<models::ProviderConfig>> Providers::put(Caller caller, server::ProviderChange change) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  models::ProviderConfig config = change.config;
  if (!is_provider_name(config.name)) {
    co_return fail(ErrorCode::kInvalidArgument,
                   "'{}' cannot name a provider; use a-z, 0-9, '-' and '_', and not 'starter'",
                   utf8_prefix(config.name, 64));
  }
  const std::string secret = key_name(config.name);
  PRYX_CO_TRY(const auto stored, co_await database_.read([id = caller.principal.id](db::Connection& c) {
    return models::ProviderStore::list(c, id);
  }));
  const auto before = std::ranges::find(stored, config.name, &models::ProviderConfig::name);
  if (change.keeps_api && before != stored.end() && before->kind == config.kind) config.api = before->api;
  const std::string present = before == stored.end() ? std::string() : before->key_secret_name;
  config.key_secret_name = key_name_after(change, present);
  PRYX_CO_TRY_VOID(router_.check_provider(config));
  // The key, the row and the record of both: one commit.
  const auto write = [this, caller, config](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(models::ProviderStore::put(t.db(), caller.principal.id, config, loop_.clock().wall()));
    PRYX_TRY_VOID(
        append_settings_changed(t, events_, caller.principal.id, SetUp::kProviders, caller.surface));
    PRYX_TRY_VOID(append_change(t, audit_, caller, "provider.changed", config.name,
                                {{"kind", config.kind},
                                 {"base_url", config.base_url},
                                 {"has_key", !config.key_secret_name.empty()}}));
    // Not before: until then a request would go to an address that is on no record.
    t.after_commit([this, config] {
      const auto put = router_.put_provider(config);
      if (!put) log::warn("provider.not_loaded", {{"name", config.name}, {"error", put.error().message}});
    });
    return {};
  };
  Result<void> written;
  if (change.key) {
    written = co_await vault_.set(caller.principal, secret, std::move(*change.key), std::nullopt, write);
  } else if (change.remove_key && !present.empty()) {
    const auto removed = co_await vault_.remove(caller.principal, secret,
                                                [&write](db::Transaction& t, bool) { return write(t); });
    if (!removed) written = std::unexpected(removed.error());
  } else {
    written = co_await database_.write(write);
  }
  if (!written) co_return std::unexpected(written.error());
  co_return config;
}

async::Task<Result<bool>> Providers::remove(Caller caller, std::string name) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  if (!is_provider_name(name)) co_return false;
  bool was_there = false;
  const auto removed = co_await vault_.remove(
      caller.principal, key_name(name), [&, this](db::Transaction& t, bool) -> Result<void> {
        PRYX_TRY(was_there, models::ProviderStore::remove(t.db(), caller.principal.id, name));
        if (!was_there) return fail(ErrorCode::kNotFound, "there is no provider '{}'", utf8_prefix(name, 64));
        PRYX_TRY_VOID(
            append_settings_changed(t, events_, caller.principal.id, SetUp::kProviders, caller.surface));
        return append_change(t, audit_, caller, "provider.removed", name, {});
      });
  if (!removed && !was_there && removed.error().code == ErrorCode::kNotFound) co_return false;
  if (!removed) co_return std::unexpected(removed.error());
  (void)router_.remove_provider(name);
  co_return true;
}

async::Task<Result<void>> Providers::set_default_model(Caller caller, std::string model) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  PRYX_CO_TRY_VOID(router_.resolve(model));
  const auto written = co_await database_.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(config::SettingsStore::put(t.db(), caller.principal.id, kDefaultModelSetting,
                                             json::value(model), loop_.clock().wall()));
    PRYX_TRY_VOID(audit_.append(t, {.principal = caller.principal.id,
                                    .kind = "setting.changed",
                                    .actor = caller.surface,
                                    .subject = std::string(kDefaultModelSetting),
                                    .detail = {{"value", model}}}));
    return append_settings_changed(t, events_, caller.principal.id, SetUp::kSettings, caller.surface);
  });
  if (!written) co_return written;
  // The settings own the value: one that only the engine knew would be lost with the next edit of
  // config.yaml.
  if (on_stored_) on_stored_(std::string(kDefaultModelSetting), json::value(model));
  co_return Result<void>{};
}

async::Task<Result<std::vector<server::SecretEntry>>> Secrets::list(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  PRYX_CO_TRY(const auto names, co_await vault_.list(caller.principal));
  std::vector<server::SecretEntry> out;
  for (const auto& entry : names) out.push_back({entry.name, entry.updated_at, entry.hosts});
  co_return out;
}

async::Task<Result<std::vector<Secret>>> Secrets::values_to_redact(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  co_return co_await all_secrets(vault_, caller.principal);
}

async::Task<Result<std::vector<Secret>>> all_secrets(vault::Vault& vault, Principal principal) {
  PRYX_CO_TRY(const auto names, co_await vault.list(principal));
  std::vector<Secret> out;
  for (const auto& entry : names) {
    PRYX_CO_TRY(auto value, co_await vault.find(principal, entry.name));
    if (value) out.push_back(std::move(*value));
  }
  co_return out;
}

async::Task<Result<void>> Secrets::put(Caller caller, std::string name, Secret value,
                                       std::optional<std::vector<std::string>> hosts) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  json::object detail;
  if (hosts) {
    PRYX_CO_TRY(hosts, vault::read_secret_hosts(*hosts));
    detail["hosts"] = json::array(hosts->begin(), hosts->end());
  }
  const auto also = [this, caller, name, detail](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(append_change(t, audit_, caller, "secret.changed", name, detail));
    return append_settings_changed(t, events_, caller.principal.id, SetUp::kSecrets, caller.surface);
  };
  co_return co_await vault_.set(caller.principal, name, std::move(value), std::move(hosts), also);
}

async::Task<Result<bool>> Secrets::remove(Caller caller, std::string name) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  const auto also = [this, caller, name](db::Transaction& t, bool was_there) -> Result<void> {
    if (!was_there) return {};
    PRYX_TRY_VOID(append_change(t, audit_, caller, "secret.removed", name, {}));
    return append_settings_changed(t, events_, caller.principal.id, SetUp::kSecrets, caller.surface);
  };
  co_return co_await vault_.remove(caller.principal, name, also);
}

vault::VaultStatus Secrets::vault_status(const Caller& caller) { return vault_.status(caller.principal); }

async::Task<Result<void>> Secrets::lock(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  PRYX_CO_TRY_VOID(vault_.lock(caller.principal));
  co_await tell_settings_changed(database_, events_, SetUp::kSecrets, caller.surface);
  co_return co_await audit_change(database_, audit_, std::move(caller), "vault.locked", "vault", {});
}

async::Task<Result<void>> Secrets::unlock(Caller caller, Secret passphrase) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  const auto unlocked = co_await vault_.unlock(caller.principal, std::move(passphrase));
  const json::object detail{{"ok", unlocked.has_value()}};
  const auto recorded = co_await audit_change(database_, audit_, caller, "vault.unlocked", "vault", detail);
  if (recorded && unlocked)
    co_await tell_settings_changed(database_, events_, SetUp::kSecrets, caller.surface);
  if (recorded) co_return unlocked;
  // What cannot be recorded does not stay.
  if (unlocked) (void)vault_.lock(caller.principal);
  co_return recorded;
}

async::Task<Result<void>> Secrets::change_passphrase(Caller caller, std::optional<Secret> current,
                                                     std::optional<Secret> passphrase) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  if (!passphrase && !current)
    co_return fail(ErrorCode::kInvalidArgument, "to remove the passphrase, give it as 'current'");
  const json::object detail{{"removed", !passphrase.has_value()}, {"ok", true}};
  const auto record = [this, caller, detail](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(append_change(t, audit_, caller, "vault.passphrase", "vault", detail));
    return append_settings_changed(t, events_, caller.principal.id, SetUp::kSecrets, caller.surface);
  };
  Result<void> changed;
  if (passphrase)
    changed =
        co_await vault_.set_passphrase(caller.principal, std::move(current), std::move(*passphrase), record);
  else
    changed = co_await vault_.remove_passphrase(caller.principal, std::move(*current), record);
  if (!changed && changed.error().code == ErrorCode::kUnauthenticated)
    PRYX_CO_TRY_VOID(co_await audit_change(database_, audit_, std::move(caller), "vault.passphrase", "vault",
                                           {{"ok", false}}));
  co_return changed;
}

Settings::Settings(async::EventLoop& loop, db::Database& database, events::EventLog& events,
                   audit::AuditLog& audit, std::string path, config::Layer environment)
    : loop_(loop),
      database_(database),
      events_(events),
      audit_(audit),
      path_(std::move(path)),
      environment_(std::move(environment)) {
  file_.origin = config::Origin::kFile;
  overlay_.origin = config::Origin::kDatabase;
}

void Settings::note_stored(const std::string& key, json::value value) {
  overlay_.values[key] = {std::move(value), "settings"};
  combine();
}

void Settings::combine() {
  config_ = config::Config({file_, overlay_, environment_});
  if (on_change_) on_change_(config_);
}

async::Task<Result<void>> Settings::start() {
  const auto stored =
      co_await database_.read([](db::Connection& c) { return config::SettingsStore::list(c, owner().id); });
  if (!stored) co_return std::unexpected(stored.error());
  overlay_ = stored_layer(*stored);
  co_await reload_file({});  // as it was when the daemon stopped, as far as anybody knows
  combine();
  co_return Result<void>{};
}

async::Task<void> Settings::note_first_file() {
  const auto file = read_human_file(path_);
  if (!file || file->text != file_text_ || !read_config_file(file->text)) co_return;
  (void)co_await record_edit(database_, audit_, "file", "config.yaml", *file);
}

async::Task<void> Settings::reload_file(std::string actor) {
  const auto file = read_human_file(path_);
  if (!file || file->text == file_text_) co_return;
  file_text_ = file->text;  // judged once, right or wrong
  const auto parsed = read_config_file(file->text);
  if (!parsed) {
    // The last good values stay; the person who edits sees why in every surface.
    log::error("config.invalid", {{"path", path_}, {"error", parsed.error().message}});
    const auto told = co_await database_.write([&, this](db::Transaction& t) {
      return events_.append(t, {.principal = owner().id,
                                .name = "error.occurred",
                                .session = {},
                                .surface = {},
                                .payload = {{"area", "config"},
                                            {"path", path_},
                                            {"detail", parsed.error().message},
                                            {"try", "pryx config edit"}}});
    });
    if (!told) log::error("config.event_not_written", {{"error", told.error().message}});
    co_return;
  }
  for (const config::ConfigWarning& warning : parsed->warnings)
    log::warn("config.warning", {{"line", warning.line}, {"text", warning.text}});
  if (!actor.empty()) {
    const auto recorded = co_await record_edit(database_, audit_, actor, "config.yaml", *file);
    // What cannot be recorded does not come into force; the next look at the file tries again.
    if (!recorded) {
      file_text_.clear();
      co_return;
    }
  }
  file_ = parsed->layer;
  has_good_file_ = file->exists;
  combine();
  if (!actor.empty()) co_await tell_settings_changed(database_, events_, SetUp::kConfig, actor);
}

server::ConfigStatus Settings::status_of(server::HumanFile file) const {
  server::ConfigStatus status;
  const auto parsed = read_config_file(file.text);
  if (!parsed) status.problem = problem_of_config(parsed.error());
  status.in_force = parsed && file.exists ? "file" : !parsed && has_good_file_ ? "last_good" : "default";
  status.file = std::move(file);
  return status;
}

async::Task<Result<server::ConfigStatus>> Settings::get_text(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  PRYX_CO_TRY(auto file, read_human_file(path_));
  co_return status_of(std::move(file));
}

async::Task<Result<server::ConfigStatus>> Settings::put_text(Caller caller, std::string text,
                                                             std::string expected_hash) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  PRYX_CO_TRY_VOID(read_config_file(text));
  // Evidence before effect: settings that cannot be recorded do not come into force.
  PRYX_CO_TRY_VOID(co_await audit_change(database_, audit_, caller, "config.change_asked", "config.yaml",
                                         {{"instead_of", expected_hash}}));
  PRYX_CO_TRY(auto file, replace_human_file(path_, text, expected_hash));
  co_await reload_file({});
  co_await tell_settings_changed(database_, events_, SetUp::kConfig, caller.surface);
  PRYX_CO_TRY_VOID(co_await record_put(database_, audit_, std::move(caller), "config.yaml", file.hash));
  co_return status_of(std::move(file));
}

json::object Settings::settings_json() const {
  json::object values, origins, sources;
  for (const auto& [key, effective] : config_.all()) {
    values[key] = effective.value;
    origins[key] = config::origin_name(effective.origin);
    sources[key] = effective.source;
  }
  return {{"settings", std::move(values)},
          {"origins", std::move(origins)},
          {"sources", std::move(sources)},
          {"items", config_.describe()},
          {"next_cursor", nullptr}};
}

async::Task<Result<json::object>> Settings::get_settings(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  co_return settings_json();
}

async::Task<Result<json::object>> Settings::put_settings(Caller caller, json::object changes) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  json::object checked;
  for (const auto& member : changes) {
    const config::Setting* setting = config::find_setting(member.key());
    if (setting == nullptr)
      co_return fail(ErrorCode::kInvalidArgument, "{}", config::describe_unknown(member.key()));
    if (member.value().is_null()) {
      checked[member.key()] = nullptr;
      continue;
    }
    PRYX_CO_TRY(checked[member.key()], config::check_setting(*setting, member.value()));
    if (check_) PRYX_CO_TRY_VOID(check_(member.key(), checked.at(member.key())));
  }
  const auto written = co_await database_.write([&, this](db::Transaction& t) -> Result<void> {
    for (const auto& member : checked) {
      PRYX_TRY_VOID(config::SettingsStore::put(t.db(), caller.principal.id, member.key(), member.value(),
                                               loop_.clock().wall()));
      PRYX_TRY_VOID(audit_.append(t, {.principal = caller.principal.id,
                                      .kind = "setting.changed",
                                      .actor = caller.surface,
                                      .subject = std::string(member.key()),
                                      .detail = {{"value", member.value()}}}));
    }
    if (checked.empty()) return {};
    return append_settings_changed(t, events_, caller.principal.id, SetUp::kSettings, caller.surface);
  });
  if (!written) co_return std::unexpected(written.error());
  for (const auto& member : checked) {
    if (member.value().is_null())
      overlay_.values.erase(std::string(member.key()));
    else
      overlay_.values[std::string(member.key())] = {member.value(), "settings"};
  }
  combine();
  co_return settings_json();
}

async::Task<std::vector<server::Component>> Health::components() {
  std::vector<server::Component> out;
  const auto reads = co_await database_.read([](db::Connection& c) { return c.count("SELECT 1"); });
  server::Component store{.name = "store", .state = "ok", .required = true, .detail = {}, .version = {}};
  if (!reads || !database_.is_healthy()) {
    store.state = "down";
    store.detail = reads
                       ? "the last write did not reach the disk; free some space, it is tried again by itself"
                       : reads.error().message;
  }
  out.push_back(std::move(store));
  auto key = co_await pool_.run([places = places_, backend = key_backend_](std::stop_token) {
    return Result<server::Component>(look_up_key(places, backend));
  });
  if (key)
    out.push_back(std::move(*key));
  else
    out.push_back({.name = "key",
                   .state = "degraded",
                   .required = true,
                   .detail = fmt::format("not looked at: {}", key.error().message),
                   .version = {}});
  server::Component turns{
      .name = "dispatcher",
      .state = "ok",
      .required = false,
      .detail = fmt::format("{} running, {} queued", dispatcher_.running(), dispatcher_.queued()),
      .version = {}};
  if (dispatcher_.is_paused()) {
    turns.state = "degraded";
    turns.detail = "safe mode: messages are accepted and wait; leave it with `pryx daemon restart`";
  }
  out.push_back(std::move(turns));
  server::Component evidence{.name = "audit",
                             .state = "ok",
                             .required = false,
                             .detail = fmt::format("checkpoints go to {}", checkpoints_.copies()),
                             .version = {}};
  if (!checkpoints_.problem().empty()) {
    evidence.state = "down";
    evidence.detail = fmt::format(
        "{}; no checkpoint is signed until this is looked into: run `pryx audit "
        "verify`, keep a copy of the data folder",
        checkpoints_.problem());
  }
  out.push_back(std::move(evidence));
  server::Component policy{.name = "policy",
                           .state = "ok",
                           .required = false,
                           .detail = fmt::format("in force: {}", policy_.state()),
                           .version = {}};
  if (policy_.state() == "last_good" || policy_.state() == "read_only") {
    policy.state = "degraded";
    policy.detail =
        fmt::format("policy.yaml is invalid; in force: {}; run `pryx policy check`", policy_.state());
  }
  out.push_back(std::move(policy));
  for (server::Component& file : agents_.health()) out.push_back(std::move(file));
  for (server::Component& layer : describe_sandbox(sandbox_.report())) out.push_back(std::move(layer));
  co_return out;
}

async::Task<std::vector<server::Component>> Health::integrity() {
  std::vector<server::Component> out;
  const auto checked = co_await database_.read([](db::Connection& c) -> Result<bool> {
    PRYX_TRY_VOID(db::check_integrity(c));
    return true;
  });
  server::Component store{.name = "integrity",
                          .state = "ok",
                          .required = false,
                          .detail = "all that is stored is sound",
                          .version = {}};
  if (!checked) {
    store.state = "down";
    store.detail = fmt::format("{}; stop the daemon and restore the newest backup of the data folder",
                               checked.error().message);
  }
  out.push_back(std::move(store));
  const audit::VerifyInput input{.log = &audit_, .key = &checkpoints_.public_key(), .outside = {}};
  const auto verdict =
      co_await database_.read([&](db::Connection& c) { return audit::verify_log(c, input); });
  server::Component log{.name = "audit log", .state = "ok", .required = false, .detail = {}, .version = {}};
  if (!verdict) {
    log.state = "down";
    log.detail = verdict.error().message;
  } else if (!verdict->ok()) {
    log.state = "down";
    log.detail =
        fmt::format("{}{}; keep a copy of the data folder and find out who wrote to it",
                    verdict->first_bad_index ? fmt::format("entry {}: ", *verdict->first_bad_index) : "",
                    verdict->reason);
  } else {
    log.detail =
        fmt::format("{} entries, equal to {} signed checkpoints", verdict->rows, verdict->checkpoints);
  }
  out.push_back(std::move(log));
  co_return out;
}

}  // namespace pryx::app
