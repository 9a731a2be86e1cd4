// SPDX-License-Identifier: MIT
// ApiServer: the HTTP API, the bus, the OpenAI front and the page, as one net::Handler. It authenticates
// every request before its body is read, finds the route in one table (route_table.cpp), and calls the
// service behind it. Owned by apps/, I/O thread only.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "engine/agent/dispatcher.h"
#include "engine/agent/inbox.h"
#include "engine/agent/outbox.h"
#include "engine/agent/stop.h"
#include "engine/agent/subagents/sub_agents.h"
#include "engine/agent/turn_engine.h"
#include "engine/agent/turn_undo.h"
#include "engine/models/model_router.h"
#include "engine/tools/http/image_fetch.h"
#include "engine/tools/shell/background_processes.h"
#include "engine/tools/tool_gate.h"
#include "foundation/async/task_group.h"
#include "foundation/async/worker_pool.h"
#include "foundation/db/database.h"
#include "foundation/events/event_log.h"
#include "foundation/net/http_server.h"
#include "foundation/platform/process_identity.h"
#include "surfaces/server/admin.h"
#include "surfaces/server/agent_admin.h"
#include "surfaces/server/public_origin.h"
#include "surfaces/server/skill_admin.h"
#include "trust/approvals/approvals.h"
#include "trust/audit/audit_log.h"
#include "trust/audit/checkpointer.h"

namespace pryx::server {

// Facts of the running daemon; apps/ fills them in while it starts.
struct DaemonInfo {
  std::string version;
  int pid = 0;
  std::string url;  // "http://127.0.0.1:7799"; empty: no TCP
  std::string socket;
  WallTime started_at;
  std::string mode = "normal";  // "normal" or "safe"
  std::string safe_mode_reason;
  std::string key_backend;      // "secret-service", "file"
  std::string public_url = {};  // "https://pryx.example.net"; empty: loopback alone
};

// Everything below the API. All of it outlives the server.
struct Services {
  async::EventLoop& loop;
  async::WorkerPool& pool;
  db::Database& database;
  events::EventLog& events;
  IdSource& ids;
  Random& random;
  agent::Inbox& inbox;
  agent::Dispatcher& dispatcher;
  agent::TurnEngine& turns;
  agent::TurnUndo& undo;
  agent::Outbox& outbox;
  trust::Approvals& approvals;
  tools::ToolGate& gate;
  audit::AuditLog& audit;
  audit::Checkpointer& checkpoints;
  trace::Recorder& trace;
  models::ModelRouter& models;
  ProviderAdmin& providers;
  SecretAdmin& secrets;
  ConfigAdmin& config;
  PolicyAdmin& policy;
  WorkspaceAdmin& workspaces;
  MemoryAdmin& memory;
  tools::shell::BackgroundProcesses& processes;
  SkillAdmin& skills;
  AgentAdmin& agents;
  agent::SubAgents& sub_agents;
  tools::http::ImageFetch& images;
  Diagnostics& diagnostics;
  const DaemonInfo& info;
};

[[nodiscard]] agent::StopParts stop_parts(Services& services, async::TaskGroup& group);

struct ServerOptions {
  std::uint32_t own_uid = UINT32_MAX;  // peers of the Unix socket with this uid are the owner
  bool root_is_owner =
      false;  // the daemon was started as root and dropped to another user: root's CLI counts as well
  // Whether a process descends from a child Pryx spawned: such a peer is refused, and so is one of which
  // nothing can be told. Empty: not checked.
  std::function<platform::Membership(std::int32_t pid)> membership_of;
  std::size_t max_bus_clients = 2'000;
};

class ApiServer final : public net::Handler {
 public:
  ApiServer(Services services, ServerOptions options);
  ~ApiServer() override;  // stop() first
  [[nodiscard]] static db::ModuleMigrations migrations();

  // Reads the tokens, and begins to take out what a crash left of an import. Call once, after the database is
  // open and before listening.
  [[nodiscard]] async::Task<Result<void>> start();
  // Keeps when each browser was last here, so that a restart knows who is idle for too long. Every so often,
  // and at stop.
  [[nodiscard]] async::Task<Result<void>> save_browser_sessions();
  // Which Host values count on TCP: 127.0.0.1, localhost and [::1] with this port. Call after listening.
  void set_tcp_port(std::uint16_t port);
  // The origin of a TLS terminator on this machine, whose requests come over loopback like all others but
  // with that Host. nullopt: none. Call before listening.
  void set_public_origin(std::optional<PublicOrigin> origin);
  // Ends streams and bus clients, and waits for them. Before HttpServer::stop().
  [[nodiscard]] async::Task<void> stop();

  [[nodiscard]] async::Task<void> handle(net::Exchange& exchange) override;
  [[nodiscard]] std::optional<net::Response> screen(const net::Request& head) override;
  [[nodiscard]] std::optional<std::size_t> body_limit(const net::Request& head) const override;
  [[nodiscard]] net::Response refuse(const net::Refusal& refusal) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pryx::server
