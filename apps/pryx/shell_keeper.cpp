// SPDX-License-Identifier: MIT
#include "shell_keeper.h"

#include "engine/tools/shell/exec_tool.h"
#include "engine/tools/shell/process_tools.h"
#include "foundation/base/log.h"

namespace pryx::app {
namespace {

std::unique_ptr<sandbox::Sandbox> build_sandbox(const config::Places& places,
                                                const std::shared_ptr<async::JobThread>& cleaner) {
  sandbox::Options options;
  // Not owned: its own jobs hold what holds this.
  options.later = [cleaner = std::weak_ptr(cleaner)](std::function<void()> job) {
    const auto held = cleaner.lock();
    return held != nullptr && held->add(std::move(job));
  };
  options.hidden_paths = {places.config, places.data, places.state, places.cache, places.run};
  options.scratch = places.state + "/sandbox";
  auto made = sandbox::make_sandbox(std::move(options));
  for (const sandbox::Layer& layer : made->report().layers) {
    if (!layer.works)
      log::warn("sandbox.layer", {{"layer", layer.name}, {"detail", layer.detail}, {"fix", layer.fix}});
  }
  return made;
}

}  // namespace

ShellKeeper::ShellKeeper(const Parts& parts)
    : loop_(parts.loop),
      pool_(parts.pool),
      broker_(parts.broker),
      secrets_(parts.vault),
      cleaner_(std::make_shared<async::JobThread>()),
      sandbox_(build_sandbox(parts.places, cleaner_)),
      journal_(parts.loop, parts.undo),
      processes_(parts.loop, parts.database, parts.events, parts.audit, parts.ids, *sandbox_) {}

Result<void> ShellKeeper::add_tools(tools::Registry& registry) {
  PRYX_TRY_VOID(registry.add(
      std::make_unique<tools::shell::ExecTool>(tools::shell::ExecTool::Parts{.loop = loop_,
                                                                             .pool = pool_,
                                                                             .sandbox = *sandbox_,
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
