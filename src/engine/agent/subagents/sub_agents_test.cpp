// SPDX-License-Identifier: MIT
// Sub-agents in the whole corridor: limits, rights, crashes, cancels and labels.
// Over 500 lines: one fixture, and a case for each promise about sub-agents.
#include <gtest/gtest.h>

#include "engine/agent/request_fit.h"
#include "engine/agent/session_deletion.h"
#include "engine/agent/testing/corridor.h"
#include "engine/tools/testing/ungated_pass.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using testing::asks_for;
using testing::Corridor;
using testing::kMe;
using testing::me;
using testing::says;
using testing::SetProfiles;

class SubAgentsTest : public ::testing::Test, public Corridor {
 protected:
  SubAgentsTest() {
    policy.rules = {{.verdict = trust::Verdict::kAllow, .tool = "test.*"},
                    {.verdict = trust::Verdict::kAllow, .tool = "agent.*"}};
    boot();
  }
  std::vector<SubAgent> all() { return now(daemon->sub_agents.list(kMe, {})).value(); }
  std::string states() {
    std::string out;
    for (const SubAgent& agent : all()) out += std::string(agent.state()) + " ";
    return out;
  }
  std::string result_text(const TurnId& turn, std::size_t index = 0) {
    std::size_t at = 0;
    for (const Message& message : messages(this->turn(turn).session)) {
      for (const Part& part : message.parts) {
        if (part.type == "tool_result" && at++ == index) return part.text;
      }
    }
    return "(none)";
  }
  Result<SubAgent> spawn(const SessionId& parent, std::string task = "work") {
    return now(daemon->sub_agents.spawn(me(), {.parent = parent, .task = std::move(task)}));
  }
  void know(std::string_view limits) {
    const auto parsed =
        models::parse_catalog_overrides(fmt::format("models:\n  fake/one: {}\n", limits), "t");
    PRYX_CHECK(parsed.has_value());
    daemon->models.set_catalog(std::make_shared<const models::Catalog>(
        models::built_in_catalog(), std::make_shared<const models::CatalogFile>(*parsed)));
  }
  std::string spawn_call(std::string_view more = "") {
    return fmt::format(R"({{"task":"the task"{}}})", more);
  }
};

TEST_F(SubAgentsTest, TheAnswerOfAChildIsTheResultOfTheStep) {
  model->add(asks_for({{"agent.spawn", spawn_call()}}));
  model->add(says("forty two"));
  model->add(says("the child says forty two"));
  const SessionId s = session();
  const TurnId t = send(s, "go");
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(result_text(t), "forty two");
  ASSERT_EQ(all().size(), 1u);
  const SubAgent child = all().front();
  EXPECT_EQ(child.state(), "completed");
  EXPECT_EQ(child.parent_turn, t);
  EXPECT_EQ(turn(child.turn).priority, Priority::kBackground);
  EXPECT_FALSE(is_unread(child.id)) << "its answer was received";
}

TEST_F(SubAgentsTest, LabelsJoinDownAndUp) {
  world.labels = trust::Labels{"web"};
  model->add(asks_for({{"test.pure"}}));
  model->add(asks_for({{"agent.spawn", spawn_call()}}));
  model->add(says("child"));
  model->add(says("parent"));
  const SessionId s = session();
  const TurnId t = send(s, "go");
  settle();
  ASSERT_EQ(state(t), "completed");
  const Message task = messages(all().front().id).front();
  EXPECT_TRUE(task.parts.front().labels.has("web")) << "the task was written by who had read the web";
  EXPECT_TRUE(messages(s).back().parts.back().labels.has("web"));
  // And what only the child has read comes back with its answer.
  world.labels = trust::Labels{"mcp:far"};
  model->add(asks_for({{"agent.spawn", spawn_call()}}));
  model->add(asks_for({{"test.pure"}}));
  model->add(says("child"));
  model->add(says("parent"));
  const SessionId other = session();
  const TurnId t2 = send(other, "go");
  settle();
  ASSERT_EQ(state(t2), "completed");
  EXPECT_TRUE(messages(other).back().parts.back().labels.has("mcp:far"));
}

