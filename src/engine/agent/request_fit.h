// SPDX-License-Identifier: MIT
// What a request may hold at most, held before it is sent: a provider that would refuse it is never asked.
// Pure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/agent/turn_options.h"
#include "engine/models/provider.h"

namespace pryx::agent {

// Names of Pryx's own tools that had to go: the caller's come first, then those for everyday work.
// kInvalidArgument when the caller's alone are more than the model takes.
[[nodiscard]] Result<std::vector<std::string>> fit_tools(models::ModelRequest& request,
                                                         const models::ModelInfo& info,
                                                         const TurnOptions& options);
// One sentence for a person; empty: nothing went.
[[nodiscard]] std::string tools_notice(const std::vector<std::string>& left_out,
                                       const models::ModelInfo& info);

// An answer that may be longer than the model writes at once comes in parts, each about as long as the
// others.
struct OutputPlan {
  std::int64_t wanted = 0;  // tokens; 0: whatever the model gives
  int parts = 1;
  [[nodiscard]] std::int64_t share(int part) const;  // of the part with this number, from 0
};
inline constexpr int kMaxOutputParts = 16;
[[nodiscard]] OutputPlan plan_output(std::int64_t wanted, std::int64_t most_at_once);
// Tokens of an answer that nobody limited, where a limit has to be sent and the model does not say its own.
inline constexpr std::int64_t kUsualLongestOutput = 16'384;
// The longest answer to so much input: what the model writes at once, and what its context has left. 0:
// nobody knows.
[[nodiscard]] std::int64_t longest_output(const models::ModelInfo& info, std::int64_t input_tokens);
// Asks for what follows `said`, the text of the parts before.
void ask_to_go_on(models::ModelRequest& request, std::string said);

}  // namespace pryx::agent
