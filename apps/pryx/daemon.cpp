// SPDX-License-Identifier: MIT
// Everything is built by hand here, bottom to top, and stopped in reverse.
// Over 500 lines: one readable list of what depends on what, with no other logic.
#include "daemon.h"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "admin.h"
#include "egress_keeper.h"
#include "engine/agent/inbox.h"
#include "engine/memory/memory_tools.h"
#include "engine/models/provider_store.h"
#include "engine/tools/fs/fs_tools.h"
#include "engine/tools/undo/undo_journal.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/config/core_file.h"
#include "foundation/config/settings_store.h"
#include "foundation/crypto/crypto.h"
#include "foundation/net/http_client.h"
#include "foundation/net/http_server.h"
#include "foundation/platform/file_watch.h"
#include "foundation/platform/process_identity.h"
#include "foundation/platform/service_manager.h"
#include "foundation/platform/user_switch.h"
#include "ground.h"
#include "policy_keeper.h"
#include "result_files.h"
#include "safe_mode.h"
#include "shell_keeper.h"
#include "surfaces/cli/listen_address.h"
#include "surfaces/server/server.h"
#include "trust/audit/checkpointer.h"
#include "trust/vault/database_key.h"
#include "workspace_keeper.h"

namespace pryx::app {
namespace {

constexpr Duration kHousekeepingInterval = std::chrono::minutes(10);
constexpr Duration kVaultInterval = std::chrono::seconds(30);
constexpr Duration kStopLimit =
    std::chrono::milliseconds(2700);      // 3 s are promised; the rest is for closing the database
constexpr std::int64_t kPurgeBatch = 20;  // sessions in one transaction
constexpr int kPurgeBatches = 50;
constexpr std::size_t kPoolThreads = 2;
constexpr std::uint16_t kPortsToTry = 64;

log::Level log_level(const std::string& name, bool verbose) {
  if (verbose || name == "debug") return log::Level::kDebug;
  if (name == "warn") return log::Level::kWarn;
  return name == "error" ? log::Level::kError : log::Level::kInfo;
}

// Whatever this process or a child of it has started may not give it orders. A peer that is gone or lives in
// a namespace that cannot be seen counts as one of them.
bool is_own_descendant(std::int32_t pid) {
  const platform::ProcessFamily family{.ancestors = {::getpid()}, .sessions = {}};
  return platform::membership_of(pid, family) != platform::Membership::kOutside;
}

// The parts of a running daemon, in the order they are built; destroyed in reverse.
class Daemon {
 public:
  Daemon(const cli::ServeOptions& options, const Clock& clock, Random& random, Ground ground,
         StartDecision start)
      : options_(options),
        clock_(clock),
        random_(random),
        ground_(std::move(ground)),
        start_(std::move(start)),
        loop_(clock),
        pool_(loop_, kPoolThreads),
        ids_(clock, random),
        group_(loop_, "daemon"),
        signals_(loop_.context()),
        watch_descriptor_(loop_.context()) {}

  int run();
  // The stop took too long: coroutines and threads are still at work, so this object must not be destroyed.
  [[nodiscard]] bool is_forced() const { return forced_; }

 private:
  [[nodiscard]] Result<void> open_store();
  [[nodiscard]] Result<void> build();
  [[nodiscard]] async::Task<void> start_task();
  [[nodiscard]] async::Task<Result<void>> start();
  struct ListenPlan {
    std::string address;
    std::uint16_t port = 0;
    bool port_is_fixed = false;
  };
  [[nodiscard]] Result<std::optional<ListenPlan>> plan_listening() const;
  [[nodiscard]] Result<void> listen();
  void announce();
  void await_signal();
  void begin_stop(std::string why);
  [[nodiscard]] async::Task<void> stop();
  void housekeeping();
  void watch_vault();
  [[nodiscard]] async::Task<void> clean_up();
  [[nodiscard]] async::Task<void> purge_hidden_sessions();
  void feed_watchdog();
  void watch_files();
  [[nodiscard]] async::Task<void> files_changed();
  void apply_settings(const config::Config& config);

  const cli::ServeOptions& options_;
  const Clock& clock_;
  Random& random_;
  Ground ground_;
  StartDecision start_;
  async::RealEventLoop loop_;
  async::WorkerPool pool_;
  IdSource ids_;
  async::TaskGroup group_;
  boost::asio::signal_set signals_;
  std::optional<platform::FileWatch> watch_;
  boost::asio::posix::stream_descriptor watch_descriptor_;
  std::optional<platform::ServiceManager> manager_;
  server::DaemonInfo info_;

