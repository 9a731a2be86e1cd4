// SPDX-License-Identifier: MIT
// What the starter says: plain English from tool results, always honest about being no AI. Pure.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "engine/models/starter_intents.h"

namespace pryx::models {

// How the tool call of one command ended.
struct CommandResult {
  bool ran = false;     // false: no result came (the engine left it out)
  bool failed = false;  // denied, or the tool said no
  std::string text;
};

// One answer for all commands; `results` belong, in order, to the intents that name a tool.
[[nodiscard]] std::string compose_answer(std::span<const Intent> intents,
                                         std::span<const CommandResult> results);
// For streaming: words in prose, lines in quoted blocks. Joined they are the text.
[[nodiscard]] std::vector<std::string> split_for_streaming(std::string_view text);

}  // namespace pryx::models
