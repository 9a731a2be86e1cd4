// SPDX-License-Identifier: MIT
// Evidence before effect: when the audit log cannot be written, nothing happens.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pryx::agent
