// SPDX-License-Identifier: MIT
#include "trust/sandbox/start_report.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>

namespace pryx::sandbox {
namespace {

struct Ends {
  Ends() {
    int sockets[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    ours.reset(sockets[0]);
    theirs.reset(sockets[1]);
  }
  static void say(const platform::UniqueFd& end, std::string_view words) {
    ASSERT_EQ(::send(end.get(), words.data(), words.size(), MSG_NOSIGNAL), std::ssize(words));
  }
  platform::UniqueFd ours, theirs;
};

// On a machine under load the first program fails, and ends, before it reads that it may go on. Its reason
// decides what is done next: without an overlay, for example.
TEST(StartReport, IsHeardFromAProgramThatEndedBeforeTheWord) {
  Ends ends;
  Ends::say(ends.ours, "G");
  Ends::say(ends.theirs, "Emount the overlay: Invalid argument");
  ends.theirs.reset();
  const StartReport heard = hear_start(ends.ours.get());
  EXPECT_EQ(heard.refusal, "mount the overlay: Invalid argument");
  EXPECT_FALSE(heard.silent);
  EXPECT_FALSE(heard.late);
}

TEST(StartReport, SaysWhenNothingWasSaid) {
  Ends ends;
  Ends::say(ends.ours, "G");
  ends.theirs.reset();
  EXPECT_TRUE(hear_start(ends.ours.get()).silent);
}

TEST(StartReport, KnowsAMissingProgram) {
  Ends ends;
  Ends::say(ends.theirs, "X2");
  ends.theirs.reset();
  const StartReport heard = hear_start(ends.ours.get());
  EXPECT_EQ(heard.missing_program, ENOENT);
  EXPECT_FALSE(heard.silent);
}

}  // namespace
}  // namespace pryx::sandbox
