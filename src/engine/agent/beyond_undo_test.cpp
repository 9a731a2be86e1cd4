// SPDX-License-Identifier: MIT
// What an undo says of a command besides its files: still running, sent away, interrupted, or nothing.
#include "engine/agent/beyond_undo.h"

#include <gtest/gtest.h>

namespace pryx::agent {
namespace {

using tools::shell::ProcessState;

constexpr std::string_view kSent = "what it sent over the network cannot be called back";

Step command(std::string arguments, std::string summary = "exit code 0") {
  Step step;
  step.kind = StepKind::kTool;
  step.state = StepState::kDone;
  step.tool = "shell.exec";
  step.arguments = std::move(arguments);
  step.summary = std::move(summary);
  return step;
}
Step in_background(std::string hosts) {
  return command(R"({"command":"x","background":true,"hosts":)" + hosts + "}",
                 "prc_01ARZ3NDEKTSV4RRFFQ69G5FAV running");
}

TEST(BeyondUndo, WhatACommandSentIsSaidAndNothingElse) {
  EXPECT_EQ(beyond_the_journal(command(R"({"command":"x"})"), {}), "");
  EXPECT_EQ(beyond_the_journal(command(R"({"command":"x","hosts":[]})"), {}), "");
  EXPECT_EQ(beyond_the_journal(command(R"({"command":"x","hosts":["a:1"]})"), {}), kSent);
}

TEST(BeyondUndo, ABackgroundCommandSaysBothThatItRunsAndWhatItSent) {
  const Step quiet = in_background("[]");
  const Step loud = in_background(R"(["a:1"])");
  EXPECT_EQ(started_process(loud)->str(), "prc_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  const std::string runs = beyond_the_journal(quiet, ProcessState::kRunning);
  EXPECT_NE(runs.find("undo the turn after that"), std::string::npos) << runs;
  EXPECT_EQ(beyond_the_journal(loud, ProcessState::kRunning), runs + "; " + std::string(kSent));
  for (const ProcessState ended : {ProcessState::kExited, ProcessState::kKilled}) {
    EXPECT_EQ(beyond_the_journal(quiet, ended), "") << "all that it changed is noted";
    EXPECT_EQ(beyond_the_journal(loud, ended), kSent);
  }
}

TEST(BeyondUndo, WhatWasInterruptedOrForgottenIsNotCalledUndone) {
  const Step loud = in_background(R"(["a:1"])");
  for (const auto& how : {std::optional(ProcessState::kLost), std::optional<ProcessState>{}}) {
    const std::string said = beyond_the_journal(loud, how);
    EXPECT_NE(said.find("not known"), std::string::npos) << said;
    EXPECT_TRUE(said.ends_with(kSent)) << said;
  }
  Step settled = command(R"({"command":"x","hosts":["a:1"]})", "settled after a restart");
  settled.crashes = 1;
  const std::string said = beyond_the_journal(settled, {});
  EXPECT_TRUE(said.starts_with("it was interrupted")) << said;
  EXPECT_TRUE(said.ends_with(kSent)) << said;
}

TEST(BeyondUndo, WhatNeverRanDidNothing) {
  const std::string arguments = R"({"command":"x","background":true,"hosts":["a:1"]})";
  EXPECT_EQ(beyond_the_journal(command(arguments, "there are 8 background processes already"), {}), "");
  EXPECT_EQ(beyond_the_journal(in_background(R"(["a:1"])"), ProcessState::kFailed), "");
}

}  // namespace
}  // namespace pryx::agent
