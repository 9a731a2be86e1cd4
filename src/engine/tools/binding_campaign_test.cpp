// SPDX-License-Identifier: MIT
// S15: an approval starts the very call that was approved, once, in time. Thousands of generated differences,
// each in one thing that is bound; none may run. The control gate, which does not compare, runs them.
#include <gtest/gtest.h>

#include <functional>

#include "engine/tools/testing/gate_bench.h"

namespace pryx::tools {
namespace {

using testing::GateBench;
using Journal = GateBench::Journal;

constexpr int kRounds = 700;  // 15 differences each

struct Dice {
  explicit Dice(std::uint64_t seed) : random(seed) {}
  std::uint32_t below(std::uint32_t bound) {
    std::uint8_t bytes[4];
    random.fill(bytes);
    return (static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
            static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3]) %
           bound;
  }
  pryx::testing::SeededRandom random;
};

std::string words(Dice& dice) {
  json::array argv;
  const std::uint32_t count = 1 + dice.below(5);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string word;
    const std::uint32_t length = 1 + dice.below(24);
    for (std::uint32_t k = 0; k < length; ++k) word += static_cast<char>(' ' + dice.below(95));
    argv.emplace_back(word);
  }
  return json::to_text(json::object{{"argv", std::move(argv)}});
}

// One byte of one word is another one, a word is added, or one is gone.
std::string other_words(const std::string& arguments, Dice& dice) {
  json::object o = json::parse_object(arguments).value();
  json::array& argv = o["argv"].as_array();
  switch (dice.below(3)) {
    case 0: {
      auto& word = argv[dice.below(static_cast<std::uint32_t>(argv.size()))].as_string();
      char& byte = word[dice.below(static_cast<std::uint32_t>(word.size()))];
      byte = static_cast<char>(byte == '~' ? ' ' : byte + 1);
      break;
    }
    case 1:
      argv.emplace_back("");
      break;
    default:
      argv.pop_back();
  }
  return json::to_text(o);
}

// Everything that a mutation may touch, so that it can be put back.
struct Scene {
  GateBench& bench;
  Dice& dice;
  GateCall call;
  std::string script_text;
};
struct Mutation {
  std::string name;
  std::function<void(Scene&)> apply;
  bool runs_unbound = true;  // the control gate runs it
};

std::string flipped(std::string text, Dice& dice) {
  char& byte = text[dice.below(static_cast<std::uint32_t>(text.size()))];
  byte = static_cast<char>(byte == 'z' ? 'a' : 'z');
  return text;
}

std::vector<Mutation> mutations() {
  return {
      {"argument byte", [](Scene& s) { s.call.arguments = other_words(s.call.arguments, s.dice); }},
      {"cwd", [](Scene& s) { s.bench.world.cwd += static_cast<char>('a' + s.dice.below(26)); }},
      {"environment value",
       [](Scene& s) { s.bench.world.environment["LANG"] = fmt::format("C{}", s.dice.below(1000)); }},
      {"environment name",
       [](Scene& s) { s.bench.world.environment[fmt::format("LD_{}", s.dice.below(1000))] = "x"; }},
      {"environment gone", [](Scene& s) { s.bench.world.environment.clear(); }},
      {"script byte",
       [](Scene& s) { s.bench.world.script = s.bench.file("run.sh", flipped(s.script_text, s.dice)); }},
      {"script longer", [](Scene& s) { (void)s.bench.file("run.sh", s.script_text + "\n"); }},
      {"policy version", [](Scene& s) { s.bench.policy.salt = fmt::format("{}", s.dice.below(1u << 30)); }},
      {"session", [](Scene& s) { s.call.context.session = s.bench.ids.make<SessionId>(); }},
      {"turn", [](Scene& s) { s.call.context.turn = s.bench.ids.make<TurnId>(); }},
      {"step", [](Scene& s) { s.call.context.step = s.bench.ids.make<StepId>(); }},
      {"workspace",
       [](Scene& s) { s.call.context.workspace = s.bench.folder(fmt::format("w{}", s.dice.below(3))); }},
      // Somebody else has no such approval at all, so not even the control runs it.
      {"principal", [](Scene& s) { s.call.context.principal.id = PrincipalId("prn_other"); }, false},
  };
}

void put_back(Scene& scene, const GateCall& call) {
  scene.call = call;
  scene.bench.world.cwd = "src";
  scene.bench.world.environment = {{"LANG", "C"}};
  scene.bench.policy.salt.clear();
  scene.bench.world.script = scene.bench.file("run.sh", scene.script_text);
}

