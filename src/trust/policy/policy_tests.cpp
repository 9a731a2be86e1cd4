// SPDX-License-Identifier: MIT
#include "trust/policy/policy_tests.h"

#include <array>

#include "foundation/base/text.h"
#include "foundation/config/yaml.h"
#include "trust/policy/policy_engine.h"

namespace pryx::trust {
namespace {

constexpr std::size_t kMaxNameBytes = 200;
constexpr std::array<std::string_view, 5> kKeys = {"name", "tool", "arguments", "context", "expect"};

std::optional<Verdict> verdict_from_text(std::string_view text) {
  for (const Verdict verdict : {Verdict::kAllow, Verdict::kAsk, Verdict::kDeny}) {
    if (to_text(verdict) == text) return verdict;
  }
  return std::nullopt;
}

class TestReader {
 public:
  TestReader(const config::YamlDocument& document, std::vector<PolicyProblem>& problems)
      : document_(document), problems_(problems) {}

  std::vector<PolicyTest> read(const json::value& list) {
    if (list.is_null()) return {};
    if (!list.is_array()) {
      problem("", "must be a list of tests, each with name, tool and expect");
      return {};
    }
    std::vector<PolicyTest> out;
    for (const json::value& item : list.get_array()) {
      index_ = out.size();
      if (index_ >= kMaxPolicyTests) {
        problem("", fmt::format("more than {} tests in one file", kMaxPolicyTests));
        break;
      }
      out.push_back(read_one(item));
    }
    return out;
  }

 private:
  void problem(std::string_view key, std::string message) {
    const std::string item = fmt::format("/tests/{}", index_);
    const std::string place = key.empty() ? item : item + "/" + config::pointer_step(key);
    problems_.push_back({document_.line_of(place),
                         fmt::format("tests[{}]{}{}", index_, key.empty() ? "" : ".", key),
                         std::move(message)});
  }

  // Text that has to be there.
  std::string text_of(const json::object& item, std::string_view key) {
    const json::value* value = json::find(item, key);
    if (value != nullptr && value->is_string() && !value->get_string().empty() &&
        value->get_string().size() <= kMaxNameBytes)
      return std::string(value->get_string());
    problem(value == nullptr ? "" : key,
            fmt::format("needs '{}', a text of at most {} bytes", key, kMaxNameBytes));
    return {};
  }

  PolicyTest read_one(const json::value& item) {
    PolicyTest test;
    test.line = document_.line_of(fmt::format("/tests/{}", index_));
    if (!item.is_object()) {
      problem("", "must be a map with name, tool and expect");
      return test;
    }
    const json::object& o = item.get_object();
    for (const auto& member : o) {
      if (std::find(kKeys.begin(), kKeys.end(), std::string_view(member.key())) == kKeys.end())
        problem(member.key(), fmt::format("unknown key; known here: {}", fmt::join(kKeys, ", ")));
    }
    test.name = text_of(o, "name");
    test.tool = text_of(o, "tool");
    if (!test.tool.empty() &&
        (!ToolGlob::is_valid(test.tool) || test.tool.find_first_of("*?") != std::string::npos))
      problem("tool",
              fmt::format("'{}' is no tool's name; a test is about one call", utf8_prefix(test.tool, 64)));
    const std::string expect = text_of(o, "expect");
    const auto verdict = verdict_from_text(expect);
    if (verdict)
      test.expect = *verdict;
    else if (!expect.empty())
      problem("expect", "must be allow, ask or deny");
    if (const json::value* arguments = json::find(o, "arguments"); arguments != nullptr) {
      if (arguments->is_object())
        test.arguments = arguments->get_object();
      else if (!arguments->is_null())
        problem("arguments", "must be a map: the arguments of the call");
    }
    if (const json::value* context = json::find(o, "context"); context != nullptr && !context->is_null()) {
      auto labels = Labels::from_json(*context);
      if (labels)
        test.context = std::move(*labels);
      else
        problem("context", labels.error().message);
    }
    return test;
  }

  const config::YamlDocument& document_;
  std::vector<PolicyProblem>& problems_;
  std::size_t index_ = 0;
};

}  // namespace

json::object PolicyTestResult::to_json() const {
  return {{"name", name},    {"tool", tool},
          {"line", line},    {"expect", expect},
          {"got", got},      {"passed", passed()},
          {"rule", rule},    {"rule_line", rule_line > 0 ? json::value(rule_line) : json::value(nullptr)},
          {"reason", reason}};
}

std::vector<PolicyTest> read_policy_tests(const config::YamlDocument& document,
                                          std::vector<PolicyProblem>& problems) {
  if (!document.root.is_object()) return {};
  const json::value* list = json::find(document.root.get_object(), "tests");
  if (list == nullptr) return {};
  return TestReader(document, problems).read(*list);
}

std::vector<PolicyTestResult> run_policy_tests(const std::shared_ptr<const Layer>& layer,
                                               const std::vector<PolicyTest>& tests,
                                               const FactsOf& facts_of) {
  const PolicyEngine engine(layer);
  std::vector<PolicyTestResult> out;
  out.reserve(tests.size());
  for (const PolicyTest& test : tests) {
    PolicyTestResult result{.name = test.name,
                            .tool = test.tool,
                            .line = test.line,
                            .expect = std::string(to_text(test.expect)),
                            .got = {},
                            .rule = {},
                            .reason = {}};
    auto facts = facts_of(test.tool, test.arguments);
    if (!facts) {
      result.got = "invalid";
      result.reason = facts.error().message;
    } else {
      facts->context = test.context.empty() ? Labels::owner(facts->principal.str()) : test.context;
      if (facts->sandbox == SandboxState::kUnavailable) facts->sandbox = SandboxState::kAvailable;
      const Decision decision = engine.decide(*facts, {}, WallTime{});
      result.got = std::string(to_text(decision.verdict));
      result.rule = decision.rule;
      result.rule_line = decision.line;
      result.reason = decision.reason;
    }
    out.push_back(std::move(result));
  }
  return out;
}

std::vector<PolicyProblem> failures_of(const std::vector<PolicyTestResult>& results) {
  std::vector<PolicyProblem> out;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const PolicyTestResult& result = results[i];
    if (result.passed()) continue;
    const std::string why = result.got == "invalid" ? result.reason
                            : result.rule_line > 0 ? fmt::format("{}, line {}", result.rule, result.rule_line)
                                                   : result.rule;
    out.push_back({result.line, fmt::format("tests[{}]", i),
                   fmt::format("'{}' expects {} of {}, got {} ({}); change the rules or the test",
                               result.name, result.expect, result.tool, result.got, why)});
  }
  return out;
}

}  // namespace pryx::trust
