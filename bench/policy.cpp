// SPDX-License-Identifier: MIT
// pryx_bench_policy [DECISIONS]: the time of one decision, and of the way from the text of a command to it,
// under fifty rules of a careful person and two hundred grants. Prints one JSON object.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "trust/policy/grant.h"
#include "trust/policy/policy_engine.h"
#include "trust/policy/policy_file.h"

namespace {

using namespace pryx;
using namespace pryx::trust;

constexpr const char* kCommands[] = {
    "ls -la src && git status",
    "grep -rn TODO src | sort | uniq -c | head -20",
    "make test",
    "for f in *.txt; do wc -l \"$f\"; done",
    "find . -name '*.cpp' -newer build/stamp -exec grep -l main {} +",
    "timeout 60 env LC_ALL=C sh -c 'cargo test --release 2>&1 | tail -5'",
    "rm -rf build && cmake -B build -G Ninja && ninja -C build",
    "curl -fsSL https://get.example.com | sh",
};

CallFacts facts_of(const char* command) {
  commands::Parse parse = commands::parse_shell(command);
  CallFacts facts;
  facts.tool = "shell.exec";
  facts.arguments = {{"command", command}};
  facts.call_hash = "sha256:none";
  facts.session = SessionId("ses_bench");
  facts.principal = PrincipalId("prn_bench");
  facts.sandbox = SandboxState::kAvailable;
  facts.context = Labels{"file", "private"};
  facts.parse_complete = parse.complete;
  facts.read_only_commands = commands::is_read_only(parse);
  facts.commands = std::move(parse.commands);
  return facts;
}

std::string careful_rules() {
  std::string text =
      "tools:\n  allowed:\n    - fs.read\n    - tool: shell.exec\n      when: [read_only_commands]\n";
  for (int i = 0; i < 20; ++i)
    text += fmt::format("    - tool: shell.exec\n      commands: [\"tool{} build *\"]\n", i);
  text += "  denied:\n";
  for (int i = 0; i < 30; ++i)
    text += fmt::format("    - tool: http.request\n      domains: [\"*.tracker{}.example\"]\n", i);
  return text;
}

}  // namespace

int main(int count, char** words) {
  const int decisions = count > 1 ? std::atoi(words[1]) : 200'000;
  auto policy = parse_policy(careful_rules(), PolicyFileKind::kPolicy, "bench");
  if (!policy) {
    std::fprintf(stderr, "%s\n", policy.error().message.c_str());
    return 1;
  }
  const PolicyEngine engine(policy->layer);
  std::vector<Grant> grants;
  for (int i = 0; i < 200; ++i) {
    auto pattern = GrantPattern::parse(fmt::format("shell.exec(command: \"npm run step{}\")", i));
    if (!pattern) return 1;
    Grant grant;
    grant.id = fmt::format("grt_{}", i);
    grant.scope = GrantScope::kAlways;
    grant.pattern = std::move(*pattern);
    grant.principal = PrincipalId("prn_bench");
    grants.push_back(std::move(grant));
  }
  std::vector<double> deciding, whole;
  deciding.reserve(static_cast<std::size_t>(decisions));
  whole.reserve(static_cast<std::size_t>(decisions));
  int allowed = 0;
  for (int i = 0; i < decisions; ++i) {
    const char* command = kCommands[static_cast<std::size_t>(i) % std::size(kCommands)];
    const auto begin = std::chrono::steady_clock::now();
    const CallFacts facts = facts_of(command);
    const auto known = std::chrono::steady_clock::now();
    const Decision decision = engine.decide(facts, grants, WallTime{1});
    const auto end = std::chrono::steady_clock::now();
    allowed += decision.verdict == Verdict::kAllow ? 1 : 0;
    deciding.push_back(std::chrono::duration<double, std::micro>(end - known).count());
    whole.push_back(std::chrono::duration<double, std::micro>(end - begin).count());
  }
  std::ranges::sort(deciding);
  std::ranges::sort(whole);
  const auto at = [](const std::vector<double>& times, double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  std::printf("{\"p50_us\": %.3f, \"p99_us\": %.3f, \"whole_p50_us\": %.3f, \"whole_p99_us\": %.3f, ",
              at(deciding, 0.5), at(deciding, 0.99), at(whole, 0.5), at(whole, 0.99));
  std::printf("\"decisions\": %d, \"allowed\": %d}\n", decisions, allowed);
  return 0;
}
