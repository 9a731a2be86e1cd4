// SPDX-License-Identifier: MIT
#include "serve.h"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "daemon.h"
#include "foundation/base/log.h"
#include "foundation/platform/early_stop.h"
#include "ground.h"
#include "safe_mode.h"

namespace pryx::app {
namespace {

int fail_to_start(const Error& error) {
  log::error("daemon.start_failed", {{"error", error.message}, {"code", facts(error.code).wire}});
  return facts(error.code).exit_code;
}

}  // namespace

int serve(const cli::ServeOptions& options, const Clock& clock, Random& random) {
  log::configure({.level = log_level("", options.verbose),
                  .json = ::isatty(STDERR_FILENO) == 0,
                  .sink = {},
                  .clock = &clock});
  ::signal(SIGPIPE, SIG_IGN);
  platform::EarlyStop early_stop;
  ::umask(0077);  // every file of Pryx is its owner's alone, also those that SQLite makes
  // More arenas than busy threads only keep memory from the system. The thread that tries the sandbox takes
  // the first beside this one's: with two in all the store's threads would wait for this one at every
  // allocation.
  ::mallopt(M_ARENA_MAX, 3);
  auto ground = prepare_ground(options);
  if (!ground) return fail_to_start(ground.error());
  const config::Places places = ground->places;
  const auto lock = platform::FileLock::acquire(places.lock_file());
  if (!lock) {
    Error error = lock.error();
    if (error.code == ErrorCode::kConflict)
      error.message =
          fmt::format("another daemon serves this home: {}; stop it with `pryx daemon stop`", error.message);
    return fail_to_start(error);
  }
  StartDecision start = decide_start(read_starts(places.starts_file()), clock.wall());
  if (!options.allow_safe_mode) start.safe_mode = false;
  const auto noted = write_starts(places.starts_file(), start.record);
  if (!noted) log::warn("daemon.start_not_noted", {{"error", noted.error().message}});
  // Only a crash counts against the next start; a refusal is an answer, and so is an order to stop.
  const auto note_end = [file = places.starts_file()] {
    const auto ended = note_clean_end(file);
    if (!ended) log::warn("daemon.end_not_noted", {{"error", ended.error().message}});
  };
  early_stop.watch([note_end](int signal) {
    log::info("daemon.stopped", {{"why", signal == SIGINT ? "SIGINT" : "SIGTERM"}, {"ready", false}});
    note_end();
  });
  Daemon daemon(options, clock, random, std::move(*ground), std::move(start), early_stop);
  const int code = daemon.run();
  note_end();
  if (daemon.is_forced()) std::_Exit(code);
  return code;
}

}  // namespace pryx::app
