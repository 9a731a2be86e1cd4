// SPDX-License-Identifier: MIT
// What the API asks of providers, secrets, settings, memory and diagnostics, over the stores and the vault.
// Each writes an audit row with its change. I/O thread only; everything referred to outlives these.
#pragma once
#include <string>
#include <string_view>

#include "agent_keeper.h"
#include "catalog_keeper.h"
#include "engine/agent/dispatcher.h"
#include "engine/agent/turn_engine.h"
#include "engine/memory/memory_store.h"
#include "engine/models/model_router.h"
#include "foundation/async/worker_pool.h"
#include "foundation/config/layers.h"
#include "foundation/config/places.h"
#include "policy_keeper.h"
#include "sandbox_health.h"
#include "surfaces/server/admin.h"
#include "trust/audit/audit_log.h"
#include "trust/audit/checkpointer.h"
#include "trust/vault/vault.h"

namespace pryx::app {

// One audit row for one change, in the commit of the change.
[[nodiscard]] Result<void> append_change(db::Transaction& t, audit::AuditLog& audit, const Caller& caller,
                                         std::string kind, std::string subject, json::object detail);
// The same in a commit of its own, when the change itself is no database write: before the change.
[[nodiscard]] async::Task<Result<void>> audit_change(db::Database& database, audit::AuditLog& audit,
                                                     Caller caller, std::string kind, std::string subject,
                                                     json::object detail);

// Where a provider's key is after this change, and where it was before: what nothing is said of stays,
// a person's reference too. Empty: no key.
[[nodiscard]] std::string key_name_after(const server::ProviderChange& change, std::string_view present);

class VaultKeys final : public models::KeySource {
 public:
  VaultKeys(vault::Vault& vault, const platform::Environment& environment)
      : vault_(vault), environment_(environment) {}
  [[nodiscard]] async::Task<Result<Secret>> get_key(std::string secret_name, bool refresh) override;

 private:
  vault::Vault& vault_;
  const platform::Environment& environment_;
};

class Providers final : public server::ProviderAdmin {
 public:
  Providers(async::EventLoop& loop, db::Database& database, events::EventLog& events, audit::AuditLog& audit,
            vault::Vault& vault, models::ModelRouter& router, CatalogKeeper& catalog, net::HttpClient& http);
  [[nodiscard]] async::Task<Result<void>> start();  // puts the stored providers into the router
  // Called after a setting was written to the database: whoever uses it learns it from there.
  void on_stored_setting(std::function<void(const std::string& key, json::value value)> callback) {
    on_stored_ = std::move(callback);
  }
  [[nodiscard]] async::Task<Result<std::vector<models::ProviderConfig>>> list(Caller caller) override;
  [[nodiscard]] async::Task<Result<models::ProviderConfig>> put(Caller caller,
                                                                server::ProviderChange change) override;
  [[nodiscard]] async::Task<Result<bool>> remove(Caller caller, std::string name) override;
  [[nodiscard]] async::Task<Result<void>> set_default_model(Caller caller, std::string model) override;
  [[nodiscard]] server::CatalogStatus catalog(const Caller&) override { return catalog_.status(); }
  [[nodiscard]] async::Task<Result<server::CatalogStatus>> update_catalog(Caller caller,
                                                                          std::string from) override {
    return catalog_.update(std::move(caller), std::move(from));
  }
  [[nodiscard]] async::Task<Result<server::HumanFile>> own_models(Caller caller) override {
    return catalog_.own_file(std::move(caller));
  }
  [[nodiscard]] async::Task<Result<server::HumanFile>> put_own_models(Caller caller, std::string text,
                                                                      std::string expected_hash) override {
    return catalog_.put_own_file(std::move(caller), std::move(text), std::move(expected_hash));
  }
  [[nodiscard]] async::Task<server::LocalServers> find_local(Caller caller) override;
  // Which ports of this machine are asked, as the setting says.
  void set_local_ports(std::vector<std::uint16_t> ports) { local_ports_ = std::move(ports); }

 private:
  async::EventLoop& loop_;
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  vault::Vault& vault_;
  models::ModelRouter& router_;
  CatalogKeeper& catalog_;
  net::HttpClient& http_;
  std::vector<std::uint16_t> local_ports_;
  std::function<void(const std::string&, json::value)> on_stored_;
};

// Their values, for nothing but taking them out of what leaves. kUnauthenticated while the vault is locked.
[[nodiscard]] async::Task<Result<std::vector<Secret>>> all_secrets(vault::Vault& vault, Principal principal);

class Secrets final : public server::SecretAdmin {
 public:
  Secrets(db::Database& database, events::EventLog& events, audit::AuditLog& audit, vault::Vault& vault)
      : database_(database), events_(events), audit_(audit), vault_(vault) {}
  [[nodiscard]] async::Task<Result<std::vector<server::SecretEntry>>> list(Caller caller) override;
  [[nodiscard]] async::Task<Result<void>> put(Caller caller, std::string name, Secret value,
                                              std::optional<std::vector<std::string>> hosts) override;
  [[nodiscard]] async::Task<Result<bool>> remove(Caller caller, std::string name) override;

