// SPDX-License-Identifier: MIT
// What a model with a small context is told: a short prompt and tools without their long descriptions, under
// kSmallPromptTokens together. Pure.
#pragma once
#include <vector>

#include "engine/models/token_estimate.h"
#include "engine/tools/tool.h"

namespace pryx::agent {

constexpr std::int64_t kSmallContextTokens = 16'384;  // up to here a model gets the small profile
constexpr std::int64_t kSmallPromptTokens = 1'500;  // of prompt, notes and tools, without what a person adds
constexpr std::size_t kSmallInstructionBytes = 2'000;

[[nodiscard]] std::string_view small_prompt();
// The first sentence of its description; of its arguments the names and types. Enough to call it right: the
// gate answers a wrong call with what is wrong.
[[nodiscard]] models::ToolSpec small_tool(const tools::ToolDescription& tool);
// As many as fit, the ones for everyday work first. `taken`: tokens of what else was put into the prompt.
[[nodiscard]] std::vector<models::ToolSpec> small_tools(
    const std::vector<const tools::ToolDescription*>& tools, models::TokenizerFamily family,
    std::int64_t taken = 0);
// A copy of `tools` with those for everyday work first, the others by name.
[[nodiscard]] std::vector<models::ToolSpec> everyday_first(std::vector<models::ToolSpec> tools);

}  // namespace pryx::agent
