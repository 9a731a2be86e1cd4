// SPDX-License-Identifier: MIT
// policy.yaml and --approve files: parsed and judged whole. A key that is unknown, of the wrong type, or not
// enforced yet makes the file invalid, each problem with its line; nothing passes silently. Pure: text in,
// value out.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "trust/policy/policy_problem.h"
#include "trust/policy/policy_tests.h"
#include "trust/policy/rule.h"

namespace pryx::trust {

inline constexpr Duration kDefaultApprovalTimeout = std::chrono::minutes(5);

struct PolicyFile {
  std::string name;
  std::string description;
  Duration approval_timeout = kDefaultApprovalTimeout;  // no answer within it: denied
  bool sets_approval_timeout = false;                   // the file says it itself
  std::shared_ptr<const Layer> layer;                   // never null
  std::vector<PolicyTest> tests;                        // not run here: they need to know the tools
};

struct ParsedPolicy {
  std::optional<PolicyFile> policy;     // only when there are no problems
  std::vector<PolicyProblem> problems;  // by line, at most 50
};

enum class PolicyFileKind : std::uint8_t {
  kPolicy,   // makes a kBase layer
  kApprove,  // only name, description, tools.allowed and tools.denied; makes a kApprove layer
};

// `name` is what people see for the layer, normally the file's name.
[[nodiscard]] ParsedPolicy check_policy(std::string_view text, PolicyFileKind kind, std::string_view name);
// The same with all problems in one error message.
[[nodiscard]] Result<PolicyFile> parse_policy(std::string_view text, PolicyFileKind kind,
                                              std::string_view name);

// The rules that hold when there is no policy.yaml (data/policies/default.yaml, built in).
[[nodiscard]] const PolicyFile& default_policy();
// What an invalid policy at start means: deny all but reads (data/policies/read-only.yaml, built in).
[[nodiscard]] const PolicyFile& deny_all_but_reads();

// A policy that ships with Pryx, to be used as it is or as a start: its whole text.
struct PolicyTemplate {
  std::string_view name;  // "read-only"
  std::string description;
  std::string_view text;
};
[[nodiscard]] const std::vector<PolicyTemplate>& policy_templates();
[[nodiscard]] const PolicyTemplate* find_policy_template(std::string_view name);

// Entries whose glob matches none of these tools, as text: mostly typing errors, worth a warning where the
// tools are known.
[[nodiscard]] std::vector<std::string> entries_without_tool(const Layer& layer,
                                                            std::span<const std::string> tools);

}  // namespace pryx::trust
