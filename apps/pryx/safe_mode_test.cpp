// SPDX-License-Identifier: MIT
#include "safe_mode.h"

#include <gtest/gtest.h>

namespace pryx::app {
namespace {
using namespace std::chrono_literals;

TEST(SafeMode, FiveCrashesInTenMinutes) {
  StartRecord record;
  WallTime now{1'000'000'000};
  for (int start = 0; start <= 5; ++start) {
    const StartDecision decision = decide_start(record, now);
    EXPECT_EQ(decision.safe_mode, start == 5) << start;
    record = decision.record;
    now = now + 30s;
  }
}

TEST(SafeMode, SlowCrashesDoNotCount) {
  StartRecord record;
  WallTime now{1'000'000'000};
  for (int start = 0; start < 50; ++start) {
    const StartDecision decision = decide_start(record, now);
    EXPECT_FALSE(decision.safe_mode);
    record = decision.record;
    now = now + 3min;
  }
}

TEST(SafeMode, ACleanEndForgets) {
  StartRecord record;
  record.running = true;
  for (int i = 0; i < 4; ++i) record.after_crash.push_back({1'000'000'000});
  EXPECT_TRUE(decide_start(record, {1'000'000'100}).safe_mode);
  EXPECT_FALSE(decide_start({}, {1'000'000'100}).safe_mode);
}

}  // namespace
}  // namespace pryx::app
