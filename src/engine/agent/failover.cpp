// SPDX-License-Identifier: MIT
#include "engine/agent/failover.h"

#include <algorithm>

#include "engine/models/model_router.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

constexpr std::size_t kMaxFallbacks = 10;
constexpr std::int64_t kMostAskedMs = 30 * std::int64_t{86'400'000};

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
    case ErrorCode::kTooLarge:
      return "does not take a conversation of this length";
    default:
      return "failed";
  }
}

std::string answers_instead(std::string_view from, std::string_view why, std::string_view to) {
  return fmt::format("{} {}; {} answers instead. Your choice of model stays as it is.", from, why, to);
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
  return answers_instead(from, what_is_wrong(code), to);
}

std::string passed_over_notice(std::string_view from, std::string_view to, ErrorCode code) {
  std::string why = "cannot be asked like this";
  if (code == ErrorCode::kTooLarge) why = what_is_wrong(code);
  if (code == ErrorCode::kBudget) why = "is beyond what this turn may use";
  return answers_instead(from, why, to);
}

std::string left_out_notice(std::string_view stand_in, std::string_view chosen, std::int64_t messages) {
  return fmt::format(
      "{} takes less of a conversation than {}: {} messages are left out of what it is shown. The session "
      "keeps all of them.",
      stand_in, chosen, messages);
}

std::string waiting_reason(std::string_view model, ErrorCode code) {
  return fmt::format("{} {}", model, what_is_wrong(code));
}

std::string waiting_notice(std::string_view model, const Error& error, WallTime until) {
  return fmt::format("{} and is asked again at {}: {}", waiting_reason(model, error.code), to_rfc3339(until),
                     error.message);
}

std::string waited_notice(std::string_view model, ErrorCode code, Duration waited) {
  return fmt::format("{}; the answer waited {} for that to pass.", waiting_reason(model, code),
                     format_duration(waited));
}

std::string not_waited_advice(const Error& error, Duration limit) {
  std::string out;
  // A month at most: what a server says has to fit into a Duration.
  if (error.retry_after_ms > 0)
    out =
        fmt::format("; it asks for a pause of {}",
                    format_duration(std::chrono::milliseconds(std::min(error.retry_after_ms, kMostAskedMs))));
  return out + fmt::format("; a turn waits by itself for agent.wait_for_model at most, which is {}",
                           limit > Duration::zero() ? format_duration(limit) : "0s");
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
