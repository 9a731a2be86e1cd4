// SPDX-License-Identifier: MIT
#include "trust/policy/policy_engine.h"

#include <gtest/gtest.h>

#include "trust/policy/policy_file.h"

namespace pryx::trust {
namespace {

using Layers = std::vector<std::shared_ptr<const Layer>>;

const PrincipalId kAlice("prn_alice");
const SessionId kSession("ses_one");

std::shared_ptr<const Layer> layer(LayerKind kind, std::string name, std::vector<Rule> rules) {
  return std::make_shared<const Layer>(kind, std::move(name), std::move(rules));
}
std::shared_ptr<const Layer> base(std::vector<Rule> rules) {
  return layer(LayerKind::kBase, "policy.yaml", std::move(rules));
}

Rule allow(std::string tool, std::vector<Condition> when = {}) {
  return {Verdict::kAllow, std::move(tool), std::move(when), 0};
}
Rule ask(std::string tool, std::vector<Condition> when = {}) {
  return {Verdict::kAsk, std::move(tool), std::move(when), 0};
}
Rule deny(std::string tool, std::vector<Condition> when = {}) {
  return {Verdict::kDeny, std::move(tool), std::move(when), 0};
}

CallFacts call(std::string tool) {
  CallFacts facts;
  facts.tool = std::move(tool);
  facts.arguments = {{"path", "notes.txt"}};
  facts.call_hash = "sha256:abc";
  facts.paths = {"notes.txt"};
  facts.context = Labels{"owner"};
  facts.session = kSession;
  facts.principal = kAlice;
  facts.parse_complete = true;
  return facts;
}

Grant grant(std::string_view pattern, GrantScope scope = GrantScope::kAlways) {
  return {"grt_1", scope, GrantPattern::parse(pattern).value(), kSession, kAlice, std::nullopt, ""};
}

Decision decide_in(const Layers& layers, const CallFacts& facts, const std::vector<Grant>& grants = {}) {
  return decide({.facts = facts, .layers = layers, .grants = grants, .at = {1000}}, Explain::kYes);
}

void expect(const Decision& decision, Verdict verdict, DecisionStep step) {
  EXPECT_EQ(to_text(decision.verdict), to_text(verdict)) << decision.rule << " | " << decision.reason;
  EXPECT_EQ(static_cast<int>(decision.step), static_cast<int>(step))
      << decision.rule << " | " << decision.reason;
  EXPECT_FALSE(decision.rule.empty());
  EXPECT_FALSE(decision.reason.empty());
  EXPECT_EQ(decision.forced, step == DecisionStep::kForcedAsk);
}

TEST(PolicyEngine, EachStepDecidesWhenTheOnesBeforeItAreSilent) {
  // Every combination of the six sources; the first one present, in the order of the contract, must decide.
  for (unsigned bits = 0; bits < 32; ++bits) {
    const bool has_deny = bits & 1, has_forced = bits & 2, has_grant = bits & 4, has_ask = bits & 8,
               has_allow = bits & 16;
    std::vector<Rule> rules;
    if (has_allow) rules.push_back(allow("fs.*"));
    if (has_ask) rules.push_back(ask("fs.write"));
    if (has_deny) rules.push_back(deny("fs.w*"));
    CallFacts facts = call("fs.write");
    facts.digest_changed = has_forced;
    std::vector<Grant> grants;
    if (has_grant) grants.push_back(grant(R"(fs.write(path: "notes.txt"))"));
    const Decision decision = decide_in({base(rules)}, facts, grants);
    SCOPED_TRACE(bits);
    if (has_deny)
      expect(decision, Verdict::kDeny, DecisionStep::kDeny);
    else if (has_forced)
      expect(decision, Verdict::kAsk, DecisionStep::kForcedAsk);
    else if (has_grant)
      expect(decision, Verdict::kAllow, DecisionStep::kGrant);
    else if (has_ask)
      expect(decision, Verdict::kAsk, DecisionStep::kAsk);
    else if (has_allow)
      expect(decision, Verdict::kAllow, DecisionStep::kAllow);
    else
      expect(decision, Verdict::kAsk, DecisionStep::kNoMatch);
    EXPECT_EQ(decision.grant_id, !has_deny && !has_forced && has_grant ? "grt_1" : "");
  }
}

TEST(PolicyEngine, DenyComesFromAnyLayerAndFromTheFacts) {
  const auto open = base({allow("*")});
  expect(
      decide_in({open, layer(LayerKind::kOverlay, "agent reviewer", {deny("fs.write")})}, call("fs.write")),
      Verdict::kDeny, DecisionStep::kDeny);
  expect(decide_in({open, layer(LayerKind::kApprove, "--approve", {deny("fs.write")})}, call("fs.write")),
         Verdict::kDeny, DecisionStep::kDeny);
  CallFacts outside = call("fs.read");
  outside.outside_workspace = true;
  expect(decide_in({open}, outside, {grant(R"(fs.read(path: "notes.txt"))")}), Verdict::kDeny,
         DecisionStep::kDeny);
  CallFacts unsandboxed = call("shell.exec");
  unsandboxed.sandbox = SandboxState::kUnavailable;
  expect(decide_in({open}, unsandboxed), Verdict::kDeny, DecisionStep::kDeny);
  unsandboxed.sandbox = SandboxState::kAvailable;
  expect(decide_in({open}, unsandboxed), Verdict::kAllow, DecisionStep::kAllow);
  expect(decide_in({}, call("fs.read")), Verdict::kDeny, DecisionStep::kDeny);
  expect(decide_in({layer(LayerKind::kApprove, "--approve", {allow("*")})}, call("fs.read")), Verdict::kDeny,
         DecisionStep::kDeny);
}

TEST(PolicyEngine, ForcedAskIsAnsweredByNoGrantAndNoApproveFile) {
  const Layers layers = {base({allow("*")}), layer(LayerKind::kApprove, "--approve", {allow("*")})};
  const std::vector<Grant> grants = {grant(R"(memory.save(path: "notes.txt"))"),
                                     grant(R"(memory.save(call: "sha256:abc"))", GrantScope::kOnce)};
  CallFacts unparsed = call("memory.save"), changed = call("memory.save"), mixed = call("memory.save"),
            secret = call("memory.save");
  unparsed.parse_complete = false;
  changed.digest_changed = true;
  secret.hands_out_secret = true;
  mixed.context = Labels{"private", "web"};
  mixed.sink = Sink::kOwnFuture;
  for (CallFacts* facts : {&unparsed, &changed, &secret, &mixed}) {
    expect(decide_in(layers, *facts, grants), Verdict::kAsk, DecisionStep::kForcedAsk);
    facts->approved_call_hash = "sha256:abc";
    expect(decide_in(layers, *facts, grants), Verdict::kAllow, DecisionStep::kGrant);
    facts->approved_call_hash = "sha256:other";
    expect(decide_in(layers, *facts, grants), Verdict::kAsk, DecisionStep::kForcedAsk);
  }
}

TEST(PolicyEngine, AnApprovalAnswersAsksButNoDeny) {
  CallFacts facts = call("fs.write");
  facts.approved_call_hash = facts.call_hash;
  expect(decide_in({base({ask("*")})}, facts), Verdict::kAllow, DecisionStep::kGrant);
  expect(decide_in({base({})}, facts), Verdict::kAllow, DecisionStep::kGrant);
  expect(decide_in({base({deny("fs.write")})}, facts), Verdict::kDeny, DecisionStep::kDeny);
  facts.call_hash.clear();
  facts.approved_call_hash.clear();
  expect(decide_in({base({})}, facts), Verdict::kAsk, DecisionStep::kNoMatch);
}

TEST(PolicyEngine, LabelsForceAnAskOnlyTogetherAndOnlyAtASink) {
  const Layers layers = {base({allow("*")})};
  for (const bool is_private : {false, true}) {
    for (const bool untrusted : {false, true}) {
      for (const Sink sink :
           {Sink::kNone, Sink::kEgress, Sink::kExecWithNetwork, Sink::kMessage, Sink::kOwnFuture}) {
        CallFacts facts = call("http.request");
        facts.sink = sink;
        if (is_private) ASSERT_TRUE(facts.context.add("private"));
        if (untrusted) ASSERT_TRUE(facts.context.add("mcp:tracker"));
        const bool forced = is_private && untrusted && sink != Sink::kNone;
        expect(decide_in(layers, facts), forced ? Verdict::kAsk : Verdict::kAllow,
               forced ? DecisionStep::kForcedAsk : DecisionStep::kAllow);
      }
    }
  }
}

TEST(PolicyEngine, FactsLeftOutCountAgainstTheCall) {
  CallFacts facts;
  facts.tool = "fs.read";
  expect(decide_in({base({allow("*")})}, facts), Verdict::kAsk, DecisionStep::kForcedAsk);
}

TEST(PolicyEngine, OverlaysMoveAVerdictUpOnly) {
  const auto allowing = base({allow("fs.*")});
  const auto silent = base({});
  const auto overlay = [](std::vector<Rule> rules) {
    return layer(LayerKind::kOverlay, "session", std::move(rules));
  };
  expect(decide_in({allowing, overlay({ask("fs.write")})}, call("fs.write")), Verdict::kAsk,
         DecisionStep::kAsk);
  expect(decide_in({allowing, overlay({deny("fs.write")})}, call("fs.write")), Verdict::kDeny,
         DecisionStep::kDeny);
  expect(decide_in({silent, overlay({allow("fs.write")})}, call("fs.write")), Verdict::kAsk,
         DecisionStep::kNoMatch);
  expect(decide_in({base({ask("fs.write")}), overlay({allow("fs.write")})}, call("fs.write")), Verdict::kAsk,
         DecisionStep::kAsk);
  expect(decide_in({allowing, overlay({ask("fs.write")})}, call("fs.write"),
                   {grant(R"(fs.write(path: "notes.txt"))")}),
         Verdict::kAllow, DecisionStep::kGrant);
}

TEST(PolicyEngine, ApproveFileAllowsAsAGrantDoes) {
  const auto approve = layer(LayerKind::kApprove, "--approve", {allow("fs.write"), deny("fs.edit")});
  expect(decide_in({base({ask("fs.*")}), approve}, call("fs.write")), Verdict::kAllow, DecisionStep::kGrant);
  expect(decide_in({base({deny("fs.*")}), approve}, call("fs.write")), Verdict::kDeny, DecisionStep::kDeny);
  expect(decide_in({base({allow("fs.*")}), approve}, call("fs.edit")), Verdict::kDeny, DecisionStep::kDeny);
  expect(decide_in({base({ask("fs.*")}), approve}, call("fs.move")), Verdict::kAsk, DecisionStep::kAsk);
}

TEST(PolicyEngine, ConditionsReadTheFacts) {
  struct Row {
    Condition condition;
    void (*change)(CallFacts&);
    bool before, after;
  };
  const std::vector<Row> rows = {
      {Condition::kTrustedContext, [](CallFacts& f) { f.context = Labels{"file"}; }, true, false},
      {Condition::kUntrustedContext, [](CallFacts& f) { f.context = Labels{"file"}; }, false, true},
      {Condition::kReads, [](CallFacts& f) { f.read_only = true; }, false, true},
      {Condition::kChanges, [](CallFacts& f) { f.read_only = true; }, true, false},
      {Condition::kReadOnlyCommands, [](CallFacts& f) { f.read_only_commands = true; }, false, true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(to_text(row.condition));
    const Layers layers = {base({allow("*", {row.condition})})};
    CallFacts facts = call("x");
    EXPECT_EQ(decide_in(layers, facts).verdict == Verdict::kAllow, row.before);
    row.change(facts);
    EXPECT_EQ(decide_in(layers, facts).verdict == Verdict::kAllow, row.after);
  }
  CallFacts facts = call("x");
  facts.read_only = true;
  const Layers both = {base({allow("x", {Condition::kReads, Condition::kUntrustedContext})})};
  expect(decide_in(both, facts), Verdict::kAsk, DecisionStep::kNoMatch);
}

TEST(PolicyEngine, GlobsMatchWholeNames) {
  struct Row {
    std::string_view glob, tool;
    bool matches;
  };
  for (const Row& row : std::vector<Row>{{"fs.read", "fs.read", true},
                                         {"fs.read", "fs.reads", false},
                                         {"browser.*", "browser.click", true},
                                         {"browser.*", "browser", false},
                                         {"browser.*", "browser.tab.open", true},
                                         {"*", "anything", true},
                                         {"mcp.*.delete*", "mcp.github.delete_repo", true},
                                         {"mcp.*.delete*", "mcp.github.create", false},
                                         {"fs.rea?", "fs.read", true},
                                         {"fs.rea?", "fs.rea", false},
                                         {"Fs.read", "fs.read", false},
                                         {"*.read", "fs.read", true}}) {
    EXPECT_EQ(ToolGlob(row.glob).matches(row.tool), row.matches) << row.glob << " " << row.tool;
  }
}

TEST(PolicyEngine, ExplainsWhatItLookedAt) {
  const Layers layers = {
      base({allow("fs.*"), deny("shell.*"), ask("fs.write", {Condition::kUntrustedContext})})};
  const Decision decision = decide_in(layers, call("fs.write"), {grant(R"(fs.write(path: "src/*"))")});
  const json::object expected = json::parse_object(R"json({
    "decision": "allow", "rule": "policy.yaml: tools.allowed: fs.*", "line": null, "reason": "policy.yaml allows fs.write",
    "considered": [
      {"step": 1, "layer": "built in", "rule": "without a policy nothing may happen", "line": null, "outcome": "does not apply"},
      {"step": 1, "layer": "built in", "rule": "nothing outside of the workspace", "line": null, "outcome": "does not apply"},
      {"step": 1, "layer": "built in", "rule": "no command without its sandbox", "line": null, "outcome": "does not apply"},
      {"step": 1, "layer": "policy.yaml", "rule": "tools.denied: shell.*", "line": null, "outcome": "another tool"},
      {"step": 2, "layer": "built in", "rule": "a call that does not parse completely asks", "line": null, "outcome": "does not apply"},
      {"step": 2, "layer": "built in", "rule": "a changed digest asks", "line": null, "outcome": "does not apply"},
      {"step": 2, "layer": "built in", "rule": "a call that uses a stored secret asks", "line": null, "outcome": "does not apply"},
      {"step": 2, "layer": "built in", "rule": "private data and untrusted content ask before anything goes out", "line": null,
       "outcome": "does not apply"},
      {"step": 3, "layer": "grants", "rule": "fs.write(path: \"src/*\")", "line": null, "outcome": "the call is outside of its limits"},
      {"step": 4, "layer": "policy.yaml", "rule": "tools.ask: fs.write when untrusted_context", "line": null,
       "outcome": "a condition does not hold"},
      {"step": 5, "layer": "policy.yaml", "rule": "tools.allowed: fs.*", "line": null, "outcome": "decides"}
    ], "step": 5, "forced": false})json")
                                    .value();
  EXPECT_EQ(json::canonical(decision.to_json()), json::canonical(expected));
}

TEST(PolicyEngine, WorkOutsideOfTheRootIsDenied) {
  const PolicyEngine engine(std::make_shared<const Layer>(
      LayerKind::kBase, "policy.yaml", std::vector<Rule>{allow("*")}, "/home/me/projects"));
  struct Row {
    std::string folder;
    bool touches_files;
    bool runs_a_program;
    bool allowed;
  };
  for (const Row& row :
       std::vector<Row>{{"/home/me/projects", true, false, true},
                        {"/home/me/projects/a/b", true, true, true},
                        {"/home/me/projects2", true, false, false},
                        {"/home/me", true, false, false},
                        {"/home/me/other", false, true, false},
                        {"wsp_unknown", true, false, false},
                        {"/home/me/other", false, false, true},  // a request touches no folder
                        {"", true, true, true}}) {               // a folder that Pryx made
    CallFacts facts = call("fs.read");
    facts.workspace = row.folder;
    facts.paths = row.touches_files ? std::vector<std::string>{"a.txt"} : std::vector<std::string>{};
    facts.sandbox = row.runs_a_program ? SandboxState::kAvailable : SandboxState::kNotNeeded;
    facts.approved_call_hash = facts.call_hash;  // no approval answers a deny
    const Decision decision = engine.decide(facts, {}, {0});
    EXPECT_EQ(decision.verdict, row.allowed ? Verdict::kAllow : Verdict::kDeny) << row.folder;
    if (!row.allowed) EXPECT_EQ(decision.rule, "policy.yaml: workspace.root: /home/me/projects");
  }
}

TEST(PolicyEngine, TheRootIsPartOfThePolicysText) {
  const Layer with(LayerKind::kBase, "policy.yaml", {}, "/a");
  const Layer without(LayerKind::kBase, "policy.yaml", {});
  EXPECT_NE(with.to_text(), without.to_text());
}

TEST(PolicyEngine, RulesOfAFileAreNamedByTheirLines) {
  const std::vector<Rule> rules = {{.verdict = Verdict::kDeny, .tool = "shell.*", .line = 7},
                                   {.verdict = Verdict::kAllow, .tool = "fs.*", .line = 4}};
  const PolicyEngine engine(std::make_shared<const Layer>(LayerKind::kBase, "policy.yaml", rules));
  const Decision allowed = engine.decide(call("fs.write"), {}, {0}, {}, Explain::kYes);
  EXPECT_EQ(allowed.line, 4);
  EXPECT_EQ(allowed.considered.back().line, 4);
  EXPECT_EQ(allowed.considered[3].line, 7);
  EXPECT_EQ(engine.decide(call("shell.exec"), {}, {0}).line, 7);
  EXPECT_EQ(engine.decide(call("mail.send"), {}, {0}).line, 0);
}

TEST(PolicyEngine, ExplainingChangesNothingButTheList) {
  const PolicyEngine engine(default_policy().layer);
  const CallFacts facts = call("fs.read");
  const Decision plain = engine.decide(facts, {}, {0});
  const Decision explained = engine.decide(facts, {}, {0}, {}, Explain::kYes);
  EXPECT_TRUE(plain.considered.empty());
  EXPECT_FALSE(explained.considered.empty());
  EXPECT_EQ(plain.rule, explained.rule);
  EXPECT_EQ(plain.verdict, explained.verdict);
}

TEST(PolicyEngine, DefaultPolicyIsTheContracts) {
  const PolicyEngine engine(default_policy().layer);
  const auto decision = [&](const CallFacts& facts) { return engine.decide(facts, {}, {0}); };
  for (const char* tool : {"fs.list", "fs.read", "fs.search", "fs.stat", "memory.search"}) {
    expect(decision(call(tool)), Verdict::kAllow, DecisionStep::kAllow);
  }
  for (const char* tool :
       {"fs.write", "fs.edit", "shell.exec", "http.request", "mcp.github.create_issue", "task.create"}) {
    expect(decision(call(tool)), Verdict::kAsk, DecisionStep::kNoMatch);
  }
  CallFacts outside = call("fs.read");
  outside.outside_workspace = true;
  expect(decision(outside), Verdict::kDeny, DecisionStep::kDeny);
  CallFacts save = call("memory.save");
  save.sink = Sink::kOwnFuture;
  expect(decision(save), Verdict::kAllow, DecisionStep::kAllow);
  save.context = Labels{"owner", "model"};
  expect(decision(save), Verdict::kAllow, DecisionStep::kAllow);
  save.context = Labels{"owner", "file"};
  expect(decision(save), Verdict::kAsk, DecisionStep::kNoMatch);
  save.context = Labels{"owner", "file", "private"};
  expect(decision(save), Verdict::kAsk, DecisionStep::kForcedAsk);
  CallFacts shell = call("shell.exec");
  shell.read_only_commands = true;
  expect(decision(shell), Verdict::kAllow, DecisionStep::kAllow);
}

TEST(PolicyEngine, DefaultAsksAreOpenedByAnAllowedEntryOfAnApproveFile) {
  const PolicyEngine engine(default_policy().layer);
  const Layers approve = {layer(LayerKind::kApprove, "--approve", {allow("fs.write")})};
  expect(engine.decide(call("fs.write"), {}, {0}, approve), Verdict::kAllow, DecisionStep::kGrant);
}

TEST(PolicyEngine, AnInvalidPolicyAtStartLeavesReadsOnly) {
  const PolicyEngine engine(deny_all_but_reads().layer);
  CallFacts read = call("fs.read");
  read.read_only = true;
  expect(engine.decide(read, {}, {0}), Verdict::kAllow, DecisionStep::kAllow);
  for (const char* tool : {"fs.write", "shell.exec", "memory.save", "mcp.x.y", "http.request"}) {
    CallFacts facts = call(tool);
    const std::vector<Grant> grants = {grant(fmt::format("{}(path: \"notes.txt\")", tool))};
    expect(engine.decide(facts, grants, {0}), Verdict::kDeny, DecisionStep::kDeny);
    facts.approved_call_hash = facts.call_hash;
    expect(engine.decide(facts, grants, {0}), Verdict::kDeny, DecisionStep::kDeny);
  }
}

Rule deny_paths(std::string tool, std::vector<std::string> paths, std::vector<Condition> when = {}) {
  return {
      .verdict = Verdict::kDeny, .tool = std::move(tool), .when = std::move(when), .paths = std::move(paths)};
}

TEST(PolicyEngine, SaysWhichPathsAreDeniedToACall) {
  const PolicyEngine engine(
      base({allow("*"), deny_paths("fs.*", {"secrets/*", "*.pem"}), deny("fs.move"),
            deny_paths("fs.*", {"generated/*"}, {Condition::kChanges}), deny_paths("shell.*", {"logs/*"})}));
  const Layers more = {layer(LayerKind::kOverlay, "agent", {deny_paths("*", {"private/*"})})};
  CallFacts search = call("fs.search");
  search.read_only = true;
  EXPECT_EQ(engine.denied_paths(search), (std::vector<std::string>{"secrets/*", "*.pem"}));
  EXPECT_EQ(engine.denied_paths(search, more), (std::vector<std::string>{"secrets/*", "*.pem", "private/*"}));
  EXPECT_EQ(engine.denied_paths(call("http.request")), std::vector<std::string>{});
  // A rule that also names commands is about calls that run one of them.
  Rule both = deny_paths("*", {"x/*"});
  both.commands = {"cat *"};
  EXPECT_EQ(PolicyEngine(base({both})).denied_paths(search), std::vector<std::string>{});
}

// No fact says what `cat` reads: where paths are denied to it, "it only reads" does not let it run unasked.
TEST(PolicyEngine, CommandsThatReadAskWherePathsAreDeniedToThem) {
  CallFacts shell = call("shell.exec");
  shell.read_only_commands = true;
  const Rule reads = allow("shell.exec", {Condition::kReadOnlyCommands});
  for (const char* tool : {"shell.exec", "shell.*", "*"}) {
    const Layers layers = {base({reads, deny_paths(tool, {"secrets/*"})})};
    expect(decide_in(layers, shell), Verdict::kAsk, DecisionStep::kNoMatch);
    // A person's own rule is an answer to the question.
    expect(decide_in({base({reads, allow("shell.exec"), deny_paths(tool, {"secrets/*"})})}, shell),
           Verdict::kAllow, DecisionStep::kAllow);
  }
  expect(decide_in({base({reads, deny_paths("fs.*", {"secrets/*"})})}, shell), Verdict::kAllow,
         DecisionStep::kAllow);
  const Layers by_agent = {base({reads}),
                           layer(LayerKind::kOverlay, "agent", {deny_paths("*", {"secrets/*"})})};
  expect(decide_in(by_agent, shell), Verdict::kAsk, DecisionStep::kNoMatch);
}

TEST(PolicyEngine, LayersHaveATextToHash) {
  EXPECT_EQ(
      base({allow("fs.*"), deny("shell.*", {Condition::kChanges, Condition::kUntrustedContext})})->to_text(),
      "layer 0 policy.yaml\ntools.denied: shell.* when changes and untrusted_context\ntools.allowed: fs.*\n");
}

}  // namespace
}  // namespace pryx::trust
