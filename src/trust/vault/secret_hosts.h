// SPDX-License-Identifier: MIT
// Which hosts a secret may be sent to in a request. A host is exact: "api.example.com" means its ordinary
// ports, "api.example.com:8443" that one. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/net/url.h"

namespace pryx::vault {

inline constexpr std::size_t kMaxSecretHosts = 32;

// In one canonical form, sorted, each once. kInvalidArgument names the one that is no host.
[[nodiscard]] Result<std::vector<std::string>> read_secret_hosts(const std::vector<std::string>& hosts);
[[nodiscard]] bool may_receive(const std::vector<std::string>& hosts, const net::Url& url);

// As a column holds them.
[[nodiscard]] std::string join_secret_hosts(const std::vector<std::string>& hosts);
[[nodiscard]] std::vector<std::string> split_secret_hosts(std::string_view text);

}  // namespace pryx::vault
