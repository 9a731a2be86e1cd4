// SPDX-License-Identifier: MIT
// The engine against a second one that is written from contract.md as plainly as can be, on random policies
// and calls; and laws that must hold whatever the policy says.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "trust/policy/policy_engine.h"

namespace pryx::trust {
namespace {

using Layers = std::vector<std::shared_ptr<const Layer>>;
struct PlainLayer {
  LayerKind kind;
  std::vector<Rule> rules;
};

struct Case {
  std::vector<PlainLayer> layers;
  CallFacts facts;
  std::vector<Grant> grants;
  WallTime at;
};

// ---- the reference ----

bool naive_glob(const std::string& glob, const std::string& text, std::size_t g = 0, std::size_t t = 0) {
  if (g == glob.size()) return t == text.size();
  if (glob[g] == '*')
    return naive_glob(glob, text, g + 1, t) || (t < text.size() && naive_glob(glob, text, g, t + 1));
  return t < text.size() && (glob[g] == '?' || glob[g] == text[t]) && naive_glob(glob, text, g + 1, t + 1);
}

bool naive_untrusted(const Labels& labels) {
  for (const std::string& label : labels.items()) {
    if (label != "owner" && label != "model" && label != "private" && label != "secret" &&
        label.rfind("principal:", 0) != 0)
      return true;
  }
  return false;
}

bool naive_rule(const Rule& rule, const CallFacts& facts) {
  if (!naive_glob(rule.tool, facts.tool)) return false;
  for (const Condition condition : rule.when) {
    const bool untrusted = naive_untrusted(facts.context);
    if (condition == Condition::kTrustedContext && untrusted) return false;
    if (condition == Condition::kUntrustedContext && !untrusted) return false;
    if (condition == Condition::kReads && !facts.read_only) return false;
    if (condition == Condition::kChanges && facts.read_only) return false;
    if (condition == Condition::kReadOnlyCommands && !facts.read_only_commands) return false;
  }
  return true;
}

bool any_rule(const Case& c, Verdict verdict, std::initializer_list<LayerKind> kinds) {
  for (const PlainLayer& layer : c.layers) {
    for (const Rule& rule : layer.rules) {
      for (const LayerKind kind : kinds) {
        if (layer.kind == kind && rule.verdict == verdict && naive_rule(rule, c.facts)) return true;
      }
    }
  }
  return false;
}

bool naive_grant(const Grant& grant, const Case& c) {
  if (grant.principal != c.facts.principal || grant.pattern.tool != c.facts.tool) return false;
  if (grant.scope != GrantScope::kAlways && grant.session != c.facts.session) return false;
  if (grant.expires_at && c.at.unix_ms >= grant.expires_at->unix_ms) return false;
  // The generator makes grants of one selector, either a path glob or a call hash, and calls that touch paths
  // and no hosts.
  const Selector& selector = grant.pattern.selectors.front();
  if (selector.kind == Selector::Kind::kCall) return selector.value == c.facts.call_hash;
  if (grant.scope == GrantScope::kOnce || c.facts.paths.empty()) return false;
  for (const std::string& path : c.facts.paths) {
    if (!naive_glob(selector.value, path)) return false;
  }
  return true;
}

std::pair<Verdict, DecisionStep> reference(const Case& c) {
  using enum LayerKind;
  bool has_base = false;
  for (const PlainLayer& layer : c.layers) has_base |= layer.kind == kBase;
  if (!has_base || c.facts.outside_workspace || c.facts.sandbox == SandboxState::kUnavailable ||
      any_rule(c, Verdict::kDeny, {kBase, kOverlay, kApprove})) {
    return {Verdict::kDeny, DecisionStep::kDeny};
  }
  if (!c.facts.approved_call_hash.empty() && c.facts.approved_call_hash == c.facts.call_hash) {
    return {Verdict::kAllow, DecisionStep::kGrant};
  }
  const bool is_private = c.facts.context.has("private") || c.facts.context.has("secret");
  if (!c.facts.parse_complete || c.facts.digest_changed ||
      (is_private && naive_untrusted(c.facts.context) && c.facts.sink != Sink::kNone)) {
    return {Verdict::kAsk, DecisionStep::kForcedAsk};
  }
  for (const Grant& grant : c.grants) {
    if (naive_grant(grant, c)) return {Verdict::kAllow, DecisionStep::kGrant};
  }
  if (any_rule(c, Verdict::kAllow, {kApprove})) return {Verdict::kAllow, DecisionStep::kGrant};
  if (any_rule(c, Verdict::kAsk, {kBase, kOverlay, kApprove})) return {Verdict::kAsk, DecisionStep::kAsk};
  if (any_rule(c, Verdict::kAllow, {kBase})) return {Verdict::kAllow, DecisionStep::kAllow};
  return {Verdict::kAsk, DecisionStep::kNoMatch};
}

// ---- random cases ----

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  bool chance(unsigned percent) { return random_() % 100 < percent; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[random_() % from.size()];
  }

