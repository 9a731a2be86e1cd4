// SPDX-License-Identifier: MIT
#include "foundation/base/error.h"

#include <array>

namespace pryx {
namespace {
// Order follows ErrorCode.
constexpr std::array<ErrorFacts, 17> kFacts{{
    {"PRYX-1001", "invalid_argument", "Invalid request", 400, 2},
    {"PRYX-1002", "unauthenticated", "Login needed", 401, 4},
    {"PRYX-1003", "forbidden", "Not allowed", 403, 7},
    {"PRYX-1004", "denied", "Denied", 403, 7},
    {"PRYX-1005", "not_found", "Not found", 404, 6},
    {"PRYX-1006", "conflict", "Conflict", 409, 5},
    {"PRYX-1007", "too_large", "Too large", 413, 2},
    {"PRYX-1008", "overloaded", "Too many requests", 429, 10},
    {"PRYX-1009", "check_failed", "Check failed", 422, 3},
    {"PRYX-1010", "cancelled", "Cancelled", 499, 1},
    {"PRYX-1011", "timeout", "Timed out", 504, 9},
    {"PRYX-1012", "unavailable", "Not reachable", 503, 8},
    {"PRYX-1013", "provider", "Model provider failed", 502, 8},
    {"PRYX-1014", "budget", "Budget reached", 402, 10},
    {"PRYX-1015", "storage", "Storage failed", 507, 1},
    {"PRYX-1016", "unsupported", "Not supported here", 501, 1},
    {"PRYX-1017", "internal", "Internal error", 500, 1},
}};
static_assert(kFacts.size() == static_cast<std::size_t>(ErrorCode::kInternal) + 1);
}  // namespace

const ErrorFacts& facts(ErrorCode code) { return kFacts.at(static_cast<std::size_t>(code)); }

ErrorCode error_code_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    if (kFacts[i].name == name || kFacts[i].wire == name) return static_cast<ErrorCode>(i);
  }
  return ErrorCode::kInternal;
}

}  // namespace pryx