  [[nodiscard]] async::Task<Result<std::vector<Secret>>> values_to_redact(Caller caller) override;
  [[nodiscard]] vault::VaultStatus vault_status(const Caller& caller) override;
  [[nodiscard]] async::Task<Result<void>> lock(Caller caller) override;
  [[nodiscard]] async::Task<Result<void>> unlock(Caller caller, Secret passphrase) override;
  [[nodiscard]] async::Task<Result<void>> change_passphrase(Caller caller, std::optional<Secret> current,
                                                            std::optional<Secret> passphrase) override;

 private:
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  vault::Vault& vault_;
};

// config.yaml and the overlay, as one Config value that is replaced when either changes.
class Settings final : public server::ConfigAdmin {
 public:
  Settings(async::EventLoop& loop, db::Database& database, events::EventLog& events, audit::AuditLog& audit,
           std::string path, config::Layer environment);
  [[nodiscard]] async::Task<Result<void>> start();
  [[nodiscard]] async::Task<void> reload_file(std::string actor);
  // After start(): an edit that was made while no daemon ran goes on record.
  [[nodiscard]] async::Task<void> note_first_file();
  [[nodiscard]] const config::Config& current() const { return config_; }
  void on_change(std::function<void(const config::Config&)> callback) { on_change_ = std::move(callback); }
  // What a value must fulfil beyond its type, before it is stored: a default model has to exist.
  void check_with(std::function<Result<void>(std::string_view key, const json::value& value)> check) {
    check_ = std::move(check);
  }
  // Somebody else wrote this setting to the database.
  void note_stored(const std::string& key, json::value value);

  [[nodiscard]] async::Task<Result<server::ConfigStatus>> get_text(Caller caller) override;
  [[nodiscard]] async::Task<Result<server::ConfigStatus>> put_text(Caller caller, std::string text,
                                                                   std::string expected_hash) override;
  [[nodiscard]] async::Task<Result<json::object>> get_settings(Caller caller) override;
  [[nodiscard]] async::Task<Result<json::object>> put_settings(Caller caller, json::object changes) override;

 private:
  void combine();
  [[nodiscard]] server::ConfigStatus status_of(server::HumanFile file) const;
  [[nodiscard]] json::object settings_json() const;
  async::EventLoop& loop_;
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  std::string path_;
  config::Layer environment_;
  config::Layer file_;
  config::Layer overlay_;
  std::string file_text_;
  bool has_good_file_ = false;  // what file_ holds is from a file
  config::Config config_;
  std::function<void(const config::Config&)> on_change_;
  std::function<Result<void>(std::string_view, const json::value&)> check_;
};

class Memories final : public server::MemoryAdmin {
 public:
  explicit Memories(memory::MemoryStore& store, async::EventLoop& loop) : store_(store), loop_(loop) {}
  [[nodiscard]] async::Task<Result<std::vector<memory::Memory>>> list(Caller caller,
                                                                      memory::ListRequest request) override;
  [[nodiscard]] async::Task<Result<memory::Memory>> save(Caller caller, memory::SaveRequest request) override;
  [[nodiscard]] async::Task<Result<std::vector<memory::Memory>>> search(
      Caller caller, memory::SearchRequest request) override;
  [[nodiscard]] async::Task<Result<memory::Memory>> get(Caller caller, MemoryId id) override;
  [[nodiscard]] async::Task<Result<void>> remove(Caller caller, MemoryId id) override;
  [[nodiscard]] async::Task<Result<void>> forget_session(Caller caller, SessionId session) override;

 private:
  memory::MemoryStore& store_;
  async::EventLoop& loop_;
};

class Health final : public server::Diagnostics {
 public:
  Health(db::Database& database, agent::Dispatcher& dispatcher, const PolicyKeeper& policy,
         const AgentKeeper& agents, const audit::AuditLog& audit, const audit::Checkpointer& checkpoints,
         const sandbox::Sandbox& sandbox, async::WorkerPool& pool, config::Places places,
         std::string key_backend)
      : database_(database),
        dispatcher_(dispatcher),
        policy_(policy),
        agents_(agents),
        audit_(audit),
        checkpoints_(checkpoints),
        sandbox_(sandbox),
        pool_(pool),
        places_(std::move(places)),
        key_backend_(std::move(key_backend)) {}
  [[nodiscard]] async::Task<std::vector<server::Component>> components() override;
  [[nodiscard]] async::Task<std::vector<server::Component>> integrity() override;

 private:
  db::Database& database_;
  agent::Dispatcher& dispatcher_;
  const PolicyKeeper& policy_;
  const AgentKeeper& agents_;
  const audit::AuditLog& audit_;
  const audit::Checkpointer& checkpoints_;
  const sandbox::Sandbox& sandbox_;
  async::WorkerPool& pool_;
  config::Places places_;
  std::string key_backend_;
};

}  // namespace pryx::app
