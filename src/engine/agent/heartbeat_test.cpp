// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/agent/heartbeat.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;

const WallTime kNow{1'790'000'000'000};

TEST(Heartbeat, IsOffWithoutAFile) {
  EXPECT_EQ(decide_heartbeat({}, {}, kNow), HeartbeatDecision::kOff);
  EXPECT_EQ(decide_heartbeat({.file = "- look at the inbox"}, {}, kNow), HeartbeatDecision::kRun);
}

TEST(Heartbeat, ComesEveryThirtyMinutesUnlessSaidOtherwise) {
  HeartbeatFacts facts{.file = "- look", .file_hash = "b", .last_at = kNow, .last_hash = "a"};
  EXPECT_EQ(decide_heartbeat(facts, {}, kNow + 29min), HeartbeatDecision::kNotDue);
  EXPECT_EQ(next_heartbeat(facts, {}, kNow + 1min), kNow + 30min);
  EXPECT_EQ(decide_heartbeat(facts, {}, kNow + 30min), HeartbeatDecision::kRun);
  EXPECT_EQ(decide_heartbeat(facts, {.every = 1h}, kNow + 30min), HeartbeatDecision::kNotDue);
  facts.is_busy = true;
  EXPECT_EQ(decide_heartbeat(facts, {}, kNow + 30min), HeartbeatDecision::kBusy);
  EXPECT_EQ(next_heartbeat(facts, {}, kNow + 30min), kNow + 31min);
}

TEST(Heartbeat, CostsNothingWhenThereIsNothingToDo) {
  for (const char* empty : {"", "\n\n", "# Heartbeat\n\n", "<!-- later: look at the inbox -->\n",
                            "# A\n- [ ]\n-\n", "<!-- never ends\n- look"})
    EXPECT_EQ(decide_heartbeat({.file = empty}, {}, kNow), HeartbeatDecision::kNothing) << empty;
  EXPECT_FALSE(asks_for_nothing("<!-- a --> look <!-- b -->"));
  // Unchanged, answered with OK, and nothing happened since.
  HeartbeatFacts facts{
      .file = "- look", .file_hash = "a", .last_at = kNow, .last_hash = "a", .last_was_ok = true};
  EXPECT_EQ(decide_heartbeat(facts, {}, kNow + 1h), HeartbeatDecision::kNothing);
  facts.active_since = true;
  EXPECT_EQ(decide_heartbeat(facts, {}, kNow + 1h), HeartbeatDecision::kRun);
  facts.active_since = false;
  facts.file_hash = "b";
  EXPECT_EQ(decide_heartbeat(facts, {}, kNow + 1h), HeartbeatDecision::kRun);
  facts.file_hash = "a";
  facts.last_was_ok = false;
  EXPECT_EQ(decide_heartbeat(facts, {}, kNow + 1h), HeartbeatDecision::kRun) << "it had something to say";
}

TEST(Heartbeat, AnAnswerThatSaysNothingIsNotShown) {
  for (const char* nothing :
       {"HEARTBEAT_OK", " HEARTBEAT_OK\n", "HEARTBEAT_OK all quiet", "All quiet. HEARTBEAT_OK", ""})
    EXPECT_EQ(heartbeat_message(nothing, 200), std::nullopt) << nothing;
  EXPECT_EQ(heartbeat_message("The disk is full", 200), "The disk is full");
  EXPECT_EQ(heartbeat_message("HEARTBEAT_OK but the disk is full", 10), "but the disk is full");
  EXPECT_EQ(heartbeat_message("I would say HEARTBEAT_OK if the disk were not full", 200),
            "I would say HEARTBEAT_OK if the disk were not full");
  EXPECT_EQ(heartbeat_message("HEARTBEAT_OK üüüüü", 5), std::nullopt) << "characters, not bytes";
  EXPECT_EQ(heartbeat_message("HEARTBEAT_OK x", 0), "x");
}

}  // namespace
}  // namespace pryx::agent
