// SPDX-License-Identifier: MIT
// The one place that says whether a call may happen: a function from facts, layers, grants and a time to a
// decision. Pure, without state of its own; callable from any thread. First hit decides:
//   1 deny (a rule of any layer; outside of the workspace or of its root; a sandbox that cannot be set up)
//   2 forced ask (labels, incomplete parse, changed digest), which no grant answers
//   3 a grant, or an allow rule of --approve   4 ask   5 allow   6 nothing matched: ask
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/json.h"
#include "trust/policy/call_facts.h"
#include "trust/policy/grant.h"
#include "trust/policy/rule.h"

namespace pryx::trust {

enum class DecisionStep : std::uint8_t {
  kDeny = 1,
  kForcedAsk = 2,
  kGrant = 3,
  kAsk = 4,
  kAllow = 5,
  kNoMatch = 6
};

// Rules of the engine itself that rest on something which is not in a call's arguments.
inline constexpr std::string_view kNoSandboxRule = "no command without its sandbox";
inline constexpr std::string_view kChangedDigestRule = "a changed digest asks";

// A rule that was looked at on the way to the decision, in order.
struct Considered {
  DecisionStep step = DecisionStep::kNoMatch;
  std::string layer;  // "policy.yaml", "built in", "grants"
  std::string rule;
  std::string outcome;  // "decides", or why it does not
  int line = 0;         // of the rule in the file of its layer; 0: it stands in none
};

struct Decision {
  Verdict verdict = Verdict::kDeny;
  DecisionStep step = DecisionStep::kDeny;
  std::string rule;          // the text that decided, for the audit row
  int line = 0;              // of that rule in the file of its layer; 0: it stands in none
  std::string reason;        // one sentence for people
  bool forced = false;       // a forced ask: grants and --approve do not answer it
  std::string grant_id;      // the grant that allowed it, to be counted as used
  bool is_personal = false;  // the rule is a person's own, of a grant or --approve: it names files, hosts…
  std::vector<Considered> considered;  // empty unless asked for

  // {"decision","rule","line","reason","considered":[{"step","layer","rule","line","outcome"}],"step","forced"}
  [[nodiscard]] json::object to_json() const;
};

enum class Explain : std::uint8_t { kNo, kYes };

// Everything that a decision depends on. Views: the caller keeps the values alive during the call.
struct DecisionInput {
  const CallFacts& facts;
  std::span<const std::shared_ptr<const Layer>> layers;  // one kBase, any number of kOverlay and kApprove
  std::span<const Grant> grants;
  WallTime at;  // for the expiry of grants
};

[[nodiscard]] Decision decide(const DecisionInput& input, Explain explain = Explain::kNo);

// The `paths` of the deny rules that concern this call, whether or not a path that it names fits one: what it
// reaches below or behind its paths, by a walk or through a link, has to stay out of these, too.
[[nodiscard]] std::vector<std::string> denied_paths(const CallFacts& facts,
                                                    std::span<const std::shared_ptr<const Layer>> layers);

// Base layer plus the ones of a call, for callers that hold a policy for long. Immutable.
class PolicyEngine {
 public:
  explicit PolicyEngine(std::shared_ptr<const Layer> base);
  [[nodiscard]] Decision decide(const CallFacts& facts, std::span<const Grant> grants, WallTime at,
                                std::span<const std::shared_ptr<const Layer>> more = {},
                                Explain explain = Explain::kNo) const;
  [[nodiscard]] std::vector<std::string> denied_paths(
      const CallFacts& facts, std::span<const std::shared_ptr<const Layer>> more = {}) const;
  [[nodiscard]] const Layer& base() const { return *base_; }
  [[nodiscard]] std::shared_ptr<const Layer> base_layer() const { return base_; }

 private:
  std::shared_ptr<const Layer> base_;
};

}  // namespace pryx::trust
