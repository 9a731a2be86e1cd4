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
  std::string root = {};
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

// The generator makes plain commands, without wrappers and redirects, and patterns of one form: words, and
// "*" behind them or not. "tar c *" covers "tar c f" and "tar c", but of a program that can be told to run
// others no option that is not spelled out, and never a program as a whole. What narrows finds the words in
// this order, others in between, from wherever the program's name stands.
bool naive_command(const std::string& pattern, const std::vector<std::string>& argv, bool strict) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : pattern + " ") {
    if (c != ' ') {
      word += c;
      continue;
    }
    words.push_back(word);
    word.clear();
  }
  const bool open = words.back() == "*";
  if (open) words.pop_back();
  if (strict) {
    if (argv.size() < words.size() || (!open && argv.size() != words.size())) return false;
    if (open && words.size() == 1) return false;
    for (std::size_t i = words.size(); i < argv.size(); ++i) {
      if (words[0] == "tar" && argv[i][0] == '-') return false;
    }
    return std::equal(words.begin(), words.end(), argv.begin());
  }
  for (std::size_t from = 0; from < argv.size(); ++from) {
    if (argv[from] != words[0]) continue;
    std::size_t found = 1;
    for (std::size_t i = from + 1; i < argv.size(); ++i) {
      if (found < words.size() && words[found] == argv[i]) ++found;
    }
    if (found == words.size()) return true;
  }
  return false;
}

// What allows needs the very port; what narrows means every port when it names none. "*" allows public hosts
// on the ports of http and https; the generator's private hosts have a first letter of their own or no dot.
bool naive_private(const std::string& host) { return host == "example" || host[0] == '1'; }
bool naive_domain(std::string pattern, std::string host, bool allows) {
  if (pattern == "*") return !allows || (host.find(':') == std::string::npos && !naive_private(host));
  const auto cut = [](std::string& text) {
    const std::size_t colon = text.find(':');
    const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
    text = text.substr(0, colon);
    return port;
  };
  const std::string wanted = cut(pattern);
  const std::string port = cut(host);
  if (allows ? wanted != port : wanted != "" && wanted != port) return false;
  if (pattern[0] != '*') return pattern == host;
  const std::string end = pattern.substr(1);
  return host.size() > end.size() && host.compare(host.size() - end.size(), end.size(), end) == 0;
}

// Whether the call's things fit a limit: all of them for what allows, and there must be one; one of them for
// what narrows.
template <class Things, class Fits>
bool naive_limit(Verdict verdict, const std::vector<std::string>& limit, const Things& things, Fits fits) {
  if (limit.empty()) return true;
  std::size_t fitting = 0;
  for (const auto& thing : things) {
    bool any = false;
    for (const std::string& item : limit) any = any || fits(item, thing);
    fitting += any ? 1 : 0;
  }
  return verdict == Verdict::kAllow ? fitting > 0 && fitting == things.size() : fitting > 0;
}

bool naive_limits(const Rule& rule, const CallFacts& facts) {
  const bool allows = rule.verdict == Verdict::kAllow;
  if (allows && rule.domains.empty() && std::ranges::any_of(facts.hosts, naive_private)) return false;
  if (allows && !rule.commands.empty()) {
    if (!facts.parse_complete || (rule.domains.empty() && !facts.hosts.empty())) return false;
    for (const char* more : {"stdin", "background", "scope"})
      if (facts.arguments.contains(more)) return false;
  }
  // Programs are allowed by their words. A path never stands for them, a host only where one tool is named.
  if (allows && rule.commands.empty() && !facts.commands.empty()) {
    if (!rule.paths.empty()) return false;
    const bool one_tool = std::ranges::none_of(rule.tool, [](char c) { return c == '*' || c == '?'; });
    if (!rule.domains.empty() && !one_tool) return false;
  }
  return naive_limit(rule.verdict, rule.commands, facts.commands,
                     [&](const std::string& pattern, const commands::SimpleCommand& command) {
                       return naive_command(pattern, command.final_argv, allows);
                     }) &&
         naive_limit(rule.verdict, rule.domains, facts.hosts,
                     [&](const std::string& pattern, const std::string& host) {
                       return naive_domain(pattern, host, allows);
                     }) &&
         naive_limit(rule.verdict, rule.paths, facts.paths,
                     [](const std::string& glob, const std::string& path) { return naive_glob(glob, path); });
}

