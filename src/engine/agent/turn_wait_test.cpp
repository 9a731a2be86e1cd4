// SPDX-License-Identifier: MIT
// Nobody answers: the turn waits and asks again, holds up nobody meanwhile, and outlives the daemon.
#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using Choice = TurnEngine::ResumeChoice;
using models::testing::Attempt;
using models::testing::ScriptedProvider;

Attempt cannot_be_reached() {
  return {.refused = Error{ErrorCode::kUnavailable, "no route", -1}, .events = {}, .broken = {}};
}
Attempt over_its_rate(Duration pause) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(pause).count();
  return {.refused = Error{ErrorCode::kOverloaded, "slow down", milliseconds}, .events = {}, .broken = {}};
}

class TurnWait : public ::testing::Test, public Corridor {
 protected:
  TurnWait() {
    limits.model_wait = 24h;
    boot();
  }
  std::string notices(const SessionId& session) {
    std::string out;
    for (const Message& message : messages(session)) {
      for (const Part& part : message.parts) out += part.type == "notice" ? part.text + "\n" : "";
    }
    return out;
  }
};

TEST_F(TurnWait, AnUnreachableModelIsAskedAgainUntilItAnswers) {
  auto live = daemon->events.subscribe({.principal = kMe, .names = {"turn.retrying"}});
  for (int i = 0; i < models::CircuitBreaker::kFailuresToOpen; ++i) model->add(cannot_be_reached());
  const SessionId s = session();
  const TurnId t = send(s, "hi");
  pass(20s);
  EXPECT_EQ(state(t), "running");
  EXPECT_EQ(model->requests.size(), 5u);
  const Step waiting = step_in(t, StepState::kStarted);
  EXPECT_NE(waiting.summary.find("fake/one cannot be reached and is asked again at "), std::string::npos)
      << waiting.summary;
  EXPECT_NE(waiting.summary.find("no route"), std::string::npos) << waiting.summary;
  std::string told;
  while (told.find("fake/one cannot be reached") == std::string::npos) {
    const auto event = now(live->next(1s));
    ASSERT_TRUE(event) << told;
    told = (*event)->envelope;
  }
  EXPECT_NE(told.find("\"waits\":true"), std::string::npos) << told;

  // The breaker that opened meanwhile does not hold up who has waited.
  model->add(says("here"));
  pass(10s);
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(messages(s).back().text(), "here");
  EXPECT_NE(notices(s).find("fake/one cannot be reached; the answer waited "), std::string::npos)
      << notices(s);
  EXPECT_EQ(step_states(t), "model done");
  EXPECT_EQ(steps(t)[0].summary, "");
}

TEST_F(TurnWait, ALongRetryAfterIsKeptAndHoldsUpNobody) {
  reboot_with(limits, 1);
  model->add(over_its_rate(1h));
  const TurnId patient = send(session(), "later");
  settle();
  model->add(says("now"));
  const TurnId other = send(session(), "now");
  settle();
  EXPECT_EQ(state(patient), "running");
  EXPECT_EQ(state(other), "completed");
  pass(59min);
  EXPECT_EQ(state(patient), "running");
  EXPECT_EQ(model->requests.size(), 2u);
  model->add(says("at last"));
  pass(17min);
  EXPECT_EQ(state(patient), "completed");
}

TEST_F(TurnWait, WaitingIsNoWork) {
  limits.turn_timeout = 10min;
  reboot();
  model->add(over_its_rate(1h));
  model->add(says("at last"));
  const TurnId t = send(session(), "later");
  pass(76min);
  EXPECT_EQ(state(t), "completed");
}

