// SPDX-License-Identifier: MIT
// The person (later also team member) that data, budgets, grants and secrets belong to. A value; any thread.
#pragma once
#include <cstdint>
#include <string_view>

#include "foundation/base/ids.h"

namespace pryx {

enum class PrincipalKind : std::uint8_t { kOwner };

struct Principal {
  PrincipalId id;
  PrincipalKind kind = PrincipalKind::kOwner;
  auto operator<=>(const Principal&) const = default;
};

// The one principal of a personal daemon. Its id is a fixed word, not a ULID, so that every install names its
// owner alike.
inline constexpr std::string_view kOwner = "prn_owner";
[[nodiscard]] Principal owner();

}  // namespace pryx