bool naive_rule(const Rule& rule, const CallFacts& facts) {
  if (!naive_glob(rule.tool, facts.tool) || !naive_limits(rule, facts)) return false;
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

// "It only reads" allows no command where a rule denies paths to it: nobody knows which files it reads.
bool naive_reading(const Rule& rule, const Case& c) {
  bool by_reading = false;
  for (const Condition condition : rule.when) by_reading |= condition == Condition::kReadOnlyCommands;
  if (rule.verdict != Verdict::kAllow || !by_reading) return true;
  for (const PlainLayer& layer : c.layers) {
    for (Rule other : layer.rules) {
      if (other.verdict != Verdict::kDeny || other.paths.empty()) continue;
      other.paths.clear();
      if (naive_rule(other, c.facts)) return false;
    }
  }
  return true;
}

bool any_rule(const Case& c, Verdict verdict, std::initializer_list<LayerKind> kinds) {
  for (const PlainLayer& layer : c.layers) {
    for (const Rule& rule : layer.rules) {
      for (const LayerKind kind : kinds) {
        if (layer.kind == kind && rule.verdict == verdict && naive_rule(rule, c.facts) &&
            naive_reading(rule, c))
          return true;
      }
    }
  }
  return false;
}

bool naive_grant(const Grant& grant, const Case& c) {
  if (grant.principal != c.facts.principal || grant.pattern.tool != c.facts.tool) return false;
  if (grant.scope != GrantScope::kAlways && grant.session != c.facts.session) return false;
  if (!grant.workspace.has_value() || grant.workspace.value() != c.facts.workspace) return false;
  if (grant.expires_at && c.at.unix_ms >= grant.expires_at->unix_ms) return false;
  // The generator makes grants of one selector, either a path glob or a call hash. A path says nothing about
  // hosts and commands.
  const Selector& selector = grant.pattern.selectors.front();
  if (selector.kind == Selector::Kind::kCall) return selector.value == c.facts.call_hash;
  if (grant.scope == GrantScope::kOnce || c.facts.paths.empty() || !c.facts.hosts.empty()) return false;
  if (!c.facts.commands.empty()) return false;
  for (const std::string& path : c.facts.paths) {
    if (!naive_glob(selector.value, path)) return false;
  }
  return true;
}

// Folders compared part by part, as the engine does not.
bool outside_a_root(const Case& c) {
  const auto parts = [](const std::string& path) {
    std::vector<std::string> out(1);
    for (const char letter : path) {
      if (letter == '/')
        out.emplace_back();
      else
        out.back() += letter;
    }
    return out;
  };
  if (c.facts.workspace.empty() || (c.facts.paths.empty() && c.facts.sandbox == SandboxState::kNotNeeded))
    return false;
  const std::vector<std::string> folder = parts(c.facts.workspace);
  for (const PlainLayer& layer : c.layers) {
    const std::vector<std::string> root = parts(layer.root);
    if (layer.root.empty()) continue;
    if (folder.size() < root.size() || !std::equal(root.begin(), root.end(), folder.begin())) return true;
  }
  return false;
}

std::pair<Verdict, DecisionStep> reference(const Case& c) {
  using enum LayerKind;
  bool has_base = false;
  for (const PlainLayer& layer : c.layers) has_base |= layer.kind == kBase;
  if (!has_base || c.facts.outside_workspace || c.facts.sandbox == SandboxState::kUnavailable ||
      outside_a_root(c) || any_rule(c, Verdict::kDeny, {kBase, kOverlay, kApprove})) {
    return {Verdict::kDeny, DecisionStep::kDeny};
  }
  if (!c.facts.approved_call_hash.empty() && c.facts.approved_call_hash == c.facts.call_hash) {
    return {Verdict::kAllow, DecisionStep::kGrant};
  }
  const bool is_private = c.facts.context.has("private") || c.facts.context.has("secret");
  if (!c.facts.parse_complete || c.facts.digest_changed || c.facts.hands_out_secret ||
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
    if (chance(15)) out.commands = some(commands_);
    if (chance(15)) out.domains = some(domains_);
    if (chance(15)) out.paths = some(path_globs_);
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
    if (chance(90)) out.workspace = pick(folders_);
    if (chance(50)) out.expires_at = WallTime{static_cast<std::int64_t>(random_() % 20)};
    return out;
  }

  Case make() {
    Case c;
    if (!chance(2)) c.layers.push_back({LayerKind::kBase, rules(), chance(20) ? pick(roots_) : ""});
    while (chance(40))
      c.layers.push_back({chance(50) ? LayerKind::kOverlay : LayerKind::kApprove, rules(), ""});
    while (chance(40)) c.grants.push_back(grant());
    c.at = WallTime{static_cast<std::int64_t>(random_() % 20)};
    CallFacts& f = c.facts;
    f.tool = pick(tools_);
    f.call_hash = chance(90) ? pick(hashes_) : "";
    f.read_only = chance(50);
    f.read_only_commands = chance(50);
    while (chance(60)) f.paths.push_back(pick(paths_));
    if (chance(40)) f.hosts = some(hosts_);
    while (chance(50)) f.commands.push_back(command());
    if (chance(5)) f.arguments["stdin"] = "x";
    if (chance(5)) f.arguments["background"] = true;
    if (chance(5)) f.arguments["scope"] = "global";
    f.outside_workspace = chance(5);
    f.sink = static_cast<Sink>(random_() % 5);
    for (const char* label : {"owner", "model", "file", "web", "mcp:x", "principal:a"}) {
      if (chance(20)) EXPECT_TRUE(f.context.add(label));
    }
    if (chance(30)) EXPECT_TRUE(f.context.add(chance(50) ? "private" : "secret"));
    f.session = SessionId(pick(sessions_));
    f.principal = PrincipalId(pick(principals_));
    f.workspace = pick(folders_);
    f.parse_complete = chance(95);
    f.digest_changed = chance(5);
    f.hands_out_secret = chance(5);
    f.sandbox = chance(5)    ? SandboxState::kUnavailable
                : chance(50) ? SandboxState::kAvailable
                             : SandboxState::kNotNeeded;
    if (chance(10)) f.approved_call_hash = pick(hashes_);
    return c;
  }

  std::vector<std::string> some(const std::vector<std::string>& from) {
    std::vector<std::string> out = {pick(from)};
    while (chance(40)) out.push_back(pick(from));
    return out;
  }

  commands::SimpleCommand command() {
    commands::SimpleCommand out;
    out.argv = pick(argvs_);
    out.final_argv = out.argv;
    return out;
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
  std::vector<std::string> folders_ = {"", "/home/me/a", "/home/me/b", "/home/me/ab"};
  std::vector<std::string> roots_ = {"/home/me", "/home/me/a", "/home/me/b"};
  std::vector<std::string> paths_ = {"a", "src/a", "src/b/c", "", "notes.txt"};
  std::vector<std::string> path_globs_ = {"a", "src/*", "*.txt", "s*", "src/?"};
  std::vector<std::string> commands_ = {"make test", "make *", "tar c *", "cp a b", "cp a *"};
  std::vector<std::vector<std::string>> argvs_ = {
      {"make"},          {"make", "test"},  {"make", "-j", "test"},
      {"tar", "c"},      {"tar", "c", "f"}, {"tar", "c", "--x"},
      {"tar", "x", "c"}, {"cp", "a", "b"},  {"cp", "-r", "a", "b"},
      {"touch", "make"}};
  std::vector<std::string> domains_ = {
      "a.example",    "*.a.example",  "*.example",      "b.example",      "*",
      "a.example:99", "*.example:99", "127.0.0.1:9200", "169.254.169.254"};
  std::vector<std::string> hosts_ = {"a.example",     "x.a.example",    "xa.example",
                                     "b.example",     "example",        "a.example:99",
                                     "x.a.example:7", "127.0.0.1:9200", "169.254.169.254"};
  std::vector<std::string> sessions_ = {"ses_1", "ses_2"};
  std::vector<std::string> principals_ = {"prn_1", "prn_2"};
};

Layers compiled(const std::vector<PlainLayer>& plain) {
  Layers out;
  for (const PlainLayer& layer : plain)
    out.push_back(std::make_shared<const Layer>(layer.kind, "layer", layer.rules, layer.root));
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

// The control of the test above: cases in which a limit decides are common.
TEST(PolicyReference, LimitsDecideInManyCases) {
  Generator generator(9);
  int commands = 0, domains = 0, paths = 0;
  const auto differs = [](const Case& c, std::vector<std::string> Rule::* limit) {
    Case without = c;
    for (PlainLayer& layer : without.layers) {
      for (Rule& rule : layer.rules) (rule.*limit).clear();
    }
    return decide_case(without).verdict != decide_case(c).verdict ? 1 : 0;
  };
  for (int i = 0; i < 20'000; ++i) {
    const Case c = generator.make();
    commands += differs(c, &Rule::commands);
    domains += differs(c, &Rule::domains);
    paths += differs(c, &Rule::paths);
  }
  EXPECT_GT(commands, 100);
  EXPECT_GT(domains, 100);
  EXPECT_GT(paths, 100);
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
