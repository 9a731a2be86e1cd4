// SPDX-License-Identifier: MIT
// Whether a tool may be used at all: what the rules say about its name alone, before there is a call. A
// statement about rules, never a decision: the calls themselves go through decide(). Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/json.h"
#include "trust/policy/rule.h"

namespace pryx::trust {

// From narrow to wide.
enum class Reach : std::uint8_t {
  kNever,      // every call is denied
  kAsks,       // no rule lets a call through unasked; a person or a grant may
  kSometimes,  // calls that meet a condition or a limit run unasked
  kAlways,     // calls run unasked, as long as nothing forces a question
};
[[nodiscard]] std::string_view to_text(Reach reach);

struct ToolReach {
  struct Entry {
    Verdict verdict = Verdict::kDeny;
    std::string rule;
    bool conditional = false;  // it says more than the tool's name
  };
  Reach reach = Reach::kAsks;
  std::vector<Entry> rules;  // those that may say something about a call of this tool, strictest first
  std::string reason;        // one sentence for people

  [[nodiscard]] json::object to_json() const;  // {"can","reason","rules":[{"decision","rule","conditional"}]}
};

// `reads_only` says whether calls of the tool change nothing, where the tool is known.
[[nodiscard]] ToolReach tool_reach(const Layer& base, std::string_view tool, std::optional<bool> reads_only);

}  // namespace pryx::trust
