// SPDX-License-Identifier: MIT
#include "surfaces/client/restart_policy.h"

#include <gtest/gtest.h>

#include "surfaces/client/service_unit.h"

namespace pryx::client {
namespace {

using namespace std::chrono_literals;

MonotonicTime at(Duration d) { return MonotonicTime{d}; }
Ending crash(Duration when, Duration uptime = 1s) { return {at(when), uptime, {.code = -1, .signal = 9}}; }
Ending exit_with(int code) { return {at(10s), 1s, {.code = code, .signal = 0}}; }

RestartDecision decide(std::vector<Ending> history, Duration now) {
  return RestartPolicy{}.next(history, at(now));
}

TEST(RestartPolicy, ACleanEndIsTheEnd) { EXPECT_FALSE(decide({exit_with(0)}, 10s).restart); }

TEST(RestartPolicy, WhatAnotherStartCannotMendIsNotRepeated) {
  for (int code : {2, 4, 5}) EXPECT_FALSE(decide({exit_with(code)}, 10s).restart) << code;
  EXPECT_TRUE(decide({exit_with(1)}, 10s).restart);
}

TEST(RestartPolicy, AFirstStartThatNeverServedIsReportedInstead) {
  Ending ending = crash(1s);
  ending.was_ready = false;
  EXPECT_FALSE(decide({ending}, 1s).restart);
  EXPECT_TRUE(decide({crash(1s), ending}, 2s).restart) << "a crash during recovery is tried again";
}

TEST(RestartPolicy, DelaysDoubleUpToALimit) {
  std::vector<Ending> history;
  std::vector<Duration> delays;
  for (int i = 0; i < 8; ++i) {
    history.push_back(crash(std::chrono::seconds(i)));
    delays.push_back(RestartPolicy{}.next(history, at(std::chrono::seconds(i))).delay);
  }
  EXPECT_EQ(delays, (std::vector<Duration>{500ms, 1s, 2s, 4s, 8s, 16s, 30s, 30s}));
}

TEST(RestartPolicy, ALongRunStartsTheBackoffAnew) {
  EXPECT_EQ(decide({crash(1s), crash(2s), crash(3min, 170s)}, 3min).delay, 500ms);
  EXPECT_EQ(decide({crash(1s), crash(3min, 170s), crash(181s)}, 181s).delay, 1s);
}

TEST(RestartPolicy, IsBoundedInAWindowButReachesSafeModeFirst) {
  std::vector<Ending> history;
  for (int i = 0; i < 10; ++i) history.push_back(crash(std::chrono::seconds(i)));
  EXPECT_TRUE(decide(history, 10s).restart);
  history.push_back(crash(11s));
  EXPECT_FALSE(decide(history, 11s).restart);
  EXPECT_TRUE(decide(history, 11min).restart);
}

TEST(ServiceUnit, QuotesTheExecutable) {
  const std::string unit = format_unit("/opt/my \"pryx\" 100%/bin/pryx", false);
  EXPECT_NE(unit.find("ExecStart=\"/opt/my \\\"pryx\\\" 100%%/bin/pryx\" serve\n"), std::string::npos)
      << unit;
  EXPECT_NE(unit.find("Type=notify\n"), std::string::npos);
  EXPECT_NE(unit.find("WantedBy=default.target\n"), std::string::npos);
  EXPECT_NE(format_unit("/usr/bin/pryx", true).find("WantedBy=multi-user.target\n"), std::string::npos);
}

}  // namespace
}  // namespace pryx::client
