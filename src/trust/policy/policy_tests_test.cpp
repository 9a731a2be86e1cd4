// SPDX-License-Identifier: MIT
#include "trust/policy/policy_tests.h"

#include <gtest/gtest.h>

#include "trust/policy/policy_engine.h"
#include "trust/policy/policy_file.h"

namespace pryx::trust {
namespace {

// Knows one tool that writes, whose argument is a path; all others by their names.
Result<CallFacts> facts_of(const std::string& tool, const json::object& arguments) {
  CallFacts facts;
  facts.tool = tool;
  facts.arguments = arguments;
  facts.parse_complete = true;
  facts.principal = PrincipalId("prn_owner");
  if (tool == "shell.exec") facts.sandbox = SandboxState::kUnavailable;
  if (tool == "http.request") facts.sink = Sink::kEgress;
  if (tool != "fs.write") return facts;
  const std::string path = json::string_or(arguments, "path");
  if (path.empty()) return fail(ErrorCode::kInvalidArgument, "the arguments of fs.write do not fit");
  facts.paths = {path};
  facts.outside_workspace = path.starts_with('/');
  return facts;
}

constexpr std::string_view kRules = R"(tools:
  allowed:
    - tool: fs.write
      paths: ["docs/*"]
    - shell.exec
    - http.*
  denied: [mail.send]
)";

std::vector<PolicyTestResult> run(const std::string& tests) {
  const auto parsed =
      check_policy(std::string(kRules) + "tests:\n" + tests, PolicyFileKind::kPolicy, "policy.yaml");
  PRYX_CHECK(parsed.policy.has_value());
  return run_policy_tests(parsed.policy->layer, parsed.policy->tests, facts_of);
}

TEST(PolicyTests, ACallIsDecidedByTheFilesRules) {
  const auto results = run(R"(
  - {name: docs, tool: fs.write, arguments: {path: docs/a.md}, expect: allow}
  - {name: code, tool: fs.write, arguments: {path: src/a.c}, expect: ask}
  - {name: outside, tool: fs.write, arguments: {path: /etc/passwd}, expect: deny}
  - {name: mail, tool: mail.send, expect: deny}
  - {name: sandbox, tool: shell.exec, expect: allow}
)");
  ASSERT_EQ(results.size(), 5u);
  for (const PolicyTestResult& result : results) EXPECT_TRUE(result.passed()) << result.name;
  EXPECT_EQ(results[0].rule_line, 3);
  EXPECT_EQ(results[1].rule_line, 0);
  EXPECT_EQ(results[3].rule_line, 7);
  EXPECT_EQ(results[3].line, 13);
  EXPECT_TRUE(failures_of(results).empty());
}

TEST(PolicyTests, TheContextCounts) {
  const auto results = run(R"(
  - {name: owner, tool: http.request, expect: allow}
  - {name: strangers, tool: http.request, context: [web, private], expect: ask}
)");
  EXPECT_TRUE(results[0].passed());
  EXPECT_TRUE(results[1].passed());
}

TEST(PolicyTests, AFailureNamesTestExpectedAndGot) {
  const auto results = run("  - {name: no mail at all, tool: mail.send, expect: allow}\n");
  const auto problems = failures_of(results);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].to_text(),
            "line 9: tests[0]: 'no mail at all' expects allow of mail.send, got deny (policy.yaml: "
            "tools.denied: mail.send, line 7); change the rules or the test");
}

TEST(PolicyTests, ACallThatCannotBeIsAFailure) {
  const auto results = run("  - {name: nothing, tool: fs.write, expect: ask}\n");
  EXPECT_EQ(results[0].got, "invalid");
  EXPECT_FALSE(results[0].passed());
  EXPECT_NE(failures_of(results)[0].message.find("do not fit"), std::string::npos);
}

TEST(PolicyTests, WhatCannotBeReadIsAProblemOfTheFile) {
  const auto problems_of = [](const std::string& tests) {
    std::string out;
    const auto parsed =
        check_policy(std::string(kRules) + "tests:" + tests, PolicyFileKind::kPolicy, "policy.yaml");
    EXPECT_FALSE(parsed.policy.has_value()) << tests;
    for (const PolicyProblem& problem : parsed.problems) out += problem.key + " ";
    return out;
  };
  EXPECT_EQ(problems_of(" yes please\n"), "tests[0] ");
  EXPECT_EQ(problems_of("\n  - word\n"), "tests[0] ");
  EXPECT_EQ(problems_of("\n  - {name: a, tool: fs.read}\n"), "tests[0] ");
  EXPECT_EQ(problems_of("\n  - {name: a, tool: 'fs.*', expect: deny}\n"), "tests[0].tool ");
  EXPECT_EQ(problems_of("\n  - {name: a, tool: fs.read, expect: never}\n"), "tests[0].expect ");
  EXPECT_EQ(problems_of("\n  - {name: a, tool: fs.read, expect: deny, when: x}\n"), "tests[0].when ");
  EXPECT_EQ(problems_of("\n  - {name: a, tool: fs.read, expect: deny, context: [sun]}\n"),
            "tests[0].context ");
  EXPECT_EQ(problems_of("\n  - {name: a, tool: fs.read, expect: deny, arguments: [1]}\n"),
            "tests[0].arguments ");
}

TEST(PolicyTests, TheirNumberIsBounded) {
  std::string tests = "tests:\n";
  for (std::size_t i = 0; i <= kMaxPolicyTests; ++i) tests += "  - {name: a, tool: fs.read, expect: ask}\n";
  const auto parsed = check_policy(std::string(kRules) + tests, PolicyFileKind::kPolicy, "policy.yaml");
  ASSERT_FALSE(parsed.policy.has_value());
  EXPECT_EQ(parsed.problems[0].message, "more than 500 tests in one file");
}

TEST(PolicyTests, AnApproveFragmentHasNone) {
  const auto parsed =
      check_policy("tools:\n  allowed: [fs.read]\ntests: []\n", PolicyFileKind::kApprove, "x");
  EXPECT_FALSE(parsed.policy.has_value());
}

TEST(PolicyTests, TheyDoNotChangeWhatTheRulesAre) {
  const auto plain = check_policy(kRules, PolicyFileKind::kPolicy, "policy.yaml");
  const auto tested =
      check_policy(std::string(kRules) + "tests:\n  - {name: a, tool: fs.read, expect: ask}\n",
                   PolicyFileKind::kPolicy, "policy.yaml");
  ASSERT_TRUE(plain.policy && tested.policy);
  EXPECT_EQ(plain.policy->layer->to_text(), tested.policy->layer->to_text());
}

TEST(PolicyTests, EveryShippedPolicyIsValidWithTests) {
  for (const PolicyTemplate& item : policy_templates()) {
    const auto parsed = check_policy(item.text, PolicyFileKind::kPolicy, item.name);
    EXPECT_TRUE(parsed.policy.has_value()) << item.name;
  }
}

}  // namespace
}  // namespace pryx::trust
