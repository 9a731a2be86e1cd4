// SPDX-License-Identifier: MIT
// The `tests:` of a policy file: calls with the answer that the rules must give. They are decided like any
// call, by the file's rules alone: without grants, and with the sandbox as it should be, so that a test says
// the same on every machine. A file with a failing test is not valid. Pure; any thread.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "trust/labels/labels.h"
#include "trust/policy/call_facts.h"
#include "trust/policy/policy_problem.h"
#include "trust/policy/rule.h"

namespace pryx::config {
struct YamlDocument;
}

namespace pryx::trust {

inline constexpr std::size_t kMaxPolicyTests = 500;

struct PolicyTest {
  std::string name;
  std::string tool;
  json::object arguments;
  Labels context;  // empty: the owner alone has spoken
  Verdict expect = Verdict::kDeny;
  int line = 0;
};

struct PolicyTestResult {
  std::string name;
  std::string tool;
  int line = 0;
  std::string expect;
  std::string got;    // "invalid": there can be no such call
  std::string rule;   // that decided
  int rule_line = 0;  // 0: it stands in no file
  std::string reason;
  [[nodiscard]] bool passed() const { return expect == got; }
  [[nodiscard]] json::object to_json() const;
};

// What a call would touch, for a tool that is known; an error when its arguments do not fit.
using FactsOf = std::function<Result<CallFacts>(const std::string& tool, const json::object& arguments)>;

// The list below `tests`, with every problem of it added to `problems`.
[[nodiscard]] std::vector<PolicyTest> read_policy_tests(const config::YamlDocument& document,
                                                        std::vector<PolicyProblem>& problems);
[[nodiscard]] std::vector<PolicyTestResult> run_policy_tests(const std::shared_ptr<const Layer>& layer,
                                                             const std::vector<PolicyTest>& tests,
                                                             const FactsOf& facts_of);
// One for each test that fails; it names the test, what it expects and what it got.
[[nodiscard]] std::vector<PolicyProblem> failures_of(const std::vector<PolicyTestResult>& results);

}  // namespace pryx::trust
