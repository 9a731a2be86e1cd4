// SPDX-License-Identifier: MIT
// Failover: every class of failure at every place of an answer, with and without somebody to stand in.
#include "engine/agent/failover.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using models::testing::Attempt;
using models::testing::ScriptedProvider;
using testing::asks_for;
using testing::Corridor;
using testing::kMe;
using testing::says;

constexpr int kEnough = 20;  // more attempts than any retry rule allows

// Where the first model fails.
enum class Place : std::uint8_t { kAtOnce, kBeforeTheFirstWord, kInTheMiddle, kInTheSecondStep };
constexpr Place kPlaces[] = {Place::kAtOnce, Place::kBeforeTheFirstWord, Place::kInTheMiddle,
                             Place::kInTheSecondStep};

struct Failure {
  ErrorCode code;
  bool falls_back;
  std::string_view words;  // of the notice
};
constexpr Failure kFailures[] = {
    {ErrorCode::kInvalidArgument, false, ""},
    {ErrorCode::kTooLarge, false, ""},
    {ErrorCode::kConflict, false, ""},
    {ErrorCode::kUnauthenticated, true, "refuses its key"},
    {ErrorCode::kForbidden, true, "is not allowed for this key"},
    {ErrorCode::kNotFound, true, "is not there"},
    {ErrorCode::kBudget, true, "no quota left"},
    {ErrorCode::kOverloaded, true, "over its rate limit"},
    {ErrorCode::kProvider, true, "failed"},
    {ErrorCode::kTimeout, true, "does not answer in time"},
    {ErrorCode::kUnavailable, true, "cannot be reached"},
};

class FailoverMatrix : public ::testing::Test, public Corridor {
 protected:
  FailoverMatrix() { boot(); }

  // The first model fails in this way until nobody asks it any more.
  void break_model(Place place, Error error) {
    if (place == Place::kInTheSecondStep) model->add(asks_for({{"test.pure"}}));
    for (int i = 0; i < kEnough; ++i) {
      Attempt attempt;
      if (place == Place::kAtOnce || place == Place::kInTheSecondStep) attempt.refused = error;
      if (place == Place::kInTheMiddle) attempt.events = {models::TextDelta{"half an answer"}};
      if (!attempt.refused) attempt.broken = error;
      model->add(std::move(attempt));
    }
  }
  std::shared_ptr<ScriptedProvider> backup = std::make_shared<ScriptedProvider>(loop);
};

std::string notice_in(const std::vector<Message>& messages) {
  for (const Message& message : messages)
    for (const Part& part : message.parts)
      if (part.type == "notice") return part.text;
  return {};
}

TEST_F(FailoverMatrix, EveryFailureAtEveryPlace) {
  for (const Place place : kPlaces) {
    for (const Failure& failure : kFailures) {
      SCOPED_TRACE(fmt::format("place {}, {}", static_cast<int>(place), facts(failure.code).name));
      model = std::make_shared<ScriptedProvider>(loop);
      backup = std::make_shared<ScriptedProvider>(loop);
      daemon->models.put_provider("fake", model);
      daemon->models.put_provider("backup", backup);
      daemon->engine.set_fallbacks({"nobody/x", "fake/one", "backup/two"});
      const auto told_before = count_events("turn.fallback");
      break_model(place, Error{failure.code, "no good", -1});
      backup->add(says("the whole answer"));
      const SessionId s = session();
      const TurnId t = send(s, "hi");
      settle();
      pass(30min);
      const Turn ended = turn(t);
      EXPECT_EQ(count_events("turn.fallback") - told_before, failure.falls_back ? 1 : 0);
      EXPECT_EQ(backup->requests.size(), failure.falls_back ? 1u : 0u);
      if (!failure.falls_back) {
        EXPECT_EQ(to_text(ended.state), "failed");
        continue;
      }
      EXPECT_EQ(to_text(ended.state), "completed") << ended.error_detail;
      EXPECT_EQ(ended.answered_by, "backup/two");
      EXPECT_EQ(ended.model, "");  // the choice is not edited
      EXPECT_EQ(read([&](db::Connection& c) { return SessionStore::find_session(c, kMe, s); })->model, "");
      const std::vector<Message> transcript = messages(s);
      EXPECT_EQ(transcript.back().text(), "the whole answer");
      const std::string notice = notice_in(transcript);
      EXPECT_NE(notice.find(failure.words), std::string::npos) << notice;
      EXPECT_NE(notice.find("backup/two answers instead"), std::string::npos) << notice;
      // What was shown of the answer that broke stays, and is not passed off as the other's.
      int interrupted = 0;
      for (const Message& message : transcript)
        for (const Part& part : message.parts) interrupted += part.state == PartState::kInterrupted ? 1 : 0;
      EXPECT_EQ(interrupted > 0, place == Place::kInTheMiddle);
      // No model reads the notice.
      for (const models::ChatMessage& message : backup->requests.back().messages)
        EXPECT_EQ(message.text.find("answers instead"), std::string::npos);
    }
  }
}

