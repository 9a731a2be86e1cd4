// SPDX-License-Identifier: MIT
// A running server with the scripted handler, and the requests that its tests send most.
#pragma once
#include "foundation/net/testing/running_server.h"
#include "foundation/net/testing/scripted_handler.h"

namespace pryx::net::testing {

struct ScriptedServer : RunningServer {
  explicit ScriptedServer(const ServerLimits& limits = {})
      : RunningServer([](async::RealEventLoop& loop) { return std::make_unique<ScriptedHandler>(loop); },
                      limits) {}
  [[nodiscard]] ScriptedHandler& script() { return handler<ScriptedHandler>(); }
};

// Looks again until it is true; the bound only ends a test that fails.
template <class Condition>
bool eventually(ScriptedServer& server, Condition condition) {
  const auto give_up = server.loop().clock().monotonic() + std::chrono::seconds(10);
  while (!condition()) {
    if (server.loop().clock().monotonic() > give_up) return false;
    server.on_loop([] {});
    std::this_thread::yield();
  }
  return true;
}

inline std::string get(std::string_view target, std::string_view fields = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n{}\r\n", target, fields);
}
inline std::string post(std::string_view target, std::string_view body) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", target, body.size(),
                     body);
}

}  // namespace pryx::net::testing
