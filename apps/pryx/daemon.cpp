// SPDX-License-Identifier: MIT
// Everything is built by hand here, bottom to top.
#include "daemon.h"

#include <unistd.h>

#include "engine/memory/memory_tools.h"
#include "engine/models/local_servers.h"
#include "engine/models/provider_store.h"
#include "engine/tools/fs/fs_tools.h"
#include "foundation/base/log.h"
#include "foundation/config/settings_store.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/process_identity.h"
#include "setting_lists.h"
#include "settings_event.h"
#include "store_modules.h"

namespace pryx::app {
namespace {

constexpr Duration kHousekeepingInterval = std::chrono::minutes(10);
constexpr Duration kShortInterval = std::chrono::seconds(30);

// Whatever this process or a child of it has started may not give it orders.
platform::Membership membership_of(std::int32_t pid) {
  const platform::ProcessFamily family{.ancestors = {::getpid()}, .sessions = {}};
  return platform::membership_of(pid, family);
}

}  // namespace

log::Level log_level(const std::string& name, bool verbose) {
  if (verbose || name == "debug") return log::Level::kDebug;
  if (name == "warn") return log::Level::kWarn;
  return name == "error" ? log::Level::kError : log::Level::kInfo;
}

Result<void> Daemon::open_store() {
  const bool exists = platform::exists(ground_.places.database());
  PRYX_TRY(key_, vault::obtain_database_key(
                     ground_.places, ground_.environment, ground_.secrets, random_, clock_,
                     exists ? vault::DatabaseState::kExists : vault::DatabaseState::kAbsent));
  db::DatabaseOptions options{.open = {.path = ground_.places.database(), .key = key_.key}};
  PRYX_TRY(database_, db::Database::open(loop_, std::move(options), store_modules()));
  if (database_->migration_report().applied > 0)
    log::info("store.migrated", {{"changes", database_->migration_report().applied},
                                 {"backup", database_->migration_report().backup_path}});
  return {};
}

Result<void> Daemon::build() {
  events_.emplace(loop_, *database_);
  const Secret data_key(from_hex(key_.key.reveal()).value());
  audit_.emplace(clock_,
                 audit::LogKeys{.master = crypto::derive_subkey(data_key, 3, "pryxaudt"), .random = random_});
  checkpoints_.emplace(loop_, pool_, *database_, *audit_, crypto::derive_subkey(data_key, 4, "pryxaudt"),
                       audit::CheckpointerOptions{.file = ground_.places.state + "/audit/checkpoints.jsonl"});
  vault_.emplace(*database_, pool_, key_.key, random_, clock_);
  approvals_.emplace(loop_, *database_, *events_, *audit_, ids_);
  trace_.emplace(clock_, *events_, ids_.make<BootId>().str());
  http_client_ = net::make_http_client(loop_);
  keys_.emplace(*vault_, ground_.environment);
  router_.emplace(loop_, *http_client_, *keys_, random_);
  catalog_.emplace(loop_, *http_client_, *database_, *events_, *audit_, *router_, ground_.places);
  catalog_->load_at_start();
  memory_store_.emplace(*database_, ids_, clock_);
  memory_store_->on_change([this](db::Transaction& t, const PrincipalId& principal) {
    return append_settings_changed(t, *events_, principal, SetUp::kMemory, {});
  });
  registry_.emplace();
  undo_journal_.emplace(*database_, clock_);
  PRYX_TRY_VOID(tools::fs::add_fs_tools(*registry_, pool_, clock_, *undo_journal_));
  PRYX_TRY_VOID(memory::add_memory_tools(*registry_, *memory_store_));
  egress_.emplace(EgressKeeper::Parts{.loop = loop_,
                                      .pool = pool_,
                                      .client = *http_client_,
                                      .database = *database_,
                                      .audit = *audit_,
                                      .vault = *vault_,
                                      .trace = *trace_,
                                      .run_directory = ground_.places.run});
  PRYX_TRY_VOID(egress_->add_tools(*registry_));
  telemetry_.emplace(TelemetryKeeper::Parts{
      .loop = loop_,
      .database = *database_,
      .broker = egress_->broker(),
      .vault = *vault_,
      .environment = ground_.environment,
      .resource = {.service_version = PRYX_VERSION, .instance_id = trace_->boot_id()}});
  shell_.emplace(ShellKeeper::Parts{.loop = loop_,
                                    .pool = pool_,
                                    .database = *database_,
                                    .events = *events_,
                                    .audit = *audit_,
                                    .ids = ids_,
                                    .broker = egress_->broker(),
                                    .undo = *undo_journal_,
                                    .vault = *vault_,
                                    .sandbox = sandbox_->sandbox()});
  PRYX_TRY_VOID(shell_->add_tools(*registry_));
  skills_.emplace(SkillKeeper::Parts{.pool = pool_,
                                     .database = *database_,
                                     .events = *events_,
                                     .audit = *audit_,
                                     .places = ground_.places,
                                     .environment = ground_.environment});
  PRYX_TRY_VOID(skills_->add_tools(*registry_));
  PRYX_TRY_VOID(agent::add_sub_agent_tools(*registry_, sub_agent_access_));
  agents_.emplace(ground_.places.agents(), *database_, *events_, *audit_);
  agents_->load_at_start();
  policy_.emplace(ground_.places.policy_file(), *database_, *events_, *audit_, *registry_);
  policy_->load_at_start();
  gate_.emplace(loop_, *registry_, *policy_, *approvals_, ids_, &*shell_);
  results_.emplace(pool_, ground_.places.results(),
                   crypto::derive_subkey(Secret(from_hex(key_.key.reveal()).value()), 2, "pryxrslt"),
                   random_);
  workspaces_.emplace(
      loop_, pool_, *database_, *audit_, ids_, *policy_,
      WorkspaceKeeper::Options{.private_root = ground_.places.workspaces(),
                               .own_places = {ground_.places.config, ground_.places.data,
                                              ground_.places.state, ground_.places.cache, ground_.places.run},
                               .user_name = ground_.user_name,
                               .dropped_from_root = ground_.dropped_from_root});
  skills_->use(*workspaces_);
  dispatcher_.emplace(loop_, *database_);
  prompts_.emplace(*skills_, *memory_store_);
  turns_.emplace(agent::TurnEngine::Parts{.loop = loop_,
                                          .database = *database_,
                                          .events = *events_,
                                          .audit = *audit_,
                                          .approvals = *approvals_,
                                          .models = *router_,
                                          .gate = *gate_,
                                          .results = *results_,
                                          .workspaces = *workspaces_,
                                          .dispatcher = *dispatcher_,
                                          .ids = ids_,
                                          .trace = *trace_,
                                          .boot_id = trace_->boot_id(),
                                          .default_model = std::string(models::kDefaultModel),
                                          .after_crash = start_.after_crash,
                                          .profiles = &*agents_,
                                          .notes = &*prompts_});
  undo_.emplace(agent::TurnUndo::Parts{.loop = loop_,
                                       .pool = pool_,
                                       .database = *database_,
                                       .events = *events_,
                                       .audit = *audit_,
                                       .journal = *undo_journal_,
                                       .registry = *registry_,
                                       .workspaces = *workspaces_,
                                       .dispatcher = *dispatcher_});
  outbox_.emplace(loop_, *database_);
  inbox_.emplace(loop_, *database_, *events_, ids_, *dispatcher_);
  sub_agents_.emplace(agent::SubAgents::Parts{.loop = loop_,
                                              .database = *database_,
                                              .events = *events_,
                                              .ids = ids_,
                                              .inbox = *inbox_,
                                              .dispatcher = *dispatcher_,
                                              .turns = *turns_,
                                              .models = *router_,
                                              .profiles = &*agents_});
  sub_agent_access_->service = &*sub_agents_;
  images_.emplace(tools::http::ImageFetch::Parts{
      .database = *database_,
      .audit = *audit_,
      .broker = egress_->broker(),
      .decide = [this](const json::object& arguments, const trust::Labels& labels,
                       const PrincipalId& principal, const SessionId& session) {
        // By the rules of policy.yaml alone: no folder has this name, so no grant counts there.
        return gate_->test("http.request", arguments, labels, principal, session, "a click");
      }});
  heartbeats_.emplace(agent::HeartbeatRunner::Parts{.loop = loop_,
                                                    .pool = pool_,
                                                    .database = *database_,
                                                    .events = *events_,
                                                    .ids = ids_,
                                                    .inbox = *inbox_,
                                                    .workspaces = *workspaces_,
                                                    .profiles = &*agents_});
  providers_.emplace(loop_, *database_, *events_, *audit_, *vault_, *router_, *catalog_, *http_client_);
  secrets_.emplace(*database_, *events_, *audit_, *vault_);
  PRYX_TRY(config::Layer environment, config::environment_layer(ground_.environment));
  settings_.emplace(loop_, *database_, *events_, *audit_, ground_.places.config_file(),
                    std::move(environment));
  settings_->on_change([this](const config::Config& config) { apply_settings(config); });
  settings_->check_with([this](std::string_view key, const json::value& value) -> Result<void> {
    PRYX_TRY_VOID(check_list(key, value));
    if (key != "model.default") return {};
    const auto known = router_->resolve(std::string(value.as_string()));
    if (!known) return std::unexpected(known.error());
    return {};
  });
  providers_->on_stored_setting(
      [this](const std::string& key, json::value value) { settings_->note_stored(key, std::move(value)); });
  memories_.emplace(*memory_store_, loop_);
  plan_housekeeping();
  health_.emplace(*database_, *dispatcher_, *policy_, *agents_, *audit_, *checkpoints_, sandbox_->sandbox(),
                  pool_, ground_.places, std::string(key_.backend));
  server::Services services{
      loop_,     pool_,        *database_,    *events_,     ids_,       random_,
      *inbox_,   *dispatcher_, *turns_,       *undo_,       *outbox_,   *approvals_,
      *gate_,    *audit_,      *checkpoints_, *trace_,      *router_,   *providers_,
      *secrets_, *settings_,   *policy_,      *workspaces_, *memories_, shell_->processes(),
      *skills_,  *agents_,     *sub_agents_,  *images_,     *health_,   info_};
  api_.emplace(services, server::ServerOptions{.own_uid = ::geteuid(),
                                               .root_is_owner = ground_.dropped_from_root,
                                               .membership_of = membership_of});
  http_ = net::make_http_server(loop_, *api_);
  return {};
}

void Daemon::apply_settings(const config::Config& config) {
  turns_->set_default_model(config.text("model.default"));
  // Every way in checks its lists, so one that cannot be read does not get here. None counts as an empty one.
  if (auto names = agent::parse_fallbacks(config.text("model.fallbacks")))
    turns_->set_fallbacks(std::move(*names));
  if (auto ports = models::parse_local_ports(config.text("provider.local_ports")))
    providers_->set_local_ports(std::move(*ports));
  skills_->use(config);
  prompts_->use(config);
  heartbeats_->set_enabled(config.find("heartbeat.enabled")->value.as_bool());
  telemetry_->use(config);
  const std::string copy_to = config.text("audit.copy_to");
  checkpoints_->set_copy_directory(copy_to == "off" ? std::string() : copy_to);
  policy_->set_approval_timeout(config.duration("approval.timeout"));
  turns_->set_thinking_budget(config.integer("context.thinking_budget"));
  turns_->set_turn_timeout(config.duration("agent.turn_timeout"));
  turns_->set_model_wait(config.duration("agent.wait_for_model"));
  http_->set_peer_limits(
      {.max_connections = static_cast<std::size_t>(config.integer("server.connections_per_address")),
       .requests_per_second = static_cast<std::uint32_t>(config.integer("server.requests_per_second"))});
  turns_->set_max_steps(static_cast<int>(config.integer("tools.max_steps")));
  shell_->processes().set_grace(config.duration("tools.kill_grace"));
  undo_journal_->set_limits(
      {.max_file_bytes = static_cast<std::uint64_t>(config.integer("undo.max_file_mib")) << 20,
       .max_total_bytes = static_cast<std::uint64_t>(config.integer("undo.max_total_mib")) << 20,
       .max_age = config.duration("undo.max_age")});
  hidden_retention_ = config.duration("openai.retention");
  vault_lock_after_ = config.duration("vault.lock_after");
  log::configure({.level = log_level(config.text("log.level"), options_.verbose),
                  .json = ::isatty(STDERR_FILENO) == 0,
                  .sink = {},
                  .clock = &clock_});
}

void Daemon::plan_housekeeping() {
  housekeeping_.emplace(loop_, "housekeeping", kHousekeepingInterval);
  housekeeping_->add("events", [this] { return events_->purge(); });
  housekeeping_->add("grants", [this] { return without_count(approvals_->purge_grants()); });
  housekeeping_->add("keys", [this] {
    return without_count(database_->write(
        [now = clock_.wall()](db::Transaction& t) { return agent::TurnStore::purge_keys(t.db(), now); }));
  });
  housekeeping_->add("hidden sessions", [this] {
    return purge_hidden_sessions(
        {*database_, {*events_, *audit_, *approvals_}, shell_->processes(), *memory_store_},
        clock_.wall() + -hidden_retention_);
  });
  housekeeping_->add("private folders", [this] { return workspaces_->purge(); });
  housekeeping_->add("results", [this] { return purge_results(*database_, *results_); });
  housekeeping_->add("traces", [this] { return purge_traces(*database_, clock_.wall()); });
  housekeeping_->add("egress", [this] { return egress_->purge(); });
  housekeeping_->add("browser sessions", [this] { return api_->save_browser_sessions(); });
  housekeeping_->add("undo", [this] { return undo_journal_->purge(); });
  short_watch_.emplace(loop_, "short watch", kShortInterval);
  short_watch_->add("lock", [this] { return lock_idle_vault(); });
  short_watch_->add("expired grants", [this] { return expire_grants(); });
}

// They count for nothing from their last second on; this tells those who look at them.
async::Task<Result<void>> Daemon::expire_grants() {
  if (!approvals_->has_expired_grants()) co_return Result<void>{};
  co_return co_await without_count(approvals_->purge_grants());
}

async::Task<Result<void>> Daemon::lock_idle_vault() {
  if (vault_->lock_idle(vault_lock_after_) == 0) co_return Result<void>{};
  log::info("vault.locked", {{"why", "not used"}});
  co_await tell_settings_changed(*database_, *events_, SetUp::kSecrets, {});
  co_return Result<void>{};
}

}  // namespace pryx::app
