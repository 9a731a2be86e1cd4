// SPDX-License-Identifier: MIT
#include "trust/audit/audit_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "foundation/base/testing/manual_clock.h"

namespace pryx::audit {
namespace {

class Audit : public ::testing::Test {
 protected:
  Audit() : path_(std::filesystem::temp_directory_path() / fmt::format("pryx-audit-{}.db", ::getpid())) {
    std::filesystem::remove(path_);
    db_ = std::move(*db::Connection::open({.path = path_}));
    PRYX_CHECK(db_->execute(AuditLog::migrations().migrations[0].sql).has_value());
    for (int i = 0; i < 10; ++i) {
      db::Transaction t(*db_);
      PRYX_CHECK(log_.append(t, {.principal = PrincipalId("prn_owner"),
                                 .kind = "tool.intent",
                                 .actor = "cli",
                                 .subject = "fs.read",
                                 .detail = {{"n", i}, {"big", 1e21}}})
                     .has_value());
    }
  }
  ~Audit() override {
    db_.reset();
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + suffix);
  }
  testing::ManualClock clock_;
  AuditLog log_{clock_};
  std::filesystem::path path_;
  std::unique_ptr<db::Connection> db_;
};

TEST_F(Audit, AnUntouchedLogVerifies) {
  const auto verdict = AuditLog::verify(*db_);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->rows, 10);
  EXPECT_FALSE(verdict->first_bad_index);
}

TEST_F(Audit, RowsCannotBeChangedOrRemoved) {
  EXPECT_FALSE(db_->execute("UPDATE audit SET kind = 'x' WHERE idx = 3"));
  EXPECT_FALSE(db_->execute("DELETE FROM audit WHERE idx = 3"));
}

TEST_F(Audit, ForgeryBehindTheTriggersIsFoundByIndex) {
  for (const auto& [forgery, index] : std::vector<std::pair<std::string, int>>{
           {"UPDATE audit SET detail = '{\"n\":99}' WHERE idx = 4", 4},
           {"DELETE FROM audit WHERE idx = 6", 6},
           {"UPDATE audit SET idx = -1 WHERE idx = 2; UPDATE audit SET idx = 2 WHERE idx = 3; UPDATE audit "
            "SET idx = 3 WHERE idx = -1",
            2}}) {
    ASSERT_TRUE(db_->execute("SAVEPOINT s; DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete"));
    ASSERT_TRUE(db_->execute(forgery));
    const auto verdict = AuditLog::verify(*db_);
    ASSERT_TRUE(verdict);
    EXPECT_EQ(verdict->first_bad_index, index) << forgery;
    ASSERT_TRUE(db_->execute("ROLLBACK TO s; RELEASE s"));
  }
}

}  // namespace
}  // namespace pryx::audit
