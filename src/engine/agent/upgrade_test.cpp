// SPDX-License-Identifier: MIT
// Unfinished turns that each release left on disk, opened by this one. tests/fixtures/README.md says how a
// fixture is written.
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using testing::asks_for;
using testing::Corridor;
using testing::kMe;
using testing::says;
using trust::Verdict;

class Upgrade : public ::testing::Test, public Corridor {
 protected:
  Upgrade() { key = Secret(std::string(64, '7')); }

  // The turn that a message began, by the message's text.
  TurnId turn_of(const std::string& text) {
    return read([&](db::Connection& c) {
             return c.find(
                 "SELECT turn_id FROM messages WHERE role = 'user' AND instr(parts, $1) > 0",
                 [](const db::Row& r) { return r.id<TurnId>(0); }, text);
           })
        .value();
  }
  std::vector<std::string> keys_of(const std::string& tool) {
    std::vector<std::string> keys;
    for (const auto& run : world.runs) {
      if (run.tool == tool) keys.push_back(run.key);
    }
    return keys;
  }
  void check();
  TurnId begin(const std::string& text, const std::string& tool) {
    model->add(asks_for({{tool, R"({"n":1})"}}));
    const TurnId t = send(session(), text);
    settle();
    return t;
  }
};

void Upgrade::check() {
  // Run again, under the key that was stored before the crash.
  for (const std::string tool : {"pure", "idempotent"}) {
    const TurnId t = turn_of("started " + tool);
    EXPECT_EQ(state(t), "completed") << tool;
    EXPECT_EQ(step_states(t), fmt::format("model done, test.{} done, model done", tool));
    EXPECT_EQ(keys_of("test." + tool), std::vector{steps(t)[1].idempotency_key}) << tool;
    EXPECT_EQ(steps(t)[1].attempt, 2) << tool;
  }
  EXPECT_EQ(state(turn_of("started queryable")), "completed");
  EXPECT_TRUE(keys_of("test.queryable").empty());
  EXPECT_EQ(state(turn_of("started one_shot")), "needs_attention");
  EXPECT_EQ(state(turn_of("asked one_shot")), "needs_attention");
  EXPECT_EQ(state(turn_of("thrice pure")), "needs_attention");
  EXPECT_TRUE(keys_of("test.one_shot").empty());

  const TurnId streamed = turn_of("streaming at the harbour");
  EXPECT_EQ(state(streamed), "completed");
  EXPECT_EQ(state(turn_of("queued")), "completed");
  const auto transcript = messages(turn(streamed).session);
  ASSERT_GE(transcript.size(), 3u);
  EXPECT_EQ(transcript[1].parts[0].state, PartState::kInterrupted);
  EXPECT_EQ(transcript[1].text(), "a half of an answer");

  const TurnId waiting = turn_of("waiting approval");
  EXPECT_EQ(state(waiting), "waiting");
  ASSERT_EQ(open_questions().size(), 1u);
  // The rules are not those that it was asked under, so that it may be asked again.
  for (int i = 0; i < 2 && !open_questions().empty(); ++i) {
    ASSERT_TRUE(answer(open_questions()[0].id, {.approve = true}));
    settle();
  }
  EXPECT_EQ(state(waiting), "completed");
  EXPECT_EQ(keys_of("test.one_shot").size(), 1u);

  for (const std::string text : {"started one_shot", "asked one_shot", "thrice pure"}) {
    const TurnId t = turn_of(text);
    ASSERT_TRUE(resume(t, TurnEngine::ResumeChoice::kAbandon)) << text;
    EXPECT_EQ(state(t), "completed") << text;
  }
  const auto found =
      read([](db::Connection& c) { return SessionStore::list_sessions(c, kMe, {.query = "harb*"}); });
  EXPECT_EQ(found.items.size(), 1u);
}

// Writes the fixture of this release to the folder that PRYX_FIXTURE names.
TEST_F(Upgrade, DISABLED_WriteFixture) {
  const char* out = std::getenv("PRYX_FIXTURE");
  ASSERT_NE(out, nullptr);
  boot();
  world.hangs = true;
  begin("thrice pure", "test.pure");
  const TurnId asked = begin("asked one_shot", "test.one_shot");
  reboot();
  reboot();
  ASSERT_EQ(state(asked), "needs_attention");
  for (const char* tool : {"pure", "idempotent", "queryable", "one_shot"})
    begin(fmt::format("started {}", tool), fmt::format("test.{}", tool));
  policy.rules = {{.verdict = Verdict::kAsk, .tool = "test.*"}};
  ASSERT_EQ(state(begin("waiting approval", "test.one_shot")), "waiting");
  model->add(says("a half of an answer", 1s));
  const SessionId s = session();
  ASSERT_EQ(state(send(s, "streaming at the harbour")), "running");
  pass(1500ms);
  ASSERT_EQ(state(send(s, "queued")), "queued");
  kill();
  const std::string path = database_path();
  auto db = db::Connection::open({.path = path, .key = key});
  ASSERT_TRUE(db);
  ASSERT_TRUE((*db)->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  std::filesystem::copy_file(path, out);
}

TEST_F(Upgrade, UnfinishedTurnsOfEveryReleaseGoOnByTheirEffectClasses) {
  const std::filesystem::path fixtures = std::filesystem::path(PRYX_SOURCE_DIR) / "tests/fixtures/unfinished";
  int opened = 0;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures)) {
    if (entry.path().extension() != ".db") continue;
    SCOPED_TRACE(entry.path().filename().string());
    ++opened;
    daemon.reset();
    std::filesystem::remove(database_path());
    std::filesystem::remove(database_path() + "-wal");
    world.runs.clear();
    world.past = tools::PastEffect::kHappened;
    policy.rules = {{.verdict = Verdict::kAsk, .tool = "test.one_shot"},
                    {.verdict = Verdict::kAllow, .tool = "test.*"}};
    adopt(entry.path());
    loop.manual_clock().advance(1min);  // so that ids do not repeat those of the fixture
    for (int i = 0; i < 12; ++i) model->add(says("done"));
    boot();
    settle();
    check();
    stop();
  }
  EXPECT_GT(opened, 0);
}

}  // namespace
}  // namespace pryx::agent