TEST_F(SubAgentsTest, TheEleventhIsRefused) {
  world.hangs = true;
  const SessionId s = session();
  for (int i = 0; i < 10; ++i) {
    model->add(asks_for({{"test.pure"}}));
    ASSERT_TRUE(spawn(s)) << i;
    settle();
  }
  EXPECT_EQ(spawn(s).error().code, ErrorCode::kOverloaded);
  ASSERT_TRUE(now(daemon->sub_agents.cancel(me(), all().front().id)));
  EXPECT_TRUE(spawn(s)) << "there is room again";
}

TEST_F(SubAgentsTest, DepthIsBounded) {
  // Each child starts one of its own until it may not any more.
  for (int i = 0; i < 4; ++i) model->add(asks_for({{"agent.spawn", spawn_call()}}));
  for (int i = 0; i < 4; ++i) model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(all().size(), 3u);
  const SubAgent deepest = all().front();
  EXPECT_EQ(deepest.depth, 3);
  EXPECT_NE(result_text(deepest.turn).find("3 deep"), std::string::npos) << result_text(deepest.turn);
}

TEST_F(SubAgentsTest, ToolsOnlyNarrow) {
  SetProfiles::added["narrow"] = AgentProfile{.name = "narrow", .tools = std::vector<std::string>{"test.*"}};
  SetProfiles::added["wide"] = AgentProfile{.name = "wide"};
  // The child may have test.pure only; it names an agent that may do all, and asks for more below.
  model->add(
      asks_for({{"agent.spawn", spawn_call(R"(,"agent":"wide","tools":["test.pure","agent.spawn"])")}}));
  model->add(
      asks_for({{"test.pure"}, {"test.one_shot"}, {"agent.spawn", spawn_call(R"(,"tools":["test.*"])")}}));
  model->add(asks_for({{"test.one_shot"}, {"test.pure"}}));
  for (int i = 0; i < 3; ++i) model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  ASSERT_EQ(state(t), "completed");
  const auto agents = all();
  ASSERT_EQ(agents.size(), 2u);
  EXPECT_EQ(step_states(agents[1].turn),
            "model done, test.pure done, test.one_shot denied, agent.spawn done, model done");
  EXPECT_EQ(step_states(agents[0].turn), "model done, test.one_shot denied, test.pure done, model done");
  for (const auto& run : world.runs) EXPECT_EQ(run.tool, "test.pure");
  // What may not be used is not offered.
  for (const auto& request : model->requests) {
    if (request.messages.back().text == "the task")
      for (const auto& tool : request.tools) EXPECT_NE(tool.name, "test.one_shot");
  }
}

// The control of the one before: without a list the same calls run, so it is the list that stops them.
TEST_F(SubAgentsTest, WithoutAListAChildHasWhatItsParentHas) {
  model->add(asks_for({{"agent.spawn", spawn_call()}}));
  model->add(asks_for({{"test.pure"}, {"test.one_shot"}}));
  for (int i = 0; i < 2; ++i) model->add(says("done"));
  send(session(), "go");
  settle();
  EXPECT_EQ(step_states(all().front().turn), "model done, test.pure done, test.one_shot done, model done");
}

TEST_F(SubAgentsTest, AnAgentsToolsBindItsOwnTurnsToo) {
  SetProfiles::added["narrow"] =
      AgentProfile{.name = "narrow", .tools = std::vector<std::string>{"test.pure"}};
  model->add(asks_for({{"test.one_shot"}, {"test.pure"}}));
  model->add(says("done"));
  const SessionId s = session();
  write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY(auto found, SessionStore::find_session(t.db(), kMe, s));
    found->agent = "narrow";
    return SessionStore::update_session(t.db(), *found);
  }).value();
  const TurnId t = send(s, "go");
  settle();
  EXPECT_EQ(step_states(t), "model done, test.one_shot denied, test.pure done, model done");
  // The agent's file goes away: the session says so and does nothing.
  SetProfiles::added.clear();
  const TurnId gone = send(s, "again");
  settle();
  EXPECT_EQ(state(gone), "failed");
  EXPECT_NE(turn(gone).error_detail.find("narrow"), std::string::npos);
}

