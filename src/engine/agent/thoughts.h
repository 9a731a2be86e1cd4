// SPDX-License-Identifier: MIT
// What a vendor keeps of a model's reasoning goes back with every request. When the kept thoughts of a
// session fill most of their budget, the oldest stay in their rows and are sent no more. Pure.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/agent/records.h"

namespace pryx::agent {

constexpr std::int64_t kThinkingBudget = 100'000;  // tokens of kept reasoning in a session
constexpr int kThinkingFullPercent = 80;           // from here on the oldest go
constexpr int kThinkingFreedPercent = 20;          // so much of the budget at least

struct ThoughtsToDrop {
  std::vector<Message*> messages;  // oldest first; into the history
  std::int64_t before = 0;         // tokens of all kept thoughts
  std::int64_t freed = 0;
};

// The part that a vendor's data came with; null: there is none.
[[nodiscard]] Part* find_thoughts(Message& message);
// Never those of `own`: a vendor wants the reasoning of an answer whose tools still run.
[[nodiscard]] ThoughtsToDrop choose_thoughts(std::vector<Message>& history, const TurnId& own,
                                             std::int64_t budget);

}  // namespace pryx::agent
