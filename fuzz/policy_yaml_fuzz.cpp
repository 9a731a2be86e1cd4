// SPDX-License-Identifier: MIT
// policy.yaml, --approve files and grant rules: text that people and other programs hand us.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "trust/policy/policy_engine.h"
#include "trust/policy/policy_file.h"

using namespace pryx::trust;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const PolicyFileKind kind : {PolicyFileKind::kPolicy, PolicyFileKind::kApprove}) {
    const ParsedPolicy parsed = check_policy(text, kind, "policy.yaml");
    if (parsed.policy.has_value() != parsed.problems.empty()) std::abort();
    if (!parsed.policy || kind == PolicyFileKind::kApprove) continue;
    CallFacts facts;
    facts.tool = "fs.write";
    facts.outside_workspace = true;
    const PolicyEngine engine(parsed.policy->layer);
    if (engine.decide(facts, {}, {0}).verdict != Verdict::kDeny) std::abort();
  }
  if (const auto pattern = GrantPattern::parse(text)) {
    const auto again = GrantPattern::parse(pattern->to_text());
    if (!again || !(*again == *pattern)) std::abort();
  }
  return 0;
}
