// SPDX-License-Identifier: MIT
// What long turns, busy providers and stateless clients must not pile up.
#include <gtest/gtest.h>

#include "engine/agent/session_deletion.h"
#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using testing::asks_for;
using testing::Corridor;
using testing::kMe;
using testing::says;

class LongRun : public ::testing::Test, public Corridor {
 protected:
  LongRun() { boot(); }
};

TEST_F(LongRun, ALongTurnStaysWithinWhatAModelTakes) {
  constexpr int kCalls = 200;
  reboot_with({.max_steps = kCalls + 1});
  world.text = std::string(30'000, 'x');
  for (int i = 0; i < kCalls; ++i) model->add(asks_for({{"test.pure", fmt::format(R"({{"n":{}}})", i)}}));
  model->add(says("done"));
  const SessionId s = session();
  const TurnId t = send(s, "go");
  settle();
  ASSERT_EQ(state(t), "completed");
  ASSERT_EQ(model->requests.size(), static_cast<std::size_t>(kCalls) + 1);
  for (const auto& request : model->requests) {
    EXPECT_LE(models::estimate_tokens(models::TokenizerFamily::kLlama, request), kDefaultContextTokens);
    std::set<std::string> open;
    for (const auto& message : request.messages) {
      for (const auto& call : message.tool_calls) open.insert(call.id);
      if (message.role == models::ChatMessage::Role::kTool) EXPECT_EQ(open.erase(message.tool_call_id), 1u);
    }
    EXPECT_TRUE(open.empty());  // every call has its result, short or whole
  }
  EXPECT_EQ(model->requests.back().messages.back().text.size(),
            model->requests[1].messages.back().text.size());
  EXPECT_EQ(read([&](db::Connection& c) {
              return c.count("SELECT count(*) FROM messages WHERE role = 'tool' AND length(parts) > 30000");
            }),
            std::ssize(world.runs));  // whole on disk
  // Now and then room is made by a summary, which takes an answer of the script and is none.
  EXPECT_GE(world.runs.size(), static_cast<std::size_t>(kCalls) * 95 / 100);
}

TEST_F(LongRun, HiddenSessionsGoWhenNobodyUsedThemForLong) {
  const SessionId shown = session(), old = session(true), stuck = session(true);
  model->add(says("one"));
  send(shown, "hi");
  model->add(says("two"));
  send(old, "hi");
  model->add(says("three", 1h));
  const TurnId running = send(stuck, "hi");
  settle();
  const SessionDeletion deletion{daemon->events, daemon->audit, daemon->approvals};
  const auto purge = [&](Duration age, std::int64_t most) {
    return write([&](db::Transaction& t) {
             return deletion.remove_hidden(t, loop.clock().wall() + -age, most, "housekeeping");
           })
        .value()
        .size();
  };
  EXPECT_EQ(purge(1min, 10), 0u);  // used a moment ago
  pass(2min);
  const SessionId fresh = session(true);
  EXPECT_EQ(purge(1min, 10), 1u);
  EXPECT_TRUE(messages(old).empty());
  EXPECT_EQ(messages(shown).size(), 2u);
  EXPECT_EQ(state(running), "running");
  pass(4h);
  EXPECT_EQ(purge(1min, 1), 1u);  // no more than asked for
  EXPECT_EQ(purge(1min, 10), 1u);
  EXPECT_EQ(read([&](db::Connection& c) { return c.count("SELECT count(*) FROM sessions"); }), 1);
}

TEST_F(LongRun, SomebodyWhoLooksIsToldThatTheModelIsAskedAgain) {
  auto live = daemon->events.subscribe({.principal = kMe, .names = {"turn.retrying"}});
  model->add({.refused = Error{ErrorCode::kOverloaded, "slow down", 2000}, .events = {}, .broken = {}});
  model->add(says("hello"));
  const TurnId t = send(session(), "hi");
  const auto told = now(live->next(1s));
  ASSERT_TRUE(told);
  EXPECT_FALSE((*told)->durable);
  EXPECT_NE((*told)->envelope.find("\"reason\":\"rate limited\""), std::string::npos) << (*told)->envelope;
  pass(10s);
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(steps(t)[0].attempt, 1);
}

}  // namespace
}  // namespace pryx::agent
