// SPDX-License-Identifier: MIT
// Where servers that speak Chat Completions depart from it, as a table by vendor: what a request to one must
// say otherwise. Pure.
#pragma once
#include <cstdint>
#include <string_view>

#include "engine/models/provider.h"

namespace pryx::models {

struct ChatQuirks {
  enum class Effort : std::uint8_t {
    kField,       // "reasoning_effort": "low"
    kObject,      // "reasoning": {"effort": "low"}
    kSwitch,      // "thinking": {"type": "enabled"}: on or off
    kNoneOrHigh,  // "reasoning_effort", but only these two
    kUnknown,     // nothing can be said about it
  };
  // What the vendor wants back with an answer that called tools.
  enum class Thoughts : std::uint8_t {
    kForgotten,  // nothing
    kText,       // "reasoning_content", or a model that thinks refuses the history
    kDetails,    // "reasoning_details", as they came
  };
  std::string_view vendor;
  Effort effort = Effort::kField;
  bool stream_options = true;  // usage has to be asked for; others refuse the question and report it anyway
  std::string_view seed = "seed";
  std::size_t call_id_length = 0;  // ids of tool calls are exactly this long; 0: at most 40
  bool penalties = true;           // presence and frequency penalty are understood
  Thoughts thoughts = Thoughts::kForgotten;
};

// The usual form for a vendor that is not in the table.
[[nodiscard]] const ChatQuirks& quirks_of(std::string_view vendor);
// Brings a body that was encoded in the usual form into the vendor's. kInvalidArgument for what it refuses.
[[nodiscard]] Result<void> apply_quirks(const ChatQuirks& quirks, const ModelRequest& request,
                                        json::object& body);

}  // namespace pryx::models
