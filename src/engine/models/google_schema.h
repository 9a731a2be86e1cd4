// SPDX-License-Identifier: MIT
// JSON Schema to the subset that Gemini's function declarations take. What the subset cannot say is left out
// or said in the description: the gate checks arguments by the whole schema all the same. Pure; bounded.
#pragma once
#include "foundation/base/json.h"

namespace pryx::models {

// Empty when there are no parameters: such a function is declared without any.
[[nodiscard]] json::object to_google_schema(const json::object& schema);

}  // namespace pryx::models
