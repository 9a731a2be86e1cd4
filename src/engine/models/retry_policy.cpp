// SPDX-License-Identifier: MIT
#include "engine/models/retry_policy.h"

#include <algorithm>

namespace pryx::models {
namespace {

constexpr int kMaxUnauthorized = 1;
constexpr int kMaxRateLimited = 7;  // 1 + 2 + 4 + … + 60 s: about two minutes
constexpr int kMaxServer = 3;
constexpr int kMaxNetwork = 5;
constexpr Duration kFirstRateLimitWait = std::chrono::seconds(1);
constexpr Duration kFirstServerWait = std::chrono::milliseconds(500);
constexpr Duration kFirstNetworkWait = std::chrono::milliseconds(250);
constexpr Duration kFirstPause = std::chrono::seconds(15);
// How late it is noticed that a network is back.
constexpr Duration kLongestPause = std::chrono::minutes(5);
// What a server asks for has to fit into a Duration.
constexpr std::int64_t kMostAskedMs = 30 * std::int64_t{86'400'000};

Duration doubled(Duration first, int times, Duration most = kLongestWait) {
  return std::min(most, first * (std::int64_t{1} << std::min(times, 16)));
}

Duration with_jitter(Duration delay, std::uint64_t jitter) {
  return delay + Duration(static_cast<std::int64_t>(static_cast<double>(delay.count()) * 0.25 *
                                                    (static_cast<double>(jitter >> 11) * 0x1.0p-53)));
}

std::optional<RetryDecision> after_backoff(int& count, int limit, Duration first, std::int64_t retry_after_ms,
                                           std::uint64_t jitter) {
  if (count >= limit) return std::nullopt;
  const Duration asked = std::chrono::milliseconds(std::max<std::int64_t>(0, retry_after_ms));
  if (asked > kLongestWait) return std::nullopt;
  const Duration wait = std::max(asked, doubled(first, count));
  ++count;
  return RetryDecision{with_jitter(wait, jitter), false};
}

}  // namespace

ErrorCode code_for_status(int http_status) {
  switch (http_status) {
    case 401:
      return ErrorCode::kUnauthenticated;
    case 402:
      return ErrorCode::kBudget;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
      return ErrorCode::kNotFound;
    case 408:
      return ErrorCode::kTimeout;
    case 409:
      return ErrorCode::kConflict;
    case 413:
      return ErrorCode::kTooLarge;
    case 429:
      return ErrorCode::kOverloaded;
    default:
      break;
  }
  if (http_status >= 400 && http_status < 500) return ErrorCode::kInvalidArgument;
  return ErrorCode::kProvider;  // 5xx, and redirects and other answers no chat API gives
}

FailureClass classify(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnauthenticated:
      return FailureClass::kUnauthorized;
    case ErrorCode::kOverloaded:
      return FailureClass::kRateLimited;
    case ErrorCode::kProvider:
      return FailureClass::kServer;
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
      return FailureClass::kNetwork;
    default:
      return FailureClass::kPermanent;
  }
}

std::string_view describe(FailureClass failure) {
  switch (failure) {
    case FailureClass::kPermanent:
      return "refused";
    case FailureClass::kUnauthorized:
      return "the key was refused";
    case FailureClass::kRateLimited:
      return "rate limited";
    case FailureClass::kServer:
      return "the provider failed";
    case FailureClass::kNetwork:
      return "no connection";
  }
  return "refused";
}

std::optional<RetryDecision> next_retry(const Error& error, RetryHistory& history, std::uint64_t jitter) {
  switch (classify(error.code)) {
    case FailureClass::kPermanent:
      return std::nullopt;
    case FailureClass::kUnauthorized:
      if (history.unauthorized >= kMaxUnauthorized) return std::nullopt;
      ++history.unauthorized;
      return RetryDecision{Duration::zero(), true};
    case FailureClass::kRateLimited:
      return after_backoff(history.rate_limited, kMaxRateLimited, kFirstRateLimitWait, error.retry_after_ms,
                           jitter);
    case FailureClass::kServer:
      return after_backoff(history.server, kMaxServer, kFirstServerWait, error.retry_after_ms, jitter);
    case FailureClass::kNetwork:
      return after_backoff(history.network, kMaxNetwork, kFirstNetworkWait, error.retry_after_ms, jitter);
  }
  return std::nullopt;
}

Duration pause_before_asking_again(const Error& error, int pauses, std::uint64_t jitter) {
  const Duration asked =
      std::chrono::milliseconds(std::clamp<std::int64_t>(error.retry_after_ms, 0, kMostAskedMs));
  return with_jitter(std::max(asked, doubled(kFirstPause, pauses, kLongestPause)), jitter);
}

}  // namespace pryx::models