  vault::DatabaseKey key_;
  std::unique_ptr<db::Database> database_;
  std::optional<events::EventLog> events_;
  std::optional<audit::AuditLog> audit_;
  std::optional<audit::Checkpointer> checkpoints_;
  std::optional<vault::Vault> vault_;
  std::optional<trust::Approvals> approvals_;
  std::unique_ptr<net::HttpClient> http_client_;
  std::optional<VaultKeys> keys_;
  std::optional<models::ModelRouter> router_;
  std::optional<tools::Registry> registry_;
  std::optional<memory::MemoryStore> memory_store_;
  std::optional<tools::UndoJournal> undo_journal_;
  std::optional<EgressKeeper> egress_;
  std::optional<ShellKeeper> shell_;
  std::optional<PolicyKeeper> policy_;
  std::optional<tools::ToolGate> gate_;
  std::optional<SealedResultFiles> results_;
  std::optional<WorkspaceKeeper> workspaces_;
  std::optional<agent::Dispatcher> dispatcher_;
  std::optional<agent::TurnEngine> turns_;
  std::optional<agent::TurnUndo> undo_;
  std::optional<agent::Outbox> outbox_;
  std::optional<agent::Inbox> inbox_;
  std::optional<Providers> providers_;
  std::optional<Secrets> secrets_;
  std::optional<Settings> settings_;
  std::optional<Memories> memories_;
  std::optional<Health> health_;
  std::optional<server::ApiServer> api_;
  std::unique_ptr<net::HttpServer> http_;
  Duration hidden_retention_{};
  Duration vault_lock_after_{};
  bool stopping_ = false;
  bool forced_ = false;
  int exit_code_ = 0;
  std::string failure_;
};

Result<void> Daemon::open_store() {
  const bool exists = platform::exists(ground_.places.database());
  PRYX_TRY(key_, vault::obtain_database_key(
                     ground_.places, ground_.environment, ground_.secrets, random_, clock_,
                     exists ? vault::DatabaseState::kExists : vault::DatabaseState::kAbsent));
  const db::ModuleMigrations modules[] = {
      events::EventLog::migrations(),      config::SettingsStore::migrations(),
      audit::AuditLog::migrations(),       egress::EgressLog::migrations(),
      trust::Approvals::migrations(),      vault::Vault::migrations(),
      models::ProviderStore::migrations(), memory::migrations(),
      tools::UndoJournal::migrations(),    tools::shell::BackgroundProcesses::migrations(),
      agent::SessionStore::migrations(),   server::ApiServer::migrations()};
  db::DatabaseOptions options{.open = {.path = ground_.places.database(), .key = key_.key}};
  PRYX_TRY(database_, db::Database::open(loop_, std::move(options), modules));
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
  http_client_ = net::make_http_client(loop_);
  keys_.emplace(*vault_, ground_.environment);
  router_.emplace(loop_, *http_client_, *keys_, random_);
  memory_store_.emplace(*database_, ids_, clock_);
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
                                      .run_directory = ground_.places.run});
  PRYX_TRY_VOID(egress_->add_tools(*registry_));
  shell_.emplace(ShellKeeper::Parts{.loop = loop_,
                                    .pool = pool_,
                                    .database = *database_,
                                    .events = *events_,
                                    .audit = *audit_,
                                    .ids = ids_,
                                    .broker = egress_->broker(),
                                    .undo = *undo_journal_,
                                    .places = ground_.places});
  PRYX_TRY_VOID(shell_->add_tools(*registry_));
  policy_.emplace(ground_.places.policy_file(), *database_, *events_, *audit_);
  policy_->load_at_start();
  gate_.emplace(loop_, *registry_, *policy_, *approvals_, ids_, &*shell_);
  results_.emplace(pool_, ground_.places.results(),
                   crypto::derive_subkey(Secret(from_hex(key_.key.reveal()).value()), 2, "pryxrslt"),
                   random_);
  workspaces_.emplace(
      loop_, pool_, *database_, *audit_, ids_,
      WorkspaceKeeper::Options{.private_root = ground_.places.workspaces(),
                               .own_places = {ground_.places.config, ground_.places.data,
                                              ground_.places.state, ground_.places.cache, ground_.places.run},
                               .user_name = ground_.user_name,
                               .dropped_from_root = ground_.dropped_from_root});
  dispatcher_.emplace(loop_, *database_);
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
                                          .boot_id = ids_.make<BootId>().str(),
                                          .default_model = std::string(models::kDefaultModel),
                                          .after_crash = start_.after_crash});
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
  providers_.emplace(loop_, *database_, *audit_, *vault_, *router_, *turns_);
  secrets_.emplace(*database_, *audit_, *vault_);
  PRYX_TRY(config::Layer environment, config::environment_layer(ground_.environment));
  settings_.emplace(loop_, *database_, *events_, *audit_, ground_.places.config_file(),
                    std::move(environment));
  settings_->on_change([this](const config::Config& config) { apply_settings(config); });
  settings_->check_with([this](std::string_view key, const json::value& value) -> Result<void> {
    if (key != "model.default") return {};
    const auto known = router_->resolve(std::string(value.as_string()));
    if (!known) return std::unexpected(known.error());
    return {};
  });
  providers_->on_stored_setting(
      [this](const std::string& key, json::value value) { settings_->note_stored(key, std::move(value)); });
  memories_.emplace(*memory_store_, loop_);
  health_.emplace(*database_, *dispatcher_, *policy_, *audit_, *checkpoints_, shell_->report(),
                  std::string(key_.backend));
  server::Services services{loop_,        *database_,
                            *events_,     ids_,
                            random_,      *inbox_,
                            *dispatcher_, *turns_,
                            *undo_,       *outbox_,
                            *approvals_,  *gate_,
                            *audit_,      *checkpoints_,
                            *router_,     *providers_,
                            *secrets_,    *settings_,
                            *policy_,     *workspaces_,
                            *memories_,   shell_->processes(),
                            *health_,     info_};
  api_.emplace(services, server::ServerOptions{.own_uid = ::geteuid(),
                                               .root_is_owner = ground_.dropped_from_root,
                                               .is_own_descendant = is_own_descendant});
  http_ = net::make_http_server(loop_, *api_);
  return {};
}

