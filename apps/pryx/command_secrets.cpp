// SPDX-License-Identifier: MIT
#include "command_secrets.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::app {

async::Task<Result<json::object>> VaultForCommands::describe(Principal principal,
                                                             std::vector<std::string> names) {
  PRYX_CO_TRY(const auto entries, co_await vault_.list(std::move(principal)));
  json::object out;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(entries, name, &vault::SecretEntry::name);
    if (found == entries.end()) {
      out[name] = nullptr;
      continue;
    }
    json::array hosts;
    for (const std::string& host : found->hosts) hosts.emplace_back(host);
    out[name] = json::object{{"set_at", to_rfc3339(found->updated_at)}, {"hosts", std::move(hosts)}};
  }
  co_return out;
}

async::Task<Result<Secret>> VaultForCommands::reveal(Principal principal, std::string name,
                                                     std::vector<std::string> hosts) {
  // Whoever a command may reach may get what it reads.
  for (const std::string& host : hosts) {
    auto url = net::parse_url(fmt::format("https://{}/", host));
    if (!url || host.starts_with("*."))
      co_return fail(ErrorCode::kForbidden,
                     "a command with a secret may reach single hosts only; name each instead of '{}'", host);
    auto allowed = co_await vault_.get_for(principal, name, std::move(*url));
    if (!allowed) co_return std::unexpected(allowed.error());
  }
  co_return co_await vault_.get(std::move(principal), std::move(name));
}

}  // namespace pryx::app
