// SPDX-License-Identifier: MIT
// One line about the daemon, for the overview.
#pragma once
#include "surfaces/cli/context.h"
#include "surfaces/cli/styled.h"

namespace pryx::cli {

[[nodiscard]] Line status_line(Context& context);

}  // namespace pryx::cli
