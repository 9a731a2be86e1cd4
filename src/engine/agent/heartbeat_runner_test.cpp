// SPDX-License-Identifier: MIT
// Heartbeats in the whole corridor, on a virtual clock.
#include <gtest/gtest.h>

#include "engine/agent/heartbeat_runner.h"
#include "engine/agent/testing/corridor.h"
#include "foundation/platform/held_directory.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using testing::Corridor;
using testing::kMe;
using testing::says;

struct OneFolder final : WorkspaceOpener {
  explicit OneFolder(const std::string& path) {
    auto held = platform::HeldDirectory::open(path);
    PRYX_CHECK(held.has_value());
    opened.directory = std::make_shared<const platform::HeldDirectory>(std::move(*held));
  }
  async::Task<Opened> open(Session) override { co_return opened; }
  Opened opened;
};

class Heartbeats : public ::testing::Test, public Corridor {
 protected:
  Heartbeats() {
    boot();
    write([&](db::Transaction& t) {
      return SessionStore::insert_workspace(
          t.db(), {.principal = kMe, .id = workspace_, .path = folder_.path(), .name = "work"});
    }).value();
    begin();
  }
  ~Heartbeats() override {
    wait(runner_->stop());
    testing::SetProfiles::added.clear();
  }
  static void profile(HeartbeatSettings heartbeat) {
    testing::SetProfiles::added[AgentProfile().name] = AgentProfile{.heartbeat = heartbeat};
  }
  void begin() {
    runner_.emplace(HeartbeatRunner::Parts{.loop = loop,
                                           .pool = pool_,
                                           .database = *daemon->database,
                                           .events = daemon->events,
                                           .ids = daemon->ids,
                                           .inbox = daemon->inbox,
                                           .workspaces = opener_,
                                           .profiles = &daemon->profiles});
    runner_->set_enabled(true);
    PRYX_CHECK(now(runner_->start()).has_value());
  }
  // Drives the clock in steps, so that timers of everybody fire.
  void later(Duration time) { pass(time); }
  std::size_t asked() const { return model->requests.size(); }
  Session beat_session() {
    const auto found = read([](db::Connection& c) { return SessionStore::list_sessions(c, kMe, {}); });
    return found.items.empty() ? Session{} : found.items.front().session;
  }

  platform::testing::TemporaryDirectory folder_;
  WorkspaceId workspace_{"wsp_01J9ZD3V3N8J4Q6R2S7T0W5X1Y"};
  OneFolder opener_{folder_.path()};
  async::WorkerPool pool_{loop, 0};
  std::optional<HeartbeatRunner> runner_;
};

TEST_F(Heartbeats, CostNothingWithoutSomethingToDo) {
  later(2h);
  EXPECT_EQ(asked(), 0u) << "no file";
  folder_.put("HEARTBEAT.md", "# Heartbeat\n<!-- nothing yet -->\n");
  later(2h);
  EXPECT_EQ(asked(), 0u) << "nothing in it";
  EXPECT_TRUE(beat_session().id.empty());
}

TEST_F(Heartbeats, AQuietAnswerIsSuppressedAndNotAskedForAgain) {
  model->add(says("HEARTBEAT_OK"));
  folder_.put("HEARTBEAT.md", "- look at the tide table\n");
  later(2min);
  ASSERT_EQ(asked(), 1u);
  EXPECT_NE(model->requests.front().messages.back().text.find("tide table"), std::string::npos);
  const Session session = beat_session();
  EXPECT_EQ(session.surface, "heartbeat");
  EXPECT_FALSE(session.unread);
  EXPECT_TRUE(messages(session.id).front().parts.front().labels.has("file"));
  EXPECT_EQ(turn(messages(session.id).front().turn).priority, Priority::kScheduled);
  later(5h);
  EXPECT_EQ(asked(), 1u) << "unchanged, quiet, and nobody did anything";
  // An edit counts.
  model->add(says("The tide is high"));
  folder_.put("HEARTBEAT.md", "- look at the tide table twice\n");
  later(2min);
  EXPECT_EQ(asked(), 2u);
  EXPECT_TRUE(beat_session().unread) << "it has something to say";
  EXPECT_EQ(beat_session().id, session.id) << "one session for a workspace";
  // And who had something to say is asked again, every thirty minutes.
  model->add(says("HEARTBEAT_OK"));
  later(25min);
  EXPECT_EQ(asked(), 2u);
  later(10min);
  EXPECT_EQ(asked(), 3u);
}

TEST_F(Heartbeats, AreOffUntilAPersonTurnsThemOn) {
  runner_->set_enabled(false);
  folder_.put("HEARTBEAT.md", "- spend the owner's money\n");
  later(2h);
  EXPECT_EQ(asked(), 0u);
}

TEST_F(Heartbeats, ThoughtsAreShownToWhomWantsThem) {
  const auto thinks = [] {
    auto attempt = says("HEARTBEAT_OK");
    attempt.events.insert(attempt.events.begin(), models::ReasoningDelta{"the tide is not due"});
    return attempt;
  };
  model->add(thinks());
  folder_.put("HEARTBEAT.md", "- look at the tide table\n");
  later(2min);
  ASSERT_EQ(asked(), 1u);
  EXPECT_FALSE(beat_session().unread) << "a fresh agent's heartbeats leave thoughts where they are";
  profile({.include_reasoning = true});
  model->add(thinks());
  folder_.put("HEARTBEAT.md", "- look at the tide table twice\n");
  later(35min);
  ASSERT_EQ(asked(), 2u);
  EXPECT_TRUE(beat_session().unread);
  later(5h);
  EXPECT_EQ(asked(), 2u) << "it was quiet all the same: unchanged, it is not asked again";
}

TEST_F(Heartbeats, NothingIsShownOfAQuietAnswerWithoutThoughts) {
  profile({.include_reasoning = true});
  model->add(says("HEARTBEAT_OK"));
  folder_.put("HEARTBEAT.md", "- look\n");
  later(2min);
  ASSERT_EQ(asked(), 1u);
  EXPECT_FALSE(beat_session().unread);
}

TEST_F(Heartbeats, ARestartKeepsTheRhythm) {
  model->add(says("HEARTBEAT_OK"));
  folder_.put("HEARTBEAT.md", "- look\n");
  later(2min);
  ASSERT_EQ(asked(), 1u);
  wait(runner_->stop());
  runner_.reset();
  reboot();
  begin();
  later(3h);
  EXPECT_EQ(asked(), 1u);
}

}  // namespace
}  // namespace pryx::agent
