// SPDX-License-Identifier: MIT
// What a model takes and writes at once, through the whole corridor and as functions.
#include "engine/agent/request_fit.h"

#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"
#include "engine/agent/thoughts.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using models::FinishReason;
using models::testing::Attempt;
using testing::Corridor;
using testing::says;

models::ModelInfo taking(std::int64_t tools) {
  models::ModelInfo info{.id = "m", .provider = "p"};
  info.max_tools = tools;
  return info;
}
models::ModelRequest with_tools(std::initializer_list<std::string> names) {
  models::ModelRequest request;
  for (const std::string& name : names) request.tools.push_back({.name = name});
  return request;
}
std::string names_in(const models::ModelRequest& request) {
  std::string out;
  for (const models::ToolSpec& tool : request.tools) out += tool.name + " ";
  return out;
}

TEST(RequestFit, ToolsForEverydayWorkStayAndTheCallersComeFirst) {
  TurnOptions options;
  options.client_tools = {{.name = "mine"}};
  auto request = with_tools({"agent.spawn", "fs.read", "zeta.run", "shell.exec", "mine"});
  const auto left = fit_tools(request, taking(3), options);
  ASSERT_TRUE(left);
  EXPECT_EQ(names_in(request), "fs.read shell.exec mine ");
  EXPECT_EQ(*left, (std::vector<std::string>{"agent.spawn", "zeta.run"}));
  EXPECT_NE(tools_notice(*left, taking(3)).find("p/m takes 3 tools at once; left out: agent.spawn, zeta.run"),
            std::string::npos);
  auto few = with_tools({"b", "a"});
  EXPECT_TRUE(fit_tools(few, taking(2), options)->empty());
  EXPECT_EQ(names_in(few), "b a ") << "what fits keeps its order: a cached beginning depends on it";
  auto unknown = with_tools({"b", "a"});
  EXPECT_TRUE(fit_tools(unknown, taking(0), options)->empty());
}

TEST(RequestFit, MoreOfTheCallersThanTheModelTakesIsAnErrorWithNumbers) {
  TurnOptions options;
  options.client_tools = {{.name = "a"}, {.name = "b"}};
  auto request = with_tools({"a", "b"});
  const auto refused = fit_tools(request, taking(1), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("takes 1 tools at once, and the request has 2"), std::string::npos);
  models::ModelInfo none = taking(0);
  none.tools = false;
  auto again = with_tools({"a", "b"});
  EXPECT_FALSE(fit_tools(again, none, options));
  auto own = with_tools({"fs.read"});
  EXPECT_EQ(fit_tools(own, none, {})->size(), 1u);
  EXPECT_TRUE(own.tools.empty());
}

