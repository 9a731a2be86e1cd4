// SPDX-License-Identifier: MIT
#include "surfaces/client/restart_policy.h"

#include <algorithm>
#include <array>

#include "foundation/base/error.h"

namespace pryx::client {
namespace {

// What a second start cannot mend: a wrong flag, a locked key, a daemon that runs already.
bool is_final(int exit_code) {
  const std::array codes = {facts(ErrorCode::kInvalidArgument).exit_code,
                            facts(ErrorCode::kUnauthenticated).exit_code,
                            facts(ErrorCode::kConflict).exit_code};
  return std::find(codes.begin(), codes.end(), exit_code) != codes.end();
}

}  // namespace

RestartDecision RestartPolicy::next(std::span<const Ending> history, MonotonicTime now) const {
  PRYX_CHECK(!history.empty());
  const Ending& last = history.back();
  if (last.status.is_success()) return {false, {}, "it ended as it was asked to"};
  if (last.status.signal == 0 && is_final(last.status.code)) {
    return {false, {}, fmt::format("{} cannot be mended by another start", last.status.describe())};
  }
  // Somebody waits for the first start and is told why it failed; trying on behind their back would only hide
  // it.
  if (history.size() == 1 && !last.was_ready)
    return {false, {}, fmt::format("{} before it could serve", last.status.describe())};
  const auto recent = std::count_if(history.begin(), history.end(),
                                    [&](const Ending& ending) { return now - ending.at < window; });
  if (recent > most_in_window) {
    return {false, {}, fmt::format("it ended {} times in {}", recent, format_duration(window))};
  }
  Duration delay = first_delay;
  for (auto ending = history.rbegin() + 1; ending != history.rend(); ++ending) {
    if (ending[-1].uptime >= stable_after || delay >= longest_delay) break;
    delay *= 2;
  }
  delay = std::min(delay, longest_delay);
  return {true, delay,
          fmt::format("{}; starting again in {}", last.status.describe(), format_duration(delay))};
}

}  // namespace pryx::client
