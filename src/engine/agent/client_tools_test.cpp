// SPDX-License-Identifier: MIT
// Tools of the caller: offered, never run, and a call to one ends the turn. And what else a turn's options
// say.
#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using testing::asks_for;
using testing::Corridor;
using testing::kMe;
using testing::says;
using trust::Verdict;

class ClientTools : public ::testing::Test, public Corridor {
 protected:
  ClientTools() {
    boot();
    policy.rules = {{.verdict = Verdict::kAllow, .tool = "test.*"}};
  }
  static TurnOptions with_weather(TurnOptions::OwnTools own = TurnOptions::OwnTools::kOff) {
    TurnOptions options;
    options.own_tools = own;
    options.client_tools = {
        {.name = "weather", .description = "The weather", .parameters = {{"type", "object"}}}};
    options.labels = trust::Labels{"channel:openai"};
    return options;
  }
  TurnId send_with(const SessionId& s, std::string text, TurnOptions options) {
    NewMessage message{.session = s, .text = std::move(text)};
    message.options = std::move(options);
    message.labels = trust::Labels{"channel:openai"};
    return accept(std::move(message)).value().turn;
  }
  static Message result_of(std::string call_id, std::string text) {
    Message message{.role = Role::kTool};
    Part part{
        .type = "tool_result", .text = std::move(text), .tool = "weather", .call_id = std::move(call_id)};
    part.labels = trust::Labels{"channel:openai"};
    message.parts.push_back(std::move(part));
    return message;
  }
  const Part& last_call(const SessionId& s) {
    last_ = messages(s);
    for (auto message = last_.rbegin(); message != last_.rend(); ++message) {
      for (const Part& part : message->parts) {
        if (part.type == "tool_call") return part;
      }
    }
    static const Part none;
    return none;
  }
  std::vector<Message> last_;
};

TEST_F(ClientTools, ACallEndsTheTurnAndTheResultGoesOn) {
  model->add(asks_for({{"weather", R"({"city":"Rome"})"}}));
  const SessionId s = session(true);
  const TurnId first = send_with(s, "how is it in Rome?", with_weather());
  settle();
  EXPECT_EQ(state(first), "completed");
  EXPECT_EQ(step_states(first), "model done") << "nothing was run and nothing was denied";
  ASSERT_EQ(model->requests.back().tools.size(), 1u);
  EXPECT_EQ(model->requests.back().tools[0].name, "weather");
  const Part call = last_call(s);
  EXPECT_EQ(call.tool, "weather");
  EXPECT_TRUE(call.step.empty());

  model->add(says("sunny"));
  NewMessage answer{.session = s};
  answer.messages = {result_of(call.call_id, "25 degrees")};
  answer.options = with_weather();
  const TurnId second = accept(std::move(answer)).value().turn;
  settle();
  EXPECT_EQ(state(second), "completed");
  EXPECT_EQ(last_prompt(), "user: how is it in Rome?\nassistant: [weather]\ntool: 25 degrees\n");
  EXPECT_EQ(messages(s).back().text(), "sunny");
}

TEST_F(ClientTools, CallsOfBothKindsRunOursAndHandOutTheirs) {
  model->add(asks_for({{"test.pure"}, {"weather"}}));
  const SessionId s = session();
  const TurnId t = send_with(s, "go", with_weather(TurnOptions::OwnTools::kOn));
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.pure done");
  EXPECT_EQ(world.runs.size(), 1u);
  EXPECT_EQ(model->requests.size(), 1u) << "the model is not asked again before the client has answered";
}

TEST_F(ClientTools, ACrashBetweenOursAndTheEndHandsOutTheirsAllTheSame) {
  world.hangs = true;
  model->add(asks_for({{"test.pure"}, {"weather"}}));
  const SessionId s = session();
  const TurnId t = send_with(s, "go", with_weather(TurnOptions::OwnTools::kOn));
  settle();
  EXPECT_EQ(state(t), "running");
  world.hangs = false;
  reboot();
  settle();
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(step_states(t), "model done, test.pure done");
  EXPECT_EQ(model->requests.size(), 1u);
}

TEST_F(ClientTools, OursAreOffUnlessAskedForWhateverTheSession) {
  model->add(asks_for({{"test.pure"}}));
  model->add(says("so be it"));
  TurnOptions off;
  off.own_tools = TurnOptions::OwnTools::kOff;
  const TurnId t = send_with(session(), "go", off);
  settle();
  EXPECT_EQ(step_states(t), "model done, test.pure denied, model done");
  EXPECT_TRUE(world.runs.empty());
  EXPECT_TRUE(model->requests.front().tools.empty());
  for (const models::ChatMessage& message : model->requests.front().messages)
    EXPECT_NE(message.role, models::ChatMessage::Role::kSystem) << "the agent's prompt goes with its tools";

  // And on when asked for, even where a session has none by itself.
  model->add(asks_for({{"test.pure"}}));
  model->add(says("done"));
  TurnOptions on;
  on.own_tools = TurnOptions::OwnTools::kOn;
  const TurnId again = send_with(session(true), "go", on);
  settle();
  EXPECT_EQ(step_states(again), "model done, test.pure done, model done");
}

TEST_F(ClientTools, OptionsReachTheModelAndSurviveTheRow) {
  TurnOptions options = with_weather();
  options.client_tools[0].strict = true;
  options.tool_choice = {.mode = models::ToolChoice::Mode::kOne, .name = "weather", .parallel = false};
  options.sampling = {.temperature = 0.5, .top_p = 0.25, .seed = 7, .stop = {"END"}};
  options.reasoning = models::ReasoningEffort::kLow;
  options.max_output_tokens = 99;
  options.cache_key = "mine";
  options.instructions = "Be brief.";
  options.front = {{"api", "responses"}};
  EXPECT_EQ(TurnOptions::from_text(options.to_text()).to_text(), options.to_text());
  EXPECT_EQ(TurnOptions().to_text(), "");
  EXPECT_EQ(TurnOptions::from_text("{").own_tools, TurnOptions::OwnTools::kOff);

  options.client_tools[0].strict = false;
  model->add(says("ok"));
  send_with(session(true), "hi", options);
  settle();
  const models::ModelRequest& request = model->requests.back();
  EXPECT_EQ(request.sampling, options.sampling);
  EXPECT_EQ(request.tool_choice, options.tool_choice);
  EXPECT_EQ(request.max_output_tokens, 99);
  EXPECT_EQ(request.cache_key, "mine");
  EXPECT_EQ(request.messages.front().text, "Be brief.");
}

TEST_F(ClientTools, AFormThatNobodyPromisesIsRefused) {
  TurnOptions options;
  options.format.kind = models::ResponseFormat::Kind::kJsonObject;
  const TurnId t = send_with(session(true), "hi", options);
  settle();
  EXPECT_EQ(state(t), "failed");
  EXPECT_EQ(turn(t).error_code, "invalid_argument");
  EXPECT_TRUE(model->requests.empty());
}

}  // namespace
}  // namespace pryx::agent
