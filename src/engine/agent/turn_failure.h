// SPDX-License-Identifier: MIT
// Why a turn failed, by name: one of the error table, or one that only turns have. Pure; for everybody who
// tells others how a turn ended.
#pragma once
#include <string_view>

#include "foundation/base/error.h"

namespace pryx::agent {

inline constexpr std::string_view kContextTooLong = "context_too_long";
inline constexpr std::string_view kTurnTimeout = "turn_timeout";

// What the failure counts as: its code, its exit code and its status. kInternal when the name is unknown.
[[nodiscard]] ErrorCode error_code_of_turn(std::string_view name);
// Short English for people.
[[nodiscard]] std::string_view title_of_turn_failure(std::string_view name);

}  // namespace pryx::agent
