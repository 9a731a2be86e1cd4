// SPDX-License-Identifier: MIT
// What must hold when everything is over, whatever went wrong before: the store compared with itself, with
// what clients were told and with what reached the outside world.
#pragma once
#include "tests/sim/clients.h"

namespace pryx::sim {

// Violations go to the world. The log is started here.
[[nodiscard]] async::Task<void> check_invariants(db::Database& database, events::EventLog& log,
                                                 OutsideWorld& world, const Clients& clients,
                                                 std::uint64_t& turns);

}  // namespace pryx::sim