TEST_F(TurnWait, APersonEndsTheWaitByCancelOrByAskingAtOnce) {
  model->add(over_its_rate(1h));
  const TurnId cancelled = send(session(), "later");
  settle();
  ASSERT_TRUE(cancel(cancelled));
  EXPECT_EQ(state(cancelled), "cancelled");
  EXPECT_EQ(step_states(cancelled), "model cancelled");
  EXPECT_EQ(steps(cancelled)[0].summary, "");

  model->add(over_its_rate(1h));
  const TurnId hurried = send(session(), "later");
  settle();
  model->add(says("here"));
  const StepId step = step_in(hurried, StepState::kStarted).id;
  ASSERT_TRUE(now(daemon->engine.resume(me(), hurried, step, Choice::kRetry, {})));
  EXPECT_EQ(state(hurried), "completed");
  const auto again = now(daemon->engine.resume(me(), hurried, step, Choice::kRetry, {}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  pass(2h);
  EXPECT_EQ(model->requests.size(), 3u);
}

TEST_F(TurnWait, WhoeverAsksAtOnceIsNotRefusedByTheBreaker) {
  for (int i = 0; i < models::CircuitBreaker::kFailuresToOpen; ++i) model->add(cannot_be_reached());
  const TurnId t = send(session(), "hi");
  pass(12s);
  ASSERT_NE(step_in(t, StepState::kStarted).summary, "");
  model->add(says("here"));
  const StepId step = step_in(t, StepState::kStarted).id;
  ASSERT_TRUE(now(daemon->engine.resume(me(), t, step, Choice::kRetry, {})));
  EXPECT_EQ(state(t), "completed");
}

TEST_F(TurnWait, AStopLeavesItForTheNextStartAndDoesNotWaitForIt) {
  model->add(over_its_rate(1h));
  const TurnId t = send(session(), "later");
  settle();
  stop();  // ends without a moment passing, or the corridor's check fails
  model->add(says("here"));
  boot();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(count_events("turn.cancelled"), 0);
}

TEST_F(TurnWait, AKilledDaemonAsksAgainAndRepeatsNoEffect) {
  model->add(asks_for({{"test.one_shot"}}));
  model->add(over_its_rate(1h));
  const TurnId t = send(session(), "go");
  settle();
  // More often than a step is started again that was under way at a crash.
  for (int crash = 0; crash < kMaxCrashes + 1; ++crash) {
    EXPECT_EQ(state(t), "running");
    model->add(over_its_rate(1h));
    reboot();
  }
  EXPECT_EQ(state(t), "running");
  model->add(says("done"));
  reboot();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.one_shot done, model done");
  EXPECT_EQ(world.runs.size(), 1u);
}

TEST_F(TurnWait, TheWaitIsBoundedAlsoAcrossRestarts) {
  limits.model_wait = 1h;
  reboot();
  for (int i = 0; i < 50; ++i) model->add(over_its_rate(90s));
  const TurnId t = send(session(), "go");
  pass(40min);
  reboot();
  pass(15min);
  EXPECT_EQ(state(t), "running");
  EXPECT_LT(model->requests.size(), 30u);
  pass(6min);
  EXPECT_EQ(state(t), "failed");
  EXPECT_EQ(turn(t).error_code, "overloaded");
  EXPECT_NE(turn(t).error_detail.find("slow down"), std::string::npos) << turn(t).error_detail;
  EXPECT_NE(turn(t).error_detail.find("agent.wait_for_model"), std::string::npos) << turn(t).error_detail;

  // What is asked for is longer than it would be waited.
  model = std::make_shared<ScriptedProvider>(loop);
  daemon->models.put_provider("fake", model);
  model->add(over_its_rate(2h));
  const TurnId hopeless = send(session(), "go");
  settle();
  EXPECT_EQ(state(hopeless), "failed");
  EXPECT_NE(turn(hopeless).error_detail.find("a pause of 2.0h"), std::string::npos)
      << turn(hopeless).error_detail;
}

TEST_F(TurnWait, AServerOnThisMachineIsNotWaitedFor) {
  const auto put = [this](const char* name, const char* address) {
    ASSERT_TRUE(daemon->models.put_provider(
        models::ProviderConfig{.name = name, .kind = "openai", .base_url = address, .key_secret_name = {}}));
  };
  put("home", "http://127.0.0.1:9/v1");
  put("far", "https://far.example/v1");
  daemon->engine.set_default_model("home/m");
  const TurnId home = send(session(), "hi");
  settle();
  daemon->engine.set_default_model("far/m");
  const TurnId far = send(session(), "hi");
  pass(1min);
  EXPECT_EQ(state(home), "failed");
  EXPECT_NE(turn(home).error_detail.find("no network"), std::string::npos) << turn(home).error_detail;
  EXPECT_EQ(state(far), "running");
}

TEST_F(TurnWait, WhoeverHasRetriesOfItsOwnHearsOfItAtOnce) {
  model->add(over_its_rate(1h));
  const TurnId t = send(session(true), "hi");
  settle();
  EXPECT_EQ(state(t), "failed");
  // In a conversation that others see as well.
  for (const char* surface : {"openai", "anthropic", "cli"}) {
    Caller client = me();
    client.surface = surface;
    model->add(over_its_rate(1h));
    NewMessage message{.session = session(), .text = "hi"};
    message.labels = trust::Labels{"owner"};
    const TurnId asked = now(daemon->inbox.accept(client, std::move(message))).value().turn;
    settle();
    EXPECT_EQ(state(asked), std::string_view(surface) == "cli" ? "running" : "failed") << surface;
  }
}

TEST_F(TurnWait, AllThatMayAnswerAreAskedAgainTheChosenOneFirst) {
  const auto backup = std::make_shared<ScriptedProvider>(loop);
  daemon->models.put_provider("backup", backup);
  daemon->engine.set_fallbacks({"backup/two"});
  model->add(over_its_rate(1h));
  backup->add(over_its_rate(2min));
  const SessionId s = session();
  const TurnId t = send(s, "hi");
  settle();
  EXPECT_EQ(state(t), "running");
  EXPECT_EQ(count_events("turn.fallback"), 1);
  model->add(says("mine after all"));
  pass(3min);
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(turn(t).answered_by, "fake/one");
  EXPECT_EQ(step_states(t), "model failed, model done");
  EXPECT_EQ(backup->requests.size(), 1u);
  EXPECT_EQ(notices(s).find("answers instead"), std::string::npos) << notices(s);
  EXPECT_NE(notices(s).find("backup/two is over its rate limit; the answer waited "), std::string::npos)
      << notices(s);
}

TEST_F(TurnWait, WhoIsChosenMeanwhileIsAsked) {
  const auto other = std::make_shared<ScriptedProvider>(loop);
  daemon->models.put_provider("other", other);
  const auto ask_at_once = [this](const TurnId& turn) {
    return now(daemon->engine.resume(me(), turn, step_in(turn, StepState::kStarted).id, Choice::kRetry, {}));
  };
  model->add(over_its_rate(1h));
  const SessionId s = session();
  const TurnId of_session = send(s, "hi");
  settle();
  ASSERT_TRUE(write([&](db::Transaction& t) {
                return t.db().run("UPDATE sessions SET model = 'other/two' WHERE id = $1", s);
              }).has_value());
  other->add(says("here"));
  ASSERT_TRUE(ask_at_once(of_session));
  EXPECT_EQ(state(of_session), "completed") << turn(of_session).error_detail;
  EXPECT_EQ(turn(of_session).answered_by, "other/two");
  EXPECT_EQ(step_states(of_session), "model done");

  model->add(over_its_rate(1h));
  const TurnId of_default = send(session(), "hi");
  NewMessage named{.session = session(), .text = "hi"};
  named.model = "fake/one";
  model->add(over_its_rate(1h));
  const TurnId of_message = accept(std::move(named)).value().turn;
  settle();
  EXPECT_EQ(model->requests.size(), 3u);
  daemon->engine.set_default_model("other/two");
  other->add(says("here"));
  ASSERT_TRUE(ask_at_once(of_default));
  EXPECT_EQ(turn(of_default).answered_by, "other/two");
  // Whoever named a model with the message gets that one.
  model->add(says("at last"));
  ASSERT_TRUE(ask_at_once(of_message));
  EXPECT_EQ(turn(of_message).answered_by, "fake/one");
  EXPECT_EQ(other->requests.size(), 2u);
}

TEST_F(TurnWait, WhatDoesNotPassByItselfFailsAsBefore) {
  model->add({.refused = Error{ErrorCode::kForbidden, "no", -1}, .events = {}, .broken = {}});
  const TurnId t = send(session(), "hi");
  settle();
  EXPECT_EQ(state(t), "failed");
  daemon->engine.set_model_wait({});
  model->add(over_its_rate(1h));
  const TurnId switched_off = send(session(), "hi");
  settle();
  EXPECT_EQ(state(switched_off), "failed");
  EXPECT_NE(turn(switched_off).error_detail.find("agent.wait_for_model at most, which is 0s"),
            std::string::npos)
      << turn(switched_off).error_detail;
}

}  // namespace
}  // namespace pryx::agent