TEST_F(SubAgentsTest, CallsAndTokensAreCapped) {
  model->add(asks_for({{"agent.spawn", spawn_call(R"(,"budget":{"tool_calls":2})")}}));
  model->add(
      asks_for({{"test.pure", R"({"n":1})"}, {"test.pure", R"({"n":2})"}, {"test.pure", R"({"n":3})"}}));
  model->add(says("two of three"));
  model->add(says("done"));
  TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(step_states(all().front().turn),
            "model done, test.pure done, test.pure done, test.pure denied, model done");
  // A task that is larger than the budget is not even asked.
  const auto asked = model->requests.size();
  const auto made = now(daemon->sub_agents.spawn(
      me(), {.parent = session(), .task = std::string(20'000, 'x'), .max_tokens = 1000}));
  ASSERT_TRUE(made);
  settle();
  EXPECT_EQ(model->requests.size(), asked);
  EXPECT_EQ(turn(made->turn).error_code, "budget");
  // One that fits is told how much it may write.
  model->add(says("short"));
  ASSERT_TRUE(
      now(daemon->sub_agents.spawn(me(), {.parent = session(), .task = "small", .max_tokens = 5000})));
  settle();
  EXPECT_GT(model->requests.back().max_output_tokens, 256);
  EXPECT_LT(model->requests.back().max_output_tokens, 5000);
}

// What a sub-agent's own children used is gone from its slice.
TEST_F(SubAgentsTest, WhatChildrenUsedIsGoneFromTheSliceAboveThem) {
  know("{context: 400000, max_output: 128000}");
  model->add(asks_for({{"agent.spawn", spawn_call(R"(,"budget":{"tokens":40000,"tool_calls":2})")}}));
  model->add(asks_for({{"test.pure", R"({"n":1})"}, {"test.pure", R"({"n":2})"}}));
  auto long_work = says("it took long");
  long_work.events.insert(long_work.events.begin() + 1,
                          models::UsageReport{{.input_tokens = 20'000, .output_tokens = 5000}});
  model->add(std::move(long_work));
  model->add(asks_for({{"test.pure", R"({"n":3})"}, {"test.pure", R"({"n":4})"}}));
  model->add(says("done"));
  const auto made = now(daemon->sub_agents.spawn(
      me(), {.parent = session(), .task = "look", .max_tokens = 60'000, .max_tool_calls = 4}));
  ASSERT_TRUE(made);
  settle();
  // Its spawn, two of its child and one of its own are the four.
  EXPECT_EQ(step_states(made->turn),
            "model done, agent.spawn done, model done, test.pure done, test.pure denied, model done");
  EXPECT_LE(model->requests.back().max_output_tokens, 60'000 - 25'000);
  EXPECT_GT(model->requests.back().max_output_tokens, 0);
}

// While they are at work nobody knows what they will use, so all that they may use is spoken for.
TEST_F(SubAgentsTest, WhatChildrenAtWorkMayUseIsGivenToNobodyElse) {
  world.hangs = true;
  model->add(asks_for({{"agent.spawn", R"({"task":"one","background":true})"},
                       {"agent.spawn", R"({"task":"two","background":true})"}}));
  for (int i = 0; i < 3; ++i) model->add(asks_for({{"test.pure"}}));  // of all three, in whatever order
  const auto made = now(daemon->sub_agents.spawn(
      me(), {.parent = session(), .task = "look", .max_tokens = 60'000, .max_tool_calls = 9}));
  ASSERT_TRUE(made);
  settle();
  const auto agents = all();
  ASSERT_EQ(agents.size(), 3u);
  EXPECT_EQ(agents[1].max_tool_calls, 4) << "half of the eight that the spawn left";
  EXPECT_EQ(agents[0].max_tool_calls, 1) << "half of the three that the first child and two spawns left";
  EXPECT_LE(agents[1].max_tokens, 30'000);
  EXPECT_LE(agents[0].max_tokens, (60'000 - agents[1].max_tokens) / 2);
  EXPECT_GE(agents[0].max_tokens, 1000);
}

TEST_F(SubAgentsTest, AModelRaisesNoLimitByAskingForMore) {
  SetProfiles::added["thorough"] =
      AgentProfile{.name = "thorough", .limits = {.max_tokens = 300'000, .max_tool_calls = 50}};
  const std::string more = R"(,"budget":{"tokens":200000,"tool_calls":20})";
  const std::string many = R"(,"budget":{"tool_calls":11})";
  model->add(asks_for({{"agent.spawn", spawn_call(more)},
                       {"agent.spawn", spawn_call(many)},
                       {"agent.spawn", spawn_call(more + R"(,"agent":"thorough")")}}));
  model->add(says("child"));
  model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_NE(result_text(t, 0).find("from 1000 to 100000"), std::string::npos) << result_text(t, 0);
  EXPECT_NE(result_text(t, 1).find("from 0 to 10"), std::string::npos) << result_text(t, 1);
  ASSERT_EQ(all().size(), 1u) << "the agent's file allows it";
  EXPECT_EQ(all().front().agent, "thorough");
  EXPECT_EQ(all().front().max_tokens, 200'000);
  EXPECT_EQ(all().front().max_tool_calls, 20);
  model->add(says("child"));
  const auto made = now(daemon->sub_agents.spawn(
      me(), {.parent = session(), .task = "look", .max_tokens = 200'000, .max_tool_calls = 20}));
  ASSERT_TRUE(made) << "a person may";
  settle();
  EXPECT_EQ(all().front().max_tokens, 200'000);
  // An agent's file that allows less is the end of it, whoever asks.
  SetProfiles::added["brief"] = AgentProfile{.name = "brief", .limits = {.max_tokens = 5000}};
  model->add(says("child"));
  const auto little = now(daemon->sub_agents.spawn(
      me(), {.parent = session(), .task = "look", .agent = "brief", .max_tokens = 200'000}));
  ASSERT_TRUE(little);
  EXPECT_EQ(little->max_tokens, 5000);
}

// What ran and then could not be recorded counts, also when a person or a rule says no to its second attempt.
TEST_F(SubAgentsTest, ACallThatRanAndWasDeniedLaterCounts) {
  model->add(
      asks_for({{"test.one_shot", R"({"n":1})"}, {"test.pure", R"({"n":2})"}, {"test.pure", R"({"n":3})"}}));
  world.hangs = true;
  const auto made =
      now(daemon->sub_agents.spawn(me(), {.parent = session(), .task = "look", .max_tool_calls = 2}));
  ASSERT_TRUE(made);
  settle();
  world.hangs = false;
  reboot();
  ASSERT_EQ(state(made->turn), "needs_attention");
  policy.rules = {{.verdict = trust::Verdict::kDeny, .tool = "test.one_shot"},
                  {.verdict = trust::Verdict::kAllow, .tool = "test.pure"}};
  model->add(says("one of three"));
  ASSERT_TRUE(resume(made->turn, TurnEngine::ResumeChoice::kRetry));
  settle();
  EXPECT_EQ(step_states(made->turn),
            "model done, test.one_shot denied, test.pure done, test.pure denied, model done");
}

// The tokens that a sub-agent may use in all are no length that a model could answer with.
TEST_F(SubAgentsTest, AnAnswerIsBoundedByTheModelAndNotOnlyByTheBudget) {
  const auto limit_sent = [this](std::string_view known) {
    know(known);
    model->add(says("short"));
    const auto made = now(daemon->sub_agents.spawn(me(), {.parent = session(), .task = "small"}));
    PRYX_CHECK(made.has_value());
    settle();
    EXPECT_EQ(state(made->turn), "completed") << turn(made->turn).error_detail;
    return model->requests.back().max_output_tokens;
  };
  EXPECT_EQ(limit_sent("{context: 128000, max_output: 16000}"), 16'000);
  EXPECT_GT(limit_sent("{context: 400000, max_output: 128000}"), 64'000);
  EXPECT_EQ(limit_sent("{context: 400000}"), kUsualLongestOutput);
  EXPECT_LT(limit_sent("{context: 8192, max_output: 8192}"), 8'000);
}

// Calls of one answer that ask become one plan before the first of them runs; the limit holds for them all
// the same.
TEST_F(SubAgentsTest, CallsThatAreAskedAboutTogetherAreCappedToo) {
  policy.rules = {{.verdict = trust::Verdict::kAsk, .tool = "test.*"}};
  model->add(
      asks_for({{"test.pure", R"({"n":1})"}, {"test.pure", R"({"n":2})"}, {"test.pure", R"({"n":3})"}}));
  ASSERT_TRUE(
      now(daemon->sub_agents.spawn(me(), {.parent = session(), .task = "look", .max_tool_calls = 2})));
  settle();
  EXPECT_EQ(daemon->approvals.pending_count(), 2u);
}

TEST_F(SubAgentsTest, ASpawnStepIsNotRepeatedAfterAKill) {
  model->add(asks_for({{"agent.spawn", spawn_call()}}));
  model->add(asks_for({{"test.idempotent"}}));
  world.hangs = true;
  const TurnId t = send(session(), "go");
  settle();
  ASSERT_EQ(states(), "running ");
  world.hangs = false;
  model->add(says("child after the crash"));
  model->add(says("parent after the crash"));
  reboot();
  EXPECT_EQ(state(t), "completed");
  ASSERT_EQ(all().size(), 1u) << "the same child, not a second one";
  EXPECT_EQ(result_text(t), "child after the crash");
}

TEST_F(SubAgentsTest, AParentThatIsCancelledTakesItsChildrenWithIt) {
  world.hangs = true;
  model->add(asks_for({{"agent.spawn", spawn_call()}}));
  model->add(asks_for({{"agent.spawn", spawn_call()}}));
  model->add(asks_for({{"test.pure"}}));
  const TurnId t = send(session(), "go");
  settle();
  ASSERT_EQ(states(), "running running ");
  ASSERT_TRUE(cancel(t));
  settle();
  EXPECT_EQ(states(), "cancelled cancelled ");
}

TEST_F(SubAgentsTest, AlsoWhenTheDaemonDiesBetweenTheTwo) {
  world.hangs = true;
  model->add(asks_for({{"agent.spawn", spawn_call(R"(,"background":true)")}}));
  model->add(asks_for({{"test.pure"}}));
  model->add(asks_for({{"test.pure"}}));
  const TurnId t = send(session(), "go");
  settle();
  wait(daemon->sub_agents.stop());  // nobody follows the ends of turns any more
  ASSERT_TRUE(cancel(t));
  settle();
  ASSERT_EQ(states(), "running ");
  reboot();
  settle();
  EXPECT_EQ(states(), "cancelled ");
}

// What a failing store left behind is looked for again after a pause. Where turns end all the time there is
// none, and the children of a cancelled parent must not run on for that.
TEST_F(SubAgentsTest, OrphansAreCaughtUpWithWhereTurnsEndAllTheTime) {
  world.hangs = true;
  model->add(asks_for({{"agent.spawn", spawn_call(R"(,"background":true)")}}));
  model->add(asks_for({{"test.pure"}}));
  model->add(asks_for({{"test.pure"}}));
  const TurnId t = send(session(), "go");
  settle();
  const auto execute = [this](std::string_view sql) {
    PRYX_CHECK(write([&](db::Transaction& w) { return w.db().execute(std::string(sql)); }).has_value());
  };
  execute("ALTER TABLE sub_agents RENAME TO out_of_reach");
  ASSERT_TRUE(cancel(t));
  settle();
  execute("ALTER TABLE out_of_reach RENAME TO sub_agents");
  ASSERT_EQ(states(), "running ") << "the store failed when its parent was cancelled";
  const SessionId busy = session();
  const auto end_a_turn = [&] {
    pass(250ms);
    model->add(says("done"));
    const TurnId other = send(busy, "and another");
    settle();
    EXPECT_EQ(state(other), "completed");
  };
  for (int i = 0; i < 3; ++i) end_a_turn();
  EXPECT_EQ(states(), "running ") << "a store that failed has its pause";
  for (int i = 0; i < 5; ++i) end_a_turn();
  EXPECT_EQ(states(), "cancelled ");
}

TEST_F(SubAgentsTest, BackgroundWorkIsFetchedLater) {
  world.hangs = true;
  model->add(asks_for({{"agent.spawn", spawn_call(R"(,"background":true)")}}));
  model->add(asks_for({{"test.pure"}}));  // the child's
  model->add(says("started"));            // the parent's
  const SessionId s = session();
  const TurnId t = send(s, "go");
  settle();
  // Which of the two asked first is the queue's business; both are under way.
  ASSERT_EQ(all().size(), 1u);
  const std::string id = all().front().id.str();
  EXPECT_TRUE(state(t) == "completed" || state(t) == "running");
  // Another session cannot see it.
  model->add(asks_for({{"agent.status", fmt::format(R"({{"id":"{}"}})", id)}}));
  model->add(says("no"));
  const TurnId stranger = send(session(), "look");
  settle();
  EXPECT_NE(result_text(stranger).find("no sub-agent"), std::string::npos) << result_text(stranger);
}

TEST_F(SubAgentsTest, AStepThatIsRunAgainBringsTheAnswerOfItsChildInTheBackground) {
  world.hangs = true;
  model->add(asks_for({{"test.pure"}}));
  const SessionId s = session();
  const TurnId parent = send(s, "go");
  settle();
  model->add(says("forty two"));
  tools::Tool* tool = daemon->registry.find("agent.spawn");
  ASSERT_NE(tool, nullptr);
  const auto run = [&] {
    const json::object arguments{{"task", "the task"}, {"background", true}};
    tools::ToolContext context{.principal = me().principal, .session = s, .turn = parent};
    context.idempotency_key = "stp_1";
    return now(tool->run(tools::testing::UngatedPass::make(), arguments, std::move(context))).value();
  };
  EXPECT_NE(run().text.find("still at work"), std::string::npos);
  settle();
  ASSERT_EQ(states(), "completed ");
  EXPECT_EQ(run().text, "forty two");
  EXPECT_EQ(all().size(), 1u);
}

TEST_F(SubAgentsTest, WaitingParentsLeaveTheirSlotsToTheirChildren) {
  reboot_with(limits, 2);
  for (int i = 0; i < 4; ++i) model->add(asks_for({{"agent.spawn", spawn_call()}}));
  for (int i = 0; i < 8; ++i) model->add(says("done"));
  std::vector<TurnId> turns;
  for (int i = 0; i < 4; ++i) turns.push_back(send(session(), "go"));
  settle();
  for (const TurnId& t : turns) EXPECT_EQ(state(t), "completed");
}

TEST_F(SubAgentsTest, WhoCannotBeAskedCannotBeAskedThroughAChild) {
  policy.rules = {{.verdict = trust::Verdict::kAllow, .tool = "agent.*"},
                  {.verdict = trust::Verdict::kAsk, .tool = "test.one_shot"}};
  model->add(asks_for({{"agent.spawn", spawn_call()}}));
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("not allowed"));
  model->add(says("done"));
  const auto accepted = accept({.session = session(), .text = "go", .interactive = false});
  settle();
  EXPECT_EQ(turn(accepted->turn).state, TurnState::kCompleted);
  EXPECT_EQ(step_states(all().front().turn), "model done, test.one_shot denied, model done");
  EXPECT_TRUE(world.runs.empty());
}

TEST_F(SubAgentsTest, AChildThatWaitsBeginsWithTheAnswersOfTheOthers) {
  const SessionId s = session();
  model->add(says("seven", 10s));
  model->add(says("eight", 20s));
  model->add(says("fifteen"));
  const auto first = now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "count the apples"}));
  const auto second = now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "count the pears"}));
  ASSERT_TRUE(first && second);
  const auto sum = now(
      daemon->sub_agents.spawn(me(), {.parent = s, .task = "add them", .after = {first->id, second->id}}));
  ASSERT_TRUE(sum) << sum.error().message;
  pass(15s);
  EXPECT_EQ(state(sum->turn), "queued") << "one of the two is at work";
  EXPECT_EQ(model->requests.size(), 2u);
  pass(1min);
  ASSERT_EQ(state(sum->turn), "completed");
  EXPECT_NE(last_prompt().find("seven"), std::string::npos) << last_prompt();
  EXPECT_NE(last_prompt().find("eight"), std::string::npos);
  const auto gathered =
      now(daemon->sub_agents.collect(kMe, s, {second->id, sum->id}, Duration::zero())).value();
  EXPECT_EQ(gathered[0].text, "eight");
  EXPECT_EQ(gathered[1].text, "fifteen");
  EXPECT_EQ(now(daemon->sub_agents.collect(kMe, session(), {sum->id}, 1s)).error().code,
            ErrorCode::kNotFound);
}

TEST_F(SubAgentsTest, LabelsOfWhatItWaitedForReachIt) {
  world.labels = trust::Labels{"web"};
  const SessionId s = session();
  model->add(asks_for({{"test.pure"}}));
  model->add(says("read it"));
  const auto first = spawn(s);
  ASSERT_TRUE(first);
  settle();
  model->add(says("done"));
  const auto second =
      now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "go on", .after = {first->id}}));
  ASSERT_TRUE(second);
  settle();
  ASSERT_EQ(state(second->turn), "completed");
  EXPECT_TRUE(messages(second->id).back().parts.back().labels.has("web"));
}

TEST_F(SubAgentsTest, WhatFailsTakesAlongWhatWaitsForIt) {
  const SessionId s = session();
  model->add(
      {.refused = Error{ErrorCode::kForbidden, "no", -1}, .events = {}, .broken = {}, .before_each = {}});
  const auto first = spawn(s);
  const auto second =
      now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "next", .after = {first->id}}));
  const auto third =
      now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "last", .after = {second->id}}));
  ASSERT_TRUE(first && second && third);
  settle();
  EXPECT_EQ(turn(second->turn).error_code, "dependency_failed");
  EXPECT_NE(turn(second->turn).error_detail.find(first->id.str()), std::string::npos);
  EXPECT_EQ(turn(third->turn).error_code, "dependency_failed");
  EXPECT_EQ(model->requests.size(), 1u);
}

TEST_F(SubAgentsTest, WaitingOutlivesADeath) {
  world.hangs = true;
  const SessionId s = session();
  model->add(asks_for({{"test.idempotent"}}));
  const auto first = spawn(s);
  const auto second =
      now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "next", .after = {first->id}}));
  ASSERT_TRUE(first && second);
  settle();
  world.hangs = false;
  model->add(says("the first answer"));
  model->add(says("the second"));
  reboot();
  pass(1min);
  EXPECT_EQ(state(second->turn), "completed");
  EXPECT_NE(last_prompt().find("the first answer"), std::string::npos) << last_prompt();
  // Told once, whatever happens later.
  EXPECT_EQ(messages(second->id).size(), 3u);
}

TEST_F(SubAgentsTest, OnlyChildrenOfTheSameSessionCanBeWaitedFor) {
  model->add(says("a"));
  const auto stranger = spawn(session());
  settle();
  const SessionId s = session();
  EXPECT_EQ(
      now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "x", .after = {stranger->id}})).error().code,
      ErrorCode::kNotFound);
  EXPECT_EQ(now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "x", .after = {s}})).error().code,
            ErrorCode::kNotFound);
}

TEST_F(SubAgentsTest, ASessionThatGoesAwayEndsItsChildren) {
  world.hangs = true;
  const SessionId s = session();
  model->add(asks_for({{"test.pure"}}));
  const auto child = spawn(s);
  const auto other = now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "x", .after = {child->id}}));
  ASSERT_TRUE(child && other);
  settle();
  ASSERT_TRUE(now(daemon->sub_agents.end_children(me(), s)));
  settle();
  EXPECT_EQ(state(child->turn), "cancelled");
  EXPECT_EQ(state(other->turn), "cancelled");
}

TEST_F(SubAgentsTest, GoWithTheSessionThatStartedThem) {
  // Two deep, and one of another session.
  for (int i = 0; i < 2; ++i) model->add(asks_for({{"agent.spawn", spawn_call()}}));
  for (int i = 0; i < 3; ++i) model->add(says("done"));
  const SessionId s = session();
  send(s, "go");
  settle();
  const std::vector<SubAgent> below = all();
  ASSERT_EQ(below.size(), 2u);
  model->add(says("other"));
  const auto other = spawn(session());
  settle();
  ASSERT_TRUE(other);
  const SessionDeletion deletion{daemon->events, daemon->audit, daemon->approvals};
  const auto removed = [&](const SessionId& id) {
    return write([&](db::Transaction& t) { return deletion.remove(t, kMe, id, "test"); });
  };
  const auto sessions = [&] {
    return read([](db::Connection& c) { return c.count("SELECT count(*) FROM sessions"); });
  };
  const auto gone = removed(s);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->size(), 3u);
  for (const SubAgent& child : below) EXPECT_TRUE(messages(child.id).empty());
  EXPECT_EQ(count_events("session.deleted"), 3);
  EXPECT_EQ(sessions(), 2);
  ASSERT_EQ(all().size(), 1u);
  EXPECT_EQ(all().front().id, other->id);
  EXPECT_FALSE(messages(other->id).empty()) << "whose parent stays";
  ASSERT_TRUE(removed(other->id));
  EXPECT_EQ(sessions(), 1) << "the one that started it";
}

