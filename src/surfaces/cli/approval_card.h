// SPDX-License-Identifier: MIT
// An approval as a person decides on it: what would run, exactly, then why it asks. Pure.
#pragma once
#include <string>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "surfaces/cli/styled.h"

namespace pryx::cli {

// The card's lines. The action is shown byte for byte (escapes made visible), wrapped and never cut.
[[nodiscard]] std::vector<Line> approval_card(const json::object& approval, int columns);

struct ApprovalAnswer {
  bool approve = false;
  std::string scope;   // "once", "session", "always"; approve only
  std::string rule;    // session and always; empty: what the daemon suggests
  std::string reason;  // deny only, for the agent
};
[[nodiscard]] json::object to_json(const ApprovalAnswer& answer);

}  // namespace pryx::cli
