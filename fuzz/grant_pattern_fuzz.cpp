// SPDX-License-Identifier: MIT
// Grant rules that people type, against calls that models make. The first line is a rule, the rest the
// arguments of a call as JSON. A rule never grows wider by being written down, never covers another tool or a
// call that left the workspace unseen, and the rule that is suggested for a call covers that call.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "trust/policy/grant.h"

using namespace pryx;
using trust::CallFacts;
using trust::GrantPattern;
using trust::Selector;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// Paths and hosts as the gate would find them in these arguments.
CallFacts facts_of(const json::object& arguments, std::string tool) {
  CallFacts facts;
  facts.tool = std::move(tool);
  facts.call_hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
  facts.parse_complete = true;
  if (const json::value* path = arguments.if_contains("path"); path != nullptr && path->is_string())
    facts.paths.emplace_back(path->get_string());
  if (const json::value* host = arguments.if_contains("host"); host != nullptr && host->is_string())
    facts.hosts.emplace_back(host->get_string());
  facts.arguments = arguments;
  return facts;
}

void check_rule(const GrantPattern& rule, const json::object* arguments) {
  const std::string written = rule.to_text();
  const auto again = GrantPattern::parse(written);
  require(again && *again == rule, "what is written is read back equal");
  require(again->to_text() == written, "writing is stable");
  require(rule.check().has_value() && !rule.selectors.empty(), "a rule limits something");
  if (arguments == nullptr) return;
  CallFacts facts = facts_of(*arguments, rule.tool);
  const bool matched = rule.matches(facts);
  if (matched) {
    for (const auto& selector : rule.selectors) {
      if (selector.kind == Selector::Kind::kCall)
        require(selector.value == facts.call_hash, "a pinned call is that call");
    }
  }
  facts.tool += "x";
  require(!rule.matches(facts), "a rule covers one tool");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), size);
  const auto arguments = json::parse_object(text.substr(std::min(end + 1, size)));
  if (const auto rule = GrantPattern::parse(text.substr(0, end))) {
    check_rule(*rule, arguments ? &*arguments : nullptr);
  } else {
    require(!rule.error().message.empty(), "a refusal says why");
  }
  if (!arguments) return 0;
  const CallFacts facts = facts_of(*arguments, "fs.write");
  if (const auto suggested = trust::suggest_pattern(facts)) {
    check_rule(*suggested, &*arguments);
    require(suggested->matches(facts), "the suggested rule covers its call");
  }
  return 0;
}