TEST_F(SubAgentsTest, AtAnyDepthTheyEndBeforeTheirSessionsGo) {
  const SessionId s = session(true);
  model->add(says("done"));
  const auto child = spawn(s);
  settle();
  ASSERT_TRUE(child);
  world.hangs = true;
  model->add(asks_for({{"test.pure"}}));
  const auto below = spawn(child->id);
  settle();
  ASSERT_TRUE(below);
  EXPECT_EQ(state(child->turn), "completed");
  EXPECT_EQ(state(below->turn), "running");
  const SessionDeletion deletion{daemon->events, daemon->audit, daemon->approvals};
  EXPECT_FALSE(write([&](db::Transaction& t) { return deletion.remove(t, kMe, s, "test"); }));
  const auto purged = [&] {
    return write([&](db::Transaction& t) {
             return deletion.remove_hidden(t, loop.clock().wall() + 1h, 10, "housekeeping");
           })
        .value()
        .size();
  };
  EXPECT_EQ(purged(), 0u);
  EXPECT_EQ(all().size(), 2u) << "all or nothing";
  ASSERT_TRUE(now(daemon->sub_agents.end_children(me(), s)));
  settle();
  EXPECT_EQ(state(below->turn), "cancelled");
  EXPECT_EQ(purged(), 3u);
  EXPECT_TRUE(all().empty());
}

// What a person does in the session of a sub-agent is theirs to end.
TEST_F(SubAgentsTest, ASessionStaysWhileAPersonIsAtWorkBelowIt) {
  const SessionId s = session();
  model->add(says("done"));
  const auto child = spawn(s);
  settle();
  ASSERT_TRUE(child);
  world.hangs = true;
  model->add(asks_for({{"test.pure"}}));
  const TurnId own = send(child->id, "go on");
  settle();
  ASSERT_EQ(state(own), "running");
  const auto checked = write([&](db::Transaction& t) { return SessionDeletion::check(t.db(), kMe, s); });
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kConflict);
}

TEST_F(SubAgentsTest, ASliceOfMoneyBindsTheChild) {
  const SessionId s = session();
  const auto made = now(daemon->sub_agents.spawn(me(), {.parent = s, .task = "x", .max_cost = 1}));
  ASSERT_TRUE(made);
  settle();
  // The scripted model has no price: with a limit it is refused before it is asked.
  EXPECT_EQ(turn(made->turn).error_code, "budget");
  EXPECT_TRUE(model->requests.empty());
}

}  // namespace
}  // namespace pryx::agent
