// SPDX-License-Identifier: MIT
// Model servers that run on this machine, found by asking their usual ports on the loopback address. Read
// only: nothing is started, loaded or changed. Blocking, main thread.
#pragma once
#include <string>
#include <vector>

#include "surfaces/client/api_client.h"

namespace pryx::cli {

struct LocalServer {
  std::string name;  // what the provider is called: "ollama", "lmstudio"
  std::string kind;  // of the provider
  std::string base_url;
  std::vector<std::string> models;  // as the server names them, its order; bounded
};

// Those that answered within their short limit.
[[nodiscard]] std::vector<LocalServer> find_local_servers(const client::Waiting& waiting);
// Names of a server's answer; empty for one that is none. Pure.
[[nodiscard]] std::vector<std::string> read_model_names(const json::object& answer);

}  // namespace pryx::cli
