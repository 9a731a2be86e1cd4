// SPDX-License-Identifier: MIT
// The parts of a running daemon, in the order they are built; destroyed in reverse. Built in daemon.cpp,
// brought up and down in daemon_run.cpp. Main thread only.
#pragma once
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include "admin.h"
#include "agent_keeper.h"
#include "egress_keeper.h"
#include "engine/agent/failover.h"
#include "engine/agent/heartbeat_runner.h"
#include "engine/agent/inbox.h"
#include "engine/agent/subagents/sub_agent_tools.h"
#include "engine/tools/undo/undo_journal.h"
#include "foundation/base/log.h"
#include "foundation/net/http_client.h"
#include "foundation/net/http_server.h"
#include "foundation/platform/early_stop.h"
#include "foundation/platform/file_watch.h"
#include "foundation/platform/service_manager.h"
#include "ground.h"
#include "housekeeping.h"
#include "policy_keeper.h"
#include "prompt_keeper.h"
#include "result_files.h"
#include "safe_mode.h"
#include "sandbox_keeper.h"
#include "shell_keeper.h"
#include "skill_keeper.h"
#include "surfaces/cli/cli.h"
#include "surfaces/server/server.h"
#include "telemetry_keeper.h"
#include "trust/audit/checkpointer.h"
#include "trust/vault/database_key.h"
#include "workspace_keeper.h"

namespace pryx::app {

// What config.yaml and --verbose make of it.
[[nodiscard]] log::Level log_level(const std::string& name, bool verbose);

constexpr std::size_t kPoolThreads = 2;

class Daemon {
 public:
  Daemon(const cli::ServeOptions& options, const Clock& clock, Random& random, Ground ground,
         StartDecision start, platform::EarlyStop& early_stop)
      : options_(options),
        clock_(clock),
        random_(random),
        ground_(std::move(ground)),
        start_(std::move(start)),
        early_stop_(early_stop),
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
  [[nodiscard]] async::Task<void> note_changes_while_down();
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
  void plan_housekeeping();
  [[nodiscard]] async::Task<Result<void>> lock_idle_vault();
  [[nodiscard]] async::Task<Result<void>> expire_grants();
  void feed_watchdog();
  void watch_files();
  [[nodiscard]] async::Task<void> files_changed();
  void apply_settings(const config::Config& config);

  const cli::ServeOptions& options_;
  const Clock& clock_;
  Random& random_;
  Ground ground_;
  StartDecision start_;
  platform::EarlyStop& early_stop_;
  async::RealEventLoop loop_;
  async::WorkerPool pool_;
  IdSource ids_;
  async::TaskGroup group_;
  boost::asio::signal_set signals_;
  std::optional<platform::FileWatch> watch_;
  boost::asio::posix::stream_descriptor watch_descriptor_;
  std::optional<platform::ServiceManager> manager_;
  server::DaemonInfo info_;

  std::optional<SandboxKeeper> sandbox_;
  vault::DatabaseKey key_;
  std::unique_ptr<db::Database> database_;
  std::optional<events::EventLog> events_;
  std::optional<audit::AuditLog> audit_;
  std::optional<audit::Checkpointer> checkpoints_;
  std::optional<vault::Vault> vault_;
  std::optional<trust::Approvals> approvals_;
  std::optional<trace::Recorder> trace_;
  std::unique_ptr<net::HttpClient> http_client_;
  std::optional<VaultKeys> keys_;
  std::optional<models::ModelRouter> router_;
  std::optional<CatalogKeeper> catalog_;
  std::optional<tools::Registry> registry_;
  std::optional<memory::MemoryStore> memory_store_;
  std::optional<tools::UndoJournal> undo_journal_;
  std::optional<EgressKeeper> egress_;
  std::optional<TelemetryKeeper> telemetry_;
  std::optional<ShellKeeper> shell_;
  std::optional<SkillKeeper> skills_;
  std::optional<PromptKeeper> prompts_;
  std::shared_ptr<agent::SubAgentAccess> sub_agent_access_ = std::make_shared<agent::SubAgentAccess>();
  std::optional<AgentKeeper> agents_;
  std::optional<PolicyKeeper> policy_;
  std::optional<tools::ToolGate> gate_;
  std::optional<SealedResultFiles> results_;
  std::optional<WorkspaceKeeper> workspaces_;
  std::optional<agent::Dispatcher> dispatcher_;
  std::optional<agent::TurnEngine> turns_;
  std::optional<agent::TurnUndo> undo_;
  std::optional<agent::Outbox> outbox_;
  std::optional<agent::Inbox> inbox_;
  std::optional<agent::SubAgents> sub_agents_;
  std::optional<tools::http::ImageFetch> images_;
  std::optional<agent::HeartbeatRunner> heartbeats_;
  std::optional<Providers> providers_;
  std::optional<Secrets> secrets_;
  std::optional<Settings> settings_;
  std::optional<Memories> memories_;
  std::optional<Health> health_;
  std::optional<Housekeeping> housekeeping_;
  std::optional<Housekeeping> short_watch_;
  Duration hidden_retention_{};
  Duration vault_lock_after_{};
  std::optional<server::ApiServer> api_;
  std::unique_ptr<net::HttpServer> http_;
  bool starting_ = true;  // until start() has ended
  bool stopping_ = false;
  bool forced_ = false;
  int exit_code_ = 0;
  std::string failure_;
};

}  // namespace pryx::app