TEST(BindingCampaign, NothingRunsThatDiffersFromWhatWasApproved) {
  GateBench bench("campaign");
  Dice dice(15);
  const std::vector<Mutation> all = mutations();
  int tried = 0;
  for (int round = 0; round < kRounds; ++round) {
    Scene scene{bench, dice, {}, fmt::format("#!/bin/sh\nexec true {}\n", dice.below(1u << 30))};
    put_back(scene, bench.call(words(dice)));
    const GateCall approved = scene.call;
    const trust::Approval question = bench.question_for(approved);
    ASSERT_TRUE(bench.approve(question.id).has_value());
    bench.world.runs = 0;
    for (const Mutation& mutation : all) {
      mutation.apply(scene);
      Journal journal(bench);
      journal.stores_questions = false;
      const GateResult result = bench.go_on(bench.gate, scene.call, question.id, journal);
      ++tried;
      ASSERT_EQ(bench.world.runs, 0) << mutation.name << " in round " << round;
      ASSERT_FALSE(journal.started) << mutation.name;
      ASSERT_NE(result.end, GateEnd::kDone) << mutation.name;
      if (mutation.runs_unbound) {
        ASSERT_EQ(journal.questions.size(), 1u) << mutation.name << ": it is asked about anew";
        ASSERT_FALSE(journal.questions[0].changes.empty()) << mutation.name << ": and says why";
      }
      put_back(scene, approved);
    }
    // The tool is another one, after an upgrade.
    Journal upgraded(bench);
    upgraded.stores_questions = false;
    (void)bench.go_on(bench.upgraded_gate, approved, question.id, upgraded);
    ++tried;
    ASSERT_EQ(bench.world.runs, 0) << "another tool schema";
    // The very same call runs, once.
    Journal same(bench), again(bench);
    ASSERT_EQ(bench.go_on(bench.gate, approved, question.id, same).end, GateEnd::kDone) << same.denied;
    ASSERT_EQ(bench.world.runs, 1);
    again.stores_questions = false;
    (void)bench.go_on(bench.gate, approved, question.id, again);
    ++tried;
    ASSERT_EQ(bench.world.runs, 1) << "a replay";
  }
  EXPECT_GE(tried, 10'000);
  RecordProperty("mutations", tried);
}

TEST(BindingCampaign, WithoutTheComparisonTheyRun) {
  GateBench bench("control");
  Dice dice(15);
  for (const Mutation& mutation : mutations()) {
    Scene scene{bench, dice, {}, "#!/bin/sh\nexec true\n"};
    put_back(scene, bench.call(words(dice)));
    const trust::Approval question = bench.question_for(scene.call);
    ASSERT_TRUE(bench.approve(question.id).has_value());
    bench.world.runs = 0;
    mutation.apply(scene);
    Journal journal(bench);
    (void)bench.go_on(bench.loose_gate, scene.call, question.id, journal);
    EXPECT_EQ(bench.world.runs, mutation.runs_unbound ? 1 : 0)
        << mutation.name << ": the campaign could not have noticed it; " << journal.denied;
  }
}

TEST(BindingCampaign, AnAnswerCountsForMinutesOnly) {
  GateBench bench("window");
  const GateCall call = bench.call();
  const trust::Approval question = bench.question_for(call);
  ASSERT_TRUE(bench.approve(question.id).has_value());
  bench.loop.run_for(trust::kLaunchWindow);
  Journal late(bench);
  late.stores_questions = false;
  (void)bench.go_on(bench.gate, call, question.id, late);
  EXPECT_EQ(bench.world.runs, 0);
  ASSERT_EQ(late.questions.size(), 1u);
  EXPECT_EQ(late.questions[0].replaces, question.id);
}

TEST(BindingCampaign, AnAnswerToAPlanCountsForHalfAnHour) {
  for (const int minutes : {29, 30}) {
    GateBench bench(fmt::format("plan-{}", minutes));
    const GateCall call = bench.call();
    const trust::Approval question = bench.question_for(call);
    ASSERT_TRUE(bench.now(bench.approvals.resolve_plan(testing::person(), {question.id}, {.approve = true})));
    bench.loop.run_for(std::chrono::minutes(minutes));
    Journal late(bench);
    late.stores_questions = false;
    (void)bench.go_on(bench.gate, call, question.id, late);
    EXPECT_EQ(bench.world.runs, minutes == 29 ? 1 : 0) << minutes;
    EXPECT_EQ(late.questions.size(), minutes == 29 ? 0u : 1u) << minutes;
  }
}

// A rule names a script of the workspace, and the script is rewritten.
TEST(BindingCampaign, ARuleCountsForTheScriptAsItWas) {
  GateBench bench("rule");
  bench.world.script = bench.file("run.sh", "echo one\n");
  const GateCall first = bench.call();
  const trust::Approval question = bench.question_for(first);
  ASSERT_TRUE(bench.answer(question.id, {.approve = true, .scope = trust::GrantScope::kAlways}).has_value());
  Journal by_rule(bench);
  EXPECT_EQ(bench.now(bench.gate.call(bench.call(), by_rule)).end, GateEnd::kDone);
  EXPECT_EQ(bench.world.runs, 1);
  (void)bench.file("run.sh", "echo two\n");
  GateCall again = bench.call();
  const trust::Approval asked = bench.question_for(again);
  EXPECT_EQ(bench.world.runs, 1);
  EXPECT_NE(asked.reason.find("not the one"), std::string::npos) << asked.reason;
  // A rule may be kept for what it is by now; then it answers again, and the older one does not.
  ASSERT_TRUE(bench.answer(asked.id, {.approve = true, .scope = trust::GrantScope::kAlways}).has_value());
  Journal renewed(bench);
  EXPECT_EQ(bench.now(bench.gate.call(bench.call(), renewed)).end, GateEnd::kDone);
  EXPECT_EQ(bench.world.runs, 2);
}

// A rule is kept in one folder; the same call in another one, for instance a stranger's clone, asks.
TEST(BindingCampaign, ARuleCountsInTheFolderItWasKeptInOnly) {
  GateBench bench("folder");
  const auto call_in = [&](const char* folder) {
    GateCall made = bench.call();
    made.context.chosen_folder = folder;
    return made;
  };
  const trust::Approval question = bench.question_for(call_in("/home/me/a"));
  ASSERT_TRUE(bench.answer(question.id, {.approve = true, .scope = trust::GrantScope::kAlways}).has_value());
  for (const char* elsewhere : {"/home/me/b", "/home/me/a/b", ""}) {
    const trust::Approval asked = bench.question_for(call_in(elsewhere));
    EXPECT_EQ(asked.facts.workspace, elsewhere);
    EXPECT_EQ(bench.world.runs, 0) << elsewhere;
  }
  Journal same(bench);
  EXPECT_EQ(bench.now(bench.gate.call(call_in("/home/me/a"), same)).end, GateEnd::kDone);
  EXPECT_EQ(bench.world.runs, 1) << "the control: where it was kept it answers";
}

// Two questions about one script: the first answer keeps a rule, the second counts once. Then the script is
// rewritten, for instance by the first call. The second answer does not fit any more, and the rule must not
// stand in for it.
TEST(BindingCampaign, ARuleDoesNotStandInForAStaleAnswer) {
  GateBench bench("stale");
  bench.world.script = bench.file("run.sh", "echo one\n");
  const GateCall first = bench.call(), second = bench.call();
  const ApprovalId a = bench.question_for(first).id, b = bench.question_for(second).id;
  ASSERT_TRUE(bench.answer(a, {.approve = true, .scope = trust::GrantScope::kAlways}).has_value());
  ASSERT_TRUE(bench.approve(b).has_value());
  Journal by_answer(bench);
  EXPECT_EQ(bench.go_on(bench.gate, first, a, by_answer).end, GateEnd::kDone);
  (void)bench.file("run.sh", "echo two\n");
  Journal stale(bench);
  stale.stores_questions = false;
  (void)bench.go_on(bench.gate, second, b, stale);
  EXPECT_EQ(bench.world.runs, 1) << "nobody approved this script";
  EXPECT_FALSE(stale.started);
  ASSERT_EQ(stale.questions.size(), 1u);
  EXPECT_EQ(stale.questions[0].replaces, b);
  EXPECT_FALSE(stale.questions[0].changes.empty());
  // As it was when the rule was kept, the rule answers for it again.
  (void)bench.file("run.sh", "echo one\n");
  Journal by_rule(bench);
  EXPECT_EQ(bench.now(bench.gate.call(bench.call(), by_rule)).end, GateEnd::kDone);
  EXPECT_EQ(bench.world.runs, 2);
}

// A rule for one script, a question about another, a third one after a restart.
TEST(BindingCampaign, ARuleDoesNotStandInForAStaleAnswerAfterARestart) {
  GateBench bench("stale-restart");
  bench.world.script = bench.file("run.sh", "echo one\n");
  const ApprovalId kept = bench.question_for(bench.call()).id;
  ASSERT_TRUE(bench.answer(kept, {.approve = true, .scope = trust::GrantScope::kAlways}).has_value());
  (void)bench.file("run.sh", "echo two\n");
  const GateCall call = bench.call();
  const ApprovalId id = bench.question_for(call).id;
  ASSERT_TRUE(bench.approve(id).has_value());
  (void)bench.file("run.sh", "echo three\n");
  Journal stale(bench);
  stale.stores_questions = false;
  (void)bench.go_on(bench.gate, call, id, stale);
  EXPECT_EQ(bench.world.runs, 0);
  EXPECT_FALSE(stale.started);
  EXPECT_EQ(stale.questions.size(), 1u);
  // What the second answer was about still runs.
  (void)bench.file("run.sh", "echo two\n");
  Journal same(bench);
  EXPECT_EQ(bench.go_on(bench.gate, call, id, same).end, GateEnd::kDone);
  EXPECT_EQ(bench.world.runs, 1);
}

TEST(BindingCampaign, SilenceARefusalAndAWithdrawalMeanNo) {
  GateBench bench("no");
  const GateCall silent = bench.call(), refused = bench.call(), withdrawn = bench.call();
  const ApprovalId a = bench.question_for(silent).id, b = bench.question_for(refused).id,
                   c = bench.question_for(withdrawn).id;
  ASSERT_TRUE(bench.answer(b, {.approve = false, .reason = "use the other one"}).has_value());
  EXPECT_EQ(bench.approve(b).error().code, ErrorCode::kConflict) << "the first answer wins";
  ASSERT_TRUE(bench.now(bench.database->write(
      [&](db::Transaction& t) { return bench.approvals.supersede(t, testing::kMe, c); })));
  bench.loop.run_for(std::chrono::minutes(6));
  EXPECT_EQ(bench.approve(a).error().code, ErrorCode::kConflict) << "too late to answer";
  Journal ja(bench), jb(bench), jc(bench);
  EXPECT_EQ(bench.go_on(bench.gate, silent, a, ja).end, GateEnd::kDenied);
  EXPECT_EQ(bench.go_on(bench.gate, refused, b, jb).end, GateEnd::kDenied);
  EXPECT_EQ(bench.go_on(bench.gate, withdrawn, c, jc).end, GateEnd::kDenied);
  EXPECT_EQ(jb.denied, "denied by a person: use the other one");
  EXPECT_EQ(bench.world.runs, 0);
}

TEST(BindingCampaign, WhatChangesWhileTheIntentIsWrittenDoesNotRun) {
  GateBench bench("last-moment");
  const GateCall call = bench.call();
  const trust::Approval question = bench.question_for(call);
  ASSERT_TRUE(bench.approve(question.id).has_value());
  Journal journal(bench);
  journal.before_start_commits = [&] { bench.world.cwd = "elsewhere"; };
  const GateResult result = bench.go_on(bench.gate, call, question.id, journal);
  EXPECT_EQ(result.end, GateEnd::kFailed);
  EXPECT_EQ(result.reason,
            "not run, because it changed at the last moment: facts.cwd: \"src\" became \"elsewhere\"");
  EXPECT_EQ(bench.world.runs, 0);
  // And a call that policy allows by itself is held to the same.
  bench.world.cwd = "src";
  bench.policy.rules = {{.verdict = trust::Verdict::kAllow, .tool = "bench.*"}};
  Journal allowed(bench);
  allowed.before_start_commits = journal.before_start_commits;
  EXPECT_EQ(bench.now(bench.gate.call(bench.call(), allowed)).end, GateEnd::kFailed);
  EXPECT_EQ(bench.world.runs, 0);
}

TEST(BindingCampaign, ASecondAttemptAfterACrashHasItsRightForTheSameCallOnly) {
  GateBench bench("attempt");
  GateCall call = bench.call();
  const trust::Approval question = bench.question_for(call);
  call.was_started = true;
  call.started_hash = question.call_hash;
  Journal same(bench);
  EXPECT_EQ(bench.now(bench.gate.call(call, same)).end, GateEnd::kDone);
  EXPECT_EQ(bench.world.runs, 1);
  bench.world.environment["PATH"] = "/tmp/evil";
  call.interactive = false;
  Journal other(bench);
  EXPECT_EQ(bench.now(bench.gate.call(call, other)).end, GateEnd::kDenied);
  EXPECT_EQ(bench.world.runs, 1);
}

}  // namespace
}  // namespace pryx::tools
