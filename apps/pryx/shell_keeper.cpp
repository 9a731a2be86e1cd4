// SPDX-License-Identifier: MIT
#include "shell_keeper.h"

#include "engine/tools/shell/exec_tool.h"
#include "engine/tools/shell/process_tools.h"

namespace pryx::app {

ShellKeeper::ShellKeeper(const Parts& parts)
    : loop_(parts.loop),
      pool_(parts.pool),
      broker_(parts.broker),
      secrets_(parts.vault),
      sandbox_(parts.sandbox),
      journal_(parts.loop, parts.undo),
      processes_(parts.loop, parts.database, parts.events, parts.audit, parts.ids, sandbox_) {}

Result<void> ShellKeeper::add_tools(tools::Registry& registry) {
  PRYX_TRY_VOID(registry.add(
      std::make_unique<tools::shell::ExecTool>(tools::shell::ExecTool::Parts{.loop = loop_,
                                                                             .pool = pool_,
                                                                             .sandbox = sandbox_,
                                                                             .processes = processes_,
                                                                             .broker = &broker_,
                                                                             .journal = &journal_,
                                                                             .secrets = &secrets_})));
  return tools::shell::add_process_tools(registry, processes_);
}

async::Task<void> ShellKeeper::stop() {
  co_await processes_.stop();
  co_await journal_.stop();
}

}  // namespace pryx::app
