// SPDX-License-Identifier: MIT
// The record of what left: each end has its audit row and is told in one commit, a death included.
#include "trust/egress/request_log.h"

#include <gtest/gtest.h>

#include "foundation/async/testing/virtual_loop.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::egress {
namespace {

using platform::testing::TemporaryDirectory;
const PrincipalId kMe("prn_owner");

class Records : public ::testing::Test {
 protected:
  Records() {
    const db::ModuleMigrations modules[] = {audit::AuditLog::migrations(), EgressLog::migrations()};
    auto opened =
        db::Database::open(loop_, {.open = {.path = folder_ / "t.db"}, .inline_mode = true}, modules);
    PRYX_CHECK(opened.has_value());
    database_ = std::move(*opened);
    start_over();
  }
  // As after a start of the daemon: nothing is remembered but the file.
  void start_over() {
    log_.emplace(*database_, audit_, loop_.clock());
    log_->on_end([this](db::Transaction&, const RequestRecord& record) -> Result<void> {
      ended_.push_back(record);
      return {};
    });
  }
  template <class T>
  T now(async::Task<T> task) {
    return async::testing::run(loop_, std::move(task));
  }
  std::int64_t begin(std::string state) {
    RequestRecord record;
    record.principal = kMe;
    record.turn = TurnId("trn_1");
    record.tool = "http.request";
    record.method = "POST";
    record.scheme = "https";
    record.host = "api.example.com";
    record.port = 443;
    record.state = std::move(state);
    record.bytes_out = 7;
    return now(log_->begin(std::move(record))).value();
  }
  std::vector<RequestRecord> rows() {
    return now(database_->read([](db::Connection& c) { return EgressLog::list(c, kMe, INT64_MAX, 1000); }))
        .value();
  }
  // The states that the audit log tells, newest first.
  std::vector<std::string> told() {
    const auto found = now(
        database_->read([](db::Connection& c) { return audit::AuditLog::list(c, kMe, INT64_MAX, 1000); }));
    std::vector<std::string> out;
    for (const audit::Row& row : found.value()) {
      if (row.entry.kind == "egress.request") out.push_back(json::string_or(row.entry.detail, "state"));
    }
    return out;
  }

  async::testing::VirtualLoop loop_;
  TemporaryDirectory folder_;
  std::unique_ptr<db::Database> database_;
  audit::AuditLog audit_{loop_.clock()};
  std::optional<EgressLog> log_;
  std::vector<RequestRecord> ended_;
};

TEST_F(Records, WhatADeathCutOffIsOnRecord) {
  const std::int64_t cut = begin("open");
  RequestRecord answered;
  answered.principal = kMe;
  answered.number = begin("open");
  answered.state = "done";
  ASSERT_TRUE(now(log_->end(answered)));
  ASSERT_EQ(told(), std::vector<std::string>{"done"}) << "of the one that is under way nothing is told yet";
  const WallTime began = rows().back().at;
  start_over();
  ended_.clear();
  loop_.manual_clock().advance(std::chrono::seconds(5));
  ASSERT_TRUE(now(log_->start()));
  EXPECT_EQ(told(), (std::vector<std::string>{"unknown", "done"}));
  const RequestRecord row = rows().back();
  EXPECT_EQ(row.number, cut);
  EXPECT_EQ(row.state, "unknown");
  EXPECT_NE(row.reason, "");
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].number, cut);
  EXPECT_EQ(ended_[0].turn, TurnId("trn_1"));
  EXPECT_EQ(ended_[0].bytes_out, 7);
  EXPECT_EQ(ended_[0].at, began);
  EXPECT_EQ(ended_[0].ended_at, row.ended_at);
  ASSERT_TRUE(now(log_->start()));
  EXPECT_EQ(told().size(), 2u) << "once";
}

TEST_F(Records, MoreThanOneCommitOfThem) {
  ASSERT_TRUE(now(database_->write([](db::Transaction& t) {
    return t.db().execute(
        "INSERT INTO egress_requests WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i "
        "< 1100)"
        " SELECT i, 'prn_owner', NULL, NULL, NULL, 't', 'GET', 'https', 'h', 443, '', 0, 'open', '', 0, 0, "
        "1, 0 FROM n");
  })));
  ASSERT_TRUE(now(log_->start()));
  EXPECT_EQ(told().size(), 1000u) << "the whole page";
  EXPECT_EQ(ended_.size(), 1100u);
}

TEST_F(Records, WhatCannotBeToldStaysOpen) {
  begin("open");
  ASSERT_TRUE(now(database_->write([](db::Transaction& t) {
    return t.db().execute(
        "CREATE TRIGGER audit_is_full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no room'); END");
  })));
  EXPECT_FALSE(now(log_->start()));
  EXPECT_EQ(rows().back().state, "open") << "the next start finds it again";
}

}  // namespace
}  // namespace pryx::egress
