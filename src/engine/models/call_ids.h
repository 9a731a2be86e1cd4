// SPDX-License-Identifier: MIT
// Ids of tool calls in a history that several vendors wrote: one vendor's ids may be too long, repeated or of
// the wrong letters for the next. Pure.
#pragma once
#include <cstddef>
#include <vector>

#include "engine/models/provider.h"

namespace pryx::models {

struct CallIdRule {
  std::size_t max_length = 40;
  std::size_t exact_length = 0;    // 0: any up to max_length
  bool only_alphanumeric = false;  // else '_' and '-' as well
};

// Replaces ids that break the rule, or that an earlier call already has, by others that depend on the history
// alone; each result follows the nearest call before it. Ids that fit stay as they are.
void fit_call_ids(std::vector<ChatMessage>& messages, const CallIdRule& rule);

}  // namespace pryx::models
