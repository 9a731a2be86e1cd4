// SPDX-License-Identifier: MIT
// pryx: the command line and, as `pryx serve`, the daemon.
#include "foundation/crypto/system_random.h"
#include "foundation/platform/system_clock.h"
#include "serve.h"
#include "store_check.h"
#include "surfaces/cli/cli.h"

int main(int argc, char** argv) {
  const pryx::platform::SystemClock clock;
  pryx::crypto::SystemRandom random;
  pryx::cli::CliHooks hooks;
  hooks.clock = &clock;
  hooks.random = &random;
  hooks.serve = [&](const pryx::cli::ServeOptions& options) {
    return pryx::app::serve(options, clock, random);
  };
  hooks.check_store = [&] { return pryx::app::check_store(clock, random); };
  return pryx::cli::run(argc, argv, hooks);
}
