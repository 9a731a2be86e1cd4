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

// False: one key does not answer it, its code has to be typed.
[[nodiscard]] bool is_shown_whole(const json::object& approval);
// False: it takes an answer of its own, because it is not shown whole, or was asked again with changes.
[[nodiscard]] bool fits_a_plan(const json::object& approval);
// What POST /approvals/{id}/preview says, for people.
[[nodiscard]] std::string preview_text(const json::object& preview);

struct ApprovalAnswer {
  bool approve = false;
  std::string scope;         // "once", "session", "always"; approve only
  std::string rule;          // session and always; empty: what the daemon suggests
  std::string reason;        // deny only, for the agent
  std::string confirm = {};  // the code of a call that is not shown whole
  std::string expires = {};  // of what session and always keep; empty: 30 days
};
[[nodiscard]] json::object to_json(const ApprovalAnswer& answer);

}  // namespace pryx::cli
