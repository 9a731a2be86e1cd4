// SPDX-License-Identifier: MIT
// The admin services in memory.
#pragma once
#include <map>
#include <string>

#include "engine/agent/session_store.h"
#include "foundation/config/layers.h"
#include "foundation/crypto/crypto.h"
#include "surfaces/server/admin.h"

namespace pryx::server::testing {

inline std::string text_hash(const std::string& text) { return "sha256:" + crypto::sha256_hex(text); }

class FakeProviders final : public ProviderAdmin {
 public:
  std::map<std::string, models::ProviderConfig> configs;
  std::string last_key;
  async::Task<Result<std::vector<models::ProviderConfig>>> list(Caller) override {
    std::vector<models::ProviderConfig> all;
    for (const auto& [name, config] : configs) all.push_back(config);
    co_return all;
  }
  async::Task<Result<models::ProviderConfig>> put(Caller, ProviderChange change) override {
    if (change.config.kind != "openai")
      co_return fail(ErrorCode::kInvalidArgument, "there is no kind '{}'", change.config.kind);
    if (change.key) {
      last_key = change.key->reveal();
      change.config.key_secret_name = "provider/" + change.config.name;
    }
    if (change.keeps_api) change.config.api = configs[change.config.name].api;
    configs[change.config.name] = change.config;
    co_return change.config;
  }
  async::Task<Result<bool>> remove(Caller, std::string name) override { co_return configs.erase(name) > 0; }
  async::Task<Result<void>> set_default_model(Caller, std::string) override { co_return Result<void>{}; }
  CatalogStatus catalog_status{.as_of = "2026-07-02", .source = "a list", .models = 2};
  CatalogStatus catalog(const Caller&) override { return catalog_status; }
  async::Task<Result<CatalogStatus>> update_catalog(Caller, std::string from) override {
    catalog_status.from = std::move(from);
    co_return catalog_status;
  }
  HumanFile own_file{.path = "/config/models.yaml", .text = "", .hash = text_hash(""), .exists = false};
  async::Task<Result<HumanFile>> own_models(Caller) override { co_return own_file; }
  async::Task<Result<HumanFile>> put_own_models(Caller, std::string text, std::string expected) override {
    if (expected != own_file.hash) co_return fail(ErrorCode::kConflict, "models.yaml changed meanwhile");
    own_file.hash = text_hash(text);
    own_file.text = std::move(text);
    own_file.exists = true;
    co_return own_file;
  }
  LocalServers local;
  async::Task<LocalServers> find_local(Caller) override { co_return local; }
};

class FakeSecrets final : public SecretAdmin {
 public:
  std::map<std::string, std::string> values;
  std::map<std::string, std::vector<std::string>> hosts_of;
  async::Task<Result<std::vector<SecretEntry>>> list(Caller) override {
    std::vector<SecretEntry> all;
    for (const auto& [name, value] : values) {
      const auto hosts = hosts_of.find(name);
      all.push_back({name, WallTime{1'790'000'000'000},
                     hosts == hosts_of.end() ? std::vector<std::string>{} : hosts->second});
    }
    co_return all;
  }
  async::Task<Result<void>> put(Caller, std::string name, Secret value,
                                std::optional<std::vector<std::string>> hosts) override {
    if (hosts) hosts_of[name] = *hosts;
    values[name] = value.reveal();
    co_return Result<void>{};
  }
  async::Task<Result<bool>> remove(Caller, std::string name) override { co_return values.erase(name) > 0; }
  vault::VaultStatus state;
  vault::VaultStatus vault_status(const Caller&) override { return state; }
  async::Task<Result<std::vector<Secret>>> values_to_redact(Caller) override {
    if (state.locked) co_return fail(ErrorCode::kUnauthenticated, "the vault is locked");
    std::vector<Secret> out;
    for (const auto& [name, value] : values) out.emplace_back(value);
    co_return out;
  }
  async::Task<Result<void>> lock(Caller) override {
    state.locked = state.has_passphrase;
    co_return Result<void>{};
  }
  async::Task<Result<void>> unlock(Caller, Secret) override {
    state.locked = false;
    co_return Result<void>{};
  }
  async::Task<Result<void>> change_passphrase(Caller, std::optional<Secret>,
                                              std::optional<Secret> passphrase) override {
    state.has_passphrase = passphrase.has_value();
    co_return Result<void>{};
  }
};

class FakeConfig final : public ConfigAdmin {
 public:
  HumanFile file{.path = "/config/config.yaml", .text = "", .hash = text_hash(""), .exists = false};
  json::object settings;
  [[nodiscard]] ConfigStatus status() const {
    ConfigStatus status;
    status.file = file;
    status.in_force = file.exists ? "file" : "default";
    return status;
  }
  async::Task<Result<ConfigStatus>> get_text(Caller) override { co_return status(); }
  async::Task<Result<ConfigStatus>> put_text(Caller, std::string text, std::string expected) override {
    if (expected != file.hash) co_return fail(ErrorCode::kConflict, "config.yaml changed meanwhile");
    file.hash = text_hash(text);
    file.text = std::move(text);
    file.exists = true;
    co_return status();
  }
  async::Task<Result<json::object>> get_settings(Caller) override {
    json::object origins;
    config::Layer overlay{config::Origin::kDatabase, {}};
    for (const auto& member : settings) {
      origins[member.key()] = "overlay";
      overlay.values[std::string(member.key())] = {member.value(), "settings"};
    }
    co_return json::object{
        {"settings", settings}, {"origins", origins}, {"items", config::Config({overlay}).describe()}};
  }
  async::Task<Result<json::object>> put_settings(Caller caller, json::object changes) override {
    for (const auto& member : changes) {
      const config::Setting* setting = config::find_setting(member.key());
      if (setting == nullptr)
        co_return fail(ErrorCode::kInvalidArgument, "{}", config::describe_unknown(member.key()));
      if (member.value().is_null()) {
        settings.erase(member.key());
        continue;
      }
      PRYX_CO_TRY(settings[member.key()], config::check_setting(*setting, member.value()));
    }
    co_return co_await get_settings(std::move(caller));
  }
};

class FakePolicy final : public PolicyAdmin {
 public:
  HumanFile file{.path = "/config/policy.yaml", .text = "", .hash = text_hash(""), .exists = false};
  async::Task<Result<PolicyStatus>> get(Caller) override {
    co_return PolicyStatus{
        file, file.exists ? "file" : "default", trust::default_policy().layer->to_text(), "v1", {}};
  }
  std::vector<trust::PolicyVersion> versions;
  async::Task<Result<PolicyCheck>> check(Caller, std::optional<std::string> text) override {
    co_return PolicyCheck{
        trust::check_policy(text.value_or("tools: {}"), trust::PolicyFileKind::kPolicy, "policy.yaml")
            .problems,
        {}};
  }
  async::Task<Result<std::vector<trust::PolicyVersion>>> history(Caller, std::int64_t before,
                                                                 std::int64_t limit) override {
    std::vector<trust::PolicyVersion> out;
    for (auto v = versions.rbegin(); v != versions.rend(); ++v) {
      if (v->version < before && static_cast<std::int64_t>(out.size()) < limit) out.push_back(*v);
    }
    co_return out;
  }
  async::Task<Result<trust::PolicyVersion>> version(Caller, std::int64_t number) override {
    for (const trust::PolicyVersion& v : versions) {
      if (v.version == number) co_return v;
    }
    co_return fail(ErrorCode::kNotFound, "there is no version {} of the policy", number);
  }
  async::Task<Result<PolicyStatus>> put(Caller caller, std::string text, std::string expected) override {
    if (expected != file.hash) co_return fail(ErrorCode::kConflict, "policy.yaml changed meanwhile");
    const auto parsed = trust::parse_policy(text, trust::PolicyFileKind::kPolicy, "policy.yaml");
    if (!parsed) co_return fail(ErrorCode::kCheckFailed, "{}", parsed.error().message);
    file.hash = text_hash(text);
    file.text = std::move(text);
    file.exists = true;
    co_return co_await get(std::move(caller));
  }
};

class FakeWorkspaces final : public WorkspaceAdmin {
 public:
  FakeWorkspaces(db::Database& database, IdSource& ids) : database_(database), ids_(ids) {}
  async::Task<Result<void>> forget_session(SessionId) override { co_return Result<void>{}; }
  async::Task<Result<agent::Workspace>> open(Caller caller, std::string path) override {
    agent::Workspace workspace{.principal = caller.principal.id,
                               .id = ids_.make<WorkspaceId>(),
                               .path = path,
                               .name = path.substr(path.rfind('/') + 1)};
    co_return co_await database_.write([&](db::Transaction& t) -> Result<agent::Workspace> {
      PRYX_TRY(auto known, agent::SessionStore::find_workspace_by_path(t.db(), caller.principal.id, path));
      if (known) return std::move(*known);
      PRYX_TRY_VOID(agent::SessionStore::insert_workspace(t.db(), workspace));
      return workspace;
    });
  }

