// SPDX-License-Identifier: MIT
#include "engine/agent/thoughts.h"

#include <algorithm>

namespace pryx::agent {

Part* find_thoughts(Message& message) {
  const auto found =
      std::ranges::find_if(message.parts, [](const Part& part) { return !part.provider_data.empty(); });
  return found == message.parts.end() ? nullptr : &*found;
}

namespace {

std::int64_t kept_in(Message& message) {
  const Part* kept = find_thoughts(message);
  return kept == nullptr || kept->thoughts_dropped ? 0 : kept->thinking_tokens;
}

}  // namespace

ThoughtsToDrop choose_thoughts(std::vector<Message>& history, const TurnId& own, std::int64_t budget) {
  ThoughtsToDrop out;
  if (budget <= 0) return out;
  for (Message& message : history) out.before += kept_in(message);
  if (out.before * 100 < budget * kThinkingFullPercent) return out;
  for (Message& message : history) {
    if (out.freed * 100 >= budget * kThinkingFreedPercent) break;
    const std::int64_t kept = kept_in(message);
    if (kept == 0 || message.turn == own) continue;
    out.messages.push_back(&message);
    out.freed += kept;
  }
  return out;
}

}  // namespace pryx::agent
