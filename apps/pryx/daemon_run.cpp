// SPDX-License-Identifier: MIT
// How the daemon comes up, listens, is told to stop and goes down, in reverse.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "daemon.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/config/core_file.h"
#include "foundation/platform/process_identity.h"
#include "recorded_marks.h"
#include "surfaces/cli/listen_address.h"

namespace pryx::app {
namespace {

constexpr Duration kStopLimit =
    std::chrono::milliseconds(2700);  // 3 s are promised; the rest is for closing the database
constexpr std::uint16_t kPortsToTry = 64;

}  // namespace

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
  PRYX_TRY(std::optional<server::PublicOrigin> origin,
           server::parse_public_origin(settings_->current().text("server.public_origin")));
  info_.public_url = origin ? origin->text() : std::string();
  api_->set_public_origin(std::move(origin));
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
  co_await note_changes_while_down();
  PRYX_CO_TRY_VOID(co_await approvals_->start());
  PRYX_CO_TRY_VOID(co_await trace_->start(*database_, agent::streamed_tokens));
  PRYX_CO_TRY_VOID(co_await egress_->start());
  PRYX_CO_TRY_VOID(co_await shell_->start());
  PRYX_CO_TRY_VOID(co_await undo_->start());
  PRYX_CO_TRY_VOID(co_await vault_->start());
  PRYX_CO_TRY_VOID(co_await providers_->start());
  PRYX_CO_TRY_VOID(co_await api_->start());
  PRYX_CO_TRY_VOID(co_await sandbox_->settle(pool_));
  PRYX_CO_TRY_VOID(listen());
  const auto record = config::describe_this_core(info_.version, info_.url, info_.socket, info_.started_at);
  PRYX_CO_TRY_VOID(config::write_core_file(ground_.places, record));
  PRYX_CO_TRY_VOID(co_await sub_agents_->start());
  PRYX_CO_TRY_VOID(co_await heartbeats_->start());
  PRYX_CO_TRY_VOID(co_await dispatcher_->start(*turns_, start_.safe_mode));
  co_return Result<void>{};
}

// After the checkpoints, which first compare the log with what was signed of it; before a turn or a request
// could work by what these files say.
async::Task<void> Daemon::note_changes_while_down() {
  co_await settings_->note_first_file();
  co_await policy_->note_first_text();
  co_await agents_->note_first_files();
  co_await catalog_->reload("file");
  const auto noted = co_await record_key_backend(*database_, *audit_, key_.backend);
  if (!noted) log::error("key.backend_not_recorded", {{"error", noted.error().message}});
}

async::Task<void> Daemon::start_task() {
  const auto started = co_await start();
  starting_ = false;
  if (stopping_) {
    group_.spawn("stop", stop());
    co_return;
  }
  if (!started) {
    failure_ = started.error().message;
    exit_code_ = facts(started.error().code).exit_code;
    begin_stop("start failed");
    co_return;
  }
  // Watched before they are read once more: an edit during the start is not missed.
  watch_files();
  co_await files_changed();
  if (stopping_) co_return;
  announce();
  feed_watchdog();
  housekeeping_->start();
  short_watch_->start();
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
  // What is being started is stopped when it stands.
  if (!starting_) group_.spawn("stop", stop());
}

async::Task<void> Daemon::stop() {
  co_await short_watch_->stop();
  co_await housekeeping_->stop();
  co_await heartbeats_->stop();
  co_await dispatcher_->stop();
  co_await sub_agents_->stop();
  co_await telemetry_->stop();
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

void Daemon::watch_files() {
  if (!watch_) {
    auto watch = platform::FileWatch::open();
    if (!watch || !watch->watch(ground_.places.config, {"config.yaml", "policy.yaml", "models.yaml"})) {
      log::warn("config.not_watched", {{"path", ground_.places.config}});
      return;
    }
    if (!watch->watch(ground_.places.agents(), {}))
      log::warn("config.not_watched", {{"path", ground_.places.agents()}});
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
  co_await agents_->reload();
  co_await catalog_->reload("file");
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
  sandbox_.emplace(ground_.places);
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
  // A child that forks twice stays below this process, where membership_of() finds it.
  if (const auto adopted = platform::adopt_orphans(); !adopted)
    log::warn("daemon.orphans", {{"error", adopted.error().message}});
  if (start_.safe_mode) log::error("daemon.safe_mode", {{"reason", start_.reason}});
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  await_signal();
  early_stop_.release();
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

}  // namespace pryx::app