TEST(RequestFit, OutputIsPartedEvenly) {
  const OutputPlan two = plan_output(300'000, 200'000);
  EXPECT_EQ(two.parts, 2);
  EXPECT_EQ(two.share(0), 150'000);
  EXPECT_EQ(two.share(1), 150'000);
  const OutputPlan odd = plan_output(10, 4);
  EXPECT_EQ(odd.parts, 3);
  EXPECT_EQ(odd.share(0) + odd.share(1) + odd.share(2), 10);
  for (int i = 0; i < odd.parts; ++i) EXPECT_LE(odd.share(i), 4);
  EXPECT_EQ(plan_output(100, 200).parts, 1);
  EXPECT_EQ(plan_output(100, 0).share(0), 100);
  EXPECT_EQ(plan_output(0, 200).share(0), 0);
  const OutputPlan huge = plan_output(1'000'000'000, 1'000);
  EXPECT_EQ(huge.parts, kMaxOutputParts);
  EXPECT_EQ(huge.share(0), 1'000);
}

TEST(LongestOutput, IsWhatTheModelWritesAndWhatItsContextHasLeft) {
  const auto longest = [](std::int64_t context, std::int64_t output, std::int64_t input) {
    return longest_output(
        {.id = "m", .provider = "p", .context_tokens = context, .max_output_tokens = output}, input);
  };
  EXPECT_EQ(longest(0, 0, 5'000), 0) << "nobody knows";
  EXPECT_EQ(longest(0, 4'096, 5'000), 4'096);
  EXPECT_EQ(longest(128'000, 16'384, 1'000), 16'384);
  EXPECT_EQ(longest(8'192, 8'192, 1'000), 7'092) << "a tenth more than the estimate is left for the input";
  EXPECT_EQ(longest(8'192, 0, 1'000), 7'092);
  EXPECT_EQ(longest(8'192, 8'192, 8'000), 256);
  EXPECT_EQ(longest(8'192, 100, 8'000), 100);
}

class FitTest : public ::testing::Test, public Corridor {
 protected:
  FitTest() { boot(); }
  void know(std::string_view entry) {
    const std::string text = fmt::format("models:\n  fake/one: {}\n", entry);
    auto parsed = models::parse_catalog_overrides(text, "test");
    ASSERT_TRUE(parsed) << parsed.error().message;
    daemon->models.set_catalog(std::make_shared<const models::Catalog>(
        models::built_in_catalog(), std::make_shared<const models::CatalogFile>(std::move(*parsed))));
  }
  static Attempt writes(std::string text, std::int64_t input, std::int64_t output,
                        FinishReason reason = FinishReason::kStop) {
    return {.refused = {},
            .events = {models::TextDelta{std::move(text)},
                       models::UsageReport{{.input_tokens = input, .output_tokens = output}},
                       models::Finished{.reason = reason}},
            .broken = {}};
  }
  TurnId ask_long(std::int64_t wanted) {
    NewMessage message{.session = session(), .text = "write much"};
    message.options.max_output_tokens = wanted;
    return accept(std::move(message)).value().turn;
  }
};

TEST_F(FitTest, AnOversizedAnswerComesInTwoCallsWithTheirUsageSummed) {
  know("{context: 1000000, max_output: 200000}");
  model->add(writes("first half, ", 1'000, 150'000, FinishReason::kLength));
  model->add(writes("second half", 151'000, 149'000));
  const TurnId t = ask_long(300'000);
  settle();
  ASSERT_EQ(state(t), "completed") << turn(t).error_detail;
  ASSERT_EQ(model->requests.size(), 2u);
  EXPECT_EQ(model->requests[0].max_output_tokens, 150'000);
  EXPECT_EQ(model->requests[1].max_output_tokens, 150'000);
  EXPECT_NE(last_prompt().find("assistant: first half, \nuser: Your answer stopped"), std::string::npos)
      << last_prompt();
  EXPECT_EQ(turn(t).usage.input_tokens, 152'000);
  EXPECT_EQ(turn(t).usage.output_tokens, 299'000);
  EXPECT_EQ(turn(t).model_calls, 2);
  const auto transcript = messages(turn(t).session);
  ASSERT_EQ(transcript.size(), 2u) << "one answer, not two";
  EXPECT_EQ(transcript.back().text(), "first half, second half");
  EXPECT_EQ(step_states(t), "model done");
}

TEST_F(FitTest, AnAnswerThatIsShorterThanItsFirstPartIsNotAskedOn) {
  know("{context: 1000000, max_output: 200000}");
  model->add(writes("short", 10, 5));
  const TurnId t = ask_long(300'000);
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(model->requests.size(), 1u);
}

TEST_F(FitTest, WhatFitsAtOnceIsAskedAtOnce) {
  know("{context: 1000000, max_output: 200000}");
  model->add(writes("cut", 10, 150'000, FinishReason::kLength));
  const TurnId t = ask_long(150'000);
  settle();
  EXPECT_EQ(state(t), "completed");
  ASSERT_EQ(model->requests.size(), 1u);
  EXPECT_EQ(model->requests[0].max_output_tokens, 150'000);
}

TEST_F(FitTest, AnAnswerFitsBesideItsInput) {
  know("{context: 8192, max_output: 8192}");
  model->add(writes("all of it", 10, 5));
  const TurnId t = ask_long(8'192);
  settle();
  ASSERT_EQ(state(t), "completed") << turn(t).error_detail;
  EXPECT_LT(model->requests[0].max_output_tokens, 8'192);
  EXPECT_GT(model->requests[0].max_output_tokens, 4'096);
}

TEST_F(FitTest, ABudgetAsksForNoMoreThanTheContextHasLeft) {
  know("{context: 8192, max_output: 8192, price: {input: 1, output: 1}}");
  model->add(writes("all of it", 10, 5));
  NewMessage message{.session = session(), .text = "hi"};
  message.max_cost = trace::kNanoPerUsd;
  const TurnId t = accept(std::move(message)).value().turn;
  settle();
  ASSERT_EQ(state(t), "completed") << turn(t).error_detail;
  const models::ModelRequest& sent = model->requests[0];
  EXPECT_GT(sent.max_output_tokens, 1'024);
  EXPECT_LE(models::estimate_tokens(models::TokenizerFamily::kLlama, sent) + sent.max_output_tokens, 8'192);
}

TEST_F(FitTest, ACutInTheSecondPartBeginsTheAnswerAnew) {
  know("{context: 1000000, max_output: 10}");
  model->add(writes("one ", 5, 10, FinishReason::kLength));
  model->add(testing::cut_after("tw"));
  model->add(writes("one ", 5, 10, FinishReason::kLength));
  model->add(writes("two", 15, 3));
  const TurnId t = ask_long(20);
  settle();
  pass(1min);
  ASSERT_EQ(state(t), "completed") << turn(t).error_detail;
  const auto transcript = messages(turn(t).session);
  EXPECT_EQ(transcript.back().text(), "one two");
  EXPECT_EQ(transcript[1].parts.front().state, PartState::kInterrupted);
  EXPECT_EQ(transcript[1].text(), "one tw");
}

TEST_F(FitTest, AFullSetOfToolsIsCutBeforeTheCallAndSaid) {
  know("{context: 1000000, max_tools: 3}");
  model->add(says("done"));
  const TurnId t = send(session(), "hi");
  settle();
  ASSERT_EQ(state(t), "completed");
  EXPECT_EQ(model->requests.back().tools.size(), 3u);
  const auto transcript = messages(turn(t).session);
  EXPECT_EQ(transcript.back().parts.front().type, "notice");
  EXPECT_NE(transcript.back().parts.front().text.find("takes 3 tools at once"), std::string::npos);
}

TEST_F(FitTest, ARequestThatCannotBeMadeFitIsNeverSent) {
  know("{context: 1000000, tools: false}");
  NewMessage message{.session = session(), .text = "hi"};
  message.options.client_tools = {{.name = "mine"}};
  const TurnId t = accept(std::move(message)).value().turn;
  settle();
  EXPECT_EQ(state(t), "failed");
  EXPECT_EQ(turn(t).error_code, "invalid_argument");
  EXPECT_NE(turn(t).error_detail.find("takes no tools"), std::string::npos);
  EXPECT_TRUE(model->requests.empty());
}

Attempt thinks(std::int64_t tokens) {
  return {.refused = {},
          .events = {models::ReasoningDelta{"hm"}, models::TextDelta{"so"},
                     models::UsageReport{
                         {.input_tokens = 10, .output_tokens = tokens, .reasoning_tokens = tokens}},
                     models::ProviderDataReport{{.format = "f/1", .model = "one", .json = "{}"}},
                     models::Finished{}},
          .broken = {}};
}

TEST_F(FitTest, KeptReasoningIsCompactedAtItsBudget) {
  const SessionId s = session();
  for (int i = 0; i < 4; ++i) {
    model->add(thinks(20'000));
    send(s, "think");
    settle();
  }
  EXPECT_EQ(count_events("context.thoughts_compacted"), 0);
  // 80,000 of 100,000 are used: the next turn frees 20,000 of them.
  model->add(says("done"));
  const TurnId t = send(s, "and now");
  settle();
  ASSERT_EQ(state(t), "completed");
  EXPECT_EQ(count_events("context.thoughts_compacted"), 1);
  int kept = 0;
  for (const auto& message : model->requests.back().messages) kept += message.provider_data.empty() ? 0 : 1;
  EXPECT_EQ(kept, 3);
  int in_rows = 0;
  for (const Message& message : messages(s)) in_rows += message.parts.front().provider_data.empty() ? 0 : 1;
  EXPECT_EQ(in_rows, 4) << "the rows keep all of it";
  const auto event = read([&](db::Connection& c) {
    return c.list("SELECT payload FROM events WHERE name = 'context.thoughts_compacted'",
                  [](const db::Row& r) { return r.text(0); });
  });
  ASSERT_EQ(event.size(), 1u);
  EXPECT_NE(event[0].find("\"tokens_before\":80000"), std::string::npos) << event[0];
  EXPECT_NE(event[0].find("\"tokens_after\":60000"), std::string::npos) << event[0];
  // Below the mark again: nothing more goes.
  model->add(says("done"));
  send(s, "again");
  settle();
  EXPECT_EQ(count_events("context.thoughts_compacted"), 1);
}

TEST(Thoughts, ThoseOfTheRunningTurnStay) {
  std::vector<Message> history(2);
  for (std::size_t i = 0; i < 2; ++i) {
    history[i].turn = TurnId(i == 0 ? "trn_a" : "trn_b");
    Part part;
    part.provider_data.json = "{}";
    part.thinking_tokens = 50;
    history[i].parts.push_back(part);
  }
  EXPECT_EQ(choose_thoughts(history, TurnId("trn_b"), 100).messages.size(), 1u);
  EXPECT_EQ(choose_thoughts(history, TurnId("trn_a"), 100).messages.front(), &history[1]);
  EXPECT_TRUE(choose_thoughts(history, TurnId("trn_b"), 126).messages.empty());
  EXPECT_TRUE(choose_thoughts(history, TurnId("trn_b"), 0).messages.empty());
}

}  // namespace
}  // namespace pryx::agent
