// SPDX-License-Identifier: MIT
// What housekeeping deletes is deleted as a person would: on record, and with the key of what was personal.
#include "housekeeping.h"

#include <gtest/gtest.h>

#include <list>

#include "engine/agent/session_store.h"
#include "engine/tools/shell/testing/plain_sandbox.h"
#include "engine/tools/undo/undo_journal.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/platform/testing/temporary_directory.h"
#include "trust/trace/span_store.h"

namespace pryx::app {
namespace {
using namespace std::chrono_literals;

class HiddenSessions : public ::testing::Test {
 protected:
  HiddenSessions() {
    const db::ModuleMigrations modules[] = {
        events::EventLog::migrations(),   audit::AuditLog::migrations(),
        trust::Approvals::migrations(),   memory::migrations(),
        tools::UndoJournal::migrations(), tools::shell::BackgroundProcesses::migrations(),
        trace::SpanStore::migrations(),   agent::SessionStore::migrations()};
    database_ = std::move(
        *db::Database::open(loop_, {.open = {.path = directory_ / "t.db"}, .inline_mode = true}, modules));
    events_.emplace(loop_, *database_);
    approvals_.emplace(loop_, *database_, *events_, audit_, ids_);
    memory_.emplace(*database_, ids_, loop_.clock());
    processes_.emplace(loop_, *database_, *events_, audit_, ids_, sandbox_);
    PRYX_CHECK(async::testing::run(loop_, events_->start()).has_value());
    PRYX_CHECK(async::testing::run(loop_, processes_->start()).has_value());
  }
  ~HiddenSessions() override { async::testing::run(loop_, stopped()); }
  async::Task<bool> stopped() {
    co_await processes_->stop();
    co_return true;
  }
  // A request of a stateless client that used a tool.
  SessionId used() {
    const agent::Session session{.principal = owner().id,
                                 .id = ids_.make<SessionId>(),
                                 .agent = "default",
                                 .status = "active",
                                 .hidden = true,
                                 .surface = "openai",
                                 .created_at = loop_.clock().wall()};
    PRYX_CHECK(async::testing::run(loop_, database_->write([&](db::Transaction& t) -> Result<void> {
                 PRYX_TRY_VOID(agent::SessionStore::insert_session(t.db(), session));
                 PRYX_TRY_VOID(events_->append(t, {.principal = owner().id,
                                                   .name = "x",
                                                   .session = session.id,
                                                   .surface = {},
                                                   .payload = {{"a", "diary"}}}));
                 PRYX_TRY_VOID(audit_.append(t, {.principal = owner().id,
                                                 .kind = "tool.intent",
                                                 .actor = "openai",
                                                 .session = session.id,
                                                 .subject = "fs.read",
                                                 .personal = {{"args", "diary"}}}));
                 return {};
               })).has_value());
    return session.id;
  }
  std::vector<audit::Row> rows_of(const SessionId& session) {
    return async::testing::run(loop_, database_->read([&](db::Connection& c) {
             return audit_.find(c, {.principal = owner().id, .session = session.str()});
           }))
        .value();
  }
  std::int64_t count(std::string sql) {
    counted_.push_back(std::move(sql));
    return async::testing::run(loop_, database_->read([this](db::Connection& c) {
             return c.count(db::Sql::kept(counted_.back()));
           }))
        .value();
  }

  async::testing::VirtualLoop loop_;
  platform::testing::TemporaryDirectory directory_;
  pryx::testing::SeededRandom random_{5};
  IdSource ids_{loop_.clock(), random_};
  std::unique_ptr<db::Database> database_;
  std::optional<events::EventLog> events_;
  audit::AuditLog audit_{loop_.clock(), {.master = Secret(std::string(32, 'm')), .random = random_}};
  std::optional<trust::Approvals> approvals_;
  std::optional<memory::MemoryStore> memory_;
  tools::shell::testing::PlainSandbox sandbox_;
  std::optional<tools::shell::BackgroundProcesses> processes_;
  std::list<std::string> counted_;
};

TEST_F(HiddenSessions, GoOnRecordAndWithTheKeyOfTheirContent) {
  const SessionId old = used();
  loop_.run_for(2h);
  const SessionId fresh = used();
  ASSERT_EQ(rows_of(old).at(0).state, audit::Personal::kPresent);
  ASSERT_TRUE(async::testing::run(
      loop_, purge_hidden_sessions({*database_, {*events_, audit_, *approvals_}, *processes_, *memory_},
                                   loop_.clock().wall() + -1h)));
  EXPECT_EQ(count("SELECT count(*) FROM sessions"), 1);
  const auto rows = rows_of(old);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].entry.kind, "audit.erased");
  EXPECT_EQ(rows[1].entry.kind, "session.deleted");
  EXPECT_EQ(rows[1].entry.actor, "housekeeping");
  EXPECT_EQ(rows[2].state, audit::Personal::kErased);
  EXPECT_EQ(count("SELECT count(*) FROM audit_subject WHERE sealed IS NULL"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM audit_personal"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM events WHERE payload LIKE '%diary%'"), 1);
  EXPECT_EQ(rows_of(fresh).at(0).state, audit::Personal::kPresent) << "one that is still used";
}

TEST_F(HiddenSessions, StayWhenTheirEndCannotBeRecorded) {
  const SessionId old = used();
  loop_.run_for(2h);
  ASSERT_TRUE(async::testing::run(loop_, database_->write([](db::Transaction& t) {
    return t.db().execute(
        "CREATE TRIGGER audit_is_full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no room'); END");
  })));
  EXPECT_FALSE(async::testing::run(
      loop_, purge_hidden_sessions({*database_, {*events_, audit_, *approvals_}, *processes_, *memory_},
                                   loop_.clock().wall() + -1h)));
  EXPECT_EQ(count("SELECT count(*) FROM sessions"), 1);
  EXPECT_EQ(rows_of(old).at(0).state, audit::Personal::kPresent);
}

}  // namespace
}  // namespace pryx::app