TEST_F(FailoverMatrix, WithoutFallbacksTheTurnFailsAsBefore) {
  break_model(Place::kAtOnce, Error{ErrorCode::kProvider, "no good", -1});
  const TurnId t = send(session(), "hi");
  settle();
  pass(30min);
  EXPECT_EQ(state(t), "failed");
  EXPECT_EQ(count_events("turn.fallback"), 0);
}

TEST_F(FailoverMatrix, TheStandInStaysForTheTurnAndNotForTheNext) {
  daemon->models.put_provider("backup", backup);
  daemon->engine.set_fallbacks({"backup/two"});
  model->add({.refused = Error{ErrorCode::kForbidden, "no", -1}, .events = {}, .broken = {}});
  backup->add(asks_for({{"test.pure"}}));
  backup->add(says("after the tool"));
  const SessionId s = session();
  const TurnId first = send(s, "hi");
  settle();
  pass(1min);
  EXPECT_EQ(state(first), "completed");
  EXPECT_EQ(backup->requests.size(), 2u);
  EXPECT_EQ(model->requests.size(), 1u);
  model->add(says("mine again"));
  const TurnId second = send(s, "and now");
  settle();
  EXPECT_EQ(turn(second).answered_by, "fake/one");
}

// What is known about the two models.
class StandIn : public FailoverMatrix {
 protected:
  void know(std::string_view chosen, std::string_view stand_in) {
    const auto parsed = models::parse_catalog_overrides(
        fmt::format("models:\n  fake/one: {}\n  backup/two: {}\n", chosen, stand_in), "test");
    ASSERT_TRUE(parsed) << parsed.error().message;
    daemon->models.set_catalog(std::make_shared<const models::Catalog>(
        models::built_in_catalog(), std::make_shared<const models::CatalogFile>(*parsed)));
    daemon->models.put_provider("backup", backup);
    daemon->engine.set_fallbacks({"backup/two"});
  }
  void refuse() {
    model->add({.refused = Error{ErrorCode::kForbidden, "no", -1}, .events = {}, .broken = {}});
  }
};

