// SPDX-License-Identifier: MIT
// Whether the store of a daemon that is down is sound: what `pryx doctor` asks, in a process of its own.
#pragma once
#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace pryx::app {

// Reads every page of the database with its own key and changes nothing in it. As root it becomes the user
// whose database it is, for good: nothing of root's may lie beside it. kConflict when a daemon serves this
// home; kUnauthenticated when the key cannot be had, or the file cannot be read with it; kCheckFailed and
// kStorage for what is damaged. Blocking.
[[nodiscard]] Result<void> check_store(const Clock& clock, Random& random);

}  // namespace pryx::app
