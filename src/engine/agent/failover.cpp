// SPDX-License-Identifier: MIT
#include "engine/agent/failover.h"

#include <algorithm>

#include "engine/models/model_router.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

constexpr std::size_t kMaxFallbacks = 10;

std::string what_is_wrong(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOverloaded:
      return "is over its rate limit";
    case ErrorCode::kUnavailable:
      return "cannot be reached";
    case ErrorCode::kTimeout:
      return "does not answer in time";
    case ErrorCode::kUnauthenticated:
      return "refuses its key";
    case ErrorCode::kForbidden:
      return "is not allowed for this key";
    case ErrorCode::kNotFound:
      return "is not there";
    case ErrorCode::kBudget:
      return "has no quota left in its account";
    default:
      return "failed";
  }
}

}  // namespace

bool may_fall_back(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOverloaded:
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kForbidden:
    case ErrorCode::kNotFound:
    case ErrorCode::kBudget:
    case ErrorCode::kProvider:
      return true;
    default:
      return false;
  }
}

std::string fallback_notice(std::string_view from, std::string_view to, ErrorCode code) {
  return fmt::format("{} {}; {} answers instead. Your choice of model stays as it is.", from,
                     what_is_wrong(code), to);
}

Result<std::vector<std::string>> parse_fallbacks(std::string_view text) {
  std::vector<std::string> out;
  if (text == "none") return out;
  std::string name;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != ',' && text[i] != ' ') {
      name += text[i];
      continue;
    }
    if (name.empty()) continue;
    const auto read = models::parse_model_name(name);
    if (!read) return fail(read.error().code, "value {}: {}", out.size() + 1, read.error().message);
    if (out.size() >= kMaxFallbacks)
      return fail(ErrorCode::kInvalidArgument, "at most {} models can answer instead", kMaxFallbacks);
    out.push_back(std::exchange(name, {}));
  }
  return out;
}

std::optional<std::string> Failover::next(const std::string& failed) {
  asked_.push_back(failed);
  while (!left_.empty()) {
    std::string candidate = std::move(left_.front());
    left_.erase(left_.begin());
    if (std::ranges::find(asked_, candidate) == asked_.end()) return candidate;
  }
  return std::nullopt;
}

}  // namespace pryx::agent
