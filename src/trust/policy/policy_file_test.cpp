// SPDX-License-Identifier: MIT
#include "trust/policy/policy_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "trust/policy/policy_engine.h"

namespace pryx::trust {
namespace {

constexpr std::string_view kSample = R"(name: work
description: Sample with every key that is enforced
workspace:
  allow_outside: false
tools:
  allowed:
    - fs.*
    - {tool: memory.save, when: [trusted_context]}
    - browser.*
  ask:
    - fs.write
    - tool: "mcp.*"
      when: [untrusted_context, changes]
  denied:
    - shell.*
    - fs.delete
    - browser.download
approval:
  timeout: 90s
  default: deny
)";

std::vector<std::string> problems(std::string_view text, PolicyFileKind kind = PolicyFileKind::kPolicy) {
  std::vector<std::string> out;
  const ParsedPolicy parsed = check_policy(text, kind, "policy.yaml");
  EXPECT_EQ(parsed.policy.has_value(), parsed.problems.empty());
  for (const PolicyProblem& problem : parsed.problems) out.push_back(problem.to_text());
  return out;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(PolicyFile, ReadsEveryEnforcedKey) {
  const PolicyFile policy = parse_policy(kSample, PolicyFileKind::kPolicy, "policy.yaml").value();
  EXPECT_EQ(policy.name, "work");
  EXPECT_EQ(policy.description, "Sample with every key that is enforced");
  EXPECT_EQ(policy.approval_timeout, std::chrono::seconds(90));
  EXPECT_EQ(policy.layer->kind(), LayerKind::kBase);
  EXPECT_EQ(
      policy.layer->to_text(),
      "layer 0 policy.yaml\ntools.denied: shell.*\ntools.denied: fs.delete\ntools.denied: browser.download\n"
      "tools.ask: fs.write\ntools.ask: mcp.* when untrusted_context and changes\n"
      "tools.allowed: fs.*\ntools.allowed: memory.save when trusted_context\ntools.allowed: browser.*\n");
  EXPECT_EQ(policy.layer->entries().front().rule.line, 15);
}

TEST(PolicyFile, ThirtyCasesOfTheSample) {
  struct Row {
    std::string_view tool, labels;
    bool read_only;
    std::string_view decision;
    int step;
  };
  const std::vector<Row> rows = {
      {"fs.read", R"(["owner"])", true, "allow", 5},
      {"fs.list", R"(["owner","web"])", true, "allow", 5},
      {"fs.write", R"(["owner"])", false, "ask", 4},
      {"fs.write", R"(["file"])", false, "ask", 4},
      {"fs.writer", R"(["owner"])", false, "allow", 5},
      {"fs.delete", R"(["owner"])", false, "deny", 1},
      {"fs.delete", R"(["owner"])", true, "deny", 1},
      {"fs.deleted", R"(["owner"])", false, "allow", 5},
      {"fs", R"(["owner"])", true, "ask", 6},
      {"FS.read", R"(["owner"])", true, "ask", 6},
      {"fs.sub.read", R"(["owner"])", true, "allow", 5},
      {"shell.exec", R"(["owner"])", false, "deny", 1},
      {"shell.exec", R"([])", true, "deny", 1},
      {"shell.", R"(["owner"])", true, "deny", 1},
      {"shell", R"(["owner"])", true, "ask", 6},
      {"shells.x", R"(["owner"])", true, "ask", 6},
      {"browser.open", R"(["owner"])", false, "allow", 5},
      {"browser.download", R"(["owner"])", false, "deny", 1},
      {"browser.download.all", R"(["owner"])", false, "allow", 5},
      {"browser", R"(["owner"])", false, "ask", 6},
      {"memory.save", R"(["owner"])", false, "allow", 5},
      {"memory.save", R"(["owner","model"])", false, "allow", 5},
      {"memory.save", R"(["owner","file"])", false, "ask", 6},
      {"memory.save", R"(["memory"])", false, "ask", 6},
      {"memory.search", R"(["owner"])", true, "ask", 6},
      {"mcp.github.create", R"(["web"])", false, "ask", 4},
      {"mcp.github.create", R"(["owner"])", false, "ask", 6},
      {"mcp.github.get", R"(["web"])", true, "ask", 6},
      {"mcp.", R"(["plugin:x"])", false, "ask", 4},
      {"http.request", R"(["owner"])", false, "ask", 6},
  };
  ASSERT_EQ(rows.size(), 30u);
  const PolicyEngine engine(parse_policy(kSample, PolicyFileKind::kPolicy, "policy.yaml").value().layer);
  for (const Row& row : rows) {
    CallFacts facts;
    facts.tool = row.tool;
    facts.read_only = row.read_only;
    facts.context = Labels::parse(row.labels).value();
    facts.parse_complete = true;
    const Decision decision = engine.decide(facts, {}, {0});
    EXPECT_EQ(to_text(decision.verdict), row.decision)
        << row.tool << " " << row.labels << ": " << decision.rule;
    EXPECT_EQ(static_cast<int>(decision.step), row.step)
        << row.tool << " " << row.labels << ": " << decision.rule;
  }
}

TEST(PolicyFile, DenyWinsWhateverTheOrderInTheFile) {
  for (const char* text :
       {"tools: {allowed: [fs.read], denied: [fs.read]}", "tools: {denied: [fs.read], allowed: [fs.read]}",
        "tools: {denied: ['*'], allowed: [fs.read], ask: [fs.read]}"}) {
    CallFacts facts;
    facts.tool = "fs.read";
    facts.parse_complete = true;
    const PolicyEngine engine(parse_policy(text, PolicyFileKind::kPolicy, "policy.yaml").value().layer);
    EXPECT_EQ(to_text(engine.decide(facts, {}, {0}).verdict), "deny") << text;
  }
}

TEST(PolicyFile, NothingPassesSilently) {
  struct Row {
    std::string_view text, problem;
  };
  const std::vector<Row> rows = {
      {"tools:\n  denid: [x]\n", "line 2: tools.denid: unknown key; did you mean 'denied'?"},
      {"tool: {}\ntools: {}\n", "line 1: tool: unknown key; did you mean 'tools'?"},
      {"tools: {}\nextra_stuff: 1\n",
       "line 2: extra_stuff: unknown key; known here: name, description, workspace, tools, rate_limits, "
       "approval, tests"},
      {"tools: {}\nrate_limits:\n  requests_per_minute: 10\n",
       "line 3: rate_limits.requests_per_minute: not enforced in this version; remove it"},
      {"tools: {}\nrate_limits:\n  tool_calls_per_minute: 10\n",
       "line 3: rate_limits.tool_calls_per_minute: not enforced in this version; remove it"},
      {"tools: {}\nrate_limits: {}\n", "line 2: rate_limits: not enforced in this version; remove it"},
      {"tools: {}\nrate_limits: 5\n",
       "line 2: rate_limits: must be a map of keys, found a number or true or false"},
      {"tools: {}\nworkspace: {root: ~/x}\n",
       "line 2: workspace.root: must be the full path of a folder, such as /home/me/projects, without '~', "
       "'.' "
       "or '..'"},
      {"tools: {}\nworkspace: {root: /x/../y}\n",
       "line 2: workspace.root: must be the full path of a folder, such as /home/me/projects, without '~', "
       "'.' "
       "or '..'"},
      {"tools: {}\nworkspace: {root: ''}\n",
       "line 2: workspace.root: must be the full path of a folder, such as /home/me/projects, without '~', "
       "'.' "
       "or '..'"},
      {"tools: {}\nworkspace: {root: [/x]}\n", "line 2: workspace.root: must be text, found a list"},
      {"tools: {}\nworkspace:\n  allow_outside: true\n",
       "line 3: workspace.allow_outside: never possible: the outside of the workspace is always denied; say "
       "false, and work elsewhere by choosing that folder as a workspace"},
      {"tools: {}\nworkspace: {allow_outside: 'false'}\n",
       "line 2: workspace.allow_outside: must be true or false"},
      {"tools: {}\nworkspace: {allow_outsid: false}\n",
       "line 2: workspace.allow_outsid: unknown key; did you mean 'allow_outside'?"},
      {"tools:\n  allowed:\n    - tool: http.request\n      domains: [A.com]\n",
       "line 3: tools.allowed[0]: 'A.com' is no domain; use a lower-case host name, or '*.' and a domain"},
      {"tools:\n  allowed:\n    - tool: http.request\n      domains: []\n",
       "line 4: tools.allowed[0].domains: must be a list of at least one, found an empty one"},
      {"tools:\n  allowed:\n    - {tool: shell.exec, commands: ['make *']}\n",
       "line 3: tools.allowed[0]: 'make *' covers everything that make can do; name at least one argument"},
      {"tools:\n  allowed:\n    - {tool: shell.exec, commands: ['env make test']}\n",
       "line 3: tools.allowed[0]: env runs other programs; a rule is made for what really runs, never for a "
       "shell, an "
       "interpreter or a wrapper"},
      {"tools:\n  denied:\n    - x\n    - {tool: fs.read, paths: [../a]}\n",
       "line 4: tools.denied[1]: '../a' is no path glob; it is relative to the workspace and without '..'"},
      {"tools:\n  ask: fs.read\n", "line 2: tools.ask: must be a list of tool globs, found text"},
      {"tools: [fs.read]\n", "line 1: tools: must be a map of keys, found a list"},
      {"tools:\n  ask: [[fs.read]]\n",
       "line 2: tools.ask[0]: must be a tool glob or a map with 'tool', found a list"},
      {"tools:\n  ask: [null]\n",
       "line 2: tools.ask[0]: must be a tool glob or a map with 'tool', found nothing"},
      {"tools:\n  ask: ['fs read']\n",
       "line 2: tools.ask[0]: 'fs read' is no tool glob; use a tool's name with '*' and '?', such as fs.* or "
       "mcp.github.*"},
      {"tools:\n  ask: ['']\n",
       "line 2: tools.ask[0]: '' is no tool glob; use a tool's name with '*' and '?', such as fs.* or "
       "mcp.github.*"},
      {"tools:\n  ask: [{when: [reads]}]\n",
       "line 2: tools.ask[0]: needs 'tool', the glob of the tools it is about"},
      {"tools:\n  ask: [{tool: [x]}]\n", "line 2: tools.ask[0].tool: must be a tool glob, found a list"},
      {"tools:\n  ask: [{tool: x, when: reads}]\n",
       "line 2: tools.ask[0].when: must be a list of conditions: trusted_context, untrusted_context, reads, "
       "changes, read_only_commands"},
      {"tools:\n  ask: [{tool: x, when: [read]}]\n",
       "line 2: tools.ask[0].when: 'read' is no condition; known: trusted_context, untrusted_context, reads, "
       "changes, read_only_commands"},
      {"tools:\n  ask: [{tool: x, wen: [reads]}]\n",
       "line 2: tools.ask[0].wen: unknown key; did you mean 'when'?"},
      {"tools: {}\napproval: {timeout: soon}\n",
       "line 2: approval.timeout: must be a duration such as 90s, 5m or 1h"},
      {"tools: {}\napproval: {timeout: 0s}\n", "line 2: approval.timeout: must lie between 1s and 24h"},
      {"tools: {}\napproval: {timeout: 2d}\n", "line 2: approval.timeout: must lie between 1s and 24h"},
      {"tools: {}\napproval: {timeout: [5m]}\n",
       "line 2: approval.timeout: must be a duration such as 90s, 5m or 1h"},
      {"tools: {}\napproval: {default: allow}\n",
       "line 2: approval.default: only 'deny' is possible: no answer never means yes"},
      {"tools: {}\napproval: {defaults: deny}\n",
       "line 2: approval.defaults: unknown key; did you mean 'default'?"},
      {"tools: {}\napproval:\n", "line 2: approval: must be a map of keys, found nothing"},
      {"tools: {}\nname: [x]\n", "line 2: name: must be text, found a list"},
      {"tools: {}\nname: 5\n", "line 2: name: must be text, found a number or true or false"},
      {"tools:\n  ask: [5]\n",
       "line 2: tools.ask[0]: must be a tool glob or a map with 'tool', found a number or true or false"},
      {"name: x\n", "line 1: tools: missing; say which tools are allowed, ask or denied"},
      {"", "line 1: the file holds no policy; to use the default policy, remove the file"},
      {"# only a comment\n", "line 1: the file holds no policy; to use the default policy, remove the file"},
      {"- fs.read\n", "line 1: expected keys such as 'tools:', found a list"},
      {"just text", "line 1: expected keys such as 'tools:', found text"},
      {"tools:\n  ask: [*]\n", ""},
      {"tools:\n  ask: [*x]\n", ""},
      {"tools:\n  ask: &a [x]\n  denied: *a\n", "line 2: anchors (&name) are not allowed"},
      {"tools:\n  ask: [!own x]\n", "line 2: the tag !own is not allowed"},
      {"tools: {}\ntools: {}\n", "line 2: the key 'tools' appears twice"},
      {"tools: {}\n---\ntools: {}\n", "the text holds more than one document ('---'); keep one"},
      {"tools: {ask: [}\n", ""},
      {"? [a]\n: b\n", "line 1: a key must be plain text, not a list or a map"},
      {"tools: \"\xff\"\n", "the text is no valid UTF-8"},
  };
  for (const Row& row : rows) {
    const auto found = problems(row.text);
    ASSERT_FALSE(found.empty()) << row.text;
    if (!row.problem.empty()) EXPECT_EQ(found.front(), row.problem) << row.text;
  }
}

TEST(PolicyFile, ReportsAllProblemsByLine) {
  EXPECT_EQ(
      problems(
          "approval: {default: allow}\nnam: x\ntools:\n  denied: [shell.*]\n  asked: []\nrate_limits: {}\n"),
      (std::vector<std::string>{
          "line 1: approval.default: only 'deny' is possible: no answer never means yes",
          "line 2: nam: unknown key; did you mean 'name'?",
          "line 5: tools.asked: unknown key; did you mean 'ask'?",
          "line 6: rate_limits: not enforced in this version; remove it"}));
  const auto error = parse_policy("nam: x\ntools: {}\n", PolicyFileKind::kPolicy, "policy.yaml").error();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message,
            "policy.yaml is not a valid policy\nline 1: nam: unknown key; did you mean 'name'?");
}

TEST(PolicyFile, SizesAreBounded) {
  EXPECT_FALSE(problems("tools: {}\n#" + std::string(300'000, 'x')).empty());
  std::string deep = "tools: ";
  deep += std::string(5000, '[') + std::string(5000, ']');
  EXPECT_EQ(problems(deep).front(), "line 1: nested deeper than 32 levels");
  std::string many = "tools:\n  ask:\n";
  for (int i = 0; i < 2001; ++i) many += "    - x\n";
  EXPECT_EQ(problems(many),
            std::vector<std::string>{"line 2003: tools.ask: more than 2000 rules in one file"});
  std::string wrong = "tools: {}\n";
  for (int i = 0; i < 80; ++i) wrong += "zzzzzzz" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(problems(wrong).size(), 50u);
  EXPECT_EQ(problems("tools: {}\nname: " + std::string(3000, 'x') + "\n").front(),
            "line 2: name: longer than 2000 bytes");
}

TEST(PolicyFile, ApproveFilesHoldAllowAndDenyOnly) {
  const PolicyFile file =
      parse_policy("tools: {allowed: [fs.write], denied: [shell.*]}", PolicyFileKind::kApprove, "--approve")
          .value();
  EXPECT_EQ(file.layer->kind(), LayerKind::kApprove);
  EXPECT_EQ(file.layer->entries().size(), 2u);
  EXPECT_EQ(
      problems("tools: {ask: [x]}", PolicyFileKind::kApprove).front(),
      "line 1: tools.ask: an --approve file answers asks and cannot raise them; use 'allowed' or 'denied'");
  for (const char* key : {"approval", "workspace", "rate_limits"}) {
    EXPECT_EQ(
        problems(fmt::format("tools: {{}}\n{}: {{}}", key), PolicyFileKind::kApprove).front(),
        fmt::format(
            "line 2: {}: an --approve file holds tools.allowed and tools.denied only; remove this key", key));
  }
}

TEST(PolicyFile, EmptyListsAreFine) {
  EXPECT_TRUE(problems("tools:\n  allowed:\n  ask: []\n  denied: ~\n").empty());
  EXPECT_TRUE(problems("tools: {}").empty());
  EXPECT_EQ(parse_policy("tools: {}\napproval: {timeout: 300}", PolicyFileKind::kPolicy, "p")
                .value()
                .approval_timeout,
            std::chrono::minutes(5));
  EXPECT_TRUE(problems(R"({"tools": {"allowed": ["fs.read"]}})").empty()) << "JSON is a subset";
}

TEST(PolicyFile, ShippedPoliciesAreValidAndBuiltInUnchanged) {
  const std::string folder = PRYX_SOURCE_DIR "/data/policies/";
  const auto file =
      parse_policy(read_file(folder + "default.yaml"), PolicyFileKind::kPolicy, "default policy");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->layer->to_text(), default_policy().layer->to_text());
  const auto read_only =
      parse_policy(read_file(folder + "read-only.yaml"), PolicyFileKind::kPolicy, "read-only policy");
  ASSERT_TRUE(read_only.has_value()) << read_only.error().message;
  EXPECT_EQ(read_only->layer->to_text(), deny_all_but_reads().layer->to_text());
  EXPECT_EQ(default_policy().approval_timeout, kDefaultApprovalTimeout);
}

TEST(PolicyFile, NamesEntriesThatFitNoTool) {
  const PolicyFile policy =
      parse_policy("tools: {allowed: [fs.raed, fs.*], denied: [shell.*]}", PolicyFileKind::kPolicy, "p")
          .value();
  const std::vector<std::string> tools = {"fs.read", "fs.list"};
  EXPECT_EQ(entries_without_tool(*policy.layer, tools),
            (std::vector<std::string>{"tools.denied: shell.*", "tools.allowed: fs.raed"}));
}

}  // namespace
}  // namespace pryx::trust
