// SPDX-License-Identifier: MIT
// The small parent of a daemon that has no service manager: starts `pryx serve`, writes its log, starts it
// again by RestartPolicy, ends with it. It runs as a process of its own; whoever started it learns the
// outcome over a pipe.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "foundation/base/secret.h"
#include "foundation/config/places.h"
#include "surfaces/client/restart_policy.h"

namespace pryx::client {

struct SupervisorOptions {
  std::string executable;              // what /proc/self/exe named at start
  std::vector<std::string> arguments;  // after the name: {"serve"}
  std::map<std::string, std::string> environment;
  config::Places places;
  int status_fd =
      -1;  // gets one line of JSON: the daemon's ready line, or {"event":"failed",…}; then it is closed
  RestartPolicy policy;
  Secret passphrase;  // given to each start of the daemon on its standard input; empty: none
};

// Runs until the daemon ended for good or SIGTERM, SIGINT or SIGHUP came and was passed on. Returns the
// daemon's last exit code.
[[nodiscard]] int supervise(SupervisorOptions options, const Clock& clock);

}  // namespace pryx::client
