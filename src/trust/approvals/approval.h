// SPDX-License-Identifier: MIT
// A question to a person as it is asked, stored and answered, and what is kept of a lasting answer. Plain
// values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "trust/labels/labels.h"
#include "trust/policy/grant.h"

namespace pryx::trust {

enum class ApprovalState : std::uint8_t { kPending, kApproved, kDenied, kExpired, kSuperseded };
[[nodiscard]] std::string_view to_text(ApprovalState state);
[[nodiscard]] ApprovalState approval_state_from_text(std::string_view text);
// "approved,denied"; "decided" stands for all but pending. kInvalidArgument for anything else.
[[nodiscard]] Result<std::vector<ApprovalState>> approval_states_from_list(std::string_view text);

struct ApprovalQuery {
  std::vector<ApprovalState> states;  // empty: all
  ApprovalId before;                  // empty: from the newest
  std::int64_t limit = 50;
};

// An approved one becomes superseded when its call changed before it started, and was asked about anew.
[[nodiscard]] bool may_become(ApprovalState from, ApprovalState to);

struct Approval {
  ApprovalId id;
  PrincipalId principal;
  SessionId session;
  TurnId turn;
  StepId step;
  std::string tool;
  std::string arguments;             // canonical JSON: exactly what is bound
  std::string rendering;             // one line for people, raw
  std::string call_hash;             // what the approval is bound to
  std::string reason;                // why policy asks
  std::string rule_suggestion;       // the grant pattern that "always" would store; empty: none is offered
  json::object bound;                // the document behind call_hash
  std::string preview;               // below the line: a diff, a whole command. Raw
  bool shown_whole = true;           // false: arguments or preview are too long to be read, or cut
  std::string risk;                  // of the tool
  Labels labels;                     // of the context that led to the call
  std::vector<std::string> changes;  // asked again: what is not as it was approved
  ApprovalId replaces;               // the answer that does not count any more, may be empty
  std::string plan;                  // shared by calls that can be answered together, may be empty
  CallFacts facts;                   // what a rule is matched against
  ApprovalState state = ApprovalState::kPending;
  WallTime created_at;
  WallTime expires_at;  // of the question
  std::optional<WallTime> resolved_at;
  std::string resolved_by;  // surface
  std::string scope;        // "once", "session", "always"
  std::string answer_reason;
  std::optional<WallTime> launch_by;  // approved: when the answer stops counting
  std::optional<WallTime> used_at;    // the call started by it

  // What a person types when the call was not shown whole.
  [[nodiscard]] std::string confirm_code() const;
  [[nodiscard]] json::object to_json() const;
};

struct KeptGrant {
  Grant grant;
  ApprovalId approval;  // the answer that made it
  WallTime created_at;
  [[nodiscard]] json::object to_json() const;
};

// The rule that "session" or "always" keeps for a question; empty text: the one that was offered with it.
// Whether it covers the call is not looked at here. kInvalidArgument: no rule may be kept, or not this one.
[[nodiscard]] Result<GrantPattern> lasting_rule(const Approval& asked, const std::string& text);

// The part of the facts that rules look at, for storage beside the question.
[[nodiscard]] json::object facts_to_json(const CallFacts& facts);
// Arguments, session and principal are stored in columns of their own.
[[nodiscard]] CallFacts facts_from_json(const json::object& o);

}  // namespace pryx::trust
