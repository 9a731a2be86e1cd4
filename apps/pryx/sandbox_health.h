// SPDX-License-Identifier: MIT
// The sandbox as `GET /diagnostics` and `pryx doctor` tell it: one line for the whole, one for each layer
// that does not work, with its fix. Pure.
#pragma once
#include <vector>

#include "surfaces/server/admin.h"
#include "trust/sandbox/sandbox.h"

namespace pryx::app {

[[nodiscard]] std::vector<server::Component> describe_sandbox(const sandbox::Report& report);

}  // namespace pryx::app