  Rule rule() {
    Rule out;
    out.verdict = static_cast<Verdict>(random_() % 3);
    out.tool = pick(globs_);
    while (chance(25)) out.when.push_back(static_cast<Condition>(random_() % 5));
    return out;
  }

  Grant grant() {
    Grant out;
    out.id = "grt";
    out.scope = static_cast<GrantScope>(random_() % 3);
    out.pattern.tool = pick(tools_);
    const bool exact = chance(40);
    out.pattern.selectors = {{exact ? Selector::Kind::kCall : Selector::Kind::kPath, "",
                              exact ? pick(hashes_) : pick(path_globs_)}};
    out.session = SessionId(pick(sessions_));
    out.principal = PrincipalId(pick(principals_));
    if (chance(50)) out.expires_at = WallTime{static_cast<std::int64_t>(random_() % 20)};
    return out;
  }

  Case make() {
    Case c;
    if (!chance(2)) c.layers.push_back({LayerKind::kBase, rules()});
    while (chance(40)) c.layers.push_back({chance(50) ? LayerKind::kOverlay : LayerKind::kApprove, rules()});
    while (chance(40)) c.grants.push_back(grant());
    c.at = WallTime{static_cast<std::int64_t>(random_() % 20)};
    CallFacts& f = c.facts;
    f.tool = pick(tools_);
    f.call_hash = chance(90) ? pick(hashes_) : "";
    f.read_only = chance(50);
    f.read_only_commands = chance(50);
    while (chance(60)) f.paths.push_back(pick(paths_));
    f.outside_workspace = chance(5);
    f.sink = static_cast<Sink>(random_() % 5);
    for (const char* label : {"owner", "model", "file", "web", "mcp:x", "principal:a"}) {
      if (chance(20)) EXPECT_TRUE(f.context.add(label));
    }
    if (chance(30)) EXPECT_TRUE(f.context.add(chance(50) ? "private" : "secret"));
    f.session = SessionId(pick(sessions_));
    f.principal = PrincipalId(pick(principals_));
    f.parse_complete = chance(95);
    f.digest_changed = chance(5);
    f.sandbox = chance(5)    ? SandboxState::kUnavailable
                : chance(50) ? SandboxState::kAvailable
                             : SandboxState::kNotNeeded;
    if (chance(10)) f.approved_call_hash = pick(hashes_);
    return c;
  }

 private:
  std::vector<Rule> rules() {
    std::vector<Rule> out;
    while (chance(70)) out.push_back(rule());
    return out;
  }

