// SPDX-License-Identifier: MIT
// Evidence before effect: when the audit log cannot be written, nothing happens.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using testing::asks_for;
using testing::Corridor;
using testing::says;

class Evidence : public ::testing::Test, public Corridor {
 protected:
  Evidence() { boot(); }
  // The table refuses rows of this kind, as a full disk would, but forever.
  void refuse(std::string_view kind) {
    const std::string sql = fmt::format(
        "CREATE TRIGGER audit_is_full BEFORE INSERT ON audit WHEN NEW.kind = '{}' BEGIN SELECT raise(ABORT, "
        "'no room'); END",
        kind);
    PRYX_CHECK(write([&](db::Transaction& t) { return t.db().execute(sql); }).has_value());
  }
};

TEST_F(Evidence, ACallWhoseIntentCannotBeWrittenDoesNotRun) {
  refuse("tool.intent");
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_TRUE(world.runs.empty());
  EXPECT_NE(state(t), "completed");
  EXPECT_EQ(audit_kinds(), "");
}

TEST_F(Evidence, TheControlRunsIt) {
  refuse("something.else");
  model->add(asks_for({{"test.one_shot"}}));
  model->add(says("done"));
  const TurnId t = send(session(), "go");
  settle();
  EXPECT_EQ(world.runs.size(), 1u);
  EXPECT_EQ(state(t), "completed");
  EXPECT_EQ(audit_kinds(), "tool.intent tool.outcome");
}

// A row's detail is in the log for good: what a person's rule names is not in it.
TEST_F(Evidence, WhichGrantAllowedACallIsOnRecordAndNotItsRule) {
  policy.rules = {};
  const SessionId s = session();
  const auto go = [&](std::string_view arguments) {
    model->add(asks_for({{"test.one_shot", std::string(arguments)}}));
    model->add(says("done"));
    return send(s, "go");
  };
  const TurnId asked = go(R"({"n":424242})");
  settle();
  ASSERT_TRUE(answer(open_questions().at(0).id, {.approve = true, .scope = trust::GrantScope::kSession}));
  settle();
  const TurnId granted = go(R"({"n":424242})");
  settle();
  ASSERT_EQ(state(asked) + state(granted), "completedcompleted");
  ASSERT_EQ(world.runs.size(), 2u);
  EXPECT_TRUE(steps(granted).at(1).decision_rule.contains("424242")) << "the control: the rule names it";
  const std::string grant = daemon->approvals.list_grants(testing::kMe).at(0).grant.id;
  const auto rows =
      read([](db::Connection& c) { return audit::AuditLog::list(c, testing::kMe, INT64_MAX, 100); });
  for (const audit::Row& row : rows)
    EXPECT_FALSE(json::canonical(row.entry.detail).contains("424242")) << row.entry.kind;
  const auto intent =
      std::ranges::find(rows, "tool.intent", [](const audit::Row& row) { return row.entry.kind; });
  ASSERT_NE(intent, rows.end());
  EXPECT_EQ(json::string_or(intent->entry.detail, "grant_id"), grant);
  EXPECT_FALSE(intent->entry.detail.contains("rule"));
}

}  // namespace
}  // namespace pryx::agent