void Daemon::apply_settings(const config::Config& config) {
  turns_->set_default_model(config.text("model.default"));
  const std::string copy_to = config.text("audit.copy_to");
  checkpoints_->set_copy_directory(copy_to == "off" ? std::string() : copy_to);
  policy_->set_approval_timeout(config.duration("approval.timeout"));
  turns_->set_max_steps(static_cast<int>(config.integer("tools.max_steps")));
  hidden_retention_ = config.duration("openai.retention");
  vault_lock_after_ = config.duration("vault.lock_after");
  log::configure({.level = log_level(config.text("log.level"), options_.verbose),
                  .json = ::isatty(STDERR_FILENO) == 0,
                  .sink = {},
                  .clock = &clock_});
}

// A flag wins over the setting; an address that somebody wrote down is no suggestion. None: no TCP.
Result<std::optional<Daemon::ListenPlan>> Daemon::plan_listening() const {
  if (!options_.tcp) return std::nullopt;
  const ListenPlan by_flag{options_.listen_address, options_.port, options_.port_is_fixed};
  const config::Config& config = settings_->current();
  if (options_.port_is_fixed || config.find("listen")->origin == config::Origin::kDefault) return by_flag;
  const std::string text = config.text("listen");
  if (text == "off") return std::nullopt;
  const auto address = cli::parse_listen_address(text);
  if (!address) return fail(ErrorCode::kInvalidArgument, "the setting listen: {}", address.error().message);
  return ListenPlan{address->address, address->port, true};
}

Result<void> Daemon::listen() {
  PRYX_TRY(platform::UniqueFd socket, bind_unix_socket(ground_.places));
  PRYX_TRY_VOID(http_->listen_unix(socket.release()));
  info_.socket = ground_.places.socket();
  PRYX_TRY(const std::optional<ListenPlan> plan, plan_listening());
  if (!plan) return {};
  Result<std::uint16_t> bound = http_->listen_tcp(plan->address, plan->port);
  for (std::uint16_t next = 1;
       !bound && bound.error().code == ErrorCode::kConflict && !plan->port_is_fixed && next < kPortsToTry;
       ++next) {
    bound = http_->listen_tcp(plan->address, static_cast<std::uint16_t>(plan->port + next));
  }
  if (!bound) return std::unexpected(bound.error());
  api_->set_tcp_port(*bound);
  egress_->set_own_port(*bound);
  const bool v6 = plan->address.find(':') != std::string::npos;
  info_.url = v6 ? fmt::format("http://[{}]:{}", plan->address, *bound)
                 : fmt::format("http://{}:{}", plan->address, *bound);
  return {};
}

// One line on stdout when requests are answered, then the rest of the world is told.
void Daemon::announce() {
  const std::string line =
      json::to_text(json::object{{"event", "ready"},
                                 {"pid", ::getpid()},
                                 {"url", info_.url.empty() ? json::value(nullptr) : json::value(info_.url)},
                                 {"socket", info_.socket}});
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
  (void)manager_->ready(info_.mode == "safe" ? "safe mode" : "ready");
  log::info("daemon.ready",
            {{"url", info_.url}, {"socket", info_.socket}, {"mode", info_.mode}, {"version", info_.version}});
}

