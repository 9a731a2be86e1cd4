// SPDX-License-Identifier: MIT
// `pryx serve`: from a bare process to a ready daemon and back. Runs on the main thread until a signal; the
// result is the exit code.
#pragma once
#include "foundation/base/clock.h"
#include "surfaces/cli/cli.h"

namespace pryx::app {

[[nodiscard]] int serve(const cli::ServeOptions& options, const Clock& clock, Random& random);

}  // namespace pryx::app