  std::mt19937 random_;
  std::vector<std::string> tools_ = {"fs.read",     "fs.write", "shell.exec", "http.request",
                                     "memory.save", "mcp.a.b",  "fs"};
  std::vector<std::string> globs_ = {"*",       "fs.*", "fs.read",     "fs.write", "shell.exec", "?s.*",
                                     "mcp.*.b", "*.*",  "memory.s?ve", "x",        "f*"};
  std::vector<std::string> hashes_ = {"sha256:1", "sha256:2", "sha256:3"};
  std::vector<std::string> paths_ = {"a", "src/a", "src/b/c", "", "notes.txt"};
  std::vector<std::string> path_globs_ = {"a", "src/*", "*.txt", "s*", "src/?"};
  std::vector<std::string> sessions_ = {"ses_1", "ses_2"};
  std::vector<std::string> principals_ = {"prn_1", "prn_2"};
};

Layers compiled(const std::vector<PlainLayer>& plain) {
  Layers out;
  for (const PlainLayer& layer : plain)
    out.push_back(std::make_shared<const Layer>(layer.kind, "layer", layer.rules));
  return out;
}

Decision decide_case(const Case& c, Explain explain = Explain::kNo) {
  const Layers layers = compiled(c.layers);
  return decide({.facts = c.facts, .layers = layers, .grants = c.grants, .at = c.at}, explain);
}

TEST(PolicyReference, EngineAgreesWithThePlainOneOnRandomCases) {
  Generator generator(20261121);
  std::array<int, 7> steps{};
  for (int i = 0; i < 150'000; ++i) {
    const Case c = generator.make();
    const auto [verdict, step] = reference(c);
    const Decision decision = decide_case(c, i % 10 == 0 ? Explain::kYes : Explain::kNo);
    ASSERT_EQ(static_cast<int>(decision.verdict), static_cast<int>(verdict))
        << "case " << i << ": " << decision.rule;
    ASSERT_EQ(static_cast<int>(decision.step), static_cast<int>(step))
        << "case " << i << ": " << decision.rule;
    ASSERT_EQ(decision.forced, step == DecisionStep::kForcedAsk);
    ++steps[static_cast<std::size_t>(step)];
  }
  for (std::size_t step = 1; step <= 6; ++step)
    EXPECT_GT(steps[step], 1000) << "step " << step << " is hardly ever reached";
}

TEST(PolicyReference, AddingADenyOrAnAskNeverWidens) {
  Generator generator(5);
  for (int i = 0; i < 40'000; ++i) {
    Case c = generator.make();
    const Decision before = decide_case(c);
    for (const Verdict verdict : {Verdict::kAsk, Verdict::kDeny}) {
      Case narrower = c;
      if (narrower.layers.empty() || generator.chance(50))
        narrower.layers.push_back({LayerKind::kOverlay, {}});
      Rule rule = generator.rule();
      rule.verdict = verdict;
      narrower.layers.back().rules.push_back(rule);
      const Decision after = decide_case(narrower);
      ASSERT_GE(static_cast<int>(after.verdict), static_cast<int>(before.verdict))
          << "case " << i << ": " << after.rule;
    }
  }
}

TEST(PolicyReference, AnOverlayNeverWidensWhateverItHolds) {
  Generator generator(6);
  for (int i = 0; i < 40'000; ++i) {
    Case c = generator.make();
    const Decision before = decide_case(c);
    c.layers.push_back(
        {LayerKind::kOverlay, {generator.rule(), generator.rule(), {Verdict::kAllow, "*", {}, 0}}});
    ASSERT_GE(static_cast<int>(decide_case(c).verdict), static_cast<int>(before.verdict)) << "case " << i;
  }
}

TEST(PolicyReference, GrantsAndApproveFilesNeverLiftADenyOrAForcedAsk) {
  Generator generator(7);
  for (int i = 0; i < 40'000; ++i) {
    Case c = generator.make();
    const Decision before = decide_case(c);
    c.layers.push_back({LayerKind::kApprove, {{Verdict::kAllow, "*", {}, 0}}});
    c.grants.push_back(generator.grant());
    const Decision after = decide_case(c);
    if (before.step <= DecisionStep::kForcedAsk) {
      ASSERT_EQ(static_cast<int>(after.step), static_cast<int>(before.step)) << "case " << i;
      ASSERT_EQ(static_cast<int>(after.verdict), static_cast<int>(before.verdict)) << "case " << i;
    }
  }
}

TEST(PolicyReference, MoreLabelsNeverWidenAPolicyThatOnlyTrustsTrustedContexts) {
  Generator generator(8);
  for (int i = 0; i < 20'000; ++i) {
    Case c = generator.make();
    for (PlainLayer& layer : c.layers) {
      for (Rule& rule : layer.rules) std::erase(rule.when, Condition::kUntrustedContext);
      // A deny or ask for trusted contexts only would be lifted by suspicion; such rules are nonsense and
      // left out.
      std::erase_if(layer.rules, [](const Rule& rule) {
        return rule.verdict != Verdict::kAllow &&
               std::find(rule.when.begin(), rule.when.end(), Condition::kTrustedContext) != rule.when.end();
      });
    }
    const Decision before = decide_case(c);
    c.facts.context.join(Labels::unreadable());
    ASSERT_GE(static_cast<int>(decide_case(c).verdict), static_cast<int>(before.verdict)) << "case " << i;
  }
}

}  // namespace
}  // namespace pryx::trust