// What goes is back for the chosen model: a summary to the stand-in's measure would be there for good.
TEST_F(StandIn, IsAskedForNoMoreThanItsOwnContextTakes) {
  know("{context: 100000, max_output: 20000}", "{context: 4000, max_output: 1000}");
  const SessionId s = session();
  const std::string words = "We talked about the garden, the roof and the bill for both of them. ";
  std::string much;
  for (int i = 0; i < 10; ++i) much += words;
  for (int i = 0; i < 30; ++i) {
    model->add(says(fmt::format("answer {}", i)));
    send(s, fmt::format("{} {}", i, much));
    settle();
  }
  const auto tokens_of = [](const models::ModelRequest& request) {
    return models::estimate_tokens(models::TokenizerFamily::kLlama, request);
  };
  ASSERT_GT(tokens_of(model->requests.back()), 4'000);
  refuse();
  backup->add(says("the whole answer"));
  NewMessage message{.session = s, .text = "and now"};
  message.options.max_output_tokens = 900;
  const TurnId t = accept(std::move(message)).value().turn;
  settle();
  pass(1min);
  ASSERT_EQ(state(t), "completed") << turn(t).error_detail;
  EXPECT_EQ(turn(t).answered_by, "backup/two");
  EXPECT_EQ(messages(s).back().text(), "the whole answer");
  EXPECT_EQ(step_states(t), "model failed, model done");
  ASSERT_EQ(backup->requests.size(), 1u);
  const models::ModelRequest& request = backup->requests[0];
  EXPECT_LE(tokens_of(request) + request.max_output_tokens, 4'000);
  EXPECT_GE(request.max_output_tokens, 400) << "there is room for an answer";
  EXPECT_TRUE(std::ranges::any_of(request.messages, [](const models::ChatMessage& shown) {
    return shown.text.ends_with(" messages are left out]");
  }));
  std::string told;
  for (const Part& part : messages(s).back().parts) told += part.type == "notice" ? part.text + "\n" : "";
  EXPECT_NE(told.find("backup/two takes less of a conversation than fake/one"), std::string::npos) << told;
  EXPECT_EQ(count_events("context.warning"), 0);

  model->add(says("mine again"));
  const TurnId after = send(s, "and then");
  settle();
  EXPECT_EQ(turn(after).answered_by, "fake/one");
  EXPECT_EQ(count_events("context.compacted"), 0);
  EXPECT_NE(last_prompt().find("user: 0 We talked about"), std::string::npos);
  EXPECT_EQ(last_prompt().find("left out"), std::string::npos);
}

// What the stand-in had room for may be more than the chosen model takes, which is asked again after a pause.
TEST_F(StandIn, LeavesRoomForTheChosenModelAfterAPause) {
  know("{context: 8000, max_output: 500}", "{context: 100000, max_output: 1000}");
  daemon->engine.set_model_wait(24h);
  world.text.clear();
  for (int i = 0; i < 220; ++i)
    world.text += "We talked about the garden, the roof and the bill for both of them. ";
  model->add({.refused = Error{ErrorCode::kOverloaded, "slow down", 3'600'000}, .events = {}, .broken = {}});
  for (int i = 0; i < 5; ++i) backup->add(asks_for({{"test.pure", fmt::format(R"({{"n":{}}})", i)}}));
  backup->add({.refused = Error{ErrorCode::kOverloaded, "slow down", 120'000}, .events = {}, .broken = {}});
  const SessionId s = session();
  const TurnId t = send(s, "hi");
  settle();
  ASSERT_EQ(state(t), "running") << turn(t).error_detail;
  ASSERT_EQ(backup->requests.size(), 6u);
  world.text = "done";
  model->add(says("what was found so far"));
  model->add(asks_for({{"test.pure", R"({"n":9})"}}));
  for (int i = 0; i < 2; ++i) model->add(says("the whole answer"));
  pass(3min);
  ASSERT_EQ(state(t), "completed") << turn(t).error_detail;
  EXPECT_EQ(turn(t).answered_by, "fake/one");
  EXPECT_EQ(messages(s).back().text(), "the whole answer");
  ASSERT_GE(model->requests.size(), 4u);
  EXPECT_TRUE(model->requests[1].messages.front().text.starts_with("You keep the memory"));
  EXPECT_GE(count_events("context.compacted"), 1);
  EXPECT_EQ(world.runs.size(), 6u);
  // The summary came after the answer's step was begun, and the call that the answer asked for after both.
  EXPECT_NE(step_states(t).find("model done, model done, test.pure done, model done"), std::string::npos)
      << step_states(t);
}

// Without it the turn would have waited and been answered.
TEST_F(StandIn, ThatIsTooSmallDoesNotEndTheWaitForTheChosenModel) {
  know("{context: 100000, max_output: 2000}", "{context: 1000, max_output: 200}");
  daemon->engine.set_model_wait(24h);
  model->add({.refused = Error{ErrorCode::kOverloaded, "slow down", 120'000}, .events = {}, .broken = {}});
  std::string much;
  while (much.size() < 20'000) much += "We talked about the garden, the roof and the bill for both of them. ";
  const TurnId t = send(session(), much);
  settle();
  ASSERT_EQ(state(t), "running") << turn(t).error_detail;
  EXPECT_TRUE(backup->requests.empty());
  const std::string waits_for = step_in(t, StepState::kStarted).summary;
  EXPECT_NE(waits_for.find("fake/one is over its rate limit"), std::string::npos) << waits_for;
  model->add(says("the whole answer"));
  pass(3min);
  ASSERT_EQ(state(t), "completed") << turn(t).error_detail;
  EXPECT_EQ(turn(t).answered_by, "fake/one");
  EXPECT_EQ(step_states(t), "model failed, model done");
  EXPECT_TRUE(backup->requests.empty());
}

TEST_F(StandIn, ThatIsTooSmallIsPassedOver) {
  know("{context: 100000, max_output: 2000}", "{context: 1000, max_output: 200}");
  const auto third = std::make_shared<ScriptedProvider>(loop);
  daemon->models.put_provider("third", third);
  daemon->engine.set_fallbacks({"backup/two", "third/three"});
  refuse();
  third->add(says("the whole answer"));
  std::string much;
  while (much.size() < 20'000) much += "We talked about the garden, the roof and the bill for both of them. ";
  const SessionId s = session();
  const TurnId t = send(s, much);
  settle();
  ASSERT_EQ(state(t), "completed") << turn(t).error_detail;
  EXPECT_EQ(turn(t).answered_by, "third/three");
  EXPECT_TRUE(backup->requests.empty());
  EXPECT_EQ(step_states(t), "model failed, model failed, model done");
  EXPECT_EQ(count_events("turn.fallback"), 2);
  std::string told;
  for (const Message& message : messages(s))
    for (const Part& part : message.parts) told += part.type == "notice" ? part.text + "\n" : "";
  EXPECT_NE(told.find("backup/two does not take a conversation of this length; third/three answers instead"),
            std::string::npos)
      << told;
}

TEST_F(StandIn, WhosePriceNobodyKnowsAsksBesideABudget) {
  know("{context: 100000, price: {input: 1, output: 1}}", "{context: 100000}");
  ASSERT_TRUE(write([&](db::Transaction& t) {
    return trace::Budgets::put(t.db(), {kMe, trace::BudgetScope::kDay, "", trace::kNanoPerUsd, false},
                               loop.clock().wall());
  }));
  refuse();
  backup->add(says("the whole answer"));
  const TurnId t = send(session(), "hi");
  settle();
  ASSERT_EQ(state(t), "waiting") << turn(t).error_detail;
  EXPECT_TRUE(backup->requests.empty());
  const auto open = open_questions();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_NE(open[0].rendering.find("backup/two"), std::string::npos) << open[0].rendering;
  ASSERT_TRUE(answer(open[0].id, {.approve = true}));
  settle();
  EXPECT_EQ(state(t), "completed") << turn(t).error_detail;
  EXPECT_EQ(turn(t).answered_by, "backup/two");
}

TEST_F(StandIn, CostsWhatItCosts) {
  know("{context: 100000, max_output: 2000, price: {input: 1, output: 1}}",
       "{context: 100000, max_output: 2000, price: {input: 3, output: 15}}");
  refuse();
  auto answered = says("the whole answer");
  answered.events.insert(answered.events.begin() + 1,
                         models::UsageReport{{.input_tokens = 1000, .output_tokens = 100}});
  backup->add(std::move(answered));
  NewMessage message{.session = session(), .text = "hi"};
  message.max_cost = trace::kNanoPerUsd;
  const TurnId t = accept(std::move(message)).value().turn;
  settle();
  EXPECT_EQ(state(t), "completed") << turn(t).error_detail;
  EXPECT_EQ(turn(t).cost_nano, 1000 * 3000 + 100 * 15'000) << "the refusal cost nothing";
}

TEST_F(FailoverMatrix, WhenAllFailTheLastSaysWhy) {
  daemon->models.put_provider("backup", backup);
  daemon->engine.set_fallbacks({"backup/two"});
  model->add({.refused = Error{ErrorCode::kForbidden, "first no", -1}, .events = {}, .broken = {}});
  backup->add({.refused = Error{ErrorCode::kNotFound, "second no", -1}, .events = {}, .broken = {}});
  const TurnId t = send(session(), "hi");
  settle();
  pass(1min);
  EXPECT_EQ(state(t), "failed");
  EXPECT_NE(turn(t).error_detail.find("second no"), std::string::npos);
  EXPECT_EQ(count_events("turn.fallback"), 1);
}

TEST(Failover, NamesAreReadStrictly) {
  EXPECT_EQ(parse_fallbacks("").value().size(), 0u);
  EXPECT_EQ(parse_fallbacks("none").value().size(), 0u);
  EXPECT_EQ(parse_fallbacks("a/b, c/d/e  f/g").value(), (std::vector<std::string>{"a/b", "c/d/e", "f/g"}));
  EXPECT_EQ(parse_fallbacks("a/b,").value(), std::vector<std::string>{"a/b"});
  EXPECT_TRUE(parse_fallbacks("a/b, nonsense").error().message.starts_with("value 2: "));
  EXPECT_FALSE(parse_fallbacks("a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8 a/9 a/10 a/11"));
  Failover failover({"a/b", "c/d", "a/b"});
  EXPECT_EQ(failover.next("a/b"), "c/d");
  EXPECT_EQ(failover.next("c/d"), std::nullopt);
}

}  // namespace
}  // namespace pryx::agent
