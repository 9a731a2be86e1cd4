// SPDX-License-Identifier: MIT
#include "trust/vault/secret_hosts.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::vault {

Result<std::vector<std::string>> read_secret_hosts(const std::vector<std::string>& hosts) {
  if (hosts.size() > kMaxSecretHosts)
    return fail(ErrorCode::kInvalidArgument, "a secret may have {} hosts at most", kMaxSecretHosts);
  std::vector<std::string> out;
  for (const std::string& text : hosts) {
    const auto read = net::parse_host_port(text);
    if (!read)
      return fail(ErrorCode::kInvalidArgument,
                  "'{}' is no host; write it as api.example.com or api.example.com:8443",
                  to_valid_utf8(utf8_prefix(text, 100)));
    out.push_back(read->port ? fmt::format("{}:{}", read->host.text(), *read->port) : read->host.text());
  }
  std::ranges::sort(out);
  const auto twins = std::ranges::unique(out);
  out.erase(twins.begin(), twins.end());
  return out;
}

bool may_receive(const std::vector<std::string>& hosts, const net::Url& url) {
  return std::ranges::any_of(hosts, [&](const std::string& host) {
    return host == url.origin() || (url.port == url.default_port() && host == url.host.text());
  });
}

std::string join_secret_hosts(const std::vector<std::string>& hosts) {
  return fmt::format("{}", fmt::join(hosts, " "));
}

std::vector<std::string> split_secret_hosts(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view host : split(text, ' ')) {
    if (!host.empty()) out.emplace_back(host);
  }
  return out;
}

}  // namespace pryx::vault
