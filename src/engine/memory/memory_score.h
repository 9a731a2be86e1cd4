// SPDX-License-Identifier: MIT
// How well a memory answers a question, by how well its words fit and how old it is. Pure; any thread.
#pragma once
#include "engine/memory/memory_store.h"

namespace pryx::memory {

// After which time half of what fades has faded; none: it does not.
[[nodiscard]] std::optional<Duration> half_life(MemoryType type);
// 1 for what was saved now, falling towards what the type keeps for ever. A time of the future counts as now.
[[nodiscard]] double freshness(MemoryType type, Duration age);
// `fit` is 0 to 1: the rank among the hits, the best one's being 1.
[[nodiscard]] double score(double fit, MemoryType type, Duration age);

}  // namespace pryx::memory