async::Task<Result<void>> Daemon::start() {
  PRYX_CO_TRY_VOID(co_await events_->start());
  PRYX_CO_TRY_VOID(co_await settings_->start());
  PRYX_CO_TRY_VOID(co_await checkpoints_->start());
  PRYX_CO_TRY_VOID(co_await approvals_->start());
  PRYX_CO_TRY_VOID(co_await egress_->start());
  PRYX_CO_TRY_VOID(co_await shell_->start());
  PRYX_CO_TRY_VOID(co_await vault_->start());
  PRYX_CO_TRY_VOID(co_await providers_->start());
  PRYX_CO_TRY_VOID(co_await api_->start());
  PRYX_CO_TRY_VOID(listen());
  const auto record = config::describe_this_core(info_.version, info_.url, info_.socket, info_.started_at);
  PRYX_CO_TRY_VOID(config::write_core_file(ground_.places, record));
  PRYX_CO_TRY_VOID(co_await dispatcher_->start(*turns_, start_.safe_mode));
  co_return Result<void>{};
}

async::Task<void> Daemon::start_task() {
  const auto started = co_await start();
  if (!started) {
    failure_ = started.error().message;
    exit_code_ = facts(started.error().code).exit_code;
    begin_stop("start failed");
    co_return;
  }
  // Watched before they are read once more: an edit during the start is not missed.
  watch_files();
  co_await files_changed();
  announce();
  feed_watchdog();
  housekeeping();
  watch_vault();
}

void Daemon::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal != SIGHUP)
      begin_stop(signal == SIGINT ? "SIGINT" : "SIGTERM");
    else if (!stopping_)
      group_.spawn("reload", files_changed());
    await_signal();
  });
}

void Daemon::begin_stop(std::string why) {
  if (std::exchange(stopping_, true)) return;
  log::info("daemon.stopping", {{"why", why}});
  (void)manager_->stopping();
  // Whatever hangs, the promise of three seconds holds: what is on disk is enough to go on from.
  loop_.call_after(kStopLimit, [this] {
    log::error("daemon.stop_forced", {{"running_turns", dispatcher_->running()}});
    forced_ = true;
    loop_.stop();
  });
  group_.spawn("stop", stop());
}

async::Task<void> Daemon::stop() {
  co_await dispatcher_->stop();
  co_await shell_->stop();
  co_await api_->stop();
  co_await http_->stop();
  co_await outbox_->stop();
  co_await egress_->stop();
  co_await http_client_->stop();
  co_await checkpoints_->stop();
  loop_.stop();
}

void Daemon::feed_watchdog() {
  const auto limit = manager_->watchdog_limit();
  if (!limit || stopping_) return;
  // Fed by the loop itself: when it hangs, the manager notices.
  (void)manager_->feed_watchdog();
  loop_.call_after(*limit / 2, [this] { feed_watchdog(); });
}

void Daemon::watch_vault() {
  loop_.call_after(kVaultInterval, [this] {
    if (stopping_) return;
    if (vault_->lock_idle(vault_lock_after_) > 0) log::info("vault.locked", {{"why", "not used"}});
    watch_vault();
  });
}

void Daemon::housekeeping() {
  loop_.call_after(kHousekeepingInterval, [this] {
    if (stopping_) return;
    group_.spawn("housekeeping", clean_up());
    housekeeping();
  });
}

async::Task<void> Daemon::clean_up() {
  const auto purged = co_await events_->purge();
  if (!purged) log::warn("housekeeping.events", {{"error", purged.error().message}});
  const auto grants = co_await approvals_->purge_grants();
  if (!grants) log::warn("housekeeping.grants", {{"error", grants.error().message}});
  const WallTime now = clock_.wall();
  const auto keys = co_await database_->write(
      [now](db::Transaction& t) { return agent::TurnStore::purge_keys(t.db(), now); });
  if (!keys) log::warn("housekeeping.keys", {{"error", keys.error().message}});
  co_await purge_hidden_sessions();
  const auto sent = co_await egress_->purge();
  if (!sent) log::warn("housekeeping.egress", {{"error", sent.error().message}});
  const auto undo = co_await undo_journal_->purge();
  if (!undo) log::warn("housekeeping.undo", {{"error", undo.error().message}});
  ::malloc_trim(0);  // an idle daemon gives back what a busy hour took
}

