// SPDX-License-Identifier: MIT
#include "trust/policy_history/policy_history.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/temporary_directory.h"
#include "trust/principals/principal.h"

namespace pryx::trust {
namespace {

class PolicyHistoryTest : public ::testing::Test {
 protected:
  PolicyHistoryTest() {
    auto opened = db::Connection::open({.path = directory / "t.db"});
    PRYX_CHECK(opened.has_value());
    connection = std::move(*opened);
    for (const db::Migration& step : PolicyHistory::migrations().migrations)
      PRYX_CHECK(connection->execute(step.sql).has_value());
  }
  std::optional<std::int64_t> append(const std::string& text, bool present = true) {
    PolicyVersion version{.principal = owner().id,
                          .at = WallTime{1000},
                          .author = "cli",
                          .hash = "hash of " + text,
                          .present = present,
                          .text = text};
    const auto number = PolicyHistory::append(*connection, version);
    EXPECT_TRUE(number.has_value());
    return number.value_or(std::nullopt);
  }
  std::vector<std::int64_t> numbers() {
    std::vector<std::int64_t> out;
    const auto found = PolicyHistory::list(*connection, owner().id, INT64_MAX, 1000);
    EXPECT_TRUE(found.has_value());
    for (const PolicyVersion& version : found.value_or(std::vector<PolicyVersion>{}))
      out.push_back(version.version);
    return out;
  }
  platform::testing::TemporaryDirectory directory;
  std::unique_ptr<db::Connection> connection;
};

TEST_F(PolicyHistoryTest, TheSameTextTwiceIsOneVersion) {
  EXPECT_EQ(append("a"), 1);
  EXPECT_EQ(append("a"), std::nullopt);
  EXPECT_EQ(append("b"), 2);
  EXPECT_EQ(append("a"), 3);
  EXPECT_EQ(numbers(), (std::vector<std::int64_t>{3, 2, 1}));
}

TEST_F(PolicyHistoryTest, ARemovedFileIsAVersionAndOneThatNeverWasIsNone) {
  EXPECT_EQ(append("", false), std::nullopt);
  EXPECT_EQ(append("a"), 1);
  EXPECT_EQ(append("", false), 2);
  EXPECT_EQ(append("", false), std::nullopt);
  const auto found = PolicyHistory::find(*connection, owner().id, 2);
  ASSERT_TRUE(found.has_value() && *found);
  EXPECT_FALSE((*found)->present);
}

TEST_F(PolicyHistoryTest, TheTextComesBackWhole) {
  append("tools:\n  denied: [x]\n");
  const auto found = PolicyHistory::find(*connection, owner().id, 1);
  ASSERT_TRUE(found.has_value() && *found);
  EXPECT_EQ((*found)->text, "tools:\n  denied: [x]\n");
  EXPECT_EQ((*found)->bytes, 21);
  EXPECT_FALSE(PolicyHistory::find(*connection, PrincipalId("prn_other"), 1)->has_value());
}

TEST_F(PolicyHistoryTest, TheNewestHundredStay) {
  for (int i = 1; i <= 130; ++i) append(std::to_string(i));
  const auto kept = numbers();
  ASSERT_EQ(kept.size(), 100u);
  EXPECT_EQ(kept.front(), 130);
  EXPECT_EQ(kept.back(), 31);
}

TEST_F(PolicyHistoryTest, LongTextsPushOldOnesOutEarlier) {
  for (int i = 0; i < 10; ++i) append(std::to_string(i) + std::string(4u << 20, 'x'));
  EXPECT_EQ(numbers().size(), 4u);  // the newest, and as many older ones as fit into 16 MiB
}

}  // namespace
}  // namespace pryx::trust
