// SPDX-License-Identifier: MIT
// One small conversation, again and again: the n-th operation of the disk fails, for n = 1, 2, 3… until a run
// meets no fault, for each kind of fault; then with a disk that stays full from the n-th write on for a
// while.
#pragma once
#include <utility>

#include "tests/sim/simulation.h"

namespace pryx::sim {

// How many runs held and how many did not; problems are printed.
[[nodiscard]] std::pair<std::uint64_t, std::uint64_t> fail_the_nth(const FirstImage& image);

}  // namespace pryx::sim
