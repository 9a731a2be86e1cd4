// SPDX-License-Identifier: MIT
// Whose tables the daemon's store holds, in the order they are made. Lives as long as the program.
#pragma once
#include <span>

#include "foundation/db/migrations.h"

namespace pryx::app {

[[nodiscard]] std::span<const db::ModuleMigrations> store_modules();

}  // namespace pryx::app