// In small transactions, because the writer is everybody's; what is left is for the next run.
async::Task<void> Daemon::purge_hidden_sessions() {
  const WallTime before = clock_.wall() + -hidden_retention_;
  for (int batch = 0; batch < kPurgeBatches && !stopping_; ++batch) {
    const auto purged = co_await database_->write([before](db::Transaction& t) {
      return agent::SessionStore::purge_hidden(t.db(), before, kPurgeBatch);
    });
    if (!purged) log::warn("housekeeping.hidden_sessions", {{"error", purged.error().message}});
    if (!purged || *purged < kPurgeBatch) co_return;
  }
}

void Daemon::watch_files() {
  if (!watch_) {
    auto watch = platform::FileWatch::open();
    if (!watch || !watch->watch(ground_.places.config, {"config.yaml", "policy.yaml"})) {
      log::warn("config.not_watched", {{"path", ground_.places.config}});
      return;
    }
    watch_.emplace(std::move(*watch));
    watch_descriptor_.assign(::dup(watch_->fd()));
  }
  watch_descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                               [this](const boost::system::error_code& error) {
                                 if (error || stopping_) return;
                                 const auto changes = watch_->drain();
                                 if (changes && !changes->empty()) group_.spawn("reload", files_changed());
                                 watch_files();
                               });
}

async::Task<void> Daemon::files_changed() {
  co_await settings_->reload_file("file");
  co_await policy_->reload();
}

int Daemon::run() {
  info_.version = PRYX_VERSION;
  info_.pid = ::getpid();
  info_.started_at = clock_.wall();
  info_.mode = start_.safe_mode ? "safe" : "normal";
  info_.safe_mode_reason = start_.reason;
  auto manager = platform::ServiceManager::connect(ground_.environment);
  if (!manager) {
    log::error("daemon.notify_socket", {{"error", manager.error().message}});
    return 1;
  }
  manager_.emplace(std::move(*manager));
  Result<void> built = open_store();
  if (built) {
    info_.key_backend = key_.backend;
    built = build();
  }
  if (!built) {
    log::error("daemon.start_failed",
               {{"error", built.error().message}, {"code", facts(built.error().code).wire}});
    return facts(built.error().code).exit_code;
  }
  // A child that forks twice stays below this process, where is_own_descendant() finds it.
  if (const auto adopted = platform::adopt_orphans(); !adopted)
    log::warn("daemon.orphans", {{"error", adopted.error().message}});
  if (start_.safe_mode) log::error("daemon.safe_mode", {{"reason", start_.reason}});
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  await_signal();
  group_.spawn("start", start_task());
  loop_.run();
  if (!failure_.empty()) log::error("daemon.start_failed", {{"error", failure_}});
  if (!forced_) {
    http_.reset();
    api_.reset();
  }
  database_->close();
  (void)config::remove_core_file(ground_.places);
  log::info("daemon.stopped", {});
  return exit_code_;
}

int fail_to_start(const Error& error) {
  log::error("daemon.start_failed", {{"error", error.message}, {"code", facts(error.code).wire}});
  return facts(error.code).exit_code;
}

}  // namespace

int serve(const cli::ServeOptions& options, const Clock& clock, Random& random) {
  log::configure({.level = log_level("", options.verbose),
                  .json = ::isatty(STDERR_FILENO) == 0,
                  .sink = {},
                  .clock = &clock});
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(0077);              // every file of Pryx is its owner's alone, also those that SQLite makes
  ::mallopt(M_ARENA_MAX, 2);  // more arenas than busy threads only keep memory from the system
  auto ground = prepare_ground(options);
  if (!ground) return fail_to_start(ground.error());
  const config::Places places = ground->places;
  const auto lock = platform::FileLock::acquire(places.lock_file());
  if (!lock) {
    Error error = lock.error();
    if (error.code == ErrorCode::kConflict)
      error.message =
          fmt::format("another daemon serves this home: {}; stop it with `pryx daemon stop`", error.message);
    return fail_to_start(error);
  }
  StartDecision start = decide_start(read_starts(places.starts_file()), clock.wall());
  if (!options.allow_safe_mode) start.safe_mode = false;
  const auto noted = write_starts(places.starts_file(), start.record);
  if (!noted) log::warn("daemon.start_not_noted", {{"error", noted.error().message}});
  Daemon daemon(options, clock, random, std::move(*ground), std::move(start));
  const int code = daemon.run();
  // Only a crash counts against the next start; a refusal is an answer.
  const auto ended = note_clean_end(places.starts_file());
  if (!ended) log::warn("daemon.end_not_noted", {{"error", ended.error().message}});
  if (daemon.is_forced()) std::_Exit(code);
  return code;
}

}  // namespace pryx::app
