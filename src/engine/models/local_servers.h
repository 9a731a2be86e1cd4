// SPDX-License-Identifier: MIT
// Model servers that run on this machine, found by asking ports of the loopback address. Reads only: nothing
// is started, loaded, added or changed. I/O thread only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/local_server_codec.h"
#include "foundation/async/event_loop.h"

namespace pryx::net {
class HttpClient;
}

namespace pryx::models {

// Where Ollama, llama.cpp, LM Studio and vLLM listen unless told otherwise.
inline constexpr std::string_view kUsualLocalPorts = "11434, 8080, 1234, 8000";
// "11434, 8080": 1 to 16 ports, or "none". kInvalidArgument.
[[nodiscard]] Result<std::vector<std::uint16_t>> parse_local_ports(std::string_view text);

// All ports at once, each within a few seconds; those that answered as a model server, in the order of their
// ports. Pryx itself is none.
[[nodiscard]] async::Task<std::vector<LocalServer>> find_local_servers(async::EventLoop& loop,
                                                                       net::HttpClient& http,
                                                                       std::vector<std::uint16_t> ports);

}  // namespace pryx::models
