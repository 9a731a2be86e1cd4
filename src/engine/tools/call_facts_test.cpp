// SPDX-License-Identifier: MIT
// From touches to sinks, and T11: for every source of content, every tool shape and every way out, a context
// that holds private data and untrusted content asks, whatever the rules allow.
#include "engine/tools/call_facts.h"

#include <gtest/gtest.h>

#include "engine/tools/testing/gate_bench.h"

namespace pryx::tools {
namespace {

using trust::Labels;
using trust::Sink;

struct Shape {
  std::string name;
  Touches touches;
  bool read_only = false;
  Sink sink = Sink::kNone;
};

std::vector<Shape> shapes() {
  return {
      {"reads a file", {.workspace_paths = {"AGENTS.md"}}, true, Sink::kNone},
      {"writes a file", {.workspace_paths = {"src/a.c"}}, false, Sink::kNone},
      {"writes instructions", {.workspace_paths = {"AGENTS.md"}}, false, Sink::kOwnFuture},
      {"writes instructions further down", {.workspace_paths = {"a/b/CLAUDE.md"}}, false, Sink::kOwnFuture},
      {"saves a memory", {.writes_own_future = true}, false, Sink::kOwnFuture},
      {"fetches", {.hosts = {"example.org"}, .is_outward_sink = true}, false, Sink::kEgress},
      {"names a host and says nothing", {.hosts = {"example.org"}}, true, Sink::kEgress},
      {"runs without network", {.needs_sandbox = true}, false, Sink::kNone},
      {"runs with network", {.hosts = {"example.org"}, .needs_sandbox = true}, false, Sink::kExecWithNetwork},
  };
}

ToolDescription described(const Shape& shape) {
  ToolDescription d;
  d.name = "bench.run";
  d.read_only = shape.read_only;
  return d;
}

TEST(CallFacts, EachWayOutIsNamed) {
  for (const Shape& shape : shapes())
    EXPECT_EQ(sink_of(described(shape), shape.touches), shape.sink) << shape.name;
}

TEST(CallFacts, WhatRunsProgramsNeedsTheSandbox) {
  Touches touches{.needs_sandbox = true};
  EXPECT_EQ(facts_of({.name = "x"}, {}, touches, true).sandbox, trust::SandboxState::kAvailable);
  EXPECT_EQ(facts_of({.name = "x"}, {}, touches, false).sandbox, trust::SandboxState::kUnavailable);
  EXPECT_EQ(facts_of({.name = "x"}, {}, Touches{}, false).sandbox, trust::SandboxState::kNotNeeded);
  EXPECT_FALSE(facts_of({.name = "x"}, {}, touches, true).read_only_commands) << "no command was read";
  touches.parse_complete = false;
  EXPECT_FALSE(facts_of({.name = "x"}, {}, touches, true).parse_complete);
}

TEST(Trifecta, NoTripleOfSourceToolAndSinkPassesUnasked) {
  const std::vector<std::string_view> sources = {
      "owner", "model", "memory", "file", "web", "channel:telegram", "mcp:x", "plugin:y"};
  const std::vector<trust::Rule> allow_all{{.verdict = trust::Verdict::kAllow, .tool = "*"}};
  const trust::PolicyEngine engine(
      std::make_shared<const trust::Layer>(trust::LayerKind::kBase, "all", allow_all));
  int triples = 0, forced = 0;
  for (const std::string_view source : sources) {
    for (const std::string_view sensitivity : {"", "private", "secret"}) {
      Labels context{source};
      if (!sensitivity.empty()) ASSERT_TRUE(context.add(sensitivity));
      context = trust::with_sensitivity(std::move(context));
      const bool trusted = source == "owner" || source == "model";
      for (const Shape& shape : shapes()) {
        trust::CallFacts facts = facts_of(described(shape), {}, shape.touches, true);
        facts.context = context;
        const trust::Decision decision = engine.decide(facts, {}, WallTime{});
        // Files are private by rule, so content of a file alone is enough.
        const bool is_private = !sensitivity.empty() || source == "file";
        const bool asks = shape.sink != Sink::kNone && !trusted && is_private;
        EXPECT_EQ(decision.verdict, asks ? trust::Verdict::kAsk : trust::Verdict::kAllow)
            << source << " " << sensitivity << " " << shape.name;
        EXPECT_EQ(decision.forced, asks) << source << " " << sensitivity << " " << shape.name;
        ++triples;
        forced += asks ? 1 : 0;
      }
    }
  }
  EXPECT_EQ(triples, 8 * 3 * 9);
  EXPECT_EQ(forced, (6 * 2 + 1) * 6) << "six ways out, six untrusted sources";
}

TEST(Trifecta, OnlyAFreshAnswerOpensAForcedAsk) {
  testing::GateBench bench("trifecta");
  bench.policy.rules = {{.verdict = trust::Verdict::kAllow, .tool = "*"}};
  bench.world.touches.is_outward_sink = true;
  GateCall call = bench.call();
  call.context.context_labels = Labels{"web", "private"};
  const trust::Approval question = bench.question_for(call);
  EXPECT_TRUE(question.rule_suggestion.empty());
  EXPECT_EQ(question.labels, (Labels{"web", "private"}));
  call.interactive = false;
  testing::GateBench::Journal nobody(bench);
  EXPECT_EQ(bench.now(bench.gate.call(call, nobody)).end, GateEnd::kDenied);
  EXPECT_EQ(bench.world.runs, 0);
  call.interactive = true;
  ASSERT_TRUE(bench.approve(question.id));
  testing::GateBench::Journal journal(bench);
  EXPECT_EQ(bench.go_on(bench.gate, call, question.id, journal).end, GateEnd::kDone);
  EXPECT_EQ(bench.world.runs, 1);
}

TEST(Gate, WithoutASandboxNothingThatNeedsItIsAsked) {
  testing::GateBench bench("sandbox");
  bench.world.touches.needs_sandbox = true;
  bench.sandbox.usable = false;
  testing::GateBench::Journal journal(bench);
  EXPECT_EQ(bench.now(bench.gate.call(bench.call(), journal)).end, GateEnd::kDenied);
  EXPECT_TRUE(journal.questions.empty());
}

TEST(Gate, WhatCannotBeReadIsNotAskedAbout) {
  testing::GateBench bench("unreadable");
  bench.world.unreadable = Error{ErrorCode::kNotFound, "run.sh is not there", -1};
  testing::GateBench::Journal journal(bench);
  EXPECT_EQ(bench.now(bench.gate.call(bench.call(), journal)).end, GateEnd::kInvalid);
  EXPECT_EQ(journal.invalid, "run.sh is not there");
  // And a denied call is not even looked at.
  bench.policy.rules = {{.verdict = trust::Verdict::kDeny, .tool = "*"}};
  testing::GateBench::Journal denied(bench);
  EXPECT_EQ(bench.now(bench.gate.call(bench.call(), denied)).end, GateEnd::kDenied);
}

TEST(Gate, WhatIsLongIsNotShownWhole) {
  testing::GateBench bench("long");
  EXPECT_TRUE(bench.question_for(bench.call()).shown_whole);
  bench.world.preview = std::string(300u << 10, 'x');
  const trust::Approval cut = bench.question_for(bench.call());
  EXPECT_FALSE(cut.shown_whole);
  EXPECT_LT(cut.preview.size(), bench.world.preview.size());
  bench.world.preview.clear();
  const std::string mebi(900u << 10, 'y');
  const trust::Approval big =
      bench.question_for(bench.call(json::to_text(json::object{{"argv", json::array{mebi}}})));
  EXPECT_FALSE(big.shown_whole);
  EXPECT_GT(big.arguments.size(), mebi.size()) << "all of it is there to be read";
  bench.world.shown_whole = false;
  EXPECT_FALSE(bench.question_for(bench.call()).shown_whole) << "the tool says so";
}

}  // namespace
}  // namespace pryx::tools
