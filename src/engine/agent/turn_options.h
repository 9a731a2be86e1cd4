// SPDX-License-Identifier: MIT
// What the one who starts a turn asks of it beyond its message: tools of the caller's own, how the model is
// sampled, the form of the answer. Part of the turn's row, so a restart goes on with the same. A value; pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/provider.h"
#include "foundation/base/json.h"
#include "trust/labels/labels.h"

namespace pryx::agent {

struct TurnOptions {
  // Whether Pryx's own tools are offered. By session: yes, but not in a hidden one.
  enum class OwnTools : std::uint8_t { kBySession, kOff, kOn };
  OwnTools own_tools = OwnTools::kBySession;
  // Tools of the caller: offered to the model and never run here. A call to one ends the turn, the caller
  // brings the result in the next.
  std::vector<models::ToolSpec> client_tools;
  models::ToolChoice tool_choice;  // of the first model step; later ones are free, or they would never end
  models::Sampling sampling;
  models::ReasoningEffort reasoning = models::ReasoningEffort::kDefault;
  models::ResponseFormat format;
  std::int64_t max_output_tokens = 0;
  std::string cache_key;     // the caller's own; empty: the session's
  std::string instructions;  // stand before the history and are not part of it
  trust::Labels labels;      // of the instructions and of the tools' descriptions
  bool compact = false;      // the turn makes a summary of the session so far, and nothing else
  json::object front;        // what the surface that asked wants to find again; nobody else reads it

  [[nodiscard]] bool is_client_tool(std::string_view name) const;
  // Empty for the default, which is what nearly every turn has.
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] static TurnOptions from_text(std::string_view text);
};

}  // namespace pryx::agent
