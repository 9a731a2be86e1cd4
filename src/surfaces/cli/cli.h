// SPDX-License-Identifier: MIT
// The command line: parses the arguments, runs one command, returns the exit code of contract.md section 6.
// Called once by main, on the main thread, before any other thread exists. It knows the daemon only through
// its socket; `pryx serve` comes in as a hook.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/base/secret.h"

namespace pryx::cli {

// What `pryx serve` was asked for, already checked: a non-loopback address without TLS never gets here.
struct ServeOptions {
  bool tcp = true;                           // false: --no-tcp, the Unix socket only
  std::string listen_address = "127.0.0.1";  // literal IPv4 or IPv6 loopback address, without brackets
  std::uint16_t port = 7799;                 // 0: any free one
  bool port_is_fixed = false;                // --listen was given: the next free port is no substitute
  std::string run_as;                // --run-as USER; empty: `pryx` when started as root, else oneself
  bool allow_safe_mode = true;       // false: --no-safe-mode
  bool verbose = false;              // debug log lines too
  std::optional<Secret> passphrase;  // of a sealed key file; from standard input or a prompt
};

struct CliHooks {
  // Runs the daemon in the foreground until it stops; its result is the exit code.
  std::function<int(const ServeOptions&)> serve;
  // Whether the store of a daemon that is down is sound. Becomes the user whose store it is, so it runs in a
  // process that does nothing else.
  std::function<Result<void>()> check_store;
  const Clock* clock = nullptr;  // must outlive run()
  Random* random = nullptr;      // idempotency keys; must outlive run()
};

[[nodiscard]] int run(int argc, char** argv, const CliHooks& hooks);

}  // namespace pryx::cli