 private:
  db::Database& database_;
  IdSource& ids_;
};

class StoredMemories final : public MemoryAdmin {
 public:
  StoredMemories(memory::MemoryStore& store, const Clock& clock) : store_(store), clock_(clock) {}
  async::Task<Result<std::vector<memory::Memory>>> list(Caller caller, memory::ListRequest request) override {
    co_return co_await store_.list(caller.principal, std::move(request));
  }
  async::Task<Result<memory::Memory>> save(Caller caller, memory::SaveRequest request) override {
    memory::Memory saved{.type = request.type,
                         .text = request.text,
                         .labels = request.labels,
                         .session = request.session,
                         .created_at = clock_.wall()};
    PRYX_CO_TRY(const auto outcome, co_await store_.save(caller.principal, std::move(request)));
    saved.id = outcome.id;
    co_return saved;
  }
  async::Task<Result<std::vector<memory::Memory>>> search(Caller caller,
                                                          memory::SearchRequest request) override {
    co_return co_await store_.search(caller.principal, std::move(request));
  }
  async::Task<Result<memory::Memory>> get(Caller caller, MemoryId id) override {
    PRYX_CO_TRY(auto found, co_await store_.find(caller.principal, id));
    if (!found) co_return fail(ErrorCode::kNotFound, "there is no memory {}", id.str());
    co_return std::move(*found);
  }
  async::Task<Result<void>> remove(Caller caller, MemoryId id) override {
    PRYX_CO_TRY(const bool removed, co_await store_.remove(caller.principal, id));
    if (!removed) co_return fail(ErrorCode::kNotFound, "there is no memory {}", id.str());
    co_return Result<void>{};
  }
  async::Task<Result<void>> forget_session(Caller caller, SessionId session) override {
    PRYX_CO_TRY([[maybe_unused]] const auto removed,
                co_await store_.remove_session(caller.principal, std::move(session)));
    co_return Result<void>{};
  }

 private:
  memory::MemoryStore& store_;
  const Clock& clock_;
};

class FakeDiagnostics final : public Diagnostics {
 public:
  std::vector<Component> parts{{"store", "ok", true, "", "1"}};
  async::Task<std::vector<Component>> components() override { co_return parts; }
  async::Task<std::vector<Component>> integrity() override {
    co_return std::vector<Component>{{"integrity", "ok", false, "", ""}};
  }
};

}  // namespace pryx::server::testing
