// SPDX-License-Identifier: MIT
// The last hop of a secret to a command: it leaves the vault for a command that reaches no host, or only
// hosts that the secret names. Owned by ShellKeeper. I/O thread only.
#pragma once
#include "engine/tools/shell/exec_tool.h"
#include "trust/vault/vault.h"

namespace pryx::app {

class VaultForCommands final : public tools::shell::CommandSecrets {
 public:
  explicit VaultForCommands(vault::Vault& vault) : vault_(vault) {}
  [[nodiscard]] async::Task<Result<json::object>> describe(Principal principal,
                                                           std::vector<std::string> names) override;
  [[nodiscard]] async::Task<Result<Secret>> reveal(Principal principal, std::string name,
                                                   std::vector<std::string> hosts) override;

 private:
  vault::Vault& vault_;
};

}  // namespace pryx::app
