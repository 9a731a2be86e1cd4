// SPDX-License-Identifier: MIT
#include "surfaces/server/browser_sessions.h"

#include <gtest/gtest.h>

#include "foundation/base/testing/manual_clock.h"

namespace pryx::server {
namespace {

class Browsers : public ::testing::Test {
 protected:
  pryx::testing::ManualClock clock_;
  pryx::testing::SeededRandom random_{1};
  BrowserSessions browsers_{clock_, random_};
  Caller maker_{owner(), Scopes::all(), "cli", Transport::kUnixSocket};
};

TEST_F(Browsers, ALinkWorksOnce) {
  const LoginLink link = browsers_.make_link(maker_);
  const auto opened = browsers_.redeem(link.code);
  ASSERT_TRUE(opened.has_value());
  EXPECT_FALSE(browsers_.redeem(link.code).has_value());
  const BrowserSession* session = browsers_.find(opened->cookie_value);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->csrf, opened->csrf);
  EXPECT_TRUE(session->scopes.has(Scope::kAdmin));
}

TEST_F(Browsers, ALinkLastsSixtySeconds) {
  const LoginLink early = browsers_.make_link(maker_);
  clock_.advance(std::chrono::seconds(59));
  EXPECT_TRUE(browsers_.redeem(early.code).has_value());
  const LoginLink late = browsers_.make_link(maker_);
  clock_.advance(std::chrono::seconds(60));
  EXPECT_FALSE(browsers_.redeem(late.code).has_value());
}

TEST_F(Browsers, AWrongSecretBurnsTheLink) {
  const LoginLink link = browsers_.make_link(maker_);
  std::string wrong = link.code;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  EXPECT_FALSE(browsers_.redeem(wrong).has_value());
  EXPECT_FALSE(browsers_.redeem(link.code).has_value());
}

TEST_F(Browsers, ALinkGivesNoMoreThanItsMakerHad) {
  maker_.scopes = Scopes{Scope::kRead};
  const auto opened = browsers_.redeem(browsers_.make_link(maker_).code);
  ASSERT_TRUE(opened.has_value());
  EXPECT_FALSE(browsers_.find(opened->cookie_value)->scopes.has(Scope::kChat));
}

TEST_F(Browsers, SessionsEnd) {
  const auto idle = browsers_.redeem(browsers_.make_link(maker_).code);
  clock_.advance(BrowserSessions::kIdleLifetime + std::chrono::seconds(1));
  EXPECT_EQ(browsers_.find(idle->cookie_value), nullptr);
  const auto left = browsers_.redeem(browsers_.make_link(maker_).code);
  EXPECT_TRUE(browsers_.end(BrowserSessions::key_of(left->cookie_value)));
  EXPECT_EQ(browsers_.find(left->cookie_value), nullptr);
  const auto used = browsers_.redeem(browsers_.make_link(maker_).code);
  for (int hours = 0; hours <= 24 * 30; hours += 10) {
    clock_.advance(std::chrono::hours(10));
    (void)browsers_.find(used->cookie_value);
  }
  EXPECT_EQ(browsers_.find(used->cookie_value), nullptr) << "use must not prolong a session for ever";
}

TEST_F(Browsers, NeitherLinksNorSessionsPileUp) {
  const LoginLink first = browsers_.make_link(maker_);
  for (std::size_t i = 0; i < BrowserSessions::kMaxLinks; ++i) {
    clock_.advance(std::chrono::milliseconds(1));
    (void)browsers_.make_link(maker_);
  }
  EXPECT_FALSE(browsers_.redeem(first.code).has_value());
  const auto oldest = browsers_.redeem(browsers_.make_link(maker_).code);
  for (std::size_t i = 0; i < BrowserSessions::kMaxSessions; ++i) {
    clock_.advance(std::chrono::milliseconds(1));
    ASSERT_TRUE(browsers_.redeem(browsers_.make_link(maker_).code).has_value());
  }
  EXPECT_EQ(browsers_.find(oldest->cookie_value), nullptr);
}

TEST_F(Browsers, ASessionIsRestoredUnlessItIsOver) {
  const auto opened = browsers_.redeem(browsers_.make_link(maker_).code);
  ASSERT_TRUE(opened.has_value());
  const BrowserSession session = *browsers_.peek(opened->key);
  clock_.advance(BrowserSessions::kIdleLifetime);
  BrowserSessions after(clock_, random_);
  after.restore(opened->key, session);
  ASSERT_NE(after.find(opened->cookie_value), nullptr);
  EXPECT_EQ(after.find(opened->cookie_value)->csrf, opened->csrf);
  EXPECT_EQ(after.uses().size(), 1U);

  clock_.advance(std::chrono::seconds(1));
  BrowserSessions too_late(clock_, random_);
  too_late.restore(opened->key, session);
  EXPECT_EQ(too_late.find(opened->cookie_value), nullptr);
}

}  // namespace
}  // namespace pryx::server
