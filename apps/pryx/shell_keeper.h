// SPDX-License-Identifier: MIT
// The agent's hands, put together: the background processes and the tools that run programs in the sandbox.
// Built before the gate, which asks it whether commands can run at all; stopped after the dispatcher. I/O
// thread only.
#pragma once
#include <memory>
#include <optional>

#include "command_secrets.h"
#include "engine/tools/registry.h"
#include "engine/tools/shell/background_processes.h"
#include "engine/tools/tool_gate.h"
#include "foundation/async/worker_pool.h"
#include "trust/egress/broker.h"
#include "trust/sandbox/sandbox.h"

namespace pryx::app {

class ShellKeeper final : public tools::SandboxSource {
 public:
  struct Parts {
    async::EventLoop& loop;
    async::WorkerPool& pool;
    db::Database& database;
    events::EventLog& events;
    audit::AuditLog& audit;
    IdSource& ids;
    egress::Broker& broker;
    tools::UndoJournal& undo;
    vault::Vault& vault;
    sandbox::Sandbox& sandbox;
  };
  explicit ShellKeeper(const Parts& parts);
  [[nodiscard]] Result<void> add_tools(tools::Registry& registry);
  [[nodiscard]] async::Task<Result<void>> start() { return processes_.start(); }
  [[nodiscard]] async::Task<void> stop();

  [[nodiscard]] bool is_usable() const override { return sandbox_.report().usable; }
  [[nodiscard]] tools::shell::BackgroundProcesses& processes() { return processes_; }

 private:
  async::EventLoop& loop_;
  async::WorkerPool& pool_;
  egress::Broker& broker_;
  VaultForCommands secrets_;
  sandbox::Sandbox& sandbox_;
  tools::shell::CommandJournal journal_;
  tools::shell::BackgroundProcesses processes_;
};

}  // namespace pryx::app
