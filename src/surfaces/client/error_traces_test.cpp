// SPDX-License-Identifier: MIT
#include "surfaces/client/error_traces.h"

#include <gtest/gtest.h>

namespace pryx::client {
namespace {

Error about(std::string message) { return {ErrorCode::kNotFound, std::move(message), -1}; }

TEST(ErrorTraces, FindTheErrorAndWhatPassesItOn) {
  ErrorTraces traces;
  const std::string first(32, 'a'), second(32, 'b');
  traces.keep(about("there is no session ses_1"), first);
  EXPECT_EQ(traces.find(about("there is no session ses_1")), first);
  EXPECT_EQ(traces.find(about("near is set up but does not answer: there is no session ses_1")), first);
  EXPECT_EQ(traces.find(about("there is no folder")), "");
  traces.keep(about("there is no session ses_1"), second);
  EXPECT_EQ(traces.find(about("there is no session ses_1")), second) << "the newest";
}

TEST(ErrorTraces, KeepWhatIsATraceIdAndNotEveryErrorOfALongTalk) {
  ErrorTraces traces;
  traces.keep(about("short"), "abc");
  traces.keep(about("escape"), "\x1b[2J" + std::string(28, 'a'));
  traces.keep(about(""), std::string(32, 'a'));
  for (const char* message : {"short", "escape", ""}) EXPECT_EQ(traces.find(about(message)), "") << message;
  for (std::size_t i = 0; i <= ErrorTraces::kMost; ++i)
    traces.keep(about(fmt::format("number {}", i)), std::string(32, 'c'));
  EXPECT_EQ(traces.find(about("number 0")), "");
  EXPECT_EQ(traces.find(about("number 1")), std::string(32, 'c'));
}

}  // namespace
}  // namespace pryx::client
