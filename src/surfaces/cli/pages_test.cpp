// SPDX-License-Identifier: MIT
#include "surfaces/cli/pages.h"

#include <gtest/gtest.h>

namespace pryx::cli {
namespace {

std::string place(std::string_view name, std::string_view argument = {}) {
  const auto found = find_page(name, argument);
  return found ? *found : "(" + found.error().message + ")";
}

TEST(Pages, AreFoundByTheirNames) {
  EXPECT_EQ(place(""), "");
  EXPECT_EQ(place("home"), "");
  EXPECT_EQ(place("sessions"), "sessions");
  EXPECT_EQ(place("chat"), "chat");
  EXPECT_EQ(place("chat", "ses_1"), "chat/ses_1");
  EXPECT_EQ(place("trace", "trn_01J9"), "trace/trn_01J9");
  EXPECT_EQ(place("processes"), "processes");
  EXPECT_EQ(place("network"), "egress") << "as the page names it, at its address";
}

TEST(Pages, AWrongNameIsToldTheNearest) {
  EXPECT_EQ(place("sesions"), "(there is no page 'sesions'; did you mean sessions?)");
  EXPECT_EQ(place("approval"), "(there is no page 'approval'; did you mean approvals?)");
  EXPECT_NE(place("workflows-of-mine").find("pages: home, chat, sessions"), std::string::npos);
  EXPECT_EQ(facts(find_page("sesions", "").error().code).exit_code, 2);
}

TEST(Pages, AnArgumentIsAnIdOfAPageThatTakesOne) {
  EXPECT_EQ(place("trace"), "(which one? pryx open trace TURN)");
  EXPECT_EQ(place("sessions", "ses_1"), "(the page 'sessions' takes nothing more)");
  for (const char* bad : {"../x", "a/b", "x#code=1", "a b", "x?y", "\xc3\xa9"})
    EXPECT_FALSE(find_page("chat", bad).has_value()) << bad;
}

TEST(Pages, TheCodeStaysBehindTheFragment) {
  EXPECT_EQ(link_to("http://127.0.0.1:7799/#code=a.b", "trace/trn_1"),
            "http://127.0.0.1:7799/trace/trn_1#code=a.b");
  EXPECT_EQ(link_to("http://127.0.0.1:7799/#code=a.b", ""), "http://127.0.0.1:7799/#code=a.b");
}

}  // namespace
}  // namespace pryx::cli
