// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/agent/watch_mode.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;

const WallTime kStart{1'790'000'000'000};

// "idle>monitoring finding f1 …"
std::string told(const std::vector<WatchEvent>& events) {
  std::string out;
  for (const WatchEvent& event : events) {
    if (!out.empty()) out += ' ';
    switch (event.kind) {
      case WatchEvent::Kind::kState:
        out += fmt::format("{}>{}", to_text(event.from), to_text(event.to));
        break;
      case WatchEvent::Kind::kFinding:
        out += "finding " + event.finding;
        break;
      case WatchEvent::Kind::kSummary:
        out += "summary";
        break;
      case WatchEvent::Kind::kFix:
        out += "fix " + event.finding;
        break;
    }
  }
  return out;
}
WatchCommand say(std::string_view text) { return parse_watch_command(text).value(); }

TEST(WatchMode, GoesFromIdleToMonitoringToActionAndBack) {
  Watch watch("server", kStart);
  EXPECT_EQ(watch.state(), WatchState::kIdle);
  EXPECT_EQ(told(watch.line("listening", kStart + 1s)), "idle>monitoring");
  EXPECT_EQ(told(watch.tick(kStart + 60s)), "");
  EXPECT_EQ(told(watch.line("12:00 ERROR no database", kStart + 70s)), "monitoring>action finding f1");
  EXPECT_EQ(watch.next_tick(kStart + 70s), kStart + 100s);
  EXPECT_EQ(told(watch.tick(kStart + 99s)), "");
  EXPECT_EQ(told(watch.tick(kStart + 100s)), "action>monitoring");
  EXPECT_EQ(watch.next_tick(kStart + 100s), kStart + 160s);
  EXPECT_EQ(told(watch.tick(kStart + 369s)), "");
  EXPECT_EQ(told(watch.tick(kStart + 370s)), "monitoring>idle");
}

TEST(WatchMode, TheSameFindingIsToldOnce) {
  Watch watch("server", kStart);
  EXPECT_EQ(told(watch.line("12:00:01 FATAL out of memory at 0x1", kStart)), "idle>action finding f1");
  EXPECT_EQ(told(watch.line("12:00:59 FATAL out of memory at 0x2", kStart + 1s)), "");
  EXPECT_EQ(watch.findings().at("f1").count, 2);
  EXPECT_EQ(told(watch.line("java.lang.Exception: x", kStart + 2s)), "finding f2");
  EXPECT_EQ(told(watch.tick(kStart + 33s)), "action>monitoring");
  EXPECT_EQ(told(watch.line("12:01:00 FATAL out of memory at 0x3", kStart + 40s)), "monitoring>action");
  EXPECT_EQ(told(watch.command(say("continue"), kStart + 41s)), "action>monitoring");
  EXPECT_EQ(told(watch.line("12:01:01 FATAL out of memory at 0x4", kStart + 42s)), "") << "a person knows";
}

TEST(WatchMode, SummarisesEveryTenMinutesWhenThereIsSomethingToSay) {
  Watch watch("build", kStart);
  (void)watch.line("step 1", kStart + 1s);
  (void)watch.line("ERROR step 2 failed", kStart + 2s);
  const auto at_ten = watch.tick(kStart + 10min);
  ASSERT_EQ(told(at_ten), "action>monitoring monitoring>idle summary");
  const std::string& text = at_ten.back().text;
  for (const char* piece : {"build: idle", "2 lines", "f1 1x: ERROR step 2 failed", "last line: ERROR"})
    EXPECT_NE(text.find(piece), std::string::npos) << piece << " in " << text;
  EXPECT_EQ(told(watch.tick(kStart + 20min)), "") << "nothing came";
  (void)watch.line("step 3", kStart + 21min);
  EXPECT_EQ(told(watch.tick(kStart + 30min)), "monitoring>idle summary");
}

TEST(WatchMode, ObeysItsWords) {
  Watch watch("server", kStart);
  (void)watch.line("ERROR a", kStart);
  EXPECT_EQ(told(watch.command(say("status"), kStart)), "summary");
  const auto fix = watch.command(say("fix f1"), kStart);
  ASSERT_EQ(told(fix), "fix f1");
  EXPECT_EQ(fix.front().text, "ERROR a");
  EXPECT_EQ(told(watch.command(say("fix f9"), kStart)), "");
  EXPECT_EQ(told(watch.command(say(" STOP "), kStart)), "action>stopped summary");
  EXPECT_TRUE(watch.is_over());
  EXPECT_EQ(told(watch.line("ERROR b", kStart)), "");
  EXPECT_EQ(told(watch.tick(kStart + 1h)), "");
  for (const char* other : {"", "fix", "stop it", "go on", "fix f1234567890123456"})
    EXPECT_FALSE(parse_watch_command(other)) << other;
}

TEST(WatchMode, AnEndIsToldAndAnErrorCountsAsIdle) {
  Watch good("a", kStart);
  (void)good.line("x", kStart);
  EXPECT_EQ(told(good.ended(0, kStart + 1s)), "monitoring>idle summary");
  Watch bad("b", kStart);
  (void)bad.line("x", kStart);
  EXPECT_EQ(told(bad.ended(1, kStart + 1s)), "monitoring>error summary");
  EXPECT_TRUE(bad.is_over());
  EXPECT_EQ(told(bad.tick(kStart + 1h)), "");
}

TEST(WatchMode, IsBoundedWhateverComes) {
  Watch watch("noise", kStart);
  for (char c = 'a'; c <= 'z'; ++c)
    (void)watch.line(fmt::format("ERROR {} {}", c, std::string(5000, c)), kStart);
  EXPECT_EQ(watch.findings().size(), 20u);
  EXPECT_LT(watch.summary(kStart).size(), 13'000u);
  EXPECT_NE(watch.summary(kStart).find("6 more"), std::string::npos);
}

}  // namespace
}  // namespace pryx::agent
