// SPDX-License-Identifier: MIT
#include "engine/agent/turn_failure.h"

#include <array>

namespace pryx::agent {
namespace {

struct OwnFailure {
  std::string_view name;
  ErrorCode code;
  std::string_view title;
};
// None of them is a failure of the daemon's, and none gets better by sending the same again at once: official
// clients repeat by themselves what looks like an internal error or a conflict.
constexpr std::array<OwnFailure, 5> kOwn{{
    {kContextTooLong, ErrorCode::kTooLarge, "Context too long"},
    {kTurnTimeout, ErrorCode::kTimeout, "The turn took too long"},
    {"step_limit", ErrorCode::kBudget, "Too many steps"},
    {"loop_detected", ErrorCode::kBudget, "The model repeats itself"},
    {"dependency_failed", ErrorCode::kCheckFailed, "What it waited for did not succeed"},
}};

const OwnFailure* find_own(std::string_view name) {
  for (const OwnFailure& own : kOwn) {
    if (own.name == name) return &own;
  }
  return nullptr;
}

}  // namespace

ErrorCode error_code_of_turn(std::string_view name) {
  const OwnFailure* own = find_own(name);
  return own != nullptr ? own->code : error_code_from_name(name);
}

std::string_view title_of_turn_failure(std::string_view name) {
  const OwnFailure* own = find_own(name);
  return own != nullptr ? own->title : facts(error_code_from_name(name)).title;
}

}  // namespace pryx::agent
