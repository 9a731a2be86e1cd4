// SPDX-License-Identifier: MIT
// A name for the file that is written before it replaces another. Unguessable, so that nobody can put a link
// in its place.
#pragma once
#include <string>

namespace pryx::platform::internal {

[[nodiscard]] std::string temporary_name();

}  // namespace pryx::platform::internal
